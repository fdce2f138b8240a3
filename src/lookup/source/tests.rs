//! Postings of logs of every shape, requested in every portion.

use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, entries};
use fasti_lookup_spec::LookupKey;
use tiles_spec::LeafIndex;

use super::*;

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

/// The postings of entries that are not Rekor entries: one key each.
fn expected(entries: &[Vec<u8>], from: u64, to: u64) -> Vec<Posting> {
    let of = |n: u64| {
        let leaf = tiles_spec::leaf_hash(&entries[usize::try_from(n).unwrap()]);
        Posting { key: LookupKey::leaf(&leaf), index: LeafIndex::new(n).unwrap() }
    };
    let mut postings: Vec<_> = (from..to).map(of).collect();
    postings.sort();
    postings
}

#[tokio::test]
async fn any_leaves_of_any_tree() {
    for count in [1, 255, 256, 257, 1000] {
        let all = entries(count);
        let mut view = View::open(MadeLog::of(&all).fetch(), &trust()).await.unwrap();
        let count = count as u64;
        for from in [0, 1, 255, 256, 257, 999, 1000].into_iter().filter(|from| *from <= count) {
            for to in [0, 1, 256, 257, 700, 1000, count].into_iter().filter(|to| *to <= count) {
                let found = postings(&mut view, size(from), size(to), usize::MAX).await.unwrap();
                let reached = size(to.max(from));
                assert_eq!(found, (expected(&all, from, to), reached), "{from} to {to} of {count}");
            }
        }
        let beyond = postings(&mut view, size(0), size(2048), usize::MAX).await.unwrap_err();
        assert!(matches!(beyond, ReadError::Proof(_)), "{beyond}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portion_ends_with_the_bundle_that_makes_it_enough() {
    let all = entries(2000);
    let mut view = View::open(MadeLog::of(&all).fetch(), &trust()).await.unwrap();
    for (from, to, most, end) in [
        (0, 2000, 0, 256),
        (0, 2000, 1, 256),
        (0, 2000, 256, 256),
        (0, 2000, 257, 512),
        (100, 2000, 156, 256),
        (100, 2000, 157, 512),
        (256, 2000, 1, 512),
        (0, 200, 1, 200),
        (1800, 2000, 1000, 2000),
        (1792, 2000, 1, 2000),
        (0, 2000, 1793, 2000),
    ] {
        let found = postings(&mut view, size(from), size(to), most).await.unwrap();
        assert_eq!(found, (expected(&all, from, end), size(end)), "{from} to {to}, {most}");
    }
}

#[tokio::test]
async fn nothing_of_a_damaged_bundle() {
    let mut log = MadeLog::of(&entries(600));
    *log.objects.get_mut("tile/entries/001").unwrap().last_mut().unwrap() ^= 1;
    let mut view = View::open(log.fetch(), &trust()).await.unwrap();
    assert!(postings(&mut view, size(0), size(256), usize::MAX).await.is_ok());
    let error = postings(&mut view, size(0), size(600), usize::MAX).await.unwrap_err();
    assert!(error.is_refusal() && error.to_string().contains("tile/entries/001"), "{error}");
}
