//! Write amplification: little in, little out, however entries arrive.
//!
//! The clients here try to cause many writes: with the longest entries, or the shortest, one at a
//! time, or so many at once that a bundle is long and another batch rewrites it. The log is the
//! real one, and the store counts. Its clock is the runtime's, which advances only when every task
//! waits; a store that takes no time is the worst case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fasti::log::Log;
use fasti::store::{CommitLog, MemoryStore, ObjectPath, RecordNumber, StoreError, Stores};
use fasti_kit::stored::{Between, Through, Written};
use futures::future::join_all;

use crate::harness::World;

/// As in `src/docs/safety.md`: bytes written for each byte accepted (the record, the bundle, and
/// eight times the rewrites), the rate and its burst allowance, the longest bundle, and the
/// overhead of each batch: the head of its record, hash tiles, the checkpoint.
const TIMES_TAKEN: u64 = 10;
const RATE: u64 = 64 << 20;
const SAVED_SECONDS: u64 = 4;
const BUNDLE: u64 = 256 * 65_537;
const BATCH: u64 = 20 << 10;
/// The most unneeded bytes that may be stored: everything except the unfinished bundle, its partial
/// bundles, and the newest records.
const LEFT_OVER: u64 = 16 << 20;

/// Counts what is written.
#[derive(Default)]
struct Counting {
    inner: Arc<MemoryStore>,
    written: AtomicU64,
    batches: AtomicU64,
    /// The partial bundles of the unfinished bundle, which are too large to keep in memory.
    partial: Mutex<Vec<ObjectPath>>,
    keeps_partial: bool,
}

type CountingStore = Through<Counting>;

impl Counting {
    fn store(keeps_partial: bool) -> Arc<CountingStore> {
        let between = Self { keeps_partial, ..Self::default() };
        Arc::new(Through { inner: between.inner.clone(), between })
    }

    /// Drops all partial bundles but the newest.
    fn forget(&self, path: &ObjectPath) {
        if self.keeps_partial || !path.as_str().starts_with("tile/entries/") {
            return;
        }
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        for old in partial.drain(..) {
            self.inner.remove(&old);
        }
        if path.as_str().contains(".p/") {
            partial.push(path.clone());
        }
    }
}

impl Between for Counting {
    fn write<T: Send>(
        &self,
        written: Written<'_>,
        write: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        self.written.fetch_add(written.bytes() as u64, Ordering::Relaxed);
        match written {
            Written::Record(..) => {
                self.batches.fetch_add(1, Ordering::Relaxed);
            }
            Written::Objects(objects) => objects.iter().for_each(|it| self.forget(&it.path)),
            Written::Object(..) => {}
        }
        write
    }
}

/// Distinct, incompressible entries of this many bytes.
struct Entries(u64);

impl Entries {
    fn next(&mut self, bytes: usize) -> Bytes {
        let mut entry = Vec::with_capacity(bytes + 8);
        while entry.len() < bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            entry.extend(self.0.to_be_bytes());
        }
        entry.truncate(bytes);
        entry.into()
    }
}

/// The outcome of a sequence of submissions.
#[derive(Debug)]
struct Outcome {
    taken: u64,
    written: u64,
    batches: u64,
    took: Duration,
    longest: Duration,
}

impl Outcome {
    fn most(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).expect("short") + 1;
        TIMES_TAKEN * self.taken
            + RATE * (SAVED_SECONDS + millis.div_ceil(1000))
            + BUNDLE
            + BATCH * self.batches
    }
}

/// Submits groups of entries of these lengths, each group at once after the one before is answered.
async fn submit(store: &Arc<CountingStore>, rate: u64, groups: &[Vec<usize>]) -> Outcome {
    let mut world = World::on(Stores::shared(store.clone()));
    world.config.rewrite_rate = rate;
    let work = |log: Log| async move {
        let (began, mut entries) = (tokio::time::Instant::now(), Entries(88_172_645_463_325_252));
        let (mut taken, mut longest) = (0, Duration::ZERO);
        for group in groups {
            let asked = tokio::time::Instant::now();
            let group: Vec<Bytes> = group.iter().map(|bytes| entries.next(*bytes)).collect();
            taken += group.iter().map(|entry| entry.len() as u64).sum::<u64>();
            let answers = join_all(group.into_iter().map(|entry| log.submit(entry))).await;
            assert!(answers.iter().all(Result::is_ok));
            longest = longest.max(asked.elapsed());
        }
        (taken, longest, began.elapsed())
    };
    let ((taken, longest, took), ended) = world.run(work).await.expect("the log opens");
    ended.expect("the log shuts down cleanly");
    let written = store.written.load(Ordering::Relaxed);
    let batches = store.batches.load(Ordering::Relaxed);
    Outcome { taken, written, batches, took, longest }
}

async fn within_bounds(what: &str, groups: &[Vec<usize>]) -> Outcome {
    let outcome = submit(&Counting::store(false), RATE, groups).await;
    let most = outcome.most();
    println!("{what}: {outcome:?}, of {most}");
    assert!(outcome.written <= most, "{what}: {outcome:?}, more than {most}");
    // Nobody waits longer than the longest bundle takes at the rate.
    assert!(outcome.longest <= Duration::from_millis(251), "{what}: {outcome:?}");
    outcome
}

#[tokio::test(start_paused = true)]
async fn the_longest_entries_one_at_a_time_are_slowed_down() {
    let one_by_one = vec![vec![65_535]; 600];
    let outcome = within_bounds("the longest, one at a time", &one_by_one).await;
    let paced = outcome.written / (outcome.took.as_secs() + SAVED_SECONDS);
    assert!(paced < 80 << 20, "bytes a second: {paced}");
    assert!(outcome.took > Duration::from_secs(20), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn long_entries_of_many_are_gathered() {
    let groups = vec![vec![55_000; 32]; 20];
    let outcome = within_bounds("32 at a time", &groups).await;
    assert!(outcome.written < 12 * outcome.taken + RATE * SAVED_SECONDS, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn short_entries_behind_long_ones_are_slowed_down() {
    // A bundle is made long at once, and then rewritten for a few bytes.
    let groups: Vec<Vec<usize>> =
        (0..8).flat_map(|_| [vec![vec![65_535; 200]], vec![vec![8]; 56]].concat()).collect();
    within_bounds("8 bytes behind 13 MB", &groups).await;
}

#[tokio::test(start_paused = true)]
async fn the_shortest_entries_write_little_more_than_hashes() {
    let groups = vec![vec![8]; 3000];
    let outcome = within_bounds("8 bytes, one at a time", &groups).await;
    assert!(outcome.written < 7000 * outcome.batches, "{outcome:?}");
    assert_eq!(outcome.longest, Duration::ZERO, "and nobody waits");
}

#[tokio::test(start_paused = true)]
async fn entries_of_the_usual_length_never_wait() {
    // One connection gets at most 670 answers a second from a disk that flushes in a millisecond.
    let store = Counting::store(false);
    let world = World::on(Stores::shared(store.clone()));
    let work = |log: Log| async move {
        let mut entries = Entries(7);
        let mut longest = Duration::ZERO;
        for _ in 0..2000 {
            tokio::time::sleep(Duration::from_micros(1500)).await;
            let asked = tokio::time::Instant::now();
            log.submit(entries.next(1024)).await.expect("an answer");
            longest = longest.max(asked.elapsed());
        }
        longest
    };
    let (longest, ended) = world.run(work).await.expect("the log opens");
    ended.expect("the log shuts down cleanly");
    assert_eq!(longest, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_busy_log_of_short_entries_is_not_held_back_by_its_long_bundle() {
    // The waiting entries are enough to allow a rewrite, so only time matters.
    let groups: Vec<Vec<usize>> = [vec![vec![65_535; 200]], vec![vec![1024; 1024]; 20]].concat();
    let outcome = within_bounds("1,024 entries of 1 KiB at a time", &groups).await;
    // Only the pause between two batches of a busy log.
    assert!(outcome.longest <= Duration::from_millis(6), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_needs_any_more_does_not_pile_up() {
    let store = Counting::store(true);
    // Two bundles of 16 MiB in twenty batches: a small number of objects.
    let groups = vec![vec![65_535; 28]; 20];
    let world = World::on(Stores::shared(store.clone()));
    let work = |log: Log| async move {
        let mut entries = Entries(3);
        for group in groups {
            let group: Vec<Bytes> = group.iter().map(|bytes| entries.next(*bytes)).collect();
            let answers = join_all(group.into_iter().map(|entry| log.submit(entry))).await;
            assert!(answers.iter().all(Result::is_ok));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let objects = store.inner.objects();
        let partial = objects.iter().filter(|(path, _)| path.as_str().contains(".p/"));
        let left: u64 = partial
            .filter(|(path, _)| !path.as_str().contains("/002.p/"))
            .map(|(_, bytes)| bytes.len() as u64)
            .sum();
        let records =
            CommitLog::newest(&*store.inner).await.expect("answers").expect("there is one");
        let mut kept = 0;
        for number in (1..=records.get()).filter_map(RecordNumber::new) {
            kept += u64::from(store.inner.read(number).await.expect("answers").is_some());
        }
        (left, kept)
    };
    let ((left, kept), ended) = world.run(work).await.expect("the log opens");
    ended.expect("the log shuts down cleanly");
    assert!(left <= LEFT_OVER, "{left} bytes of partial bundles and tiles");
    assert!(kept <= 14, "{kept} records");
}
