//! One search: the index is asked while the newest bundles are read ahead.

use std::sync::Arc;

use fasti_entry::LookupTerm;
use fasti_read::Reading;
use fasti_read::description::Description;
use fasti_read::search::{
    Newest, Open, Opened, Order, Scanned, Search, SearchFault, matches_and_open,
};
use futures::future::try_join;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::LeafIndex;

use super::error::SearchError;
use super::question::{Answer, Asked, Question};
use crate::fetch::Fetch;
use crate::host::{Failed, host};
use crate::reader::{ReadError, View};
use crate::trust::Trust;

/// How many attestations are read at once.
const ATTESTATIONS_AT_ONCE: usize = 16;

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
    let opened = read(&*fetch, Ok(Opened::read(trust))).await?;
    answer(fetch, opened, question, asked).await
}

/// Searches a log and an index that are consistent with each other.
pub(super) async fn answer(
    fetch: Arc<dyn Fetch>,
    opened: Opened,
    question: &Question,
    asked: &Arc<Asked>,
) -> Result<Answer, SearchError> {
    let search = Search::new(opened, question, asked);
    let mut search = search.map_err(|fault| SearchError::of(fault, &*fetch))?;
    let (lists, newest) = (search.lists(), search.newest());
    if question.order == Order::OldestFirst {
        return oldest(&fetch, search, question, asked).await;
    }
    let scanned = async {
        match newest {
            Some(newest) => scan(&fetch, &mut search, asked, newest, question.limit).await,
            None => Ok(Scanned::default()),
        }
    };
    let (listed, scanned) = try_join(read(&*fetch, Ok(lists)), scanned).await?;
    let found = read(&*fetch, search.find(listed, scanned)).await?;
    Ok(search.answer(found))
}

/// Asks the index first, and searches the leaves that it does not have only if the answer has room
/// for more.
async fn oldest(
    fetch: &Arc<dyn Fetch>,
    mut search: Search<'_, LookupTerm>,
    question: &Question,
    asked: &Arc<Asked>,
) -> Result<Answer, SearchError> {
    let listed = read(&**fetch, Ok(search.lists())).await?;
    let mut found = read(&**fetch, search.find(listed, Scanned::default())).await?;
    if let Some(newest) = search.newest().filter(|_| !found.is_cut()) {
        let room = question.limit - found.count();
        found = if room == 0 {
            found.without(newest.from)
        } else {
            let scanned = scan(fetch, &mut search, asked, newest, room).await?;
            found.and(read(&**fetch, search.find_scanned(scanned, room)).await?)
        };
    }
    Ok(search.answer(found))
}

/// Searches the leaves that are not in the index, and keeps the first `limit` matches in the order
/// of the question.
async fn scan(
    fetch: &Arc<dyn Fetch>,
    search: &mut Search<'_, LookupTerm>,
    asked: &Arc<Asked>,
    newest: Newest,
    limit: usize,
) -> Result<Scanned, SearchError> {
    let order = search.order();
    let mut view = view(fetch, search.opened()).await?;
    let (mut scanned, asked, from) = (Scanned::default(), asked.clone(), newest.from);
    let of = asked.clone();
    let work = move |bundle| matches_and_open(&of, &bundle, from);
    let mut bundles = view.bundles_with(newest.bundles, work);
    let mut keeps_attestations = None;
    while let Some((mut found, open)) = bundles.next().await? {
        if !open.is_empty() {
            let keeps = match keeps_attestations {
                Some(keeps) => keeps,
                None => says_that_it_keeps(&**fetch).await?,
            };
            keeps_attestations = Some(keeps);
            if keeps {
                found.extend(attested(&**fetch, &asked, open).await?);
                found.sort_unstable();
            }
        }
        if !scanned.add(found, order, limit) {
            break;
        }
    }
    drop(bundles);
    search.opened().tree = Some(view.into_tree());
    Ok(scanned)
}

/// Whether the log says that it keeps attestations.
async fn says_that_it_keeps(fetch: &dyn Fetch) -> Result<bool, SearchError> {
    let description = fetch.description().await.map_err(ReadError::from)?;
    Ok(Description::parse(&description.unwrap_or_default()).keeps_attestations())
}

/// Those of these leaves that match by their attestations.
async fn attested(
    fetch: &dyn Fetch,
    asked: &Asked,
    open: Vec<Open>,
) -> Result<Vec<LeafIndex>, SearchError> {
    let read = open.into_iter().map(|open| async move {
        let found = fetch.fetch_attestation(&open.sha256).await.map_err(ReadError::from)?;
        let is_answer = found.is_some_and(|found| open.is_answer(asked, &found));
        Ok::<_, SearchError>(is_answer.then_some(open.index))
    });
    let read = stream::iter(read).buffered(ATTESTATIONS_AT_ONCE);
    let found: Vec<_> = read.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The log's tree, to be read in bulk. The caller puts it back.
pub(super) async fn view(fetch: &Arc<dyn Fetch>, opened: &mut Opened) -> Result<View, ReadError> {
    let (fetch, checkpoint) = (fetch.clone(), opened.checkpoint.clone());
    match opened.tree.take() {
        Some(tree) => Ok(View::of(fetch, checkpoint, tree)),
        None => View::at(fetch, checkpoint).await,
    }
}

/// Brings a reading of a search to its outcome.
pub(super) async fn read<R: Reading<Fault = SearchFault>>(
    fetch: &dyn Fetch,
    reading: Result<R, SearchFault>,
) -> Result<R::Outcome, SearchError> {
    let reading = reading.map_err(|fault| SearchError::of(fault, fetch))?;
    host(fetch, reading).await.map_err(|failed| match failed {
        Failed::Fetch(error) => ReadError::from(error).into(),
        Failed::Fault(fault) => SearchError::of(fault, fetch),
    })
}
