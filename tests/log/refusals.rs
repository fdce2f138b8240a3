//! What a log refuses to start on (I10): each case damages the store in one way, and the refusal
//! must name the damage. Nothing may be signed or overwritten.

use std::sync::Arc;

use bytes::Bytes;
use fasti::log::RecoverError;
use fasti::signer::SignedMemory;
use fasti::store::{CommitLog, MemoryStore, ObjectPath, RecordNumber, Stores};
use tiles_spec::TreeSize;

use crate::harness::{World, entries};

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a valid path")
}

fn flip(store: &MemoryStore, name: &str) {
    let mut bytes = store.objects().remove(&path(name)).expect("is there").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x04;
    store.overwrite(&path(name), bytes.into());
}

async fn newest(store: &MemoryStore) -> RecordNumber {
    store.newest().await.expect("answers").expect("there are records")
}

/// A log of 300 leaves in two batches.
async fn grown() -> (World, Arc<MemoryStore>) {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, 290)).await;
    world.submit(&entries(290, 300)).await;
    (world, store)
}

/// Returns the refusal of a start on `world`, which must leave the store unchanged.
async fn refusal(world: &World, store: &MemoryStore) -> RecoverError {
    let before = store.objects();
    let refused = world.run(|_| async {}).await.expect_err("the start is refused");
    assert_eq!(store.objects(), before, "nothing was written: {refused}");
    assert!(refused.to_string().len() > 20, "says what to do: {refused}");
    refused
}

#[tokio::test]
async fn missing_records() {
    let (world, store) = grown().await;
    for n in 1..=newest(&store).await.get() {
        store.remove_record(RecordNumber::new(n).expect("positive"));
    }
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::MissingRecords { .. }), "{refused}");
}

#[tokio::test]
async fn a_missing_checkpoint() {
    let (world, store) = grown().await;
    store.remove(&ObjectPath::checkpoint());
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::MissingCheckpoint { .. }), "{refused}");
}

#[tokio::test]
async fn records_of_an_older_copy_beside_a_newer_checkpoint() {
    let (world, store) = grown().await;
    let older = store.snapshot();
    world.submit(&entries(300, 301)).await;
    let newer = store.objects().remove(&ObjectPath::checkpoint()).expect("is there");
    older.overwrite(&ObjectPath::checkpoint(), newer);
    let older = Arc::new(older);
    let world = World { stores: Stores::of(older.clone()), ..world };
    let refused = refusal(&world, &older).await;
    assert!(matches!(refused, RecoverError::RolledBack { .. }), "{refused}");
}

#[tokio::test]
async fn an_older_copy_that_the_key_has_signed_beyond() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut world, store) = World::in_memory();
    world.memory = Some(SignedMemory::beside(&dir.path().join("log.key")));
    world.submit(&entries(0, 10)).await;
    let older = Arc::new(store.snapshot());
    world.submit(&entries(10, 20)).await;

    let restored = World { stores: Stores::of(older.clone()), ..world.clone() };
    let refused = refusal(&restored, &older).await;
    assert!(matches!(refused, RecoverError::RolledBack { .. }), "{refused}");

    // The same for the key of a log that was deleted entirely.
    let (mut anew, empty) = World::in_memory();
    anew.memory.clone_from(&world.memory);
    let refused = refusal(&anew, &empty).await;
    assert!(matches!(refused, RecoverError::RolledBack { .. }), "{refused}");

    // The newest copy is fine.
    world.submit(&entries(20, 21)).await;
}

#[tokio::test]
async fn an_older_copy_than_the_operator_has_seen() {
    let (mut world, store) = grown().await;
    world.config.size_seen = TreeSize::new(301);
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::RolledBack { .. }), "{refused}");
    world.config.size_seen = TreeSize::new(300);
    world.submit(&entries(300, 301)).await;
}

#[tokio::test]
async fn another_history_of_the_same_size() {
    let (world, store) = grown().await;
    let (other, other_store) = World::in_memory();
    other.submit(&entries(1000, 1290)).await;
    other.submit(&entries(1290, 1300)).await;
    let foreign = other_store.objects().remove(&ObjectPath::checkpoint()).expect("is there");
    store.overwrite(&ObjectPath::checkpoint(), foreign);
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::Forked { .. }), "{refused}");
}

#[tokio::test]
async fn a_checkpoint_of_another_log_or_by_another_key() {
    let (world, store) = grown().await;
    let checkpoint = store.objects().remove(&ObjectPath::checkpoint()).expect("is there");
    let text = String::from_utf8(checkpoint.to_vec()).expect("text");

    let renamed = text.replacen("log.test/one", "log.test/two", 1);
    store.overwrite(&ObjectPath::checkpoint(), renamed.into());
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::WrongOrigin { .. }), "{refused}");

    let resized = text.replacen("300", "299", 1);
    store.overwrite(&ObjectPath::checkpoint(), resized.into());
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::WrongKey { .. }), "{refused}");

    store.overwrite(&ObjectPath::checkpoint(), Bytes::from_static(b"not a checkpoint\n"));
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::WrongKey { .. }), "{refused}");
}

#[tokio::test]
async fn damage_at_the_right_edge() {
    for name in ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
        let (world, store) = grown().await;
        flip(&store, name);
        let refused = refusal(&world, &store).await;
        assert!(matches!(refused, RecoverError::DamagedEdge(_)), "{name}: {refused}");
        assert!(refused.to_string().contains(name), "{name}: {refused}");

        store.remove(&path(name));
        let refused = refusal(&world, &store).await;
        assert!(matches!(refused, RecoverError::MissingTile { .. }), "{name}: {refused}");
        assert!(refused.to_string().contains(name), "{name}: {refused}");
    }
}

#[tokio::test]
async fn a_damaged_record() {
    let (world, store) = grown().await;
    let number = newest(&store).await;
    let bytes = store.read(number).await.expect("answers").expect("is there");
    for byte in 0..bytes.len() {
        let damaged = Arc::new(store.snapshot());
        let mut flipped = bytes.to_vec();
        flipped[byte] ^= 0x01;
        damaged.remove_record(number);
        CommitLog::create(&*damaged, number, flipped.into()).await.expect("creates");
        let world = World { stores: Stores::of(damaged.clone()), ..world.clone() };
        let refused = refusal(&world, &damaged).await;
        assert!(matches!(refused, RecoverError::DamagedRecord { .. }), "{refused}");
    }
}

/// An unfinished batch whose record is lost, although a later record is there.
#[tokio::test]
async fn a_gap_in_the_records() {
    let (world, store) = grown().await;
    let published = store.snapshot().objects().remove(&ObjectPath::checkpoint()).expect("there");
    world.submit(&entries(300, 310)).await;
    let last_batch = newest(&store).await;
    world.submit(&entries(310, 320)).await;
    store.overwrite(&ObjectPath::checkpoint(), published);
    store.remove_record(last_batch);
    let refused = refusal(&world, &store).await;
    assert!(matches!(refused, RecoverError::Gap { .. }), "{refused}");
    assert!(refused.to_string().contains(&last_batch.to_string()), "{refused}");
}

#[tokio::test]
async fn a_tile_of_another_history_halts_the_log_and_stays() {
    let (world, store) = grown().await;
    let foreign = Bytes::from(vec![1; 45 * 32]);
    store.overwrite(&path("tile/0/001.p/45"), foreign.clone());
    let new = entries(300, 301);
    let (answer, ended) =
        world.run(|log| async move { log.submit(new[0].clone()).await }).await.expect("opens");
    let halted = answer.expect_err("is not acknowledged").to_string();
    assert!(halted.contains("tile/0/001.p/45"), "names the path: {halted}");
    assert!(ended.is_err());
    assert_eq!(store.objects()[&path("tile/0/001.p/45")], foreign);
    assert_eq!(world.checkpoint_head().await.size.get(), 300, "nothing was published");
}
