//! The integrated times of a log's entries (`src/docs/formats.md`, "Integrated times"): there are
//! times for each bundle from the first one that has any, they are well-formed, and they never
//! decrease.
//!
//! Ranges of bundles are checked in parallel, and joined in order, as soon as those before them
//! are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use fasti_objects::{IntegratedTime, Published, Times};
use tiles_spec::{BundleCoord, Level, TILE_WIDTH_MAX, TileCoord, TileIndex};

use super::check::Check;
use super::state::{LastTime, TimesState};
use crate::problem::Fault;

/// How many bundles are checked in one piece.
const BUNDLES: u64 = 1024;

/// What was found in a range of bundles.
struct Found {
    /// The bundles before the first one with times; all of them, if none has any.
    before: Range<u64>,
    /// The number of bundles.
    bundles: u64,
    /// How many of them have times.
    files: u64,
    /// The first and last time, `None` being earlier than all.
    ends: Option<(Option<IntegratedTime>, Option<IntegratedTime>)>,
    /// Whether there is a file that could not be read.
    has_unread: bool,
    /// How many entries have a time.
    timed: u64,
    /// Whether nothing is wrong with them.
    is_sound: bool,
}

/// What was found so far.
pub(super) struct Ranges(Mutex<Joining>);

/// Ranges that are joined, and those that wait for one before them.
struct Joining {
    joined: TimesState,
    waiting: BTreeMap<u64, Found>,
    is_sound: bool,
}

/// Gives out the ranges of bundles from this one on. A bundle that is not full is a range of its
/// own.
pub(super) fn ranges(check: &Check<'_>, from: u64) -> impl Iterator<Item = Range<u64>> {
    let full = check.size.get() / TILE_WIDTH_MAX as u64;
    let end = check.size.get().div_ceil(TILE_WIDTH_MAX as u64);
    let piece = usize::try_from(BUNDLES).expect("it is small");
    let pieces = (from..full).step_by(piece).map(move |start| start..full.min(start + BUNDLES));
    pieces.chain((full < end).then_some(full..end))
}

impl Ranges {
    /// Those before `joined` were checked earlier.
    pub fn after(joined: TimesState) -> Self {
        Self(Mutex::new(Joining { joined, waiting: BTreeMap::new(), is_sound: true }))
    }

    /// Checks one range.
    pub fn check(&self, check: &Check<'_>, bundles: Range<u64>) {
        let mut found = Found {
            before: bundles.start..bundles.start,
            bundles: bundles.end - bundles.start,
            files: 0,
            ends: None,
            has_unread: false,
            timed: 0,
            is_sound: true,
        };
        let mut buffer = Vec::new();
        for n in bundles.clone() {
            let Some(bundle) = bundle(check, n) else { continue };
            match read(check, bundle, &mut buffer) {
                Ok(Some(times)) => found.add(check, bundle, &times),
                Ok(None) if found.ends.is_none() => found.before.end = n + 1,
                Ok(None) => found.blame(check, bundle, Fault::missing()),
                Err(fault) => {
                    found.has_unread = true;
                    found.blame(check, bundle, fault);
                }
            }
        }
        let mut joining = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        joining.waiting.insert(bundles.start, found);
        joining.join(check);
    }

    /// How many entries have a time, when all ranges were checked; `None` if the log keeps none.
    pub fn timed(self) -> Option<u64> {
        let joined = self.0.into_inner().unwrap_or_else(PoisonError::into_inner).joined;
        (joined.last != LastTime::NoFile).then_some(joined.timed)
    }
}

impl Joining {
    /// Joins what follows what is joined. As long as everything is sound, that is kept.
    fn join(&mut self, check: &Check<'_>) {
        while let Some(mut found) = self.waiting.remove(&self.joined.bundles) {
            found.follow(check, self.joined.last);
            let joined = &mut self.joined;
            joined.bundles += found.bundles;
            joined.files += found.files;
            joined.timed += found.timed;
            if let Some((_, last)) = found.ends {
                joined.last = LastTime::Of(last);
            } else if found.has_unread && joined.last == LastTime::NoFile {
                // Times that cannot be read have begun too.
                joined.last = LastTime::Of(None);
            }
            self.is_sound &= found.is_sound;
            if self.is_sound && joined.bundles <= check.size.get() / TILE_WIDTH_MAX as u64 {
                check.tracker.keep_times(*joined);
            }
        }
    }
}

impl Found {
    fn add(&mut self, check: &Check<'_>, bundle: BundleCoord, times: &[Option<IntegratedTime>]) {
        check.findings.count_object();
        self.files += 1;
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        self.timed += times.iter().flatten().count() as u64;
        let start = match self.ends {
            Some((start, before)) => {
                if *first < before {
                    self.blame(check, bundle, earlier());
                }
                start
            }
            None => *first,
        };
        self.ends = Some((start, *last));
    }

    fn blame(&mut self, check: &Check<'_>, bundle: BundleCoord, fault: Fault) {
        self.is_sound = false;
        check.findings.add(Published::Times(bundle), fault);
    }

    /// Compares with the last time before this range.
    fn follow(&mut self, check: &Check<'_>, last: LastTime) {
        let before = self.before.clone();
        if last != LastTime::NoFile {
            for bundle in before.clone().filter_map(|n| bundle(check, n)) {
                self.blame(check, bundle, Fault::missing());
            }
        }
        let Some((first, _)) = self.ends else { return };
        // The first file of a log with older entries begins with entries that have no time.
        if last == LastTime::NoFile
            && first.is_some()
            && let Some(bundle) = before.end.checked_sub(1).and_then(|n| bundle(check, n))
        {
            self.blame(check, bundle, Fault::missing());
        }
        if let LastTime::Of(last) = last
            && first < last
            && before.end - before.start < self.bundles
            && let Some(bundle) = bundle(check, before.end)
        {
            self.blame(check, bundle, earlier());
        }
    }
}

fn earlier() -> Fault {
    Fault::damaged("begins earlier than the times before it end")
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
) -> Result<Option<Vec<Option<IntegratedTime>>>, Fault> {
    let exact = [bundle];
    let wider = bundle.wider().into_iter();
    for read in exact.into_iter().chain(wider) {
        let is_there = check.objects.read_times_into(read, buffer);
        if is_there.map_err(|error| Fault::unread(&error))? {
            let times = Times::decode(buffer, read.width).map_err(|error| error.to_string())?;
            return Ok(Some(times.get()[..bundle.width.as_usize()].to_vec()));
        }
    }
    Ok(None)
}
