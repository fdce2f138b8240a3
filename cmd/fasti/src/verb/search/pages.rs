//! A search in pages, oldest first: of news (`--follow`), and for those whom the user believes.
//!
//! Invariants: each page is printed before it is remembered, so an interruption repeats at most
//! one. What is held is one page. Entries that somebody vouches for are always printed: only others
//! are counted or cut, so no number of them hides the former. The search ends with the tree that
//! was the newest when it began, however fast the log grows.

use std::sync::Arc;

use fasti::causes::with_causes;
use fasti::client::fetch::Fetch;
use fasti::client::monitor::{Monitor, MonitorError};
use fasti::client::search::{
    self, Answer, Belief, FollowError, Follower, LIMIT_DEFAULT, News, Order, PositionError,
    Question, SearchError,
};
use fasti::client::trust::Trust;
use tiles_spec::TreeSize;

use super::arguments::Arguments;
use super::page::{Page, Shown, Tally};
use crate::failure::{Failure, refused_if};
use crate::format::Format;
use crate::freshness::Case;
use crate::memory::half_known;
use crate::output::Output;

/// The most entries on a page.
const PAGE: usize = LIMIT_DEFAULT;

/// A search in pages.
pub struct Pages<'a> {
    arguments: &'a Arguments,
    format: Format,
    fetch: Arc<dyn Fetch>,
    trust: Trust,
    question: Question,
    belief: Option<Belief>,
    /// Remembers what was printed; `None` without --follow, or if the directory cannot be used.
    follower: Option<Follower>,
    /// How many more entries can be printed that nobody has to vouch for, or nobody does.
    room: usize,
    tally: Tally,
    /// Whether anything was found.
    has_found: bool,
    warnings: Vec<String>,
}

/// One page, before it is printed.
enum Asked {
    /// What is new, to be remembered.
    News(News),
    Found(Answer),
}

impl Asked {
    fn answer(&self) -> &Answer {
        match self {
            Self::News(news) => &news.answer,
            Self::Found(answer) => answer,
        }
    }

    /// Whether the question was answered before.
    fn is_news(&self) -> bool {
        matches!(self, Self::News(news) if !news.is_first)
    }

    fn remember(&self) -> Result<(), FollowError> {
        match self {
            Self::News(news) => news.remember(),
            Self::Found(_) => Ok(()),
        }
    }
}

impl<'a> Pages<'a> {
    pub fn new(
        arguments: &'a Arguments,
        format: Format,
        (fetch, trust): (Arc<dyn Fetch>, Trust),
        question: Question,
        belief: Option<Belief>,
    ) -> Self {
        Self {
            arguments,
            format,
            fetch,
            trust,
            question: Question { order: Order::OldestFirst, ..question },
            belief,
            follower: arguments.follow.clone().map(Follower::new),
            room: arguments.limit.unwrap_or(usize::MAX),
            tally: Tally::default(),
            has_found: false,
            warnings: Vec::new(),
        }
    }

    /// Prints all pages but the last, which is returned.
    pub async fn run(mut self) -> Result<Output, Failure> {
        let mut asked = self.ask().await?;
        let (end, is_news) = (asked.answer().head().size, asked.is_news());
        self.warn_of_namesake(&asked);
        loop {
            let fresh =
                self.arguments.freshness.check(&self.fetch, &asked.answer().log, &self.trust);
            let fresh = fresh.await?;
            let shown = self.choose(asked.answer());
            let is_followed = self.has_more(asked.answer(), end);
            let page = Page::whole(asked.answer(), self.arguments.lookup_key.as_ref());
            let tally = self.belief.is_some().then_some(self.tally);
            let page = page.with_entries(shown, tally).among(is_news, is_followed);
            let mut output = Output::good(page.lines(), page.json());
            if !is_followed {
                let answer = asked.answer();
                let is_all_known = answer.unsearched == 0 && answer.unconfirmed == 0;
                let knows = is_all_known || self.has_found;
                let output = output.with_status(if knows { 0 } else { 2 }).warn(self.warnings);
                return Ok(fresh.end(output.then(move || remember(&asked)), Case::Snake));
            }
            if !page.is_empty() {
                let (name, value) = fresh.json(Case::Snake);
                output.json[name] = value;
                output.print(self.format)?;
            }
            self.remember(&asked);
            self.question.since = asked.answer().until;
            asked = self.ask().await?;
        }
    }

    /// Asks for the next page.
    async fn ask(&mut self) -> Result<Asked, Failure> {
        self.question.limit = if self.belief.is_some() { PAGE } else { PAGE.min(self.room) };
        if let Some(follower) = &self.follower {
            let news = follower.news(self.fetch.clone(), &self.trust, &self.question).await;
            match news {
                Err(error) if cannot_be_used(&error) => self.forget("read", &error),
                news => return refused_if(news, FollowError::is_refusal).map(Asked::News),
            }
        }
        let answer = search::search(self.fetch.clone(), &self.trust, &self.question).await;
        refused_if(answer, SearchError::is_refusal).map(Asked::Found)
    }

    /// Whether another page follows this one. Without anybody to believe, the limit ends the pages.
    fn has_more(&self, answer: &Answer, end: TreeSize) -> bool {
        let has_room = self.belief.is_some() || self.room > 0;
        answer.is_cut && answer.until < end && has_room
    }

    /// The entries to print: first those that somebody vouches for.
    fn choose<'b>(&mut self, answer: &'b Answer) -> Vec<Shown<'b>> {
        self.has_found |= !answer.entries.is_empty();
        let Some(belief) = &self.belief else {
            self.room = self.room.saturating_sub(answer.entries.len());
            return answer.entries.iter().map(|found| Shown { found, by: None }).collect();
        };
        let judged = answer.entries.iter().map(|found| {
            let by = belief.vouching(&self.question, found);
            (!by.is_empty(), Shown { found, by: Some(by) })
        });
        let (mut shown, mut others) = (Vec::new(), Vec::new());
        for (is_vouched, entry) in judged {
            if is_vouched { shown.push(entry) } else { others.push(entry) }
        }
        self.tally.vouched += shown.len() as u64;
        self.tally.others += others.len() as u64;
        let printed = if self.arguments.all { others.len().min(self.room) } else { 0 };
        self.tally.hidden += (others.len() - printed) as u64;
        self.room -= printed;
        shown.extend(others.into_iter().take(printed));
        shown
    }

    /// Remembers that a page was printed. If that fails, the pages go on without a memory.
    fn remember(&mut self, asked: &Asked) {
        if let Err(error) = asked.remember() {
            self.forget("saved", &error);
        }
    }

    fn forget(&mut self, what: &str, error: &FollowError) {
        self.warnings.push(forgotten(what, error));
        self.follower = None;
    }

    /// Warns if a log that was not followed before shares its name or key with one that was.
    fn warn_of_namesake(&mut self, asked: &Asked) {
        let (Asked::News(news), Some(directory)) = (asked, &self.arguments.follow) else { return };
        if news.is_first {
            let known = Monitor::new(directory.clone()).namesake(news.answer.log.log());
            self.warnings.extend(known.map(|known| half_known(&known)));
        }
    }
}

/// Whether the memory cannot be read, so that everything is new.
fn cannot_be_used(error: &FollowError) -> bool {
    matches!(
        error,
        FollowError::Monitor(MonitorError::Io { .. })
            | FollowError::Position(PositionError::Io { .. })
    )
}

/// Remembers the last page. Returns a warning if that fails.
fn remember(asked: &Asked) -> Vec<String> {
    asked.remember().err().map(|error| forgotten("saved", &error)).into_iter().collect()
}

fn forgotten(what: &str, error: &FollowError) -> String {
    format!(
        "the state of this search cannot be {what}, so the same entries will be printed again: {}; \
         name another directory with --follow",
        with_causes(error)
    )
}
