//! How much of an index is written for what is indexed, when the log grows leaf by leaf and each
//! leaf has its own revision.

use fasti::lookup::Builder;
use fasti::lookup_spec::Run;
use fasti::store::MemoryStore;

use crate::live::{Live, latest, quick};

/// As in `src/docs/safety.md`: bytes for each posting in a run, and for everything else in a
/// revision.
const POSTING: u64 = 28;
const REVISION: u64 = 64 << 10;

/// The bytes stored below `lookup/`, except for the files that each revision replaces.
fn lying(store: &MemoryStore) -> u64 {
    let objects = store.objects();
    let parts = objects
        .iter()
        .filter(|(path, _)| path.as_str().starts_with("lookup/") && !is_replaced(path.as_str()));
    parts.map(|(_, bytes)| bytes.len() as u64).sum()
}

/// The bytes of the files that each revision replaces.
fn replaced(store: &MemoryStore) -> u64 {
    let objects = store.objects();
    let shown = objects.iter().filter(|(path, _)| is_replaced(path.as_str()));
    shown.map(|(_, bytes)| bytes.len() as u64).sum()
}

fn is_replaced(path: &str) -> bool {
    ["lookup/latest", "lookup/checkpoint"].contains(&path)
}

#[tokio::test]
async fn a_revision_writes_its_new_runs_and_little_else() {
    let mut live = Live::start().await;
    let mut builder = Builder::open(live.site(live.store.clone(), quick())).await.unwrap();
    let (mut before, mut runs): (u64, Vec<Run>) = (0, Vec::new());
    let (mut postings, mut bytes) = (0, 0);
    for count in (1..=300).chain((310..2600).step_by(230)) {
        live.grow(count).await;
        builder.advance(u64::MAX).await.unwrap();
        let manifest = latest(&*live.store).await.expect("an index");
        let new: u64 =
            manifest.runs.iter().filter(|run| !runs.contains(run)).map(|r| r.postings).sum();
        let now = lying(&live.store);
        let written = now - before + replaced(&live.store);
        let most = POSTING * new + REVISION;
        assert!(
            written <= most,
            "{written} bytes for {new} postings of {count} leaves, over {most}"
        );
        (before, runs) = (now, manifest.runs);
        (postings, bytes) = (postings + new, bytes + written);
    }
    println!("{bytes} bytes for {postings} postings");
}
