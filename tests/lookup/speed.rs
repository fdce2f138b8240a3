//! How fast an index is built. Figures, not verdicts: they depend on the machine and on how the test was
//! compiled, so nobody runs this but on purpose.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fasti::client::fetch::DirectoryFetch;
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use fasti::entry::lookup_keys;
use fasti::lookup::run::build_run;
use fasti::lookup::source::postings;
use fasti::store::{MemoryStore, Store};
use sha2::{Digest as _, Sha256};
use tiles_spec::lookup::{LeafRange, LookupPath, build_part, read_part};
use tiles_spec::{TileIndex, TreeSize, leaf_hash};

use crate::entries::entry;
use crate::plain_log;
use crate::scene::signing_key;

const ENTRIES: u64 = 300_000;

fn tell(what: &str, count: u64, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let rate = count as f64 / took.as_secs_f64() / 1e6;
    println!("{what:50} {count:>10} in {took:>9.3?}: {rate:>7.3} M/s");
}

async fn view(entries: impl Iterator<Item = Vec<u8>>) -> (tempfile::TempDir, View) {
    let directory = tempfile::tempdir().unwrap();
    plain_log::write(directory.path(), entries);
    let fetch = DirectoryFetch::open(directory.path().to_owned()).unwrap();
    let trust = Trust::in_keys([signing_key().verifier_key().clone()]);
    (directory, View::open(Arc::new(fetch), &trust).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long and tells figures only"]
async fn reading() {
    let (_log, mut view) = view((0..ENTRIES).map(|n| format!("entry {n}").into_bytes())).await;
    let began = Instant::now();
    let mut bundles = view.bundles(TileIndex::new(0)..TileIndex::new(ENTRIES.div_ceil(256)));
    let mut count = 0;
    while let Some(bundle) = bundles.next().await.unwrap() {
        count += bundle.entries().len() as u64;
    }
    tell("small entries read and verified", count, began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long and tells figures only"]
async fn building() {
    let (_log, mut view) = view((0..ENTRIES).map(entry)).await;
    let size = view.head().size;
    let bytes: u64 = (0..ENTRIES).map(|n| entry(n).len() as u64).sum();
    println!("{} bytes an entry", bytes / ENTRIES);

    let began = Instant::now();
    let (all, _) = postings(&mut view, TreeSize::ZERO, size, usize::MAX).await.unwrap();
    tell("entries to sorted postings", ENTRIES, began.elapsed());
    tell("    in postings", all.len() as u64, began.elapsed());

    let store = MemoryStore::default();
    let cuts = [0, ENTRIES / 2, ENTRIES * 3 / 4, ENTRIES * 7 / 8, ENTRIES];
    let (mut runs, mut built) = (Vec::new(), Duration::ZERO);
    for cut in cuts.windows(2) {
        let [start, end] = [cut[0], cut[1]].map(|n| TreeSize::new(n).unwrap());
        let range = LeafRange::new(start, end).unwrap();
        let fresh = all.iter().filter(|p| range.contains(p.index)).copied().collect();
        let began = Instant::now();
        runs.push(build_run(&store, range, &[], fresh).await.unwrap().0);
        built += began.elapsed();
    }
    tell("postings to runs", all.len() as u64, built);

    let began = Instant::now();
    let whole = LeafRange::new(TreeSize::ZERO, size).unwrap();
    let (run, written) = build_run(&store, whole, &runs, Vec::new()).await.unwrap();
    tell("runs merged, postings", written.postings, began.elapsed());
    println!("{} bytes a posting, {} parts", written.bytes / written.postings, written.parts);

    // What each step takes alone, on one processor.
    let began = Instant::now();
    let hashed = (0..ENTRIES / 10).map(|n| leaf_hash(&entry(n))).collect::<Vec<_>>();
    tell("alone: making and hashing entries", ENTRIES / 10, began.elapsed());
    let began = Instant::now();
    let made: Vec<_> = (0..ENTRIES / 10).map(entry).collect();
    tell("alone: making entries", ENTRIES / 10, began.elapsed());
    let began = Instant::now();
    let keys: usize = made.iter().zip(&hashed).map(|(e, leaf)| lookup_keys(leaf, e).len()).sum();
    tell("alone: deriving keys, entries", ENTRIES / 10, began.elapsed());
    tell("    in keys", keys as u64, began.elapsed());
    let mut shuffled = all.clone();
    shuffled.sort_unstable_by_key(|posting| posting.index);
    let began = Instant::now();
    shuffled.sort_unstable();
    tell("alone: sorting", all.len() as u64, began.elapsed());
    let mut runs_in_a_row: Vec<_> = Vec::new();
    for run in &runs {
        runs_in_a_row.extend(all.iter().filter(|p| run.range.contains(p.index)).copied());
    }
    let began = Instant::now();
    runs_in_a_row.sort();
    tell("alone: merging", all.len() as u64, began.elapsed());

    let (slice, part) = run.slices().next().unwrap();
    let path = LookupPath::Part { range: whole, part: 0 };
    let bytes = store.get(&path.into()).await.unwrap().unwrap().bytes;
    let began = Instant::now();
    let read = read_part(whole, slice, part, &bytes).unwrap();
    tell("alone: reading a part, postings", part.postings, began.elapsed());
    let began = Instant::now();
    assert_eq!(build_part(whole, slice, &read).part, *part);
    tell("alone: laying out a part, postings", part.postings, began.elapsed());
    let began = Instant::now();
    let hash = Sha256::digest(&bytes);
    tell("alone: SHA-256 of its bytes, postings", part.postings, began.elapsed());
    tell("    in bytes", bytes.len() as u64, began.elapsed());
    assert_ne!(hash[..], [0; 32]);
}
