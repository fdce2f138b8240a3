//! Following a question: only what is new since the last time, without reading the log.
//!
//! Three things are remembered in a directory, each as a signed checkpoint (see
//! [`monitor`](crate::client::monitor)): the newest of the log, the newest of the lookup log, and for each
//! question the one up to which it was answered. Invariants: log and lookup log have to prove that they
//! grew from what is remembered, before anything is asked. Nothing is remembered before the caller
//! says that the news has arrived, so news can come twice and is never lost.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tiles_spec::TreeSize;
use tiles_spec::lookup::LookupPath;

use super::opened::Opened;
use super::question::{Asked, Operator};
use super::{Answer, Index, Question, SearchError, answer};
use crate::client::fetch::{Fetch, LookupLog};
use crate::client::monitor::{Growth, Monitor, MonitorError};
use crate::client::reader::View;
use crate::client::trust::{OpenedCheckpoint, Trust};

/// Follows questions to logs, with a memory in a directory.
#[derive(Clone, Debug)]
pub struct Follower {
    memory: Monitor,
}

/// What is new.
#[derive(Debug)]
pub struct News {
    /// The entries from [`Answer::since`] on.
    pub answer: Answer,
    /// Whether this question was asked before.
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
    /// Log or lookup log did not grow from what was seen, or the memory fails.
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// More news than an answer may have, so that some would be lost.
    #[error(
        "up to {total} entries are new, more than the {limit} that were asked for; nothing was \
         remembered"
    )]
    TooMany {
        /// How many there are at most.
        total: u64,
        /// The limit.
        limit: usize,
    },
}

impl FollowError {
    /// Whether log or index are themselves at fault, rather than the way to them or the question.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Search(error) => error.is_refusal(),
            Self::Monitor(error) => error.is_refusal(),
            Self::TooMany { .. } => false,
        }
    }
}

impl Follower {
    /// A memory in `directory`, which is made when something is remembered. Many questions and logs
    /// may share it.
    pub fn new(directory: PathBuf) -> Self {
        Self { memory: Monitor::new(directory) }
    }

    /// What is new since the last time that news of this question was remembered; the first time, all that
    /// the limit allows. `question.since` is not asked.
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
        let mut opened = Opened::read(fetch.clone(), trust).await?;
        let answered = self.memory.with_purpose(&name(question));
        let view = opened.log.view().await.map_err(SearchError::from)?;
        self.memory.compare(view, trust).await?;
        let since = match answered.compare(view, trust).await? {
            Growth::First => None,
            Growth::None => Some(view.head().size),
            Growth::Since(seen) => Some(seen.size),
        };
        self.compare_lookup(fetch, opened.index.as_ref(), opened.log.checkpoint(), trust).await?;

        let question = Question { since: since.unwrap_or(TreeSize::ZERO), ..question.clone() };
        let answer = answer(opened, &question, asked).await?;
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

    /// The lookup log must have grown from what was seen of it, and may not be gone.
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
    /// Remembers that the news has arrived: the next time it is old.
    pub fn remember(&self) -> Result<(), MonitorError> {
        self.notes.iter().try_for_each(|(memory, checkpoint)| memory.remember(checkpoint))
    }
}

/// The checkpoint up to which an answer goes: the log's newest or, where leaves behind the index were
/// not searched, that of the index, unless the question was answered further than that before.
fn up_to(answer: &Answer) -> Option<OpenedCheckpoint> {
    if answer.unsearched == 0 {
        return Some(answer.log.clone());
    }
    let index = answer.index.as_ref()?;
    // The checkpoint that comes with an index which catches up is of more than it answers for.
    let is_searched = index.log().head() == index.head() && answer.indexed >= answer.since;
    is_searched.then(|| index.log().clone())
}

/// A name for what is asked, whatever the limits: the beginning of a hash.
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
