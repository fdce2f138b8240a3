//! What a log does when nothing goes wrong.

use std::sync::Arc;
use std::time::Duration;

use fasti::log::SubmitError;
use fasti::log::dedup::DedupIndex;
use fasti::store::{DirectoryOptions, DirectoryStore, MemoryStore, ObjectPath, Stores, contract};
use tiles_spec::TreeSize;

use crate::harness::{World, entries};

#[tokio::test]
async fn the_stores_keep_their_contract() {
    let (world, _) = World::in_memory();
    contract::check(&world.stores).await;
    let dir = tempfile::tempdir().expect("a directory");
    for segment_bytes_max in [0, 1] {
        let options = DirectoryOptions { segment_bytes_max, ..DirectoryOptions::default() };
        let path = dir.path().join(segment_bytes_max.to_string());
        let store = DirectoryStore::open(&path, options).expect("opens");
        contract::check(&Stores::of(Arc::new(store))).await;
    }
}

#[tokio::test]
async fn a_new_log_shows_the_empty_tree_at_once() {
    let (world, _) = World::in_memory();
    world.submit(&[]).await;
    assert_eq!(world.verify().await.head.size, TreeSize::ZERO);
}

#[tokio::test]
async fn grows_over_restarts_in_batches_of_every_kind() {
    let (mut world, _) = World::in_memory();
    let all = entries(0, 1400);
    let mut size = 0;
    for (batch, restart_max) in [(1, 1), (2, 255), (255, 256), (256, 257), (257, 7), (600, 1000)] {
        world.config.batch_entries_max = restart_max;
        let acknowledged = world.submit(&all[size..size + batch]).await;
        for (n, answer) in acknowledged.iter().enumerate() {
            assert_eq!(answer.index.get(), (size + n) as u64);
            assert!(!answer.duplicate);
            assert!(answer.publication.contains(answer.index));
        }
        size += batch;
        let published = world.verify().await;
        assert_eq!(published.entries, all[..size]);
    }
}

#[tokio::test]
async fn grows_in_a_directory_with_many_segments() {
    let dir = tempfile::tempdir().expect("a directory");
    let all = entries(0, 900);
    let mut size = 0;
    for batch in [1, 1, 254, 300, 44, 300] {
        let options = DirectoryOptions { segment_bytes_max: 2000, ..DirectoryOptions::default() };
        let store = DirectoryStore::open(dir.path(), options).expect("opens");
        let mut world = World::on(Stores::of(Arc::new(store)));
        world.config.batch_entries_max = 40;
        world.submit(&all[size..size + batch]).await;
        size += batch;
        assert_eq!(world.verify().await.entries, all[..size]);
    }
    assert!(!dir.path().join("tile/0/000.p").exists(), "superseded partial tiles are removed");
    assert!(dir.path().join("tile/0/000").exists());
}

#[tokio::test]
async fn an_equal_entry_gets_the_index_it_has_for_ever() {
    let (world, _) = World::in_memory();
    let all = entries(0, 300);
    let twice: Vec<_> = all.iter().chain(&all).cloned().collect();
    let answers = world.submit(&twice).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!((answer.index.get(), answer.duplicate), ((n % 300) as u64, n >= 300));
    }
    let later = world.submit(&all[17..18]).await;
    assert_eq!((later[0].index.get(), later[0].duplicate), (17, true), "after a restart");

    // The index is disposable: with a new one nothing changes.
    let forgetful = World::on(world.stores.clone());
    let rebuilt = forgetful.submit(&all[250..260]).await;
    assert!(rebuilt.iter().all(|answer| answer.duplicate));
    assert_eq!(world.verify().await.entries, all);
}

#[tokio::test]
async fn an_index_of_another_tree_is_rebuilt() {
    let (one, _) = World::in_memory();
    let (mut other, _) = World::in_memory();
    one.submit(&entries(0, 20)).await;
    other.submit(&entries(100, 110)).await;
    other.index = one.index.clone();
    let answers = other.submit(&entries(0, 20)).await;
    assert!(answers.iter().all(|answer| !answer.duplicate), "the hits of the other log are gone");
    assert_eq!(other.verify().await.entries.len(), 30);
}

#[tokio::test]
async fn a_false_hit_is_an_error_and_never_an_answer() {
    let (world, _) = World::in_memory();
    let all = entries(0, 10);
    world.submit(&all[..5]).await;
    let covered = world.index.covers().expect("answers").expect("covers the log");
    let lie = (tiles_spec::leaf_hash(&all[7]), tiles_spec::LeafIndex::new(2).expect("in range"));
    world.index.add(&[lie], covered).expect("adds");
    let (answer, _) =
        world.run(|log| async move { log.submit(all[7].clone()).await }).await.expect("opens");
    assert!(matches!(answer, Err(SubmitError::Dedup(_))), "{answer:?}");
}

#[tokio::test]
async fn a_full_pool_pushes_back_and_what_it_took_is_answered() {
    let (mut world, _) = World::in_memory();
    world.config.pool_entries_max = 10;
    let all = entries(0, 50);
    let (answers, ended) = world
        .run(|log| async move {
            futures::future::join_all(all.iter().map(|entry| log.submit(entry.clone()))).await
        })
        .await
        .expect("opens");
    ended.expect("it shuts down cleanly");
    let pushed_back = answers.iter().filter(|a| matches!(a, Err(SubmitError::Pushback))).count();
    let taken = answers.iter().filter(|a| a.is_ok()).count();
    assert!(pushed_back > 0 && taken >= 10 && taken + pushed_back == 50, "{taken} {pushed_back}");
    assert_eq!(world.verify().await.entries.len(), taken);
}

#[tokio::test]
async fn an_entry_that_is_too_long_is_refused_and_the_longest_is_taken() {
    let (world, _) = World::in_memory();
    let (answers, ended) = world
        .run(|log| async move {
            [
                log.submit(vec![1; 65_535].into()).await,
                log.submit(vec![1; 65_536].into()).await,
                log.submit(bytes::Bytes::new()).await,
            ]
        })
        .await
        .expect("opens");
    ended.expect("it shuts down cleanly");
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(answers[1].as_ref().err(), Some(&SubmitError::TooLarge(65_536)));
    assert_eq!(world.verify().await.entries.iter().map(Vec::len).collect::<Vec<_>>(), [65_535, 0]);
}

#[tokio::test]
async fn an_idle_log_writes_nothing() {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, 3)).await;
    let before = store.objects();
    let ((), ended) = world
        .run(|_| async { tokio::time::sleep(Duration::from_millis(50)).await })
        .await
        .expect("opens");
    ended.expect("it shuts down cleanly");
    assert_eq!(store.objects(), before);
    let newest =
        world.stores.commits.newest().await.expect("answers").map(fasti::store::RecordNumber::get);
    assert_eq!(newest, Some(3), "a takeover, a batch, a takeover");
}

#[tokio::test]
async fn proofs_of_every_leaf_verify_against_the_published_tree() {
    let (mut world, _) = World::in_memory();
    world.config.batch_entries_max = 100;
    let all = entries(0, 600);
    let (proofs, _) = world
        .run(|log| async move {
            let answers =
                futures::future::join_all(all.iter().map(|entry| log.submit(entry.clone()))).await;
            let mut proofs = 0;
            for answer in answers {
                let leaf = answer.expect("an answer");
                leaf.proof().expect("a proof that verifies");
                // Also against the newest tree, from the stored tiles.
                let newest = log.published();
                let proof = log.prove(&leaf.leaf, leaf.index, &newest).await;
                proof.expect("a proof that verifies");
                proofs += 1;
            }
            proofs
        })
        .await
        .expect("opens");
    assert_eq!(proofs, 600);
}

#[tokio::test(start_paused = true)]
async fn an_idle_log_shows_the_same_tree_again_at_a_long_interval() {
    let (mut world, store) = World::in_memory();
    world.config.republish_interval = Duration::from_mins(10);
    let all = entries(0, 5);
    let ((), ended) = world
        .run(|log| async move {
            log.submit(all[0].clone()).await.expect("an answer");
            let before = store.objects();
            let version = |store: &MemoryStore| store.version(&ObjectPath::checkpoint());
            let first = version(&store);
            tokio::time::sleep(Duration::from_mins(9)).await;
            assert_eq!(version(&store), first, "not yet");
            tokio::time::sleep(Duration::from_mins(2)).await;
            assert_ne!(version(&store), first, "written again");
            assert_eq!(store.objects(), before, "the same bytes");
            let after = log.submit(all[1].clone()).await.expect("an answer");
            assert_eq!(after.index.get(), 1);
            after.proof().expect("a proof");
        })
        .await
        .expect("opens");
    ended.expect("it shuts down cleanly");
    assert_eq!(world.verify().await.entries.len(), 2);
}
