//! Listing and removing, for the writer and the builder of an index to tidy up.

use async_trait::async_trait;
use bytes::Bytes;

use super::error::StoreError;
use super::path::ObjectPath;

/// Listing objects, removing those that are no longer needed, and notes about it. The caller must
/// know what can be removed.
///
/// # Contract
/// - A listing may miss what was written a moment ago and include what was removed: it serves
///   progress, never safety.
/// - Removing what does not exist is not an error, and removing nothing sends no request.
#[async_trait]
pub trait Housekeeping: Send + Sync + 'static {
    /// Lists objects whose path begins with `prefix`, in ascending order of their paths, at most
    /// `max` of them, and only those after `after` if it is given. Commit records have the paths of
    /// [`ObjectPath::commit_record`].
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError>;

    /// Removes objects. After an error some of them may be gone; repeating the call is safe.
    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError>;

    /// Writes a note over whatever is at `path`, without a condition. Such notes are hints: nothing
    /// may depend on them.
    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError>;
}
