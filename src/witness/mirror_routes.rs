//! A mirror over HTTP (C2SP tlog-mirror), beside its witness.
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-entries` | signature lines of the mirror, or where to go on |
//! | `GET /mirror/<SHA-256 of the origin>/...` | the copy of that log (C2SP tlog-tiles) |
//!
//! Invariants: an upload is never held as a whole, and only as many run at once for one log, and
//! from one client, as there are places. What clients upload and read is bounded in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fasti_objects::Published;
use fasti_serve::{
    AccountedFor, Connection, HttpMetrics, Limits, RequestBody, Share, Shares, SharesMetrics,
    StreamedBody, bytes_pool, lasting_pool, place_of,
};
use fasti_store::ObjectPath;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{StatusCode, request};
use tiles_spec::ResourcePath;
use tiles_spec::mirror::MIRROR_INFO_MEDIA_TYPE;
use tiles_spec::witness::origin_hash;

use super::arriving::Arriving;
use super::mirror::{Mirror, MirrorRefusal, Upload, Uploaded};
use super::own_keys::OwnKeys;
use super::problem::{HttpResponse, NO_STORE, Problem, text, typed};

/// How long an upload may take. What has arrived by then is kept.
const UPLOAD_TIME_MAX: Duration = Duration::from_mins(2);
/// Maximum number of uploads of one log at once.
const UPLOADS_MAX: usize = 16;
/// Maximum bytes of all uploads in memory, and of all files that are on their way out.
const MEMORY_BYTES_MAX: usize = 128 << 20;

const OCTETS: &str = "application/octet-stream";

/// A mirror over HTTP.
pub(super) struct MirrorRoutes {
    mirror: Arc<Mirror>,
    limits: Limits,
    uploading: Arc<Shares>,
    reading: Arc<Shares>,
    places_metrics: SharesMetrics,
    /// The places for uploads, by the hash of the log's origin. Only of logs that are mirrored.
    places: Mutex<HashMap<String, Arc<Shares>>>,
}

impl MirrorRoutes {
    pub fn new(mirror: Arc<Mirror>, limits: Limits, metrics: &HttpMetrics) -> Self {
        let limits = Limits { body_timeout: UPLOAD_TIME_MAX, ..limits };
        Self {
            mirror,
            limits,
            uploading: bytes_pool(MEMORY_BYTES_MAX, metrics.shares("uploads")),
            reading: bytes_pool(MEMORY_BYTES_MAX, metrics.shares("reads")),
            places_metrics: metrics.shares("log-uploads"),
            places: Mutex::default(),
        }
    }

    pub fn keys(&self) -> &Arc<OwnKeys> {
        self.mirror.keys()
    }

    /// What people see of it.
    pub fn front_page(&self) -> String {
        let line = |key| format!("mirror key    {key}\n");
        let keys: String = self.keys().verifier_keys().iter().map(line).collect();
        format!(
            "\nA mirror of {} logs, too (c2sp.org/tlog-mirror)\n\n{keys}\nPOST  /add-entries\n\
             GET   /mirror/<SHA-256 of the origin, in hexadecimal>/checkpoint  .../tile/...\n",
            self.mirror.log_count()
        )
    }

    /// Answers `add-entries`.
    pub async fn add_entries<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        if says(head, &CONTENT_TYPE).as_deref() != Some(OCTETS) {
            return Err(Problem::MediaType(OCTETS));
        }
        let is_packed = match says(head, &CONTENT_ENCODING).as_deref() {
            None | Some("identity") => false,
            Some("gzip") => true,
            Some(_) => return Err(Problem::MediaType("gzip, or not encoded")),
        };
        let body = StreamedBody::new(head, body, &self.limits, &self.uploading);
        let uploaded = self.upload(Arriving::new(body, is_packed)).await?;
        Ok(match uploaded {
            Uploaded::Cosigned(lines) => text(lines, NO_STORE),
            Uploaded::GoOn(info) => {
                let mut answer = typed(info.to_string(), MIRROR_INFO_MEDIA_TYPE);
                *answer.status_mut() = StatusCode::ACCEPTED;
                answer
            }
        })
    }

    async fn upload<B: RequestBody>(
        &self,
        mut arriving: Arriving<'_, B>,
    ) -> Result<Uploaded, Problem> {
        let head = arriving.head().await?;
        let begun = Upload::begin(&self.mirror, &head);
        let mut upload = arriving.body.work(begun).await?;
        let _place = arriving.body.take_place(&self.places(&head.origin))?;
        let read = read_packages(&mut arriving, &mut upload).await;
        match read {
            Ok(()) => {}
            // What was verified is kept, and the client told so.
            Err(problem) if upload.is_begun() && is_of_the_body(&problem) => {}
            Err(problem) => return Err(problem),
        }
        Ok(arriving.body.work(upload.end()).await?)
    }

    fn places(&self, origin: &str) -> Arc<Shares> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || lasting_pool(UPLOADS_MAX, self.places_metrics.clone());
        places.entry(origin_hash(origin)).or_insert_with(new).clone()
    }

    /// Answers a read of a copy.
    pub async fn read(&self, head: &request::Parts, path: &str) -> Result<HttpResponse, Problem> {
        let (hash, path) = path.split_once('/').ok_or(Problem::NotFound)?;
        if !self.mirror.mirrors(hash) {
            return Err(Problem::NotFound);
        }
        let resource: ResourcePath = path.parse().map_err(|_| Problem::NotFound)?;
        let bytes = match resource {
            ResourcePath::Checkpoint => self.mirror.newest(hash).await?.map(Bytes::from),
            ResourcePath::Tile(_) | ResourcePath::Bundle(_) => {
                self.file(head, hash, resource).await?
            }
        };
        let mut answer = text(bytes.ok_or(Problem::NotFound)?, NO_STORE);
        let properties = Published::Log(resource).properties();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(properties.content_type));
        let lifetime = HeaderValue::from_static(properties.lifetime.cache_control());
        headers.insert(CACHE_CONTROL, lifetime);
        if resource != ResourcePath::Checkpoint {
            answer.extensions_mut().insert(AccountedFor);
        }
        Ok(answer)
    }

    /// A file of a copy, which keeps its share of the memory until it was taken.
    async fn file(
        &self,
        head: &request::Parts,
        hash: &str,
        resource: ResourcePath,
    ) -> Result<Option<Bytes>, Problem> {
        let path = ObjectPath::from(resource);
        let objects = self.mirror.copy_of(hash)?;
        let length = objects.length(&path).await.map_err(MirrorRefusal::from)?;
        let Some(length) = length else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let connection = head.extensions.get::<Arc<Connection>>();
        let share = connection.map(|one| self.reading.take(place_of(head), length, one.clone()));
        let share = share.transpose()?;
        let object = objects.get(&path).await.map_err(MirrorRefusal::from)?;
        Ok(object.map(|object| Bytes::from_owner(Outgoing { bytes: object.bytes, _share: share })))
    }
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

/// Takes packages for as long as there are any.
async fn read_packages<B: RequestBody>(
    arriving: &mut Arriving<'_, B>,
    upload: &mut Upload,
) -> Result<(), Problem> {
    while let Some(range) = upload.next_package() {
        let Some(package) = arriving.package(&range).await? else { return Ok(()) };
        arriving.body.work(upload.take(package)).await?;
    }
    Ok(())
}

/// Whether the body is at fault, rather than what was uploaded with it, or the mirror.
fn is_of_the_body(problem: &Problem) -> bool {
    match problem {
        Problem::Body(_) | Problem::Gzip(_) => true,
        Problem::Mirror(refusal) => {
            matches!(refusal, MirrorRefusal::Package(_) | MirrorRefusal::Elsewhere(_))
        }
        _ => false,
    }
}

/// What a header says, without parameters.
fn says(head: &request::Parts, name: &HeaderName) -> Option<String> {
    let value = head.headers.get(name)?;
    let bare = value.to_str().unwrap_or("?").split(';').next().unwrap_or_default();
    Some(bare.trim().to_ascii_lowercase())
}
