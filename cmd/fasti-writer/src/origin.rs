//! The log's name: that of a new log has to be one that clients understand; an existing log keeps
//! the one that it has.

use anyhow::Context as _;
use fasti::store::{ObjectPath, Store};
use tiles_spec::Origin;

/// Refuses to begin a log under a name that is no URL without scheme, and warns of one that has it.
pub fn check(origin: &Origin, is_new: bool) -> anyhow::Result<()> {
    match origin.check_new() {
        Ok(()) => Ok(()),
        Err(error) if is_new => Err(error).context("--origin is no name for a new log"),
        Err(error) => {
            tracing::warn!(%origin, "the log keeps the name that it has, but: {error}");
            Ok(())
        }
    }
}

/// The same for a log that may be in a store.
pub async fn check_in(origin: &Origin, objects: &dyn Store) -> anyhow::Result<()> {
    if origin.check_new().is_ok() {
        return Ok(());
    }
    check(origin, objects.get(&ObjectPath::checkpoint()).await?.is_none())
}
