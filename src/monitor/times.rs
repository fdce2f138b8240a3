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
#[derive(Default)]
pub(crate) struct Clockwork {
    /// The last time; 0 before the first.
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
        fetch: &Arc<dyn Fetch>,
        bundles: impl Iterator<Item = TileIndex>,
        from: LeafIndex,
        size: TreeSize,
        now: u64,
    ) -> Result<(), FetchError> {
        let coords = bundles.filter_map(|index| BundleCoord::at(size, index));
        let mut files = stream::iter(coords)
            .map(|coord| {
                let fetch = fetch.clone();
                async move { (coord, read(&*fetch, coord).await) }
            })
            .buffered(FILES_AT_ONCE);
        while let Some((coord, found)) = files.next().await {
            match found? {
                Err(fault) => self.blame(fault),
                // A log that never had times has none.
                Ok(None) if self.last == 0 => break,
                Ok(None) => self.blame(format!("{} is missing", Published::Times(coord))),
                Ok(Some(times)) => self.judge(coord, &times, from, now),
            }
        }
        Ok(())
    }

    /// Judges the times of a bundle's entries.
    fn judge(&mut self, coord: BundleCoord, times: &Times, from: LeafIndex, now: u64) {
        let file = Published::Times(coord);
        for (slot, time) in times.get().iter().take(coord.width.as_usize()).enumerate() {
            let Some(index) = coord.leaf(slot) else { return };
            if index >= from {
                self.take(time.map_or(0, IntegratedTime::get), now, || {
                    format!("{file}: the time of entry {index}")
                });
            }
        }
    }

    /// Judges the time of the next entry; 0 if it has none. The entry is named only if the time is
    /// wrong.
    pub(crate) fn take(&mut self, seconds: u64, now: u64, name: impl Fn() -> String) {
        self.timed += u64::from(seconds > 0);
        if seconds < self.last {
            self.blame(format!("{}, {seconds}, is before {}", name(), self.last));
        }
        if seconds > now.saturating_add(AHEAD_MAX.as_secs()) {
            self.blame(format!("{}, {seconds}, is in the future", name()));
        } else {
            self.last = seconds.max(self.last);
        }
    }

    fn blame(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
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
