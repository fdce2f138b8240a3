//! Times: when each batch entered the log, beside the bundles (`time/<N>[.p/<W>]`,
//! [`fasti_objects::Times`]).
//!
//! A batch has one time: that of its commit record, which is the leader's clock when it sequenced
//! the batch, but never earlier than the record before. It decides nothing (I11). What is written
//! follows from the records alone, so a repeat writes the same bytes (I5), and it is written with
//! the bundles, before the checkpoint (I3): a time that was promised to a client cannot be lost.
//!
//! Records from before there were times have none, and their entries have the time 0. A writer that
//! continues such a log writes down the zeros of the last bundle before its first record.
//! From then on a missing file is damage, and not an old log.
//!
//! The tree commits to no time, so each record states the digest of the times that the unfinished
//! bundle had before it. A writer that takes over compares what it reads with what the record says
//! next to it ([`StatedTimes`]): a changed time is never believed, nor written again (I14).

use std::time::{SystemTime, UNIX_EPOCH};

use fasti_objects::{IntegratedTime, Published, Times, TimesError};
use fasti_store::{NewObject, ObjectPath, Store, StoreError};
use sha2::{Digest, Sha256};
use tiles_spec::tile::{bundles_for_growth, edge_bundle};
use tiles_spec::{BundleCoord, TreeSize};

use crate::record::{Record, TimesDigest};

/// The times of the entries in the unfinished bundle, of which there are 0 to 255.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimesEdge(Vec<Option<IntegratedTime>>);

/// Why the times of the unfinished bundle cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimesEdgeError {
    /// They are missing.
    #[error("{path} is missing; restore it from any copy or mirror of the log")]
    Missing {
        /// The file.
        path: ObjectPath,
    },
    /// They are damaged.
    #[error("{path} is damaged; restore it from any copy or mirror of the log")]
    Damaged {
        /// The file.
        path: ObjectPath,
        /// What is wrong with it.
        #[source]
        source: TimesError,
    },
    /// They are not those that the commit records state.
    #[error(
        "{path} has other times than the commit records state; restore it from any copy or \
         mirror of the log"
    )]
    Changed {
        /// The file.
        path: ObjectPath,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What a record states about the times of an unfinished bundle, before or after its batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatedTimes {
    before: TreeSize,
    time: Option<IntegratedTime>,
    /// Records of older releases do not state it.
    digest: Option<TimesDigest>,
}

impl StatedTimes {
    /// What this record states.
    pub fn by(record: &Record) -> Self {
        Self { before: record.before.size, time: record.time, digest: record.times }
    }

    /// Whether it is true of the times of the unfinished bundle at `size`, the tree size before or
    /// after the record.
    fn is_true_of(&self, edge: &TimesEdge, size: TreeSize) -> bool {
        let first = size.get() - edge.0.len() as u64;
        let Some(old) = self.before.get().checked_sub(first) else {
            // The bundle was begun by this very batch.
            return edge.0.iter().all(|time| *time == self.time);
        };
        let old = usize::try_from(old).unwrap_or(usize::MAX).min(edge.0.len());
        let (old, new) = edge.0.split_at(old);
        new.iter().all(|time| *time == self.time)
            && self.digest.is_none_or(|stated| stated == digest(old))
    }
}

/// The digest of the times of an unfinished bundle.
fn digest(times: &[Option<IntegratedTime>]) -> TimesDigest {
    TimesDigest(Sha256::digest(Times::encode(times)).into())
}

impl TimesEdge {
    /// Reads the times of the unfinished bundle of a published tree, and checks that they are as
    /// `stated`. They may be missing if the newest record has no time (`newest`): then the log is
    /// from before there were times.
    pub(super) async fn load(
        objects: &dyn Store,
        size: TreeSize,
        newest: Option<IntegratedTime>,
        stated: &StatedTimes,
    ) -> Result<Self, TimesEdgeError> {
        let Some(bundle) = edge_bundle(size) else { return Ok(Self::default()) };
        let path = ObjectPath::from(Published::Times(bundle));
        match objects.get(&path).await? {
            Some(object) => match Times::decode(&object.bytes, bundle.width) {
                Ok(times) => {
                    let edge = Self(times.get().to_vec());
                    if stated.is_true_of(&edge, size) {
                        Ok(edge)
                    } else {
                        Err(TimesEdgeError::Changed { path })
                    }
                }
                Err(source) => Err(TimesEdgeError::Damaged { path, source }),
            },
            None if newest.is_none() => Ok(Self(vec![None; bundle.width.as_usize()])),
            None => Err(TimesEdgeError::Missing { path }),
        }
    }

    /// What the next record states about them.
    pub fn digest(&self) -> TimesDigest {
        digest(&self.0)
    }

    /// Adds the entries of a record to a tree of size `old`, and returns the files that this
    /// implies.
    pub fn grow(
        &mut self,
        old: TreeSize,
        new: TreeSize,
        time: Option<IntegratedTime>,
    ) -> Vec<NewObject> {
        let mut files = Vec::new();
        for bundle in bundles_for_growth(old, new) {
            self.0.resize(bundle.width.as_usize(), time);
            let bytes = Times::encode(&self.0).into();
            files.push(NewObject { path: Published::Times(bundle).into(), bytes });
            if bundle.width.is_full() {
                self.0.clear();
            }
        }
        files
    }
}

/// What begins the times of a log of `size` entries that has none: the zeros of its last bundle. So
/// the first file of a log with older entries begins with zeros, and a missing one can be told.
pub(super) fn zeros(size: TreeSize) -> Option<NewObject> {
    let bundle = BundleCoord::holding(size.last_leaf()?, size)?;
    let bytes = Times::encode(&vec![None; bundle.width.as_usize()]).into();
    Some(NewObject { path: Published::Times(bundle).into(), bytes })
}

/// The time of the next record, when the clock shows `date` and the newest record has the time
/// `newest`. A clock that shows a time before 1970, or one beyond the largest time, counts as one
/// that shows the first second of 1970.
pub(super) fn next_time(newest: Option<IntegratedTime>, date: SystemTime) -> IntegratedTime {
    const FIRST: IntegratedTime = IntegratedTime::new(1).expect("it is in range");
    let seconds = date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    IntegratedTime::new(seconds).unwrap_or(FIRST).max(newest.unwrap_or(FIRST))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fasti_store::{Attempt, MemoryStore};

    use super::*;

    fn size(n: u64) -> TreeSize {
        TreeSize::new(n).expect("in range")
    }

    fn time(seconds: u64) -> Option<IntegratedTime> {
        IntegratedTime::new(seconds)
    }

    /// What a record of an older release states.
    fn stated(before: u64, seconds: u64) -> StatedTimes {
        StatedTimes { before: size(before), time: time(seconds), digest: None }
    }

    #[test]
    fn growing_in_steps_writes_the_same_full_files_as_at_once() {
        let steps = [3, 3, 250, 256, 257, 800, 1024];
        let mut edge = TimesEdge::default();
        let mut files = std::collections::BTreeMap::new();
        let mut old = 0;
        for (step, new) in steps.into_iter().enumerate() {
            let time = time(1000 + step as u64).filter(|_| step > 0);
            for NewObject { path, bytes } in edge.grow(size(old), size(new), time) {
                assert!(files.insert(path.to_string(), bytes).is_none(), "written once");
            }
            old = new;
        }
        assert_eq!(edge, TimesEdge::default(), "nothing is unfinished");
        for (path, bytes) in &files {
            let full = path.split(".p/").next().expect("a path");
            assert!(files[full].starts_with(bytes), "{path} is a prefix of the full one");
        }
        // Entry by entry: its time is that of the step that added it.
        for (step, pair) in [0].iter().chain(&steps).collect::<Vec<_>>().windows(2).enumerate() {
            for leaf in *pair[0]..*pair[1] {
                let path = format!("time/{:03}", leaf / 256);
                let at = usize::try_from(leaf % 256).expect("small") * 8;
                let seconds = u64::from_be_bytes(files[&path][at..at + 8].try_into().expect("8"));
                assert_eq!(seconds, if step == 0 { 0 } else { 1000 + step as u64 });
            }
        }
    }

    #[tokio::test]
    async fn the_unfinished_file_is_read_back() {
        let store = MemoryStore::default();
        let mut edge = TimesEdge::default();
        let files = edge.grow(size(0), size(260), time(7));
        store.put_immutable(&files, Attempt::First).await.expect("writes");
        let loaded =
            TimesEdge::load(&store, size(260), time(7), &stated(0, 7)).await.expect("reads");
        assert_eq!(loaded, edge);
        assert!(
            TimesEdge::load(&store, size(512), time(7), &stated(0, 7)).await.is_ok(),
            "nothing to read"
        );
    }

    /// Wherever the record begins and ends, what it states is true of the times before it and after
    /// it, and of no others.
    #[test]
    fn a_record_vouches_for_the_times_before_and_after_it() {
        let mut edge = TimesEdge::default();
        let mut old = size(0);
        for (step, new) in [3, 3, 4, 255, 256, 256, 258, 600, 700].into_iter().map(size).enumerate()
        {
            let before = edge.clone();
            let at = time(1000 + step as u64);
            let stated = StatedTimes { before: old, time: at, digest: Some(edge.digest()) };
            edge.grow(old, new, at);
            for (edge, size) in [(before, old), (edge.clone(), new)] {
                assert!(stated.is_true_of(&edge, size), "{size} of {old} to {new}");
                for entry in 0..edge.0.len() {
                    for bit in 0..12 {
                        let mut changed = edge.clone();
                        let seconds = changed.0[entry].expect("has one").get() ^ (1 << bit);
                        changed.0[entry] = time(seconds);
                        assert!(!stated.is_true_of(&changed, size), "{entry} of {old} to {new}");
                    }
                }
            }
            old = new;
        }
    }

    #[tokio::test]
    async fn only_an_old_log_may_have_no_times() {
        let store = MemoryStore::default();
        let none = StatedTimes::default();
        let old = TimesEdge::load(&store, size(3), None, &none).await.expect("an old log");
        assert_eq!(old, TimesEdge(vec![None; 3]));
        let missing = TimesEdge::load(&store, size(3), time(7), &none).await.expect_err("damage");
        assert!(missing.to_string().starts_with("time/000.p/3 is missing"), "{missing}");
        let path = ObjectPath::new("time/000.p/3").expect("a path");
        let torn = NewObject { path, bytes: vec![0; 23].into() };
        store.put_immutable(&[torn], Attempt::First).await.expect("writes");
        let torn = TimesEdge::load(&store, size(3), None, &none).await.expect_err("damage");
        assert!(matches!(torn, TimesEdgeError::Damaged { .. }), "{torn}");
    }

    #[test]
    fn times_begin_with_the_zeros_of_the_last_bundle() {
        let begun =
            |entries| zeros(size(entries)).map(|file| (file.path.to_string(), file.bytes.len()));
        assert_eq!(begun(0), None);
        assert_eq!(begun(3), Some(("time/000.p/3".to_owned(), 24)));
        assert_eq!(begun(256), Some(("time/000".to_owned(), 2048)));
        assert_eq!(begun(257), Some(("time/001.p/1".to_owned(), 8)));
    }

    #[test]
    fn times_never_go_back() {
        let on = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(Some(next_time(None, on(5))), time(5));
        assert_eq!(Some(next_time(time(7), on(5))), time(7));
        assert_eq!(Some(next_time(time(7), on(9))), time(9));
        assert_eq!(Some(next_time(None, UNIX_EPOCH - Duration::from_secs(9))), time(1));
    }
}
