//! The current state of a log and its index, before anything is searched.
//!
//! Invariant: the two do not contradict each other. The log's newest tree was proved to extend the
//! indexed tree.

use std::sync::Arc;

use fasti_lookup_spec::LookupPath;
use futures::future::try_join;
use tiles_spec::{ResourcePath, TreeHead, TreeSize};

use super::SearchError;
use super::index::Index;
use super::refusal::Conflict;
use crate::fetch::Fetch;
use crate::reader::{ReadError, View};
use crate::trust::{OpenedCheckpoint, Trust};

/// A log whose tiles are read when they are first needed.
pub(crate) struct Log {
    fetch: Arc<dyn Fetch>,
    checkpoint: OpenedCheckpoint,
    view: Option<View>,
}

/// A log with its index.
pub(crate) struct Opened {
    pub(crate) log: Log,
    /// `None` if there is no `lookup/latest`.
    pub(crate) index: Option<Index>,
}

impl Log {
    pub(crate) fn fetch(&self) -> &Arc<dyn Fetch> {
        &self.fetch
    }

    pub(crate) fn checkpoint(&self) -> &OpenedCheckpoint {
        &self.checkpoint
    }

    pub(crate) fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// The log's tree.
    pub(crate) async fn view(&mut self) -> Result<&mut View, ReadError> {
        let view = match self.view.take() {
            Some(view) => view,
            None => View::at(self.fetch.clone(), self.checkpoint.clone()).await?,
        };
        Ok(self.view.insert(view))
    }
}

impl Opened {
    /// Reads and verifies the newest checkpoint of the log and the newest revision of its index.
    pub(crate) async fn read(fetch: Arc<dyn Fetch>, trust: &Trust) -> Result<Self, SearchError> {
        let (latest, checkpoint) = try_join(
            fetch.fetch_lookup(&LookupPath::Latest),
            fetch.fetch(&ResourcePath::Checkpoint),
        )
        .await
        .map_err(ReadError::from)?;
        let no_log = || ReadError::NoLog { place: fetch.place(&ResourcePath::Checkpoint) };
        let checkpoint = trust.open(&checkpoint.ok_or_else(no_log)?).map_err(ReadError::from)?;
        let index = match latest {
            None => None,
            Some(bytes) => Some(Index::open(&bytes, trust, &checkpoint).map_err(|source| {
                let place = fetch.place_of_lookup(&LookupPath::Latest);
                SearchError::Index { place, source: source.into() }
            })?),
        };
        let mut opened = Self { log: Log { fetch, checkpoint, view: None }, index };
        opened.expect_accord().await?;
        Ok(opened)
    }

    /// The number of leaves that the index covers.
    pub(crate) fn indexed(&self) -> TreeSize {
        self.index.as_ref().map_or(TreeSize::ZERO, |index| index.head().size)
    }

    /// Checks that the newest tree extends the indexed tree.
    async fn expect_accord(&mut self) -> Result<(), SearchError> {
        let Some(index) = &self.index else { return Ok(()) };
        let (indexed, newest) = (index.head(), self.log.head());
        let conflict =
            || Conflict { indexed: index.log().clone(), shown: self.log.checkpoint.clone() };
        if newest.size < indexed.size {
            return Err(SearchError::Shrunk(conflict().into()));
        }
        if newest == indexed {
            return Ok(());
        }
        let conflict = conflict();
        let is_fork = newest.size == indexed.size
            || self.log.view().await?.head_at(indexed.size).await? != indexed;
        if is_fork { Err(SearchError::Fork(conflict.into())) } else { Ok(()) }
    }
}
