//! Reads: `checkpoint`, tiles, entry bundles and `log.json` as any static file server would give
//! them, for local use. C2SP tlog-tiles says which types and lifetimes.
//!
//! Entry bundles are compressed when the client asks for it; everything has an ETag and can be
//! asked for in part ([`represent`](super::represent)).

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use http::request;
use tiles_spec::ResourcePath;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Answer, Problem};
use super::represent::{Coding, Representation, range};
use super::{READ, expect};
use crate::offload::offload;
use crate::store::{ObjectPath, Store};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const MUTABLE: &str = "no-cache";

/// What kind of object is read.
struct Kind {
    content_type: &'static str,
    cache_control: &'static str,
    is_bundle: bool,
}

/// What all reads share. Bundles can be large, and are in memory from the store to the client: few
/// are read and compressed at once, and those on their way out share a bounded memory (I12).
/// Everything else is small.
pub struct Reads {
    turns: Semaphore,
    memory: Arc<Semaphore>,
}

/// A bundle on its way out, with its share of the memory for that.
struct Outgoing {
    bytes: Bytes,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Reads {
    /// Room for bundles of `memory` bytes on their way out.
    pub fn new(memory: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self { turns: Semaphore::new(processors), memory: Arc::new(Semaphore::new(memory)) }
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
        let _turn = if kind.is_bundle { self.turns.acquire().await.ok() } else { None };
        let object = objects.get(&object_path).await?;
        let bytes = object.ok_or_else(|| Problem::NotFound(path.to_owned()))?.bytes;
        let representation = if kind.is_bundle {
            self.outgoing(bytes, head).await?
        } else {
            Representation::new(bytes, Coding::Identity)
        };
        let mut answer = representation.answer(head)?;
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kind.cache_control));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if kind.is_bundle {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        Ok(answer)
    }

    /// Hashes and compresses a bundle, and takes its share of the memory.
    async fn outgoing(
        &self,
        bytes: Bytes,
        head: &request::Parts,
    ) -> Result<Representation, Problem> {
        // Parts are of the bundle as it is.
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
        let permits = u32::try_from(representation.bytes.len()).unwrap_or(u32::MAX);
        let share = self.memory.clone().try_acquire_many_owned(permits);
        let share = share.map_err(|_| Problem::Busy)?;
        let bytes = std::mem::take(&mut representation.bytes);
        representation.bytes = Bytes::from_owner(Outgoing { bytes, _share: share });
        Ok(representation)
    }
}

/// What a path names, under either prefix.
fn resolve(path: &str) -> Result<(ObjectPath, Kind), Problem> {
    let relative = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix('/'));
    let relative = relative.unwrap_or_default();
    if relative == "log.json" {
        let kind =
            Kind { content_type: "application/json", cache_control: MUTABLE, is_bundle: false };
        return Ok((ObjectPath::log_json(), kind));
    }
    if relative != "checkpoint" && !relative.starts_with("tile/") {
        return Err(Problem::NotFound(path.to_owned()));
    }
    let tile = Kind {
        content_type: "application/octet-stream",
        cache_control: IMMUTABLE,
        is_bundle: false,
    };
    match relative.parse() {
        Ok(ResourcePath::Checkpoint) => {
            let content_type = "text/plain; charset=utf-8";
            let kind = Kind { content_type, cache_control: MUTABLE, is_bundle: false };
            Ok((ObjectPath::checkpoint(), kind))
        }
        Ok(ResourcePath::Tile(coord)) => Ok((coord.into(), tile)),
        Ok(ResourcePath::Bundle(coord)) => Ok((coord.into(), Kind { is_bundle: true, ..tile })),
        Err(error) => Err(Problem::BadPath { path: path.to_owned(), reason: error.to_string() }),
    }
}
