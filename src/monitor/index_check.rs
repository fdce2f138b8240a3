//! Whether a log's index lists its new entries: some of them, chosen at random, are searched for.
//!
//! Each is searched for by its leaf and by one more of its terms, from its own index on, so the
//! first answer must be the entry itself. The search verifies every page that it reads, and that
//! the index is of this log. Recomputing the whole index is what `fasti fsck --lookup` does.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::search::{Index, Operator, Order, Question, SearchError, search};
use fasti_client::trust::Trust;
use fasti_seams::causes::with_causes;
use tiles_spec::TreeSize;

use super::alarm::{AlarmKind, Trouble};
use super::matcher::Sample;

/// Searches for entries. Returns how many searches were made for entries that are indexed; `None`
/// if the log has no index.
pub(crate) async fn check(
    fetch: &Arc<dyn Fetch>,
    trust: &Trust,
    samples: &[Sample],
) -> Result<Option<u64>, Trouble> {
    let mut count = 0;
    for sample in samples {
        for term in &sample.terms {
            let since = TreeSize::new(sample.index.get()).unwrap_or(TreeSize::MAX);
            let question = Question {
                limit: 1,
                order: Order::OldestFirst,
                scan_max: 0,
                since,
                ..Question::new([term.clone()], Operator::Or)
            };
            let answer = match search(fetch.clone(), trust, &question).await {
                Err(SearchError::NoIndex { .. }) => return Ok(None),
                Err(error) if error.is_refusal() => {
                    return Err(AlarmKind::Index.alarm(with_causes(&error)).into());
                }
                Err(error) => return Err(Trouble::Failure(with_causes(&error))),
                Ok(answer) => answer,
            };
            let Some(index) = answer.index.as_ref().map(Index::log) else { return Ok(None) };
            if !index.head().size.contains(sample.index) {
                continue;
            }
            let found = answer.entries.first().map(|found| found.entry.index);
            if found != Some(sample.index) {
                let reason =
                    format!("the index does not list entry {} under the {term}", sample.index);
                return Err(AlarmKind::Index.alarm(reason).into());
            }
            count += 1;
        }
    }
    Ok(Some(count))
}
