//! The integrated times of a log's entries, from its files (`src/docs/formats.md`, "Integrated
//! times").
//!
//! The tree does not commit to them. What vouches for a time is a signed entry timestamp, and the
//! revisions of an index commit to all of them.
//!
//! Files are missing only for entries from before the log kept times. So the files of a log are
//! there from some bundle on.
//!
//! Nothing in a file tells that it was damaged on its way. What is read here may be signed, or
//! committed to by an index, so a file counts only once it was read twice alike.

use std::ops::Range;

use async_trait::async_trait;
use fasti_objects::{IntegratedTime, Published, Times, TimesError};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::tile::bundle_indices;
use tiles_spec::{
    BundleCoord, Frontier, Hash, LeafIndex, Level, TILE_WIDTH_MAX, TileCoord, TileIndex, TreeSize,
    leaf_hash,
};

use super::fetch::{Fetch, FetchError};

/// How many files are read at once.
const FILES_AT_ONCE: usize = 16;

/// How often a file is read before it is given up.
const READS_MAX: usize = 5;

/// Where files of times are read: any log, or what somebody else puts in its place.
#[async_trait]
pub trait TimesSource: Send + Sync {
    /// Reads the times of the entries of a bundle, of the same width; `None` if there is no such
    /// file.
    async fn file_of(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError>;
}

#[async_trait]
impl<F: Fetch + ?Sized> TimesSource for F {
    async fn file_of(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.fetch_times(bundle).await
    }
}

/// Why times could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadTimesError {
    /// The file is out of reach.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file is missing, although the log had times before.
    #[error("{file} is missing, although there are times of earlier entries")]
    Missing {
        /// The file.
        file: Published,
    },
    /// The file is damaged.
    #[error("{file} is damaged")]
    Damaged {
        /// The file.
        file: Published,
        /// What is wrong with it.
        #[source]
        source: TimesError,
    },
    /// No two reads in a row gave the same bytes.
    #[error("{file} is different each time it is read")]
    Unsteady {
        /// The file.
        file: Published,
    },
    /// What is known of earlier times does not fit the size of the tree.
    #[error("what is known of the times of the first {0} entries is not of that many")]
    Known(TreeSize),
}

/// When an entry of a tree entered the log; `None` if that was before the log kept times.
pub async fn integrated_time(
    source: &(impl TimesSource + ?Sized),
    index: LeafIndex,
    size: TreeSize,
) -> Result<Option<IntegratedTime>, ReadTimesError> {
    let Some(bundle) = BundleCoord::holding(index, size) else { return Ok(None) };
    let place = usize::try_from(index.get() % TILE_WIDTH_MAX as u64).expect("it is small");
    let times = times_of(source, bundle).await?;
    Ok(times.and_then(|times| times.get().get(place).copied().flatten()))
}

/// The times of a bundle's entries, and perhaps of later ones; `None` if no file has them.
async fn times_of(
    source: &(impl TimesSource + ?Sized),
    bundle: BundleCoord,
) -> Result<Option<Times>, ReadTimesError> {
    for bundle in [Some(bundle), bundle.wider()].into_iter().flatten() {
        if let Some(bytes) = steadily(source, bundle).await? {
            let file = Published::Times(bundle);
            let times = Times::decode(&bytes, bundle.width);
            return times.map(Some).map_err(|source| ReadTimesError::Damaged { file, source });
        }
    }
    Ok(None)
}

/// The file of the times of a bundle's entries, of exactly that width; `None` if the log has none.
pub async fn times_file(
    source: &(impl TimesSource + ?Sized),
    bundle: BundleCoord,
) -> Result<Option<Vec<u8>>, ReadTimesError> {
    let times = times_of(source, bundle).await?;
    // A wider file begins with the same times.
    let own = |times: Times| Times::encode(&times.get()[..bundle.width.as_usize()]);
    Ok(times.map(own))
}

/// A file of times, as two reads in a row have found it. Files never change, so other bytes are
/// damage on the way.
async fn steadily(
    source: &(impl TimesSource + ?Sized),
    bundle: BundleCoord,
) -> Result<Option<Vec<u8>>, ReadTimesError> {
    let Some(mut read) = source.file_of(&bundle).await? else { return Ok(None) };
    for _ in 1..READS_MAX {
        match source.file_of(&bundle).await? {
            Some(again) if again == read => return Ok(Some(read)),
            Some(other) => read = other,
            // It was superseded by a wider one.
            None => return Ok(None),
        }
    }
    Err(ReadTimesError::Unsteady { file: Published::Times(bundle) })
}

/// The frontier of the tree whose leaves are the times of the first `end` entries of a log with a
/// tree of `size`, each of eight bytes. `known` is the frontier of fewer of them. `None` if the log
/// keeps no times.
pub async fn frontier_of_times(
    source: &(impl TimesSource + ?Sized),
    known: Option<(TreeSize, Vec<Hash>)>,
    end: TreeSize,
    size: TreeSize,
) -> Result<Option<Vec<Hash>>, ReadTimesError> {
    let mut frontier = match known {
        Some((size, nodes)) => {
            Frontier::from_nodes(size, nodes).map_err(|_| ReadTimesError::Known(size))?
        }
        None => match first_with_times(source, end, size).await? {
            Some(first) => of_nothing(first),
            None => return Ok(None),
        },
    };
    let from = frontier.head().size;
    let Range { start, end: after } = bundle_indices(from, end);
    let reads = (start.get()..after.get()).filter_map(|n| bundle(TileIndex::new(n), size));
    let reads = reads.map(|bundle| async move {
        let times = times_of(source, bundle).await?;
        let file = Published::Times(bundle);
        Ok::<_, ReadTimesError>((bundle, times.ok_or(ReadTimesError::Missing { file })?))
    });
    let mut reads = stream::iter(reads).buffered(FILES_AT_ONCE);
    while let Some((bundle, times)) = reads.try_next().await? {
        let start = bundle.index.get() * TILE_WIDTH_MAX as u64;
        for time in &times.get()[within(start, from, end, times.get().len())] {
            push(&mut frontier, *time);
        }
    }
    Ok(Some(frontier.nodes().to_vec()))
}

/// Which of the entries of a bundle that begins at `start` are among the leaves `from..end`.
fn within(start: u64, from: TreeSize, end: TreeSize, count: usize) -> Range<usize> {
    let at = |size: TreeSize| usize::try_from(size.get().saturating_sub(start)).unwrap_or(count);
    at(from).min(count)..at(end).min(count)
}

fn push(frontier: &mut Frontier, time: Option<IntegratedTime>) {
    let bytes = time.map_or(0, IntegratedTime::get).to_be_bytes();
    // The tree is no larger than the log's.
    let _ = frontier.push(leaf_hash(&bytes));
}

/// The frontier of the times of entries that have none: all of them before a bundle.
fn of_nothing(bundle: TileIndex) -> Frontier {
    let mut frontier = Frontier::new();
    for _ in 0..bundle.get() * TILE_WIDTH_MAX as u64 {
        push(&mut frontier, None);
    }
    frontier
}

/// The first bundle with times, of those that hold the first `end` entries, if there is one.
async fn first_with_times(
    source: &(impl TimesSource + ?Sized),
    end: TreeSize,
    size: TreeSize,
) -> Result<Option<TileIndex>, ReadTimesError> {
    let has_times = async |n: u64| match bundle(TileIndex::new(n), size) {
        Some(bundle) => times_of(source, bundle).await.map(|times| times.is_some()),
        None => Ok(false),
    };
    let Some(last) = end.last_leaf().map(|leaf| leaf.get() / TILE_WIDTH_MAX as u64) else {
        // Whoever reads the first times decides whether there are any.
        return Ok(None);
    };
    if !has_times(last).await? {
        return Ok(None);
    }
    let (mut without, mut with) = (0, last);
    while without < with {
        let middle = without + (with - without) / 2;
        if has_times(middle).await? {
            with = middle;
        } else {
            without = middle + 1;
        }
    }
    Ok(Some(TileIndex::new(with)))
}

/// The bundle with this number in a tree of this size.
fn bundle(index: TileIndex, size: TreeSize) -> Option<BundleCoord> {
    let TileCoord { index, width, .. } = TileCoord::at(size, Level::ZERO, index)?;
    Some(BundleCoord { index, width })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::testing::{TestLog, entries};

    fn size(n: usize) -> TreeSize {
        TreeSize::new(n as u64).unwrap()
    }

    fn times(size: usize, timeless: usize) -> Vec<u64> {
        let time = |n: usize| if n < timeless { 0 } else { 1_780_000_000 + n as u64 / 7 };
        (0..size).map(time).collect()
    }

    /// A log whose first entries have no times.
    fn log(size: usize, timeless: usize) -> TestLog {
        let mut log = TestLog::of(&entries(size));
        log.date(&times(size, timeless));
        (0..timeless / 256).for_each(|n| drop(log.objects.remove(&format!("time/{n:03}"))));
        log
    }

    /// What the frontier must be, leaf by leaf.
    fn expected(times: &[u64]) -> Vec<Hash> {
        let mut frontier = Frontier::new();
        for time in times {
            frontier.push(leaf_hash(&time.to_be_bytes())).unwrap();
        }
        frontier.nodes().to_vec()
    }

    #[tokio::test]
    async fn each_entry_has_its_time() {
        for (count, timeless) in [(1, 0), (300, 0), (700, 256), (700, 300)] {
            let log = log(count, timeless);
            for (n, time) in times(count, timeless).into_iter().enumerate() {
                let index = LeafIndex::new(n as u64).unwrap();
                let found = integrated_time(&log, index, size(count)).await.unwrap();
                assert_eq!(found, IntegratedTime::new(time), "{n} of {count}");
            }
            let beyond = LeafIndex::new(count as u64).unwrap();
            assert_eq!(integrated_time(&log, beyond, size(count)).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn frontiers_follow_from_the_times_however_they_are_reached() {
        for (count, timeless) in
            [(1, 0), (256, 0), (700, 0), (1500, 300), (1500, 512), (1500, 1499)]
        {
            let log = log(count, timeless);
            let all = times(count, timeless);
            // Before the bundle with the first time, nothing says that there will be any.
            for end in (0..=count).step_by(97).chain([count]).filter(|end| *end > timeless) {
                let whole = frontier_of_times(&log, None, size(end), size(count)).await.unwrap();
                assert_eq!(whole, Some(expected(&all[..end])), "{end} of {count}");
                for from in [1, 255, 256, 300, end].into_iter().filter(|from| *from <= end) {
                    let known = Some((size(from), expected(&all[..from])));
                    if from < timeless {
                        continue;
                    }
                    let grown = frontier_of_times(&log, known, size(end), size(count)).await;
                    assert_eq!(grown.unwrap(), whole, "{from} to {end} of {count}");
                }
            }
        }
        let timeless = TestLog::of(&entries(700));
        let none = frontier_of_times(&timeless, None, size(700), size(700)).await.unwrap();
        assert_eq!(none, None);
    }

    /// Flips a bit in every `every`-th read of times.
    struct Noise {
        log: TestLog,
        every: usize,
        reads: AtomicUsize,
    }

    #[async_trait]
    impl TimesSource for Noise {
        async fn file_of(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
            let mut read = self.log.fetch_times(bundle).await?;
            let reads = self.reads.fetch_add(1, Ordering::Relaxed);
            if let (Some(bytes), 0) = (&mut read, reads % self.every) {
                // A later time of the last entry is still in order.
                *bytes.last_mut().unwrap() ^= 1 << (reads / self.every % 3);
            }
            Ok(read)
        }
    }

    #[tokio::test]
    async fn a_read_that_is_damaged_on_its_way_is_not_believed() {
        let all = times(700, 0);
        let noise = |every| Noise { log: log(700, 0), every, reads: AtomicUsize::new(0) };
        let last = LeafIndex::new(699).unwrap();
        for every in [3, 4, 5] {
            let noisy = noise(every);
            for _ in 0..60 {
                let found = integrated_time(&noisy, last, size(700)).await.unwrap();
                assert_eq!(found, IntegratedTime::new(all[699]));
            }
            let frontier = frontier_of_times(&noisy, None, size(700), size(700)).await.unwrap();
            assert_eq!(frontier, Some(expected(&all)));
        }
        for every in [1, 2] {
            let noisy = noise(every);
            let unsteady = integrated_time(&noisy, last, size(700)).await.unwrap_err();
            assert!(matches!(unsteady, ReadTimesError::Unsteady { .. }), "{unsteady}");
        }
    }

    #[tokio::test]
    async fn missing_and_damaged_files_are_named() {
        let mut log = log(700, 0);
        log.objects.get_mut("time/001").unwrap()[0] = 0xff;
        let damaged = frontier_of_times(&log, None, size(700), size(700)).await.unwrap_err();
        assert_eq!(damaged.to_string(), "time/001 is damaged");
        let known = Some((size(256), expected(&times(256, 0))));
        log.objects.remove("time/001");
        let missing = frontier_of_times(&log, known, size(700), size(700)).await.unwrap_err();
        assert!(missing.to_string().starts_with("time/001 is missing"), "{missing}");
        let known = Some((size(255), expected(&times(256, 0))));
        let wrong = frontier_of_times(&log, known, size(700), size(700)).await.unwrap_err();
        assert!(matches!(wrong, ReadTimesError::Known(_)), "{wrong}");
    }
}
