//! What verbs run on that ask others and wait.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// A runtime on all processors.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}
