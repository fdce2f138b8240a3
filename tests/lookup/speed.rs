//! How fast an index is built. These are figures, not tests: they depend on the machine and on
//! compiler settings, so they run only on request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fasti::client::fetch::DirectoryFetch;
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use fasti::entry::lookup_keys;
use fasti::lookup::run::build_run;
use fasti::lookup::source::postings;
use fasti::lookup_spec::{LeafRange, LookupPath, build_part, read_part};
use fasti::store::{MemoryStore, Store};
use sha2::{Digest as _, Sha256};
use tiles_spec::{TileIndex, TreeSize, leaf_hash};

use crate::entries::entry;
use crate::plain_log;
use crate::scene::signing_key;

const ENTRIES: u64 = 300_000;

/// Elapsed and processor time since some moment.
struct Watch {
    began: Instant,
    processors: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { began: Instant::now(), processors: processor_time() }
    }

    fn tell(&self, what: &str, count: u64) {
        let (took, used) = (self.began.elapsed(), processor_time().saturating_sub(self.processors));
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let rate = |time: Duration| count as f64 / time.as_secs_f64() / 1e6;
        let by_clock = rate(took);
        print!("{what:40} {count:>9} in {took:>9.3?}: {by_clock:>7.3} M/s");
        // Shorter times are not measured.
        if used > Duration::from_millis(50) {
            print!(", {:>7.3} M/s a processor", rate(used));
        }
        println!();
    }
}

/// The time this process has used on all processors, to a hundredth of a second; zero where the
/// system does not report it.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

async fn view(entries: impl Iterator<Item = Vec<u8>>) -> (tempfile::TempDir, View) {
    let directory = tempfile::tempdir().unwrap();
    plain_log::write(directory.path(), entries);
    let fetch = DirectoryFetch::open(directory.path().to_owned()).unwrap();
    let trust = Trust::in_keys([signing_key().verifier_key().clone()]);
    (directory, View::open(Arc::new(fetch), &trust).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long and only prints figures"]
async fn reading() {
    let (_log, mut view) = view((0..ENTRIES).map(|n| format!("entry {n}").into_bytes())).await;
    let watch = Watch::start();
    let mut bundles = view.bundles(TileIndex::new(0)..TileIndex::new(ENTRIES.div_ceil(256)));
    let mut count = 0;
    while let Some(bundle) = bundles.next().await.unwrap() {
        count += bundle.entries().len() as u64;
    }
    watch.tell("small entries read and verified", count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long and only prints figures"]
async fn building() {
    let (_log, mut view) = view((0..ENTRIES).map(entry)).await;
    let size = view.head().size;
    let bytes: u64 = (0..ENTRIES).map(|n| entry(n).len() as u64).sum();
    println!("{} bytes an entry", bytes / ENTRIES);

    let watch = Watch::start();
    let (all, _) = postings(&mut view, TreeSize::ZERO, size, usize::MAX).await.unwrap();
    watch.tell("entries to sorted postings", ENTRIES);
    watch.tell("    in postings", all.len() as u64);

    let store = MemoryStore::default();
    let cuts = [0, ENTRIES / 2, ENTRIES * 3 / 4, ENTRIES * 7 / 8, ENTRIES];
    let mut runs = Vec::new();
    let watch = Watch::start();
    for cut in cuts.windows(2) {
        let [start, end] = [cut[0], cut[1]].map(|n| TreeSize::new(n).unwrap());
        let range = LeafRange::new(start, end).unwrap();
        let fresh = all.iter().filter(|p| range.contains(p.index)).copied().collect();
        runs.push(build_run(&store, range, &[], fresh).await.unwrap().0);
    }
    watch.tell("postings to runs", all.len() as u64);

    let watch = Watch::start();
    let whole = LeafRange::new(TreeSize::ZERO, size).unwrap();
    let (run, written) = build_run(&store, whole, &runs, Vec::new()).await.unwrap();
    watch.tell("runs merged, postings", written.postings);
    println!("{} bytes a posting, {} parts", written.bytes / written.postings, written.parts);

    // What each step takes alone, on one processor.
    let watch = Watch::start();
    let hashed = (0..ENTRIES / 10).map(|n| leaf_hash(&entry(n))).collect::<Vec<_>>();
    watch.tell("alone: making and hashing entries", ENTRIES / 10);
    let watch = Watch::start();
    let made: Vec<_> = (0..ENTRIES / 10).map(entry).collect();
    watch.tell("alone: making entries", ENTRIES / 10);
    let watch = Watch::start();
    let keys: usize = made.iter().zip(&hashed).map(|(e, leaf)| lookup_keys(leaf, e).len()).sum();
    watch.tell("alone: deriving keys, entries", ENTRIES / 10);
    watch.tell("    in keys", keys as u64);
    let mut shuffled = all.clone();
    shuffled.sort_unstable_by_key(|posting| posting.index);
    let watch = Watch::start();
    shuffled.sort_unstable();
    watch.tell("alone: sorting", all.len() as u64);
    let mut runs_in_a_row: Vec<_> = Vec::new();
    for run in &runs {
        runs_in_a_row.extend(all.iter().filter(|p| run.range.contains(p.index)).copied());
    }
    let watch = Watch::start();
    runs_in_a_row.sort();
    watch.tell("alone: merging", all.len() as u64);

    let (slice, part) = run.slices().next().unwrap();
    let path = LookupPath::Part { range: whole, part: 0 };
    let bytes = store.get(&path.into()).await.unwrap().unwrap().bytes;
    let watch = Watch::start();
    let read = read_part(whole, slice, part, &bytes).unwrap();
    watch.tell("alone: reading a part, postings", part.postings);
    let watch = Watch::start();
    assert_eq!(build_part(whole, slice, &read).part, *part);
    watch.tell("alone: laying out a part, postings", part.postings);
    let watch = Watch::start();
    let hash = Sha256::digest(&bytes);
    watch.tell("alone: SHA-256 of its bytes, postings", part.postings);
    watch.tell("    in bytes", bytes.len() as u64);
    assert_ne!(hash[..], [0; 32]);
}
