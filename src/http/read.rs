//! Reads: `checkpoint`, tiles, entry bundles, `log.json` and the index as any static file server
//! would give them, for local use. C2SP tlog-tiles says which types and lifetimes.
//!
//! Entry bundles and manifests are compressed when the client asks for it; everything has an ETag and
//! can be asked for in part ([`represent`](super::represent)). Bundles are compressed once
//! ([`packed`](super::packed)), and not at all where the store keeps them so. The parts of an index can be
//! larger than all that may be in memory: of them, no more is read than is asked for. Who asks whether
//! something has changed, or how long it is, makes nobody read a bundle or a part.

use std::error::Error as _;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{Method, request};
use sha2::{Digest as _, Sha256};
use tiles_spec::lookup::{LookupPath, LookupPathError};
use tiles_spec::{PathError, ResourcePath};
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::delivery::AccountedFor;
use super::door::place_of;
use super::packed::PackedBundles;
use super::problem::{Answer, Problem};
use super::represent::{Coding, Representation, Wanted, names, packed_etag, range};
use super::shares::{Share, Shares};
use super::{READ, expect};
use crate::offload::offload;
use crate::store::{ObjectPath, Store};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const MUTABLE: &str = "no-cache";
const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";

/// What kind of object is read.
#[derive(Clone, Copy)]
struct Kind {
    content_type: &'static str,
    cache_control: &'static str,
    size: Size,
}

/// What an object takes of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    /// Next to nothing.
    Small,
    /// Some hundred kilobytes, which shrink: manifests.
    Middling,
    /// Some megabytes, which shrink: bundles.
    Large,
    /// More than may be in memory: parts of an index, which do not shrink.
    Huge,
}

/// What all reads share. Bundles can be large, and are in memory from the store to the client: few
/// are read and compressed at once, and those on their way out share a bounded memory (I12). So does
/// what is asked for of a part of an index, which takes its share before it is read.
pub struct Reads {
    turns: Semaphore,
    packed: PackedBundles,
    memory: Arc<Shares>,
}

/// Bytes on their way out, with their share of the memory for that.
struct Outgoing {
    bytes: Bytes,
    _share: Option<Share>,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// These bytes, which hold the share until they are gone.
fn outgoing(bytes: Bytes, share: Option<Share>) -> Bytes {
    Bytes::from_owner(Outgoing { bytes, _share: share })
}

impl Reads {
    /// Room in `memory` for bundles on their way out.
    pub fn new(memory: Arc<Shares>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let turns = Semaphore::new(processors);
        Self { turns, packed: PackedBundles::new(), memory }
    }

    /// Answers a read.
    pub async fn answer(
        &self,
        objects: &dyn Store,
        head: &request::Parts,
    ) -> Result<Answer, Problem> {
        let path = head.uri.path();
        let (object_path, kind) = resolve(path)?;
        expect(&head.method, READ)?;
        let answer = match kind.size {
            Size::Huge => self.part(objects, &object_path, head).await?,
            Size::Large => self.bundle(objects, &object_path, head).await?,
            _ => self.whole(objects, &object_path, kind, head).await?,
        };
        let mut answer = answer.ok_or_else(|| Problem::NotFound(path.to_owned()))?;
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kind.cache_control));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if matches!(kind.size, Size::Large | Size::Middling) {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if kind.size != Size::Small {
            answer.extensions_mut().insert(AccountedFor);
        }
        Ok(answer)
    }

    /// Answers with an object that is read as a whole, if it is there.
    async fn whole(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        kind: Kind,
        head: &request::Parts,
    ) -> Result<Option<Answer>, Problem> {
        let shrinks = kind.size == Size::Middling;
        let _turn = if shrinks { self.turns.acquire().await.ok() } else { None };
        let Some(object) = objects.get(path).await? else { return Ok(None) };
        let representation = if shrinks {
            self.manifest(object.bytes, head).await?
        } else {
            Representation::new(object.bytes, Coding::Identity)
        };
        representation.answer(head).map(Some)
    }

    /// Answers with a bundle, packed if the client likes and as far as there is room for that.
    async fn bundle(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        head: &request::Parts,
    ) -> Result<Option<Answer>, Problem> {
        // Ranges are of the object as it is.
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

    /// A bundle in a coding that the client likes, which is the store's own where it keeps bundles packed.
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

    /// Answers with what is asked for of an object that is not read as a whole, if it is there. Its
    /// ETag is of its path and length: in an index they imply its bytes.
    async fn part(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        head: &request::Parts,
    ) -> Result<Option<Answer>, Problem> {
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

    /// A share of the memory, if there is room now. It is held by the connection that asks.
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
        // Ranges are of the object as it is.
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

/// The tag of something that never changes, by its path and length.
fn etag_of(path: &ObjectPath, length: u64) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(format!("{path} {length}"))[..16]))
}

/// Whether a path is where files of the log are, under either prefix.
pub fn is_of_the_log(path: &str) -> bool {
    let relative = relative(path);
    matches!(relative, "checkpoint" | "log.json")
        || relative.starts_with("tile/")
        || relative.starts_with("lookup/")
}

/// A path without the prefix.
fn relative(path: &str) -> &str {
    let relative = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix('/'));
    relative.unwrap_or_default()
}

/// What a path names, under either prefix.
fn resolve(path: &str) -> Result<(ObjectPath, Kind), Problem> {
    let relative = relative(path);
    let not_found = || Problem::NotFound(path.to_owned());
    let bad_path = |reason| Problem::BadPath { path: path.to_owned(), reason };
    if relative == "log.json" {
        let content_type = "application/json";
        return Ok((ObjectPath::log_json(), Kind::new(content_type, MUTABLE, Size::Small)));
    }
    if relative.starts_with("lookup/") {
        return match relative.parse::<LookupPath>() {
            Ok(path) => Ok((path.into(), Kind::of_lookup(&path))),
            Err(LookupPathError::Unknown) => Err(not_found()),
            Err(error) => Err(bad_path(match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            })),
        };
    }
    if relative != "checkpoint" && !relative.starts_with("tile/") {
        return Err(not_found());
    }
    let resource: ResourcePath =
        relative.parse().map_err(|error: PathError| bad_path(error.to_string()))?;
    Ok((resource.into(), Kind::of(&resource)))
}

impl Kind {
    fn of(path: &ResourcePath) -> Self {
        match path {
            ResourcePath::Checkpoint => Self::new(TEXT, MUTABLE, Size::Small),
            ResourcePath::Tile(_) => Self::new(OCTETS, IMMUTABLE, Size::Small),
            ResourcePath::Bundle(_) => Self::new(OCTETS, IMMUTABLE, Size::Large),
        }
    }

    fn of_lookup(path: &LookupPath) -> Self {
        match path {
            LookupPath::Latest => Self::new(TEXT, MUTABLE, Size::Middling),
            LookupPath::Log(resource) => Self::of(resource),
            LookupPath::Revision(_) => Self::new(TEXT, IMMUTABLE, Size::Middling),
            LookupPath::Part { .. } => Self::new(OCTETS, IMMUTABLE, Size::Huge),
        }
    }

    fn new(content_type: &'static str, cache_control: &'static str, size: Size) -> Self {
        Self { content_type, cache_control, size }
    }
}
