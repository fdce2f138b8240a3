//! Runs built in every order, checked against their postings; and invalid inputs.

use bytes::Bytes;
use fasti_lookup_spec::{LookupKey, ManifestError, read_part};
use fasti_store::{MemoryStore, ObjectPath};
use proptest::prelude::*;
use tiles_spec::LeafIndex;

use super::*;

fn range(start: u64, end: u64) -> LeafRange {
    LeafRange::new(TreeSize::new(start).unwrap(), TreeSize::new(end).unwrap()).unwrap()
}

/// A key that is distributed like a hash.
fn key(n: u64) -> LookupKey {
    LookupKey::digest(&n.to_be_bytes())
}

/// The postings of leaves: one unique key each, one that all share, and some that a few share.
fn postings(leaves: LeafRange) -> Vec<Posting> {
    let mut postings = Vec::new();
    for leaf in leaves.start().get()..leaves.end().get() {
        let shared = (leaf % 3 > 0).then_some((1 << 50) + leaf % 17);
        for n in [Some(leaf), Some(1 << 40), shared].into_iter().flatten() {
            postings.push(Posting { key: key(n), index: LeafIndex::new(leaf).unwrap() });
        }
    }
    postings.sort();
    postings
}

fn path(range: LeafRange, part: u32) -> ObjectPath {
    LookupPath::Part { range, part }.into()
}

/// The parts that a run must have, by definition.
fn expect_run(store: &MemoryStore, run: &Run, range: LeafRange, postings: &[Posting]) {
    let objects = store.objects();
    assert_eq!((run.range, run.postings), (range, postings.len() as u64));
    let bits = slice_bits(run.postings);
    assert_eq!(run.parts.len(), 1 << bits);
    for (number, part) in (0..).zip(&run.parts) {
        let slice = KeySlice::new(bits, number).unwrap();
        let of: Vec<_> = postings.iter().filter(|p| slice.contains(&p.key)).copied().collect();
        let expected = build_part(range, slice, &of);
        assert_eq!(*part, expected.part);
        assert!(objects[&path(range, number)] == expected.bytes, "part {number}");
        assert_eq!(read_part(range, slice, part, &expected.bytes), Ok(of));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Leaves come in portions; each is merged with some of the earlier runs, as they were built.
    #[test]
    fn however_it_was_merged(
        start in 0..1000u64,
        portions in prop::collection::vec((1..200u64, 0..5usize), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = MemoryStore::default();
            let (mut runs, mut end): (Vec<Run>, u64) = (Vec::new(), start);
            let mut written = Written::default();
            for (leaves, merged) in portions {
                let stored = runs.split_off(runs.len().saturating_sub(merged));
                let from = stored.first().map_or(end, |run| run.range.start().get());
                let fresh = postings(range(end, end + leaves));
                end += leaves;
                let made = build_run(&store, range(from, end), &stored, fresh).await.unwrap();
                expect_run(&store, &made.0, range(from, end), &postings(range(from, end)));
                runs.push(made.0);
                written += made.1;
            }
            let whole = range(start, end);
            let (run, last) = build_run(&store, whole, &runs, Vec::new()).await.unwrap();
            expect_run(&store, &run, whole, &postings(whole));
            written += last;

            // Built from scratch, it is the same.
            let fresh = MemoryStore::default();
            let anew = build_run(&fresh, whole, &[], postings(whole)).await.unwrap();
            assert_eq!(anew.0, run);
            assert_eq!(fresh.objects()[&path(whole, 0)], store.objects()[&path(whole, 0)]);
            assert_eq!((last.postings, last.parts_read), (last.postings_read, runs.len() as u64));
            assert!(written.postings - written.postings_read == last.postings, "{written:?}");
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_postings_are_cut_into_parts() {
    // Half of them in one slice of four, unlike any hash.
    let crowd = |n: u64| {
        let mut bytes = *key(n).as_bytes();
        bytes[0] = if n.is_multiple_of(2) { 0x90 } else { bytes[0] };
        LookupKey::from(bytes)
    };
    let of = |leaves: std::ops::Range<u64>| {
        let of = |n: u64| Posting { key: crowd(n), index: LeafIndex::new(n).unwrap() };
        let mut postings: Vec<_> = leaves.map(of).collect();
        postings.sort_unstable();
        postings
    };
    let store = MemoryStore::default();
    let all = (1 << 19) + 2;
    let cuts = [0, 10, 300_000, 300_001, all];
    let mut runs = Vec::new();
    for cut in cuts.windows(2) {
        let leaves = range(cut[0], cut[1]);
        runs.push(build_run(&store, leaves, &[], of(cut[0]..cut[1])).await.unwrap().0);
    }
    let parts: Vec<_> = runs.iter().map(|run| run.parts.len()).collect();
    assert_eq!(parts, [1, 2, 1, 1]);
    runs.truncate(2);
    let (run, written) = build_run(&store, range(0, all), &runs, of(300_000..all)).await.unwrap();
    expect_run(&store, &run, range(0, all), &of(0..all));
    assert_eq!((written.parts, written.postings), (4, all));
    assert_eq!((written.parts_read, written.postings_read), (3, 300_000));
    assert_eq!(written.bytes, run.parts.iter().map(Part::bytes).sum::<u64>());
}

/// Two stored runs, and the postings that follow.
async fn scene() -> (MemoryStore, Vec<Run>, Vec<Posting>) {
    let store = MemoryStore::default();
    let mut runs = Vec::new();
    for leaves in [range(0, 300), range(300, 500)] {
        runs.push(build_run(&store, leaves, &[], postings(leaves)).await.unwrap().0);
    }
    (store, runs, postings(range(500, 520)))
}

#[tokio::test]
async fn what_is_there_already_is_left() {
    let (store, runs, fresh) = scene().await;
    let first = build_run(&store, range(0, 520), &runs, fresh.clone()).await.unwrap();
    let version = store.version(&path(range(0, 520), 0));
    let second = build_run(&store, range(0, 520), &runs, fresh).await.unwrap();
    assert_eq!(first, second);
    assert!(version.is_some() && version == store.version(&path(range(0, 520), 0)));
}

#[tokio::test]
async fn other_bytes_in_the_place_of_a_part_stay() {
    let (store, runs, fresh) = scene().await;
    store.overwrite(&path(range(0, 520), 0), Bytes::from_static(b"another index"));
    let error = build_run(&store, range(0, 520), &runs, fresh).await.unwrap_err();
    assert!(matches!(error, BuildError::Store(StoreError::Conflict { .. })), "{error}");
    assert_eq!(store.objects()[&path(range(0, 520), 0)], "another index");
}

#[tokio::test]
async fn only_the_leaves_of_the_range_each_once() {
    let (store, runs, fresh) = scene().await;
    let without = |leaf: u64| -> Vec<_> {
        fresh.iter().filter(|posting| posting.index.get() != leaf).copied().collect()
    };
    let mut unsorted = fresh.clone();
    unsorted.swap(3, 4);
    let mut twice = fresh.clone();
    twice.insert(3, fresh[3]);
    let more = postings(range(500, 521));
    let less = postings(range(499, 520));
    for (range, stored, fresh, expected) in [
        (range(0, 520), &runs[..1], fresh.clone(), "fewer than"),
        (range(0, 520), &runs[1..], fresh.clone(), "does not continue them at 0"),
        (range(300, 520), &runs[..], fresh.clone(), "does not continue them at 300"),
        (range(0, 499), &runs[..], fresh.clone(), "does not continue them at 300"),
        (range(0, 500), &runs[..], fresh.clone(), "leaf 5"),
        (range(0, 521), &runs[..], fresh.clone(), "leaf 520 has none"),
        (range(0, 520), &runs[..], Vec::new(), "0 new ones are fewer than 20 leaves"),
        (range(0, 520), &runs[..], without(507), "leaf 507 has none"),
        (range(0, 520), &runs[..], unsorted, "out of order"),
        (range(0, 520), &runs[..], twice, "out of order"),
        (range(0, 520), &runs[..], more, "leaf 520 is not one of them"),
        (range(0, 520), &runs[..], less, "leaf 499 is not one of them"),
        (range(0, u64::MAX >> 1), &[], fresh.clone(), "fewer than"),
    ] {
        let before = store.objects();
        let error = build_run(&store, range, stored, fresh).await.unwrap_err();
        assert!(matches!(error, BuildError::Leaves { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(store.objects(), before);
    }
    let [first, second] = &runs[..] else { panic!("there are two") };
    let swapped = [second.clone(), first.clone()];
    assert!(build_run(&store, range(0, 520), &swapped, fresh.clone()).await.is_err());
    let mut miscounted = runs.clone();
    miscounted[0].postings += 1;
    let error = build_run(&store, range(0, 520), &miscounted, fresh).await.unwrap_err();
    assert!(matches!(error, BuildError::Run(ManifestError::Counts { .. })), "{error}");
}

#[tokio::test]
async fn nothing_is_made_of_damaged_parts() {
    let (store, runs, fresh) = scene().await;
    let damaged = path(range(300, 500), 0);
    let whole = store.objects()[&damaged].clone();
    let name = damaged.to_string();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << (at % 8);
        store.overwrite(&damaged, bytes.into());
        let error = build_run(&store, range(0, 520), &runs, fresh.clone()).await.unwrap_err();
        assert!(matches!(error, BuildError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    store.overwrite(&damaged, whole.slice(..whole.len() - 1));
    let error = build_run(&store, range(0, 520), &runs, fresh.clone()).await.unwrap_err();
    assert!(matches!(error, BuildError::Store(StoreError::Corrupt { .. })), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    store.remove(&damaged);
    let error = build_run(&store, range(0, 520), &runs, fresh).await.unwrap_err();
    assert!(matches!(error, BuildError::Missing { .. }), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    assert_eq!(store.objects().len(), 1);
}

/// A builder runs alongside others, on any thread.
#[expect(dead_code, reason = "compiled, not run")]
fn a_build_may_change_threads(
    objects: &dyn Store,
    range: LeafRange,
    view: &mut fasti_client::reader::View,
) {
    fn may<T: Send>(_: T) {}
    may(build_run(objects, range, &[], Vec::new()));
    may(crate::source::postings(view, range.start(), range.end(), 1));
}
