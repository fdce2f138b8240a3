//! Stores that are restored to an older state, or copied, while writers run: a writer that can tell
//! signs nothing outside the one history, and reports what it has seen (I18).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fasti::log::commit::CommitError;
use fasti::log::{LogError, PublishError, RecoverError, SeenBy, SubmitError};
use fasti::signer::{SignedMemory, SignedMemoryError};
use fasti::store::{CommitLog, Housekeeping, MemoryStore, ObjectPath, RecordNumber, Stores};

use crate::harness::{ORIGIN, World, entries, verifier_key};
use crate::writers::{Network, Writer};

fn shared() -> (World, Arc<MemoryStore>, Network) {
    let store = Arc::new(MemoryStore::default());
    (World::on(Stores::shared(store.clone())), store, Network::default())
}

/// Restores a backup as a restore of a bucket does: under new versions.
async fn put_back(store: &MemoryStore, backup: &MemoryStore) {
    store.objects().keys().for_each(|path| store.remove(path));
    backup.objects().into_iter().for_each(|(path, bytes)| store.overwrite(&path, bytes));
    for number in records(store).await {
        store.remove_record(number);
    }
    for number in records(backup).await {
        let bytes = backup.read(number).await.expect("answers").expect("is there");
        CommitLog::create(store, number, bytes).await.expect("creates");
    }
}

async fn records(store: &MemoryStore) -> Vec<RecordNumber> {
    let paths = store.list("_writer/commit/", None, usize::MAX).await.expect("a list");
    paths.iter().filter_map(ObjectPath::record_number).collect()
}

fn remembered(path: &Path) -> u64 {
    let memory = SignedMemory::at(path.to_owned());
    let newest = memory.newest(ORIGIN, &verifier_key()).expect("it can be read");
    newest.map_or(0, |head| head.size.get())
}

/// Why a writer stopped by itself.
async fn refusal(writer: Writer) -> LogError {
    let ended = tokio::time::timeout(Duration::from_mins(2), writer.running).await;
    ended.expect("it ends by itself").expect("no panic").expect_err("it refuses")
}

/// Lets followers learn of everything.
async fn hear() {
    tokio::time::sleep(Duration::from_secs(12)).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_does_not_take_over_a_store_that_ends_before_what_it_has_verified() {
    let (world, store, network) = shared();
    let first = Writer::start(&world, &network, "a").await;
    let second = Writer::start(&world, &network, "b").await;
    first.submit(&entries(0, 4)).await;
    let backup = store.snapshot();
    first.submit(&entries(4, 9)).await;
    hear().await;
    first.kill();
    put_back(&store, &backup).await;
    let log = second.log.clone();
    let submitted = tokio::spawn(async move { log.submit("another entry".into()).await });
    let error = refusal(second).await;
    let LogError::Recover(RecoverError::RolledBack { seen_by, seen, committed }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!((seen.get(), committed.get()), (9, 4));
    assert_eq!(*seen_by, SeenBy::Peer("a".to_owned()));
    let answer = submitted.await.expect("no panic").expect_err("it is not taken");
    assert!(matches!(answer, SubmitError::Halted(_)), "{answer}");
    assert_eq!(world.checkpoint_head().await.size.get(), 4, "nothing was published");
}

#[tokio::test(start_paused = true)]
async fn what_a_follower_has_verified_is_remembered_by_its_machine() {
    let dir = tempfile::tempdir().expect("a directory");
    let (world, store, network) = shared();
    let path = dir.path().join("b");
    let on_machine_b = World { memory: Some(SignedMemory::at(path.clone())), ..world.clone() };
    let first = Writer::start(&world, &network, "a").await;
    let second = Writer::start(&on_machine_b, &network, "b").await;
    first.submit(&entries(0, 4)).await;
    let backup = store.snapshot();
    first.submit(&entries(4, 9)).await;
    hear().await;
    assert_eq!(remembered(&path), 9);
    first.kill();
    second.kill();
    put_back(&store, &backup).await;
    // It never led, and starts on its own.
    let restarted = World { memory: Some(SignedMemory::at(path.clone())), ..world.clone() };
    let refused = restarted.run(|_| async {}).await.expect_err("the start is refused");
    let RecoverError::RolledBack { seen_by, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*seen_by, SeenBy::Memory(path.display().to_string()));
    let text = refused.to_string();
    for words in [path.to_str().expect("text"), "size 9", "size 4", "Restore the newest copy"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    // A machine without memory cannot tell: this is what the memory is for.
    world.submit(&entries(100, 102)).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_notices_that_its_leader_writes_another_history() {
    let (world, store, network) = shared();
    let first = Writer::start(&world, &network, "a").await;
    let second = Writer::start(&world, &network, "b").await;
    first.submit(&entries(0, 4)).await;
    let backup = store.snapshot();
    first.submit(&entries(4, 9)).await;
    hear().await;
    first.kill();
    put_back(&store, &backup).await;
    // A new machine is faster.
    let third = Writer::start(&world, &network, "c").await;
    third.submit(&entries(100, 108)).await;
    let error = refusal(second).await;
    let LogError::Recover(RecoverError::Forked { size, .. }) = &error else { panic!("{error:?}") };
    assert_eq!(size.get(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_leader_under_which_the_store_is_put_back_publishes_nothing_more() {
    let (world, store, network) = shared();
    let leader = Writer::start(&world, &network, "a").await;
    leader.submit(&entries(0, 4)).await;
    let backup = store.snapshot();
    leader.submit(&entries(4, 9)).await;
    put_back(&store, &backup).await;
    let log = leader.log.clone();
    let submitted = tokio::spawn(async move { log.submit("another entry".into()).await });
    let error = refusal(leader).await;
    assert!(matches!(error, LogError::Commit(CommitError::Gone { .. })), "{error:?}");
    submitted.await.expect("no panic").expect_err("it is not acknowledged");
    assert_eq!(world.checkpoint_head().await.size.get(), 4, "nothing was published");
    // Its record is behind a gap, so that no writer continues from here unknowingly.
    let refused = world.run(|_| async {}).await.expect_err("the start is refused");
    assert!(matches!(refused, RecoverError::Gap { .. }), "{refused}");
}

/// A log of four entries and a copy of it, each with a writer; the writers share their memory.
struct Twins {
    dir: tempfile::TempDir,
    original: World,
    copy: World,
}

impl Twins {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let memory = || Some(SignedMemory::at(dir.path().join("log")));
        let (world, store) = World::in_memory();
        let original = World { memory: memory(), ..world };
        original.submit(&entries(0, 4)).await;
        let copy = Stores::of(Arc::new(store.snapshot()));
        let copy = World {
            memory: memory(),
            index: original.copied_index(),
            stores: copy,
            ..original.clone()
        };
        Self { dir, original, copy }
    }

    fn path(&self) -> String {
        self.dir.path().join("log").display().to_string()
    }

    /// Runs both: the original accepts this many entries, and then the copy does. The second is
    /// refused.
    async fn race(&self, first: usize, second: usize) -> LogError {
        let ran = self.copy.run(|log| async move {
            self.original.submit(&entries(10, 10 + first)).await;
            let entries = entries(100, 100 + second);
            let answers = entries.into_iter().map(|entry| log.submit(entry));
            futures::future::join_all(answers).await
        });
        let (answers, ended) = Box::pin(ran).await.expect("it opens");
        assert!(answers.iter().all(Result::is_err), "nothing is acknowledged");
        let shown = self.copy.checkpoint_head().await;
        assert_eq!(shown.size.get(), 4, "nothing is published");
        ended.expect_err("it stops")
    }
}

#[tokio::test]
async fn of_two_stores_with_one_key_one_is_refused_before_anybody_sees_its_signature() {
    for (first, second, is_known) in [(1, 1, true), (1, 3, true), (3, 1, false)] {
        let twins = Twins::new().await;
        let error = Box::pin(twins.race(first, second)).await;
        let LogError::Publish(PublishError::Memory(refused)) = &error else { panic!("{error:?}") };
        let is_fork = matches!(refused, SignedMemoryError::Forked { .. });
        let is_behind = matches!(refused, SignedMemoryError::Behind { .. });
        assert_eq!((is_fork, is_behind), (is_known, !is_known), "{refused}");
        let text = refused.to_string();
        let sizes = [format!("size {}", 4 + first), format!("size {}", 4 + second)];
        for words in [&twins.path(), &sizes[0], &sizes[1], &"Nothing was signed".to_lowercase()] {
            let has = text.to_lowercase().contains(&words.to_lowercase());
            assert!(has, "{words:?} is not in {text}");
        }
        // The original continues, and the copy does not start again.
        twins.original.submit(&entries(50, 60)).await;
        let refused = twins.copy.run(|_| async {}).await.expect_err("the start is refused");
        assert!(matches!(refused, RecoverError::RolledBack { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_crash_between_memory_and_checkpoint_is_recovered_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let (world, store) = World::in_memory();
    let memory = || Some(SignedMemory::at(dir.path().join("log")));
    let world = World { memory: memory(), ..world };
    world.submit(&entries(0, 4)).await;
    let shown = store.objects().remove(&ObjectPath::checkpoint()).expect("is there");
    world.submit(&entries(4, 9)).await;
    store.overwrite(&ObjectPath::checkpoint(), shown);
    assert_eq!(world.checkpoint_head().await.size.get(), 4);
    let again = World { memory: memory(), ..world.clone() };
    again.run(|_| async {}).await.expect("it opens").1.expect("it shuts down cleanly");
    assert_eq!(again.checkpoint_head().await.size.get(), 9);
}

/// A torn or lost file is no memory. After the next start there is one again.
#[tokio::test]
async fn a_start_remembers_what_it_has_verified() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let (mut world, _) = World::in_memory();
    world.submit(&entries(0, 4)).await;
    for torn in [None, Some(&b"log.test/one\n4\n"[..])] {
        if let Some(torn) = torn {
            std::fs::write(&path, torn).expect("written");
        }
        world.memory = Some(SignedMemory::at(path.clone()));
        world.run(|_| async {}).await.expect("it opens").1.expect("it shuts down cleanly");
        assert_eq!(remembered(&path), 4);
    }
}

/// The remembered tree may be much older than the remaining records: then the tiles prove it.
#[tokio::test]
async fn an_old_memory_is_compared_with_the_tiles() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("log");
    let (world, _, network) = shared();
    let (other, _) = World::in_memory();
    for (size, world, first) in [
        (3, &world, 0),
        (256, &world, 0),
        (300, &world, 0),
        (3, &other, 5_000),
        (256, &other, 5_000),
    ] {
        let fresh = World::on(world.stores.clone());
        let now = usize::try_from(fresh.checkpoint_head().await.size.get()).expect("small");
        let with_memory = World { memory: Some(SignedMemory::at(dir.path().join("w"))), ..fresh };
        drop(std::fs::remove_file(dir.path().join("w")));
        with_memory.submit(&entries(first + now, first + size)).await;
        let kept = dir.path().join(format!("{first}-{size}"));
        std::fs::copy(dir.path().join("w"), kept).expect("copied");
    }
    // Records are trimmed as the log grows, term after term.
    for n in 0..5 {
        let writer = Writer::start(&world, &network, "a").await;
        writer.submit(&entries(1000 + n * 100, 1100 + n * 100)).await;
        writer.stop().await;
    }
    for (name, is_ours) in
        [("0-3", true), ("0-256", true), ("0-300", true), ("5000-3", false), ("5000-256", false)]
    {
        std::fs::copy(dir.path().join(name), &path).expect("copied");
        let world = World { memory: Some(SignedMemory::at(path.clone())), ..world.clone() };
        match world.run(|_| async {}).await {
            Ok(((), ended)) => {
                ended.expect("it shuts down cleanly");
                assert!(is_ours, "{name} is of another history");
                assert_eq!(remembered(&path), 800, "{name}");
            }
            Err(RecoverError::Forked { seen_by: SeenBy::Memory(_), .. }) => assert!(!is_ours),
            Err(other) => panic!("{name}: {other}"),
        }
    }
}
