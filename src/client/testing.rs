//! A made-up log as this crate's own tests read it.

use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use async_trait::async_trait;
use fasti_kit::made_log::MadeLog;
pub use fasti_kit::made_log::{ORIGIN, entries};
use fasti_lookup_spec::LookupPath;
use fasti_objects::HeadsPath;
use tiles_spec::{BundleCoord, NoteSigningKey, ResourcePath};

use super::fetch::{Fetch, FetchError, PartFault};
use super::trust::Trust;

/// A made-up log that can be read.
#[derive(Clone, Default)]
pub struct TestLog(pub MadeLog);

/// The key of the log.
pub fn signing_key() -> NoteSigningKey {
    fasti_kit::made_log::signing_key(ORIGIN)
}

/// Trust in that key alone.
pub fn trust() -> Trust {
    Trust::in_keys([signing_key().verifier_key().clone()])
}

impl Deref for TestLog {
    type Target = MadeLog;

    fn deref(&self) -> &MadeLog {
        &self.0
    }
}

impl DerefMut for TestLog {
    fn deref_mut(&mut self) -> &mut MadeLog {
        &mut self.0
    }
}

impl TestLog {
    /// The log of these entries, with the objects of this size only.
    pub fn of(entries: &[Vec<u8>]) -> Self {
        Self(MadeLog::of(entries))
    }

    /// Reads the log as it is now.
    pub fn fetch(&self) -> Arc<dyn Fetch> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Fetch for TestLog {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        let path = bundle.to_string().replace("tile/entries/", "time/");
        Ok(self.objects.get(&path).cloned())
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        match self.part(&path.to_string(), &bytes) {
            Some(None) => {
                let (place, fault) = (path.to_string(), PartFault::BeyondEnd);
                Err(FetchError::Part { place, bytes, fault })
            }
            found => Ok(found.flatten()),
        }
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

/// What a test puts between a log and its reader.
#[async_trait]
pub trait Between: Send + Sync + 'static {
    /// Happens before each object of the tree is read.
    async fn on_fetch(&self);
}

/// A log that is read through something.
pub struct Through<B> {
    pub log: TestLog,
    pub between: B,
}

#[async_trait]
impl<B: Between> Fetch for Through<B> {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.between.on_fetch().await;
        Fetch::fetch(&self.log, path).await
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_times(bundle).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.log.place(path)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.log.place_of_lookup(path)
    }
}
