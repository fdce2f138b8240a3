//! The end of a log (I17): if a freeze is interrupted at any point, what was acknowledged stays,
//! nothing is accepted afterwards, and there is one last tree.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fasti::log::peers::Role;
use fasti::log::{Frozen, RecoverError, SubmitError, freeze};
use fasti::store::{DirectoryOptions, DirectoryStore, MemoryStore, ObjectPath, Stores};
use tiles_spec::TreeSize;

use crate::faulty::{Fault, FaultyStore};
use crate::harness::{World, entries};

/// Asserts that a writer on the frozen log accepts nothing, and that the log stays as it is.
async fn assert_is_over(world: &World) {
    let before = world.checkpoint_head().await;
    let all = entries(0, 1);
    let (answers, ended) = world
        .run(|log| async move {
            assert!(log.is_ready() && log.is_frozen());
            assert_eq!(log.status().role, Role::Frozen);
            [log.submit("new".into()).await, log.submit(all[0].clone()).await]
        })
        .await
        .expect("a frozen log is served");
    ended.expect("it shuts down cleanly");
    for answer in answers {
        assert_eq!(answer.err(), Some(SubmitError::Frozen));
    }
    assert_eq!(world.checkpoint_head().await, before);
}

async fn description(world: &World) -> String {
    let object = world.stores.objects.get(&ObjectPath::log_json()).await.expect("answers");
    String::from_utf8(object.expect("is there").bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn a_frozen_log_is_read_and_takes_nothing() {
    let (world, store) = World::in_memory();
    let all = entries(0, 300);
    world.submit(&all).await;
    let shown = store.objects()[&ObjectPath::checkpoint()].clone();
    let frozen = freeze(&world.context()).await.expect("is frozen");
    assert_eq!((frozen.head().size, frozen.already), (TreeSize::new(300).expect("small"), false));
    let objects = store.objects();
    assert_eq!(objects[&ObjectPath::checkpoint()], shown, "the last checkpoint stays as it is");
    assert!(description(&world).await.contains("\"treeSize\": 300"));
    assert_is_over(&world).await;
    let again = freeze(&world.context()).await.expect("is frozen still");
    assert_eq!((again.head(), again.already), (frozen.head(), true));
    assert_eq!(store.objects(), objects, "nothing is written any more");
    assert_eq!(world.verify().await.entries, all);
}

#[tokio::test]
async fn an_empty_log_can_be_frozen_too() {
    let (world, _) = World::in_memory();
    let frozen = freeze(&world.context()).await.expect("is frozen");
    assert_eq!(frozen.head().size, TreeSize::ZERO);
    assert_is_over(&world).await;
}

#[tokio::test]
async fn a_directory_is_frozen_durably() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || {
        let store = DirectoryStore::open(dir.path(), DirectoryOptions::default());
        World::on(Stores::of(Arc::new(store.expect("opens"))))
    };
    open().submit(&entries(0, 20)).await;
    assert!(!freeze(&open().context()).await.expect("is frozen").already);
    assert!(freeze(&open().context()).await.expect("is frozen").already);
    let world = open();
    assert_is_over(&world).await;
    let settled = world.stores.commits.settled().await.expect("answers");
    assert_eq!(settled, TreeSize::new(20), "no start has to write anything again");
}

#[tokio::test]
async fn another_key_freezes_nothing() {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, 5)).await;
    let before = store.objects();
    let key =
        tiles_spec::NoteSigningKey::from_seed("log.test/one".parse().expect("a name"), &[8; 32]);
    let origin = "log.test/one".parse().expect("an origin");
    let mut context = world.context();
    context.signer = Arc::new(fasti::signer::FileSigner::new(origin, key));
    let refused = freeze(&context).await.expect_err("the key is another's");
    assert!(matches!(refused, RecoverError::WrongKey { .. }), "{refused}");
    assert_eq!(store.objects(), before);
}

/// Freezes through `store`. Returns `None` if the process died.
async fn attempt(world: &World, store: Arc<FaultyStore>) -> Option<Result<Frozen, RecoverError>> {
    let world = World { stores: Stores::of(store), ..world.clone() };
    tokio::time::timeout(Duration::from_hours(1), freeze(&world.context())).await.ok()
}

/// A writer with three new entries dies at operation `died`; then one freeze meets a fault, and
/// another follows. Returns whether the fault was met.
async fn case(
    (grown, store): (&World, &MemoryStore),
    size: usize,
    died: usize,
    (n, fault): (usize, Fault),
) -> bool {
    let what = format!("{size}, died at {died}, {fault:?} at {n}");
    let store = Arc::new(store.snapshot());
    let mut world = grown.clone();
    world.index = grown.copied_index();
    let first = FaultyStore::over(store.clone());
    first.arm(died, Fault::CrashAfter);
    world.stores = Stores::of(first);
    let new = entries(size, size + 3);
    let acknowledged = crate::faults::attempt(&world, &new).await;

    let faulty = FaultyStore::over(store.clone());
    faulty.arm(n, fault);
    let tried = attempt(&world, faulty.clone()).await;
    let met = n <= faulty.operations.load(Ordering::SeqCst);
    if n.is_multiple_of(2) {
        faulty.land_late_writes();
    }
    world.stores = Stores::of(store);
    if let Some(Ok(frozen)) = &tried {
        assert_eq!(world.checkpoint_head().await, frozen.head(), "{what}: it is published");
    }
    let frozen = freeze(&world.context()).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    faulty.land_late_writes();
    assert_is_over(&world).await;
    if let Some(Ok(first)) = tried {
        assert_eq!(first.head(), frozen.head(), "{what}: there is one last tree");
        assert!(frozen.already, "{what}");
    }
    let published = world.verify().await;
    assert_eq!(published.head, frozen.head(), "{what}");
    for (entry, index) in acknowledged {
        assert_eq!(published.entries[index], entry, "{what}: acknowledged at {index}");
    }
    met
}

#[tokio::test(start_paused = true)]
async fn every_operation_of_a_freeze_fails_in_every_way() {
    let mut cases = 0;
    for size in [0, 254] {
        let (world, store) = World::in_memory();
        world.submit(&entries(0, size)).await;
        for died in [1, 5, 12, 16, 18, 20, 22, 24, 26, 99] {
            for fault in Fault::ALL {
                let mut n = 1;
                while case((&world, &store), size, died, (n, fault)).await {
                    n += 1;
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} faults met");
    assert!(cases > 1000, "{cases}");
}
