//! Reads: serves `checkpoint`, tiles, entry bundles, `log.json` and the index as a static file
//! server would, for local use. `fasti_objects` says with which content types and lifetimes.
//!
//! Entry bundles and manifests are compressed when the client asks for it. Everything has an ETag
//! and supports ranges ([`represent`](super::represent)). Bundles are compressed once
//! ([`packed`](super::packed)), or not at all if the store keeps them compressed. Parts of an index
//! can be larger than the memory for answers, so only the requested bytes of them are read. A
//! request for whether something has changed, or for its length, does not read a bundle or a part.

use std::error::Error as _;
use std::sync::Arc;

use bytes::Bytes;
use fasti_lookup_spec::LookupPath;
use fasti_objects::{Packing, Properties, Published, PublishedPathError};
use fasti_seams::offload::offload;
use fasti_serve::{AccountedFor, Connection, Share, Shares, place_of};
use fasti_store::{ObjectPath, Store};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{Method, request};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::methods::{READ, expect};
use super::packed::PackedBundles;
use super::problem::{HttpResponse, Problem};
use super::represent::{Coding, Representation, Wanted, names, packed_etag, range};

/// How much an object costs the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// Next to nothing.
    Small,
    /// A few hundred kilobytes, compressible: manifests.
    Middling,
    /// A few megabytes, compressible: bundles.
    Large,
    /// More than fits into memory or of no use here, and not compressed: parts of an index, and
    /// attestations. Only the requested bytes are read.
    Parts,
}

/// What all reads share. Bundles can be large, and stay in memory from the store to the client:
/// only a few are read and compressed at once, and those on their way out share a bounded memory
/// (I12). So do the requested bytes of a part of an index, which take their share before they are
/// read.
pub struct Reads {
    turns: Semaphore,
    packed: PackedBundles,
    memory: Arc<Shares>,
}

/// Bytes on their way out, with their share of memory.
struct Outgoing {
    bytes: Bytes,
    _share: Option<Share>,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Ties the share to these bytes until they are dropped.
fn outgoing(bytes: Bytes, share: Option<Share>) -> Bytes {
    Bytes::from_owner(Outgoing { bytes, _share: share })
}

impl Reads {
    /// Reads with room in `memory` for bundles on their way out. Up to `packed_bytes_max` bytes of
    /// compressed ones are kept.
    pub fn new(memory: Arc<Shares>, packed_bytes_max: usize) -> Self {
        let processors = fasti_seams::offload::processors();
        let turns = Semaphore::new(processors);
        Self { turns, packed: PackedBundles::new(packed_bytes_max), memory }
    }

    /// Answers a read.
    pub async fn answer(
        &self,
        objects: &dyn Store,
        head: &request::Parts,
    ) -> Result<HttpResponse, Problem> {
        let path = head.uri.path();
        let object = resolve(path)?;
        let (object_path, cost) = (ObjectPath::from(object), Cost::of(&object));
        expect(&head.method, READ)?;
        let answer = match cost {
            Cost::Parts => self.part(objects, &object_path, head).await?,
            Cost::Large => self.bundle(objects, &object_path, head).await?,
            _ => self.whole(objects, &object_path, cost, head).await?,
        };
        let mut answer = answer.ok_or_else(|| Problem::NotFound(path.to_owned()))?;
        let headers = answer.headers_mut();
        let Properties { content_type, lifetime, packing, .. } = object.properties();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(lifetime.cache_control()));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if packing != Packing::Never {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if cost != Cost::Small {
            answer.extensions_mut().insert(AccountedFor);
        }
        Ok(answer)
    }

    /// Answers with an object that is read as a whole, if it exists.
    async fn whole(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        cost: Cost,
        head: &request::Parts,
    ) -> Result<Option<HttpResponse>, Problem> {
        let shrinks = cost == Cost::Middling;
        let _turn = if shrinks { self.turns.acquire().await.ok() } else { None };
        let Some(object) = objects.get(path).await? else { return Ok(None) };
        let representation = if shrinks {
            self.manifest(object.bytes, head).await?
        } else {
            Representation::new(object.bytes, Coding::Identity)
        };
        representation.answer(head).map(Some)
    }

    /// Answers with a bundle, compressed if the client accepts that and there is room for it.
    async fn bundle(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        head: &request::Parts,
    ) -> Result<Option<HttpResponse>, Problem> {
        // Ranges apply to the uncompressed object.
        if range(head).is_some() {
            return self.part(objects, path, head).await;
        }
        let best = Coding::negotiate(&head.headers);
        let etag = packed_etag(path, best);
        if best != Coding::Identity && names(&etag, &head.headers) {
            return Ok(Some(Wanted::Nothing.answer(Bytes::new(), &etag, 0)));
        }
        if let Some((coding, bytes)) = self.packed(objects, path, best, head).await? {
            let share = self.share(head, bytes.len())?;
            let bytes = outgoing(bytes, share);
            return Representation::packed(bytes, coding, path).answer(head).map(Some);
        }
        if head.method == Method::HEAD || head.headers.contains_key(IF_NONE_MATCH) {
            return self.part(objects, path, head).await;
        }
        let _turn = self.turns.acquire().await.ok();
        let Some(object) = objects.get(path).await? else { return Ok(None) };
        let length = object.bytes.len();
        let bytes = outgoing(object.bytes, self.share(head, length)?);
        Ok(Some(Wanted::Whole.answer(bytes, &etag_of(path, length as u64), length)))
    }

    /// Returns a bundle in a coding that the client accepts: the store's own, if it keeps bundles
    /// compressed.
    async fn packed(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        best: Coding,
        head: &request::Parts,
    ) -> Result<Option<(Coding, Bytes)>, Problem> {
        if Coding::Gzip.is_accepted(&head.headers) {
            let _turn = self.turns.acquire().await.ok();
            if let Some(packed) = objects.get_packed(path).await? {
                return Ok(Some((Coding::Gzip, packed)));
            }
        }
        if best == Coding::Identity {
            return Ok(None);
        }
        Ok(self.packed.get(objects, path, best).await.map(|packed| (best, packed)))
    }

    /// Answers with the requested bytes of an object that is not read as a whole, if it exists. Its
    /// ETag is derived from its path and length, which determine its bytes, in an index and of an
    /// attestation.
    async fn part(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        head: &request::Parts,
    ) -> Result<Option<HttpResponse>, Problem> {
        let Some(length) = objects.length(path).await? else { return Ok(None) };
        let etag = etag_of(path, length);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let wanted = Wanted::of(head, &etag, length)?;
        let range = match &wanted {
            Wanted::Nothing => 0..0,
            Wanted::Whole => 0..length,
            Wanted::Part(range) => range.clone(),
        };
        if head.method == Method::HEAD || wanted == Wanted::Nothing {
            let mut answer = wanted.answer(Bytes::new(), &etag, length);
            if wanted != Wanted::Nothing {
                answer.headers_mut().insert(CONTENT_LENGTH, range.len().into());
            }
            return Ok(Some(answer));
        }
        if range.len() > self.memory.max() {
            return Err(Problem::TooMuchAtOnce { length: range.len(), max: self.memory.max() });
        }
        let share = self.share(head, range.len())?;
        let read = objects.get_range(path, range.start as u64..range.end as u64).await?;
        Ok(read.map(|bytes| wanted.answer(outgoing(bytes, share), &etag, length)))
    }

    /// Takes a share of the memory, if there is room now. The connection of the request holds it.
    fn share(&self, head: &request::Parts, bytes: usize) -> Result<Option<Share>, Problem> {
        let connection = head.extensions.get::<Arc<Connection>>();
        let take = |one: &Arc<Connection>| self.memory.take(place_of(head), bytes, one.clone());
        Ok(connection.map(take).transpose()?)
    }

    /// Hashes and compresses a manifest, and takes its share of the memory.
    async fn manifest(
        &self,
        bytes: Bytes,
        head: &request::Parts,
    ) -> Result<Representation, Problem> {
        // Ranges apply to the uncompressed object.
        let coding = match range(head) {
            Some(_) => Coding::Identity,
            None => Coding::negotiate(&head.headers),
        };
        let headers = head.headers.clone();
        let represent = move || {
            let representation = Representation::new(bytes, coding);
            if representation.is_known(&headers) { representation } else { representation.encode() }
        };
        let mut representation = offload(represent).await;
        let share = self.share(head, representation.bytes.len())?;
        representation.bytes = outgoing(std::mem::take(&mut representation.bytes), share);
        Ok(representation)
    }
}

/// The ETag of an object that never changes, from its path and length.
fn etag_of(path: &ObjectPath, length: u64) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(format!("{path} {length}"))[..16]))
}

/// Whether a path is one of the log's files, under either prefix.
pub fn is_of_the_log(path: &str) -> bool {
    Published::is_meant_by(relative(path))
}

/// A path without the prefix.
fn relative(path: &str) -> &str {
    let relative = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix('/'));
    relative.unwrap_or_default()
}

/// Resolves a path under either prefix.
fn resolve(path: &str) -> Result<Published, Problem> {
    let bad_path = |reason| Problem::BadPath { path: path.to_owned(), reason };
    relative(path).parse().map_err(|error| match error {
        PublishedPathError::Unknown => Problem::NotFound(path.to_owned()),
        PublishedPathError::Attestation => bad_path(error.to_string()),
        PublishedPathError::Log(error) | PublishedPathError::Heads(error) => {
            bad_path(error.to_string())
        }
        PublishedPathError::Lookup(error) => bad_path(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
    })
}

impl Cost {
    fn of(object: &Published) -> Self {
        match (object, object.properties().packing) {
            (_, Packing::Stored) => Self::Large,
            (_, Packing::OnRequest) => Self::Middling,
            (Published::Lookup(LookupPath::Part { .. }) | Published::Attestation(_), _) => {
                Self::Parts
            }
            (_, Packing::Never) => Self::Small,
        }
    }
}
