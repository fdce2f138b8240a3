//! Objects in a bucket: read within bounds, created once, replaced at a version.

use std::io::Read;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Attribute, Error, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    PutResult, UpdateVersion,
};

use super::BucketStore;
use super::answers::{failed, failed_write, neither_there_nor_written};
use super::kind::Kind;
use crate::clock::{Clock as _, SystemClock};
use crate::gzip::gzip;
use crate::offload::offload;
use crate::store::{
    Attempt, Created, NewObject, Object, ObjectPath, Replaced, Store, StoreError, Version,
};

/// Immutable objects that are written at once.
const WRITES_AT_ONCE: usize = 32;
/// Pauses before an immutable object is written again to which there was no definite answer.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

impl Version {
    /// A bucket's version: S3 and Azure ask for the ETag, GCS for the generation.
    fn in_bucket(e_tag: Option<String>, generation: Option<String>) -> Self {
        Self(format!("{}\n{}", e_tag.unwrap_or_default(), generation.unwrap_or_default()))
    }

    fn to_update(&self, unquoted: bool) -> UpdateVersion {
        let (e_tag, generation) = self.0.split_once('\n').unwrap_or((&self.0, ""));
        let e_tag = if unquoted { e_tag.trim_matches('"') } else { e_tag };
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        UpdateVersion { e_tag: said(e_tag), version: said(generation) }
    }
}

impl BucketStore {
    /// Sends one create-only write, whose answer may be a surprise.
    pub(super) async fn create_object(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
    ) -> Result<Created, StoreError> {
        let place = self.place(path);
        match self.put(&*self.clients.conditional, path, bytes, PutMode::Create).await {
            Ok(_) => Ok(Created::Now),
            Err(Error::AlreadyExists { .. }) if self.exists(path).await? => Ok(Created::Already),
            Err(Error::AlreadyExists { .. }) => Err(neither_there_nor_written(place)),
            Err(error) => Err(failed_write(place, error)),
        }
    }

    /// Sends one write of `bytes` as they are to be stored.
    pub(super) async fn put(
        &self,
        client: &dyn ObjectStore,
        path: &ObjectPath,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<PutResult, Error> {
        self.requests.put(bytes.len());
        let attributes = Kind::of(path).attributes(self.storage_class.as_deref());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        client.put_opts(&self.key(path.as_str()), PutPayload::from(bytes), options).await
    }

    async fn exists(&self, path: &ObjectPath) -> Result<bool, StoreError> {
        self.requests.get();
        match self.clients.steady.head(&self.key(path.as_str())).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            // The write itself is what is in doubt.
            Err(error) => {
                Err(StoreError::Ambiguous { path: self.place(path), source: error.into() })
            }
        }
    }

    /// Reads an object and unpacks it.
    pub(super) async fn read(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.requests.get();
        let place = || self.place(path);
        let answer = match self.clients.steady.get(&self.key(path.as_str())).await {
            Ok(answer) => answer,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed("read", place(), error)),
        };
        let version = Version::in_bucket(answer.meta.e_tag.clone(), answer.meta.version.clone());
        let coding = answer.attributes.get(&Attribute::ContentEncoding);
        let coding = coding.map(|coding| coding.to_string());
        let kind = Kind::of(path);
        let stored = body(answer, kind.stored_bytes_max(), place()).await?;
        let bytes = match coding.as_deref() {
            Some("gzip") => unpack(stored, kind.bytes_max(), place()).await?,
            _ if stored.len() > kind.bytes_max() => {
                return Err(too_long(place(), kind.bytes_max()));
            }
            _ => stored,
        };
        Ok(Some(Object { bytes, version }))
    }

    /// Writes one immutable object, again where there was no definite answer: what is found there
    /// afterwards is compared, so that a repeat does no harm.
    async fn put_one(&self, object: &NewObject) -> Result<(), StoreError> {
        let stored = if Kind::of(&object.path).is_packed() {
            pack(object.bytes.clone()).await
        } else {
            object.bytes.clone()
        };
        for pause in PAUSES {
            match self.put_once(object, stored.clone()).await {
                Err(StoreError::Ambiguous { .. }) => SystemClock.sleep(pause).await,
                answered => return answered,
            }
        }
        self.put_once(object, stored).await
    }

    async fn put_once(&self, object: &NewObject, stored: Bytes) -> Result<(), StoreError> {
        let path = &object.path;
        match self.put(&*self.clients.steady, path, stored, PutMode::Create).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. }) => match self.read(path).await {
                Ok(Some(there)) if there.bytes == object.bytes => Ok(()),
                Ok(Some(_)) => Err(StoreError::Conflict { path: path.clone() }),
                Ok(None) => Err(neither_there_nor_written(self.place(path))),
                // What is there is in doubt, and so is what was written.
                Err(StoreError::Io { path, source, .. }) => {
                    Err(StoreError::Ambiguous { path, source })
                }
                Err(damaged) => Err(damaged),
            },
            Err(error) => Err(failed_write(self.place(path), error)),
        }
    }
}

#[async_trait]
impl Store for BucketStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.read(path).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.create_object(path, bytes).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let mode = PutMode::Update(expected.to_update(self.unquoted_etags));
        match self.put(&*self.clients.conditional, path, bytes, mode).await {
            Ok(put) => Ok(Replaced::Now(Version::in_bucket(put.e_tag, put.version))),
            Err(Error::Precondition { .. } | Error::NotFound { .. }) => Ok(Replaced::Conflict),
            Err(error) => Err(failed_write(self.place(path), error)),
        }
    }

    /// Objects here are whole as soon as they are there, so that a repeat is like the first attempt.
    async fn put_immutable(&self, objects: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        let writes: Vec<_> = objects.iter().map(|object| self.put_one(object)).collect();
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await
    }
}

/// The body of an answer, of at most `max` bytes.
async fn body(answer: GetResult, max: usize, place: String) -> Result<Bytes, StoreError> {
    if answer.meta.size > max as u64 {
        return Err(too_long(place, max));
    }
    let mut chunks = answer.into_stream();
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| failed("read", place.clone(), error))?;
        if first.len() + all.len() + chunk.len() > max {
            return Err(too_long(place, max));
        }
        // Most objects come in one piece, which is not copied.
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

fn too_long(path: String, max: usize) -> StoreError {
    StoreError::Corrupt { path, reason: format!("it is longer than the {max} bytes it may have") }
}

async fn pack(bytes: Bytes) -> Bytes {
    offload(move || gzip(&bytes).into()).await
}

async fn unpack(packed: Bytes, max: usize, path: String) -> Result<Bytes, StoreError> {
    offload(move || {
        let mut bytes = Vec::new();
        let mut unpacked = MultiGzDecoder::new(&*packed).take(max as u64 + 1);
        if let Err(error) = unpacked.read_to_end(&mut bytes) {
            let reason = format!("it is not the gzip that it is said to be: {error}");
            return Err(StoreError::Corrupt { path, reason });
        }
        if bytes.len() > max {
            return Err(too_long(path, max));
        }
        Ok(bytes.into())
    })
    .await
}
