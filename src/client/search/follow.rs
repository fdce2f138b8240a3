//! Follows a question: returns only what is new since the last time, without reading the whole log.
//!
//! Three things are remembered in a directory, each as a signed checkpoint (see
//! [`monitor`](crate::monitor)): the newest of the log, the newest of the lookup log, and
//! for each question the one up to which it was answered. Invariants: before anything is searched,
//! log and lookup log must be proved to extend what is remembered. Nothing is remembered before the
//! caller says that the news has arrived, so news can come twice but is never lost.

use std::path::PathBuf;
use std::sync::Arc;

use fasti_lookup_spec::LookupPath;
use fasti_read::search::{Index, Opened, Operator};
use sha2::{Digest as _, Sha256};
use tiles_spec::TreeSize;

use super::answer::{answer, read, view};
use super::error::SearchError;
use super::question::{Answer, Asked, Question};
use crate::fetch::{Fetch, LookupLog};
use crate::monitor::{Growth, Monitor, MonitorError};
use crate::reader::View;
use crate::trust::{OpenedCheckpoint, Trust};

/// Follows questions to logs, and remembers its state in a directory.
#[derive(Clone, Debug)]
pub struct Follower {
    memory: Monitor,
}

/// What is new.
#[derive(Debug)]
pub struct News {
    /// The entries from [`Answer::since`] on.
    pub answer: Answer,
    /// Whether this question is asked for the first time.
    pub is_first: bool,
    notes: Vec<(Monitor, OpenedCheckpoint)>,
}

/// Why there is no news.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// There is no answer.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Log or lookup log does not extend what was seen, or the memory cannot be used.
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// More news than fits in an answer, so that some would be lost.
    #[error(
        "up to {total} entries are new, more than the limit of {limit}; nothing was remembered"
    )]
    TooMany {
        /// The most new entries there can be.
        total: u64,
        /// The limit.
        limit: usize,
    },
}

impl FollowError {
    /// Whether the log or index itself is at fault, rather than the connection or the question.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Search(error) => error.is_refusal(),
            Self::Monitor(error) => error.is_refusal(),
            Self::TooMany { .. } => false,
        }
    }
}

impl Follower {
    /// A memory in `directory`, which is created when something is first remembered. Many questions
    /// and logs can share it.
    pub fn new(directory: PathBuf) -> Self {
        Self { memory: Monitor::new(directory) }
    }

    /// What is new since news of this question was last remembered; the first time, everything that
    /// the limit allows. `question.since` is ignored.
    pub async fn news(
        &self,
        fetch: Arc<dyn Fetch>,
        trust: &Trust,
        question: &Question,
    ) -> Result<News, FollowError> {
        let asked = Arc::new(Asked::new(question).map_err(SearchError::from)?);
        match self.once(fetch.clone(), trust, question, &asked).await {
            Err(FollowError::Search(error)) if error.may_have_moved_on() => {
                self.once(fetch, trust, question, &asked).await
            }
            news => news,
        }
    }

    async fn once(
        &self,
        fetch: Arc<dyn Fetch>,
        trust: &Trust,
        question: &Question,
        asked: &Arc<Asked>,
    ) -> Result<News, FollowError> {
        let mut opened = read(&*fetch, Ok(Opened::read(trust))).await?;
        let answered = self.memory.with_purpose(&name(question));
        let mut view = view(&fetch, &mut opened).await.map_err(SearchError::from)?;
        self.memory.compare(&mut view, trust).await?;
        let since = match answered.compare(&mut view, trust).await? {
            Growth::First => None,
            Growth::None => Some(view.head().size),
            Growth::Since(seen) => Some(seen.size),
        };
        opened.tree = Some(view.into_tree());
        let index = opened.index.as_ref();
        self.compare_lookup(fetch.clone(), index, &opened.checkpoint, trust).await?;

        let question = Question { since: since.unwrap_or(TreeSize::ZERO), ..question.clone() };
        let answer = answer(fetch, opened, &question, asked).await?;
        if since.is_some() && answer.is_cut {
            let (total, limit) = (answer.total.get(), question.limit);
            return Err(FollowError::TooMany { total, limit });
        }
        let mut notes = vec![(self.memory.clone(), answer.log.clone())];
        if let Some(index) = &answer.index {
            notes.push((self.memory.clone(), index.lookup().clone()));
        }
        notes.extend(up_to(&answer).map(|checkpoint| (answered, checkpoint)));
        Ok(News { answer, is_first: since.is_none(), notes })
    }

    /// Checks that the lookup log extends what was seen of it, and still exists.
    async fn compare_lookup(
        &self,
        fetch: Arc<dyn Fetch>,
        index: Option<&Index>,
        log: &OpenedCheckpoint,
        trust: &Trust,
    ) -> Result<(), FollowError> {
        let trust = trust.in_lookup_of(log.log().origin());
        if let Some(index) = index {
            let fetch = Arc::new(LookupLog(fetch));
            let view = View::at(fetch, index.lookup().clone()).await;
            let mut view = view.map_err(SearchError::from)?;
            self.memory.compare(&mut view, &trust).await?;
            return Ok(());
        }
        for indexer in &trust.logs {
            if let Some(seen) = self.memory.seen(indexer, &trust)? {
                let place = fetch.place_of_lookup(&LookupPath::Latest);
                return Err(SearchError::IndexGone { place, revisions: seen.head().size }.into());
            }
        }
        Ok(())
    }
}

impl News {
    /// Remembers that the news has arrived, so that it is not new the next time.
    pub fn remember(&self) -> Result<(), MonitorError> {
        self.notes.iter().try_for_each(|(memory, checkpoint)| memory.remember(checkpoint))
    }
}

/// The checkpoint up to which the question was answered. It is the log's newest or, if leaves after
/// the index were not searched, the index's. `None` if an earlier answer already went further.
fn up_to(answer: &Answer) -> Option<OpenedCheckpoint> {
    if answer.unsearched == 0 {
        return Some(answer.log.clone());
    }
    let index = answer.index.as_ref()?;
    // While an index is catching up, its checkpoint is of a larger tree than it covers.
    let is_searched = index.log().head() == index.head() && answer.indexed >= answer.since;
    is_searched.then(|| index.log().clone())
}

/// A name for the question, regardless of its limits: the beginning of a hash.
fn name(question: &Question) -> String {
    let mut hash = Sha256::new();
    hash.update(match question.operator {
        Operator::Or => b"or",
        Operator::And => b"an",
    });
    for term in &question.terms {
        hash.update((term.any_of.len() as u64).to_be_bytes());
        term.any_of.iter().for_each(|term| hash.update(term.key().as_bytes()));
    }
    format!("search-{}", hex::encode(&hash.finalize()[..8]))
}
