//! The log's name. A new log needs a name that clients understand; an existing log keeps its name.

use anyhow::Context as _;
use fasti::store::{ObjectPath, Store};
use tiles_spec::Origin;

/// Refuses to start a new log under a name that is not a URL without scheme. Only warns if an
/// existing log has such a name.
pub fn check(origin: &Origin, is_new: bool) -> anyhow::Result<()> {
    match origin.check_new() {
        Ok(()) => Ok(()),
        Err(error) if is_new => Err(error).context("--origin is no name for a new log"),
        Err(error) => {
            tracing::warn!(%origin, "the existing log keeps its name, but: {error}");
            Ok(())
        }
    }
}

/// Checks the name of a log that may already exist in this store.
pub async fn check_in(origin: &Origin, objects: &dyn Store) -> anyhow::Result<()> {
    if origin.check_new().is_ok() {
        return Ok(());
    }
    check(origin, objects.get(&ObjectPath::checkpoint()).await?.is_none())
}
