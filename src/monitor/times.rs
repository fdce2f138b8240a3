//! The integrated times of new entries (`src/docs/formats.md`, "Integrated times"): they are there
//! if earlier ones were, never go back, and are not in the future.
//!
//! The tree does not commit to them, so a fault is an alarm, and no reason not to go on.

use std::sync::Arc;
use std::time::Duration;

use fasti_client::fetch::{Fetch, FetchError};
use fasti_objects::{IntegratedTime, Published, Times};
use futures::stream::{self, StreamExt as _};
use tiles_spec::{BundleCoord, LeafIndex, TileIndex, TreeSize};

/// How many files are read at once.
const FILES_AT_ONCE: usize = 16;
/// How far the log's clock can be ahead of ours.
pub(crate) const AHEAD_MAX: Duration = Duration::from_mins(5);

/// The times of a log, as they are read.
pub(crate) struct Clockwork {
    pub(crate) fetch: Arc<dyn Fetch>,
    /// The last time; 0 if there was none.
    pub(crate) last: u64,
    /// How many entries had a time.
    pub(crate) timed: u64,
    /// What is wrong, if anything is; the first fault counts.
    pub(crate) fault: Option<String>,
}

impl Clockwork {
    /// Reads the times of the entries of these bundles, from an index on. `now` is in seconds since
    /// 1970.
    pub(crate) async fn read(
        &mut self,
        bundles: impl Iterator<Item = TileIndex>,
        from: LeafIndex,
        size: TreeSize,
        now: u64,
    ) -> Result<(), FetchError> {
        let coords = bundles.filter_map(|index| BundleCoord::at(size, index));
        let mut files = stream::iter(coords)
            .map(|coord| {
                let fetch = self.fetch.clone();
                async move { (coord, read(&*fetch, coord).await) }
            })
            .buffered(FILES_AT_ONCE);
        while let Some((coord, found)) = files.next().await {
            match found? {
                Err(fault) => self.fault = self.fault.take().or(Some(fault)),
                // A log that never had times has none.
                Ok(None) if self.last == 0 => break,
                Ok(None) => {
                    let fault = format!("{} is missing", Published::Times(coord));
                    self.fault = self.fault.take().or(Some(fault));
                }
                Ok(Some(times)) => {
                    let fault = judge(&mut self.last, &mut self.timed, coord, &times, from, now);
                    self.fault = self.fault.take().or(fault);
                }
            }
        }
        Ok(())
    }
}

/// Judges the times of a bundle's entries. Returns what is wrong.
fn judge(
    last: &mut u64,
    timed: &mut u64,
    coord: BundleCoord,
    times: &Times,
    from: LeafIndex,
    now: u64,
) -> Option<String> {
    let file = Published::Times(coord);
    let mut fault = None;
    for (slot, time) in times.get().iter().take(coord.width.as_usize()).enumerate() {
        let index = coord.leaf(slot)?;
        if index < from {
            continue;
        }
        let seconds = time.map_or(0, IntegratedTime::get);
        *timed += u64::from(seconds > 0);
        if seconds < *last {
            fault = fault.or_else(|| {
                Some(format!("{file}: the time of entry {index}, {seconds}, is before {last}"))
            });
        }
        if seconds > now.saturating_add(AHEAD_MAX.as_secs()) {
            fault = fault.or_else(|| {
                Some(format!("{file}: the time of entry {index}, {seconds}, is in the future"))
            });
        } else {
            *last = seconds.max(*last);
        }
    }
    fault
}

/// The times of a bundle's entries. What is malformed is read twice, since nothing in a file tells
/// that it was damaged on its way.
async fn read(
    fetch: &dyn Fetch,
    coord: BundleCoord,
) -> Result<Result<Option<Times>, String>, FetchError> {
    let again = read_once(fetch, coord).await?;
    if again.is_ok() { Ok(again) } else { read_once(fetch, coord).await }
}

async fn read_once(
    fetch: &dyn Fetch,
    coord: BundleCoord,
) -> Result<Result<Option<Times>, String>, FetchError> {
    for coord in [Some(coord), coord.wider()].into_iter().flatten() {
        if let Some(bytes) = fetch.fetch_times(&coord).await? {
            let times = Times::decode(&bytes, coord.width);
            let file = Published::Times(coord);
            return Ok(times.map(Some).map_err(|error| format!("{file} is damaged: {error}")));
        }
    }
    Ok(Ok(None))
}
