//! A copy of a log that stops at any write, and is continued.

use std::sync::Arc;

use fasti::client::fetch::Fetch;
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::mirror::{MirrorContext, MirrorError, mirror};
use fasti::store::{MemoryStore, Store, StoreError};

use crate::scene::{Scene, signing_key};
use fasti_kit::faulty::{FAULTS, Faulty};

fn context(log: &Arc<dyn Fetch>, objects: Arc<dyn Store>) -> MirrorContext {
    MirrorContext {
        log: log.clone(),
        trust: Trust::in_keys([signing_key().verifier_key().clone()]),
        objects,
        clock: Arc::new(SystemClock),
        index: true,
    }
}

async fn copy(context: &MirrorContext) -> Result<(), MirrorError> {
    mirror(context, |_| {}, &|_| {}).await.map(|_| ())
}

#[tokio::test]
async fn a_copy_that_stops_anywhere_is_continued() {
    let scene = Scene::of(700).await;
    let log = scene.view().await.fetch().clone();
    let straight = Arc::new(MemoryStore::default());
    let counting = Arc::new(Faulty::over(&straight, 0, FAULTS[0]));
    copy(&context(&log, counting.clone())).await.expect("copies");
    let writes = counting.writes();
    assert!(writes > 10, "{writes}");
    for fault in FAULTS {
        for n in 1..=writes {
            let inner = Arc::new(MemoryStore::default());
            let faulty = Arc::new(Faulty::over(&inner, n, fault));
            let stopped = faulty.run(copy(&context(&log, faulty.clone()))).await;
            // What is ambiguous is tried again, so not every fault ends a round.
            assert!(stopped.is_none_or(|ended| match ended {
                Ok(()) => true,
                Err(MirrorError::Store(StoreError::Ambiguous { .. })) => true,
                Err(error) => panic!("write {n}, {fault:?}: {error}"),
            }));
            // Whatever is published is whole: the checkpoint is the last but heads and index.
            let part = inner.objects();
            if part.keys().any(|path| path.as_str() == "checkpoint") {
                assert!(
                    straight
                        .objects()
                        .keys()
                        .filter(|it| it.as_str().starts_with("tile/"))
                        .all(|path| part.contains_key(path))
                );
            }
            copy(&context(&log, inner.clone())).await.expect("continues");
            assert!(inner.objects() == straight.objects(), "write {n}, {fault:?}");
        }
    }
}
