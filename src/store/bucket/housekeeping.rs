//! Listing and removing in a bucket.

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, PutMode};

use super::answers::failed;
use super::store::BucketStore;
use crate::{Housekeeping, ObjectPath, StoreError};

/// Names in one page of a listing, the default of all three clouds except Azure, which has more.
const PAGE: u64 = 1000;

impl BucketStore {
    /// Passes on the first `max` paths that begin with `prefix` and come after `after`, in the
    /// store's order. Pages are requested as needed.
    pub(super) async fn each_listed(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
        mut each: impl FnMut(ObjectPath) + Send,
    ) -> Result<(), StoreError> {
        // The library lists by whole segments; the rest of the prefix is handled here.
        let directory = match prefix.rsplit_once('/') {
            Some((directory, _)) => Some(self.key(directory)),
            None => self.location.prefix.as_ref().map(|prefix| Path::from(prefix.as_str())),
        };
        let client = &self.clients.steady;
        let mut listing = match after {
            Some(after) => client.list_with_offset(directory.as_ref(), &self.key(after.as_str())),
            None => client.list(directory.as_ref()),
        };
        let (mut listed, mut given) = (0, 0);
        while given < max
            && let Some(object) = listing.next().await
        {
            let object = object
                .map_err(|error| failed("list", format!("{}/{prefix}", self.location), error))?;
            listed += 1;
            let path = self.path_of(&object.location).filter(|path| {
                path.as_str().starts_with(prefix) && after.is_none_or(|after| path > after)
            });
            if let Some(path) = path {
                given += 1;
                each(path);
            }
        }
        self.requests.lists(1 + listed / PAGE);
        Ok(())
    }

    /// The path of an object by its name in the bucket; `None` if it is not part of a log.
    fn path_of(&self, key: &Path) -> Option<ObjectPath> {
        let path = match &self.location.prefix {
            Some(prefix) => key.as_ref().strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => key.as_ref(),
        };
        ObjectPath::new(path).ok()
    }
}

#[async_trait]
impl Housekeeping for BucketStore {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        let mut paths = Vec::new();
        if max > 0 {
            self.each_listed(prefix, after, max, |path| paths.push(path)).await?;
        }
        paths.sort_unstable();
        Ok(paths)
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        if paths.is_empty() {
            return Ok(());
        }
        self.requests.deletes(paths.len());
        let keys: Vec<_> = paths.iter().map(|path| Ok(self.key(path.as_str()))).collect();
        // The library removes a bounded number at once; each one is removed even if another fails.
        let mut removals = self.clients.steady.delete_stream(stream::iter(keys).boxed());
        let mut outcome = Ok(());
        while let Some(removed) = removals.next().await {
            match removed {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    let place = format!("{} objects of {}", paths.len(), self.location);
                    outcome = Err(failed("remove", place, error));
                }
            }
        }
        outcome
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        let written = self.put(&*self.clients.steady, path, bytes, PutMode::Overwrite).await;
        written.map(drop).map_err(|error| failed("write", self.place(path), error))
    }
}
