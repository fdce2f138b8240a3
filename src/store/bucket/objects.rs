//! Objects in a bucket: read within bounds, created once, replaced at a version.

use std::io;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::gzip::{GunzipError, gunzip, gzip};
use fasti_seams::offload::offload;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Attribute, Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode,
    PutOptions, PutPayload, PutResult, UpdateVersion,
};

use super::answers::{
    failed, failed_write, is_beyond_end, is_contended, neither_there_nor_written,
};
use super::contention::Contention;
use super::kind::ObjectKind;
use super::store::BucketStore;
use crate::{
    Attempt, Created, NewObject, Object, ObjectPath, Replaced, Store, StoreError, Version,
};

/// How many immutable objects are written at once.
const WRITES_AT_ONCE: usize = 32;
/// No object is longer, and some stores do not accept a larger number.
const OFFSET_MAX: u64 = i64::MAX as u64;
/// Pauses before an immutable object is written again after an indefinite answer.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// What is stored in the bucket.
struct Stored {
    bytes: Bytes,
    version: Version,
    /// Its content coding.
    coding: Option<String>,
}

impl Version {
    /// The version in a bucket: S3 and Azure need the ETag, GCS the generation.
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
    /// Sends one create-only write, and again while the store says that it is contended.
    pub(super) async fn create_object(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
    ) -> Result<Created, StoreError> {
        let (client, place) = (&*self.clients.conditional, || self.place(path));
        let mut contention = Contention::new();
        loop {
            match self.put(client, path, bytes.clone(), PutMode::Create).await {
                Ok(_) => return Ok(Created::Now),
                Err(Error::AlreadyExists { .. }) if self.exists(path).await? => {
                    return Ok(Created::Already);
                }
                Err(error) if is_contended(&error) => contention.wait(place).await?,
                Err(Error::AlreadyExists { .. }) => return Err(neither_there_nor_written(place())),
                Err(error) => return Err(failed_write(place(), error)),
            }
        }
    }

    /// Sends one write of `bytes`, which are stored as they are.
    pub(super) async fn put(
        &self,
        client: &dyn ObjectStore,
        path: &ObjectPath,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<PutResult, Error> {
        self.requests.put(bytes.len());
        let attributes = ObjectKind::of(path).attributes(self.storage_class.as_deref());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        client.put_opts(&self.key(path.as_str()), PutPayload::from(bytes), options).await
    }

    async fn exists(&self, path: &ObjectPath) -> Result<bool, StoreError> {
        self.requests.get();
        match self.clients.steady.head(&self.key(path.as_str())).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            // The outcome of the write itself is in doubt.
            Err(error) => {
                Err(StoreError::Ambiguous { path: self.place(path), source: error.into() })
            }
        }
    }

    /// Reads an object and unpacks it.
    pub(super) async fn read(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let Some(Stored { bytes, version, coding }) = self.read_stored(path).await? else {
            return Ok(None);
        };
        let max = ObjectKind::of(path).bytes_max();
        let bytes = match coding.as_deref() {
            Some("gzip") => unpack(bytes, max, self.place(path)).await?,
            _ if bytes.len() > max => return Err(too_long(self.place(path), max)),
            _ => bytes,
        };
        Ok(Some(Object { bytes, version }))
    }

    /// Reads an object as it is in the bucket.
    async fn read_stored(&self, path: &ObjectPath) -> Result<Option<Stored>, StoreError> {
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
        let bytes = body(answer, ObjectKind::of(path).stored_bytes_max(), place()).await?;
        Ok(Some(Stored { bytes, version, coding }))
    }

    /// Reads a range of bytes of an object that is not packed.
    async fn read_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.requests.get();
        let place = self.place(path);
        let options = GetOptions::new().with_range(Some(range.clone()));
        let read = self.clients.steady.get_opts(&self.key(path.as_str()), options).await;
        let answer = match read {
            Ok(answer) => answer,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) if is_beyond_end(&error) => {
                return Err(StoreError::ends_before(&place, range.end, None));
            }
            Err(error) => return Err(failed("read", place, error)),
        };
        let coding = answer.attributes.get(&Attribute::ContentEncoding);
        if let Some(coding) = coding.filter(|coding| !matches!(coding.as_ref(), "" | "identity")) {
            let reason =
                format!("it has the content coding {coding:?}, so parts of it cannot be read");
            return Err(StoreError::Corrupt { path: place, reason });
        }
        if range.end > answer.meta.size {
            return Err(StoreError::ends_before(&place, range.end, Some(answer.meta.size)));
        }
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let bytes = chunks(answer, wanted, &place).await?;
        if bytes.len() < wanted {
            let source = io::ErrorKind::UnexpectedEof.into();
            return Err(StoreError::Io { action: "read", path: place, source });
        }
        Ok(Some(bytes))
    }

    /// What the store says about an object without reading it.
    async fn meta(&self, path: &ObjectPath) -> Result<Option<ObjectMeta>, StoreError> {
        self.requests.get();
        match self.clients.steady.head(&self.key(path.as_str())).await {
            Ok(meta) => Ok(Some(meta)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read", self.place(path), error)),
        }
    }

    /// Writes one immutable object, and again after an indefinite answer: the object found
    /// afterwards is compared, so a repeat does no harm.
    async fn put_one(&self, object: &NewObject) -> Result<(), StoreError> {
        let stored = as_stored(&object.path, object.bytes.clone()).await;
        for pause in PAUSES {
            match self.put_once(object, stored.clone()).await {
                Err(StoreError::Ambiguous { .. }) => SystemClock.sleep(pause).await,
                answered => return answered,
            }
        }
        self.put_once(object, stored).await
    }

    async fn put_once(&self, object: &NewObject, stored: Bytes) -> Result<(), StoreError> {
        let (path, client) = (&object.path, &*self.clients.steady);
        let mut contention = Contention::new();
        loop {
            let error = match self.put(client, path, stored.clone(), PutMode::Create).await {
                Ok(_) => return Ok(()),
                Err(error @ Error::AlreadyExists { .. }) => error,
                Err(error) => return Err(failed_write(self.place(path), error)),
            };
            match self.read(path).await {
                Ok(Some(there)) if there.bytes == object.bytes => return Ok(()),
                Ok(Some(_)) => return Err(StoreError::Conflict { path: path.clone() }),
                Ok(None) if is_contended(&error) => contention.wait(|| self.place(path)).await?,
                Ok(None) => return Err(neither_there_nor_written(self.place(path))),
                // What the object holds is in doubt, and so is the outcome of the write.
                Err(StoreError::Io { path, source, .. }) => {
                    return Err(StoreError::Ambiguous { path, source });
                }
                Err(damaged) => return Err(damaged),
            }
        }
    }
}

#[async_trait]
impl Store for BucketStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.read(path).await
    }

    async fn get_packed(&self, path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        if !ObjectKind::of(path).is_packed() {
            return Ok(None);
        }
        let stored = self.read_stored(path).await?;
        let packed = stored.filter(|stored| stored.coding.as_deref() == Some("gzip"));
        Ok(packed.map(|stored| stored.bytes))
    }

    /// A packed object must be read from its beginning.
    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        if ObjectKind::of(path).is_packed() {
            let object = self.read(path).await?;
            return object.map(|object| object.part(&range, &self.place(path))).transpose();
        }
        if !range.is_empty() && range.end <= OFFSET_MAX {
            return self.read_range(path, range).await;
        }
        match self.meta(path).await? {
            Some(meta) if !range.is_empty() => {
                Err(StoreError::ends_before(&self.place(path), range.end, Some(meta.size)))
            }
            found => Ok(found.map(|_| Bytes::new())),
        }
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        if ObjectKind::of(path).is_packed() {
            return Ok(self.read(path).await?.map(|object| object.bytes.len() as u64));
        }
        Ok(self.meta(path).await?.map(|meta| meta.size))
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.create_object(path, as_stored(path, bytes).await).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let bytes = as_stored(path, bytes).await;
        let mode = PutMode::Update(expected.to_update(self.unquoted_etags));
        let mut contention = Contention::new();
        loop {
            let client = &*self.clients.conditional;
            match self.put(client, path, bytes.clone(), mode.clone()).await {
                Ok(put) => {
                    return Ok(Replaced::Now(Version::in_bucket(put.e_tag, put.version)));
                }
                Err(Error::Precondition { .. } | Error::NotFound { .. }) => {
                    return Ok(Replaced::Conflict);
                }
                Err(error) if is_contended(&error) => {
                    contention.wait(|| self.place(path)).await?;
                }
                Err(error) => return Err(failed_write(self.place(path), error)),
            }
        }
    }

    /// Objects here are complete as soon as they exist, so a repeat is like the first attempt.
    async fn put_immutable(&self, objects: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        let writes: Vec<_> = objects.iter().map(|object| self.put_one(object)).collect();
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await
    }
}

/// The body of a response, of at most `max` bytes.
async fn body(answer: GetResult, max: usize, place: String) -> Result<Bytes, StoreError> {
    if answer.meta.size > max as u64 {
        return Err(too_long(place, max));
    }
    chunks(answer, max, &place).await
}

/// The data of a response, of at most `max` bytes.
async fn chunks(answer: GetResult, max: usize, place: &str) -> Result<Bytes, StoreError> {
    let mut chunks = answer.into_stream();
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| failed("read", place.to_owned(), error))?;
        if first.len() + all.len() + chunk.len() > max {
            return Err(too_long(place.to_owned(), max));
        }
        // Most objects arrive in one piece, which is not copied.
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
    StoreError::Corrupt { path, reason: format!("it is longer than the allowed {max} bytes") }
}

/// The bytes to store for an object.
async fn as_stored(path: &ObjectPath, bytes: Bytes) -> Bytes {
    match ObjectKind::of(path).packing(bytes.len()) {
        Some(effort) => offload(move || gzip(&bytes, effort).into()).await,
        None => bytes,
    }
}

async fn unpack(packed: Bytes, max: usize, path: String) -> Result<Bytes, StoreError> {
    offload(move || {
        gunzip(&packed, max).map(Bytes::from).map_err(|error| match error {
            GunzipError::TooLong { max } => too_long(path, max),
            GunzipError::Invalid(error) => {
                let reason = format!("it is marked as gzip, but is not valid gzip: {error}");
                StoreError::Corrupt { path, reason }
            }
        })
    })
    .await
}
