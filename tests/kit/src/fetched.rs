//! A made-up log as a client reads it.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_client::fetch::{Fetch, FetchError, PartFault};
use fasti_client::trust::Trust;
use fasti_lookup_spec::LookupPath;
use tiles_spec::{BundleCoord, ResourcePath};

use crate::made_log::{MadeLog, ORIGIN, signing_key};

/// Trust in the key of a log that has not been given another.
pub fn trust() -> Trust {
    Trust::in_keys([signing_key(ORIGIN).verifier_key().clone()])
}

impl MadeLog {
    /// Reads the log as it is now.
    pub fn fetch(&self) -> Arc<dyn Fetch> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Fetch for MadeLog {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.objects.get(&path.to_string()).cloned())
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        let path = bundle.to_string().replace("tile/entries/", "time/");
        Ok(self.objects.get(&path).cloned())
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
