//! The integrated times of a log's entries (`src/docs/formats.md`, "Integrated times"): there are
//! times for each bundle from the first one that has any, they are well-formed, and they never
//! decrease.
//!
//! Ranges of bundles are checked in parallel, and then joined in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use fasti_objects::{IntegratedTime, Published, Times};
use fasti_seams::causes::with_causes;
use tiles_spec::{BundleCoord, Level, TILE_WIDTH_MAX, TileCoord, TileIndex};

use super::check::Check;

/// How many bundles are checked in one piece.
const BUNDLES: u64 = 1024;

/// What was found in a range of bundles.
struct Found {
    /// The bundles before the first one with times; all of them, if none has any.
    before: Range<u64>,
    /// The number of bundles.
    bundles: u64,
    /// The first and last time, `None` being earlier than all.
    ends: Option<(Option<IntegratedTime>, Option<IntegratedTime>)>,
    /// How many entries have a time.
    timed: u64,
}

/// What was found so far, by the first bundle of each range.
#[derive(Default)]
pub(super) struct Ranges(Mutex<BTreeMap<u64, Found>>);

/// Gives out the ranges of bundles.
pub(super) fn ranges(check: &Check<'_>) -> impl Iterator<Item = Range<u64>> {
    let end = check.size.get().div_ceil(TILE_WIDTH_MAX as u64);
    let piece = usize::try_from(BUNDLES).expect("it is small");
    (0..end).step_by(piece).map(move |start| start..end.min(start + BUNDLES))
}

impl Ranges {
    /// Checks one range.
    pub fn check(&self, check: &Check<'_>, bundles: Range<u64>) {
        let mut found = Found {
            before: bundles.start..bundles.start,
            bundles: bundles.end - bundles.start,
            ends: None,
            timed: 0,
        };
        let mut buffer = Vec::new();
        for n in bundles.clone() {
            let Some(bundle) = bundle(check, n) else { continue };
            match read(check, bundle, &mut buffer) {
                Ok(Some(times)) => found.add(check, bundle, &times),
                Ok(None) if found.ends.is_none() => found.before.end = n + 1,
                Ok(None) => check.findings.add(Published::Times(bundle), "missing"),
                Err(fault) => check.findings.add(Published::Times(bundle), fault),
            }
        }
        let mut ranges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ranges.insert(bundles.start, found);
    }

    /// Joins the ranges, and returns how many entries have a time; `None` if the log keeps none.
    pub fn join(self, check: &Check<'_>) -> Option<u64> {
        let ranges = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut timed) = (None, 0);
        for Found { before, bundles, ends, timed: more } in ranges.into_values() {
            if last.is_some() {
                for bundle in before.clone().filter_map(|n| bundle(check, n)) {
                    check.findings.add(Published::Times(bundle), "missing");
                }
            }
            let Some((first, end)) = ends else { continue };
            // The first file of a log with older entries begins with entries that have no time.
            if last.is_none()
                && first.is_some()
                && let Some(bundle) = before.end.checked_sub(1).and_then(|n| bundle(check, n))
            {
                check.findings.add(Published::Times(bundle), "missing");
            }
            if last.is_some_and(|last| first < last)
                && before.end - before.start < bundles
                && let Some(bundle) = bundle(check, before.end)
            {
                earlier(check, bundle);
            }
            (last, timed) = (Some(end), timed + more);
        }
        last.map(|_| timed)
    }
}

impl Found {
    fn add(&mut self, check: &Check<'_>, bundle: BundleCoord, times: &[Option<IntegratedTime>]) {
        check.findings.count_object();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        self.timed += times.iter().flatten().count() as u64;
        self.ends = Some(match self.ends {
            Some((start, before)) => {
                if *first < before {
                    earlier(check, bundle);
                }
                (start, *last)
            }
            None => (*first, *last),
        });
    }
}

fn earlier(check: &Check<'_>, bundle: BundleCoord) {
    check.findings.add(Published::Times(bundle), "begins earlier than the times before it end");
}

/// The bundle with this number in the signed tree.
fn bundle(check: &Check<'_>, n: u64) -> Option<BundleCoord> {
    let tile = TileCoord::at(check.size, Level::ZERO, TileIndex::new(n))?;
    Some(BundleCoord { index: tile.index, width: tile.width })
}

/// Reads the times of a bundle, or of the full one that replaced it.
fn read(
    check: &Check<'_>,
    bundle: BundleCoord,
    buffer: &mut Vec<u8>,
) -> Result<Option<Vec<Option<IntegratedTime>>>, String> {
    let exact = [bundle];
    let wider = bundle.wider().into_iter();
    for read in exact.into_iter().chain(wider) {
        if check.objects.read_times_into(read, buffer).map_err(|error| with_causes(&error))? {
            let times = Times::decode(buffer, read.width).map_err(|error| error.to_string())?;
            return Ok(Some(times.get()[..bundle.width.as_usize()].to_vec()));
        }
    }
    Ok(None)
}
