//! Follows a question: returns only what is new since the last time, without reading the whole log.
//!
//! News comes in pages, oldest first, so that no number of new entries is too many. Three things
//! are remembered in a directory, each as a signed checkpoint (see [`monitor`](crate::monitor)): the
//! newest of the log, the newest of the lookup log, and for each question the one up to which it
//! was answered. Within a larger tree, a question can be answered up to some leaf: that is a fourth
//! file, [`position`](super::position). Invariants: before anything is searched, log and lookup log
//! must be proved to extend what is remembered. Nothing is remembered before the caller says that
//! the news has arrived, so a page can come twice but is never lost.

use std::path::PathBuf;
use std::sync::Arc;

use fasti_lookup_spec::LookupPath;
use fasti_read::search::{Index, Opened, Operator, Order};
use sha2::{Digest as _, Sha256};
use tiles_spec::TreeSize;

use super::answer::{answer, read, view};
use super::error::SearchError;
use super::position::{Position, PositionError};
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

/// A page of what is new.
#[derive(Debug)]
pub struct News {
    /// The entries from [`Answer::since`] to [`Answer::until`].
    pub answer: Answer,
    /// Whether this question is asked for the first time.
    pub is_first: bool,
    notes: Vec<(Monitor, OpenedCheckpoint)>,
    /// Where the question was not answered to its end, and up to where it was.
    position: Position,
    reached: Option<TreeSize>,
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
    /// What is remembered of the question cannot be used.
    #[error(transparent)]
    Position(#[from] PositionError),
}

impl FollowError {
    /// Whether the log or index itself is at fault, rather than the connection or the question.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Search(error) => error.is_refusal(),
            Self::Monitor(error) => error.is_refusal(),
            Self::Position(_) => false,
        }
    }
}

impl Follower {
    /// A memory in `directory`, which is created when something is first remembered. Many questions
    /// and logs can share it.
    pub fn new(directory: PathBuf) -> Self {
        Self { memory: Monitor::new(directory) }
    }

    /// The next page of what is new since news of this question was last remembered: the oldest
    /// entries, as many as the limit allows. The first time, everything from `question.since` on is
    /// new.
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
        let position = Position::of(&answered.path(view.checkpoint().log()));
        let size = match answered.compare(&mut view, trust).await? {
            Growth::First => None,
            Growth::None => Some(view.head().size),
            Growth::Since(seen) | Growth::Before(seen) => Some(seen.size),
        };
        let since = size.max(position.read()?);
        opened.tree = Some(view.into_tree());
        let index = opened.index.as_ref();
        self.compare_lookup(fetch.clone(), index, &opened.checkpoint, trust).await?;

        let (since, is_first) = (since.unwrap_or(question.since), since.is_none());
        let question = Question { since, order: Order::OldestFirst, ..question.clone() };
        let answer = answer(fetch, opened, &question, asked).await?;
        let mut notes = vec![(self.memory.clone(), answer.log.clone())];
        if let Some(index) = &answer.index {
            notes.push((self.memory.clone(), index.lookup().clone()));
        }
        let end = up_to(&answer).map(|checkpoint| (answered, checkpoint));
        // Without a checkpoint of the place that was reached, its number tells.
        let reached = end.is_none().then_some(answer.until);
        notes.extend(end);
        Ok(News { answer, is_first, notes, position, reached })
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
    /// Whether there can be more in the tree of the answer.
    pub fn has_more(&self) -> bool {
        self.answer.is_cut
    }

    /// Remembers that the news has arrived, so that it is not new the next time.
    pub fn remember(&self) -> Result<(), FollowError> {
        for (memory, checkpoint) in &self.notes {
            memory.remember(checkpoint)?;
        }
        match self.reached {
            Some(reached) => self.position.remember(reached)?,
            None => self.position.forget(),
        }
        Ok(())
    }
}

/// The checkpoint up to which the question was answered. It is the log's newest or, if leaves after
/// the index were not searched, the index's. `None` if the answer ends elsewhere.
fn up_to(answer: &Answer) -> Option<OpenedCheckpoint> {
    let index = answer.index.as_ref().map(Index::log);
    let mut ends = [Some(&answer.log), index].into_iter().flatten();
    ends.find(|end| end.head().size == answer.until).cloned()
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
