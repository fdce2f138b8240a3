//! Trees of many sizes, reached in many ways.

use fasti::store::{MemoryStore, ObjectPath};
use tiles_spec::TreeSize;

use crate::brute;
use crate::grow::Index;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_follows_a_log_is_what_brute_force_makes() {
    let scene = Scene::of(5000).await;
    let mut view = scene.view().await;
    let last = view.head().size.get();
    assert_eq!(last, scene.entries.len() as u64);
    let all = brute::postings(&scene.entries);
    for step in [1, 97, 256, 700, 2048, 5000] {
        // Steps of one leaf are many; the first hundreds are enough.
        let end = if step == 1 { 600 } else { last };
        let sizes = (1..=end).filter(|size| size % step == 0 || *size == end);
        let (store, mut index) = (MemoryStore::default(), Index::default());
        for size in sizes.map(|size| TreeSize::new(size).unwrap()) {
            index.grow(&store, &mut view, size).await.unwrap();
            let (runs, expected) = brute::index(&all, size);
            assert_eq!(index.runs, runs);
            let objects = store.objects();
            for (path, bytes) in expected {
                let path = ObjectPath::new(path).unwrap();
                assert!(objects[&path] == bytes, "{path} at {size} by {step}");
            }
        }
        let fresh = all.iter().filter(|posting| posting.index.get() < end).count() as u64;
        assert_eq!(index.written.postings - index.written.postings_read, fresh);
    }
}
