//! The heads that a log had, copied with their words. Each note is signed, and of a tree that this
//! log's tree extends.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::heads::{Heads, ReadHeadsError};
use fasti_client::reader::View;
use fasti_client::trust::Trust;
use fasti_objects::{HeadsPage, HeadsPath, Published};
use tiles_spec::TileIndex;

use crate::copy::{Copy, Count, Place, publish};
use crate::error::MirrorError;

/// The heads as they are listed now; `None` if the log keeps none.
pub(crate) async fn listed(fetch: Arc<dyn Fetch>) -> Result<Option<Heads>, MirrorError> {
    match Heads::open(fetch).await {
        Ok(heads) => Ok(Some(heads)),
        Err(ReadHeadsError::None { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Copies the heads beyond those that the copy lists.
pub(crate) async fn copy(
    heads: &Heads,
    view: &mut View,
    trust: &Trust,
    place: &Place,
) -> Result<Count, MirrorError> {
    let latest = Published::Heads(HeadsPath::Latest);
    let there = place.objects.get(&latest.into()).await?;
    let there = there.and_then(|there| HeadsPage::parse(&there.bytes).ok());
    let from = there.map_or(0, |page| page.newest().get() + 1);
    let (newest, _) = heads.newest();
    let (mut copy, mut last) = (Copy::to(place), None);
    // Heads that were kept before there were witnesses are heads too.
    let trust = Trust { policy: None, ..trust.clone() };
    for number in from / fasti_objects::HEADS_ON_PAGE as u64..=newest.page().get() {
        let page = heads.page(TileIndex::new(number)).await?;
        for (number, head) in page.heads().filter(|(number, _)| number.get() >= from) {
            let note = heads.note((number, head), &trust).await?;
            let size = note.head().size;
            if size > view.head().size || view.head_at(size).await? != note.head() {
                return Err(MirrorError::Forked { size });
            }
            copy.put(Published::Heads(HeadsPath::Note(number)), note.to_bytes()).await?;
            let json = HeadsPath::Json(number);
            if let Some(words) = view.fetch().fetch_heads(&json).await? {
                copy.put(Published::Heads(json), words).await?;
            }
        }
        if page.is_full() {
            let path = HeadsPath::Page(page.number());
            copy.put(Published::Heads(path), page.to_string()).await?;
        }
        last = Some(page);
    }
    let count = copy.finish().await?;
    if let Some(last) = last {
        let is_enough = |there: &[u8]| {
            let there = HeadsPage::parse(there).ok();
            Ok(there.is_some_and(|there| there.newest() >= last.newest()))
        };
        publish(place, latest, last.to_string().into(), is_enough).await?;
    }
    Ok(count)
}
