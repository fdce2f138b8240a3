//! Search with proof: which entries of a log have this digest, this key, this identity.
//!
//! The answer comes from an index stored next to the log as static files (`fasti_lookup_spec`;
//! `src/docs/formats.md`), and, for leaves not in the index yet, from the newest bundles. No server
//! computes anything.
//!
//! | module | what it is |
//! |---|---|
//! | `question` | the search terms, and whether an entry matches them |
//! | `opened` | the current log and index, verified and consistent with each other |
//! | `index` | the newest revision of an index |
//! | `runs`, `list` | the leaves that the index lists for a key, newest first, as far as needed |
//! | `scan` | the leaves that are not in the index yet |
//! | `found` | entries read, and compared with what the index says about them |
//! | `answer` | what was found, and what that proves |
//! | `follow` | only what is new since the last search, without reading the whole log |
//! | `refusal` | why there is no answer |
//!
//! Invariants (I15): every entry in an answer was proved to be in the log, and matches the
//! question. An answer is complete in the index that was signed for the log's tree, or says that it
//! is not. If the index contradicts what was read from the log, the search fails with an error that
//! names the entry.

mod answer;
mod follow;
mod found;
mod index;
mod list;
mod opened;
mod question;
mod refusal;
mod runs;
mod scan;

use std::sync::Arc;

use fasti_lookup_spec::{LookupKey, LookupPath};
use futures::future::try_join;

pub use answer::{Answer, Match, Total};
pub use follow::{FollowError, Follower, News};
pub use index::{Index, IndexRefusal};
pub use question::{
    KEYS_MAX, LIMIT_DEFAULT, LIMIT_MAX, Operator, Question, QuestionError, SCAN_DEFAULT, Term,
};
pub use refusal::{Conflict, SearchError, Wrong};

use super::fetch::Fetch;
use super::trust::Trust;
use found::Finding;
use list::{KeyList, Merged};
use opened::Opened;
use question::Asked;
use runs::Runs;
use scan::{Scanned, scan};

/// A page of a list has about this many leaves, often more.
const LEAVES_A_PAGE: usize = 1000;
/// The most pages of a list that are read at once.
const PAGES_MAX: usize = 16;

/// Searches a log. If log and index have changed meanwhile, both are read again, once.
pub async fn search(
    fetch: Arc<dyn Fetch>,
    trust: &Trust,
    question: &Question,
) -> Result<Answer, SearchError> {
    let asked = Arc::new(Asked::new(question)?);
    match once(fetch.clone(), trust, question, &asked).await {
        Err(error) if error.may_have_moved_on() => once(fetch, trust, question, &asked).await,
        answered => answered,
    }
}

async fn once(
    fetch: Arc<dyn Fetch>,
    trust: &Trust,
    question: &Question,
    asked: &Arc<Asked>,
) -> Result<Answer, SearchError> {
    answer(Opened::read(fetch, trust).await?, question, asked).await
}

/// Searches a log and an index that are consistent with each other.
async fn answer(
    opened: Opened,
    question: &Question,
    asked: &Arc<Asked>,
) -> Result<Answer, SearchError> {
    let indexed = opened.indexed();
    let Opened { mut log, index } = opened;
    let newer = log.head().size.get().saturating_sub(indexed.max(question.since).get());
    let is_scanned = newer <= question.scan_max;
    if index.is_none() && !is_scanned {
        let place = log.fetch().place_of_lookup(&LookupPath::Latest);
        return Err(SearchError::NoIndex { place, leaves: newer, scan_max: question.scan_max });
    }
    let runs = index.as_ref().map_or(&[][..], |index| &index.manifest().runs);
    let runs = Runs::new(log.fetch().clone(), runs, question.since);
    let newest = async {
        if !is_scanned || newer == 0 {
            return Ok(Scanned::default());
        }
        let (from, view) = (indexed.max(question.since), log.view().await?);
        Ok(scan(view, asked, from, question.limit).await?)
    };
    let (lists, scanned) = try_join(lists(&runs, question, asked), newest).await?;
    let merged = Merged::new(worth_reading(lists, asked));
    let revision = index.as_ref().map(Index::revision);
    let finding = Finding::new(asked, question, revision, merged);
    let found = finding.find(&mut log, scanned).await?;
    Ok(Answer {
        complete: is_scanned && !found.is_cut,
        is_cut: found.is_cut,
        entries: found.entries,
        total: found.total,
        log: log.checkpoint().clone(),
        index,
        indexed,
        scanned: if is_scanned { newer } else { 0 },
        unsearched: if is_scanned { 0 } else { newer },
        since: question.since,
    })
}

/// The index's list for each key.
async fn lists<'a>(
    runs: &Runs<'a>,
    question: &Question,
    asked: &Asked,
) -> Result<Vec<KeyList<'a>>, SearchError> {
    let keys: Vec<LookupKey> = asked.keys().iter().map(|(key, _)| *key).collect();
    let pages = (question.limit / LEAVES_A_PAGE + 1).min(PAGES_MAX);
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let found = runs.ask(&keys).await?;
    let lists = keys.into_iter().enumerate().zip(found);
    Ok(lists
        .map(|(key, found)| KeyList::new(key, runs.clone(), found, question.since, pages))
        .collect())
}

/// The lists that contain every possible match. If an entry needs one of the terms, that is all
/// lists; if it needs all of them, the lists of the rarest term, since the entries themselves tell
/// whether they have the other terms.
fn worth_reading<'a>(lists: Vec<KeyList<'a>>, asked: &Asked) -> Vec<KeyList<'a>> {
    if asked.operator() == Operator::Or {
        return lists;
    }
    let leaves =
        |term: &&Vec<usize>| -> u64 { term.iter().map(|number| lists[*number].postings()).sum() };
    let rarest = asked.terms().iter().min_by_key(leaves).cloned().unwrap_or_default();
    let read = lists.into_iter().enumerate().filter(|(number, _)| rarest.contains(number));
    read.map(|(_, list)| list).collect()
}

#[cfg(test)]
mod tests;
