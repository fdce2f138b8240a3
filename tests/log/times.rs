//! Integrated times: a log from before there were any, and files of times that cannot be used.

use std::sync::Arc;

use fasti::log::RecoverError;
use fasti::log::record::Record;
use fasti::store::{CommitLog, MemoryStore, ObjectPath, RecordNumber, Stores};

use crate::harness::{World, entries};

/// The log as the first release would have written it: its records have no times, and there are no
/// files of times.
pub async fn without_times(store: &MemoryStore) -> MemoryStore {
    let older = store.snapshot();
    for path in older.objects().keys().filter(|path| path.as_str().starts_with("time/")) {
        older.remove(path);
    }
    let newest = older.newest().await.expect("answers").expect("there are records");
    let mut previous = None;
    for number in (1..=newest.get()).filter_map(RecordNumber::new) {
        let Some(bytes) = older.read(number).await.expect("answers") else { continue };
        let (record, _) = Record::decode(&bytes).expect("a record");
        let previous_digest = previous.unwrap_or(record.previous);
        let record = Record { time: None, times: None, previous: previous_digest, ..record };
        let encoded = record.encode();
        older.remove_record(number);
        CommitLog::create(&older, number, encoded.bytes).await.expect("creates");
        previous = Some(encoded.digest);
    }
    older
}

/// A log of `size` entries, as the first release would have written it.
pub async fn older(size: usize) -> (World, Arc<MemoryStore>) {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, size)).await;
    let store = Arc::new(without_times(&store).await);
    let world = World { stores: Stores::of(store.clone()), timeless: size, ..world };
    (world, store)
}

#[tokio::test]
async fn a_log_from_before_times_is_continued() {
    for size in [0, 1, 255, 256, 257, 600] {
        let (world, _) = older(size).await;
        world.verify().await;
        world.submit(&entries(size, size + 1)).await;
        world.submit(&entries(size + 1, size + 300)).await;
        let published = world.verify().await;
        assert_eq!(published.entries.len(), size + 300);
    }
}

#[tokio::test]
async fn a_start_alone_writes_the_zeros_of_the_last_bundle() {
    let (world, store) = older(257).await;
    world.run(|_| async {}).await.expect("opens").1.expect("ends");
    let zeros = store.objects().remove(&ObjectPath::new("time/001.p/1").expect("a path"));
    assert_eq!(zeros.as_deref(), Some(&[0; 8][..]));
    assert!(!store.objects().keys().any(|path| path.as_str() == "time/000"));
    let (full, store_of_full) = older(512).await;
    full.run(|_| async {}).await.expect("opens").1.expect("ends");
    let zeros = store_of_full.objects().remove(&ObjectPath::new("time/001").expect("a path"));
    assert_eq!(zeros.as_deref(), Some(&[0; 2048][..]));
    world.submit(&entries(257, 258)).await;
    world.verify().await;
}

#[tokio::test]
async fn times_that_cannot_be_used_are_refused() {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, 300)).await;
    let path = ObjectPath::new("time/001.p/44").expect("a path");
    let good = store.objects().remove(&path).expect("is there");
    // The last two are in order, and beyond what reading alone can tell.
    let later = |entry: usize| {
        let mut bytes = good.to_vec();
        (entry..44).for_each(|entry| bytes[entry * 8 + 6] ^= 1);
        Some(bytes.into())
    };
    for damaged in
        [None, Some(good.slice(1..)), Some(vec![0xff; good.len()].into()), later(0), later(43)]
    {
        match damaged {
            Some(bytes) => store.overwrite(&path, bytes),
            None => store.remove(&path),
        }
        let before = store.objects();
        let refused = world.run(|_| async {}).await.expect_err("the start is refused");
        assert!(matches!(refused, RecoverError::Times(_)), "{refused}");
        assert!(refused.to_string().contains("time/001.p/44"), "{refused}");
        assert_eq!(store.objects(), before, "nothing was written");
    }
    store.overwrite(&path, good);
    world.submit(&entries(300, 301)).await;
    world.verify().await;
}
