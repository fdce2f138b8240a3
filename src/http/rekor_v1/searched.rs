//! Searches for entry IDs over all shards. Each shard has an index of its own, and they are asked
//! one after the other, so that a search needs no more memory than in one log.
//!
//! An answer has the newest entries, or the oldest from some index on, over all shards. What v1 has
//! no place for is in headers.

use fasti_client::search::{Answer, Order, Question};
use fasti_grow::VirtualIndex;
use http::header::{HeaderName, HeaderValue};
use serde_json::json;
use tiles_spec::TreeSize;

use super::answer::json_answer;
use super::shard::Shard;
use super::shards::Shards;
use crate::problem::{HttpResponse, Problem};

/// The size of the tree that a list of entry IDs covers, with the shards before it.
const LOG_SIZE: HeaderName = HeaderName::from_static("fasti-log-size");
/// In a list that lacks some: the index from which on to ask for them.
const NEXT: HeaderName = HeaderName::from_static("fasti-next");
/// Whether a list of entry IDs is complete.
const COMPLETE: HeaderName = HeaderName::from_static("fasti-complete");

/// What was found.
pub(super) struct Searched {
    /// The entry IDs, by index, ascending.
    pub entries: Vec<(VirtualIndex, String)>,
    /// The size of the tree that was searched, with the shards before it.
    pub size: VirtualIndex,
    /// Whether these are all matching entries.
    pub is_complete: bool,
    /// Whether there are more than were asked for.
    pub is_cut: bool,
    /// If the oldest were asked for and there are more: the index from which on to ask for them.
    pub until: VirtualIndex,
}

impl Shards {
    /// What is found by a question that nothing matches.
    pub fn nothing(&self) -> Searched {
        let active = self.ranges().first(self.ranges().active());
        let size = active.after(self.active().size());
        Searched { entries: Vec::new(), size, is_complete: true, is_cut: false, until: size }
    }

    /// The first `limit` entries from an index on.
    pub async fn oldest(
        &self,
        question: &Question,
        since: VirtualIndex,
        limit: usize,
    ) -> Result<Searched, Problem> {
        let mut found = self.nothing();
        for number in self.numbers() {
            let since = self.ranges().leaves_before(since, number);
            if !self.is_active(number) && since >= self.size_of(number) {
                continue;
            }
            // Without room, one entry shows that there are more.
            let limit_here = (limit - found.entries.len()).max(1);
            let order = Order::OldestFirst;
            let question = Question { since, order, limit: limit_here, ..question.clone() };
            let shard = self.shard(number).await?;
            let answer = self.needing(number, Box::pin(shard.ask(&question))).await?;
            let first = self.ranges().first(number);
            found.note(first, &answer, self.is_active(number));
            found.is_cut = answer.is_cut;
            found.until = first.after(answer.until);
            found.entries.extend(ids(shard, first, &answer));
            if found.entries.len() > limit {
                found.is_cut = true;
                found.until = found.entries.drain(limit..).next().map_or(found.until, |it| it.0);
            }
            if found.is_cut {
                break;
            }
        }
        found.is_complete &= !found.is_cut;
        Ok(found)
    }

    /// The last `limit` entries.
    pub async fn newest(&self, question: &Question, limit: usize) -> Result<Searched, Problem> {
        let mut found = self.nothing();
        for number in self.numbers().rev() {
            let limit_here = (limit - found.entries.len()).max(1);
            let (order, since) = (Order::NewestFirst, TreeSize::ZERO);
            let question = Question { since, order, limit: limit_here, ..question.clone() };
            let shard = self.shard(number).await?;
            let answer = self.needing(number, Box::pin(shard.ask(&question))).await?;
            let first = self.ranges().first(number);
            found.note(first, &answer, self.is_active(number));
            let older = ids(shard, first, &answer);
            found.entries.splice(0..0, older);
            let surplus = found.entries.len().saturating_sub(limit);
            found.entries.drain(..surplus);
            found.is_cut = answer.is_cut || surplus > 0;
            if found.is_cut {
                break;
            }
        }
        found.is_complete &= !found.is_cut;
        Ok(found)
    }
}

impl Searched {
    /// Notes how far a shard was searched that begins at `first`.
    fn note(&mut self, first: VirtualIndex, answer: &Answer, is_active: bool) {
        let reached = first.after(answer.searched());
        if is_active && self.is_complete {
            self.size = reached;
        } else if is_active || answer.unsearched > 0 {
            self.size = self.size.min(reached);
        }
        self.is_complete &= answer.unsearched == 0;
    }

    /// The entry IDs, newest first.
    pub fn answer(&self) -> HttpResponse {
        let newest_first: Vec<_> = self.entries.iter().rev().map(|(_, id)| id).collect();
        let mut answer = json_answer(&json!(newest_first));
        let headers = answer.headers_mut();
        headers.insert(LOG_SIZE, self.size.get().into());
        let complete = if self.is_complete { "true" } else { "false" };
        headers.insert(COMPLETE, HeaderValue::from_static(complete));
        if self.is_cut {
            headers.insert(NEXT, self.until.get().into());
        }
        answer
    }

    /// The oldest entries, and the last `count` of the newest.
    pub fn and_newest(mut self, mut newest: Self, count: usize) -> Self {
        let surplus = newest.entries.len().saturating_sub(count);
        newest.entries.drain(..surplus);
        let last = self.entries.last().map(|(index, _)| *index);
        newest.entries.retain(|(index, _)| Some(*index) > last);
        self.entries.extend(newest.entries);
        self
    }
}

fn ids(shard: &Shard, first: VirtualIndex, answer: &Answer) -> Vec<(VirtualIndex, String)> {
    let found = answer.entries.iter().map(|found| &found.entry);
    found.map(|entry| (first.of_leaf(entry.index), shard.id_of(&entry.leaf))).collect()
}
