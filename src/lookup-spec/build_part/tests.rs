//! Parts built, read back and searched, compared with the postings they are made of.

use std::collections::BTreeMap;
use std::ops::Range;

use tiles_spec::size::{LeafIndex, TreeSize};

use super::*;
use crate::{Found, LookupError, Probe, Run, read_part, read_postings, slice_bits};

const ALL: fn() -> KeySlice = || KeySlice::new(0, 0).unwrap();

fn range(start: u64, end: u64) -> LeafRange {
    LeafRange::new(TreeSize::new(start).unwrap(), TreeSize::new(end).unwrap()).unwrap()
}

fn leaf(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}

/// A key that is spread like a hash.
fn key(n: u64) -> LookupKey {
    LookupKey::digest(&n.to_be_bytes())
}

fn sorted(mut postings: Vec<Posting>) -> Vec<Posting> {
    postings.sort_unstable();
    postings.dedup();
    postings
}

/// Looks up a key in a run of one part, as a client does. Also returns how many pages it took.
fn ask(run: &Run, bytes: &[u8], key: LookupKey) -> Result<(Vec<LeafIndex>, usize), LookupError> {
    let slot = |range: Range<u64>| {
        &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
    };
    let mut probe = Probe::new(key, run);
    for pages in 1.. {
        let part = probe.part().1.clone();
        let Some(found) = probe.take(slot(part.slot(probe.wants())))? else { continue };
        let leaves = match found {
            Found::Absent => Vec::new(),
            Found::Listed(leaves) => leaves,
            Found::Paged(list) => {
                let all = list.pages.clone();
                let leaves =
                    read_postings(&key, run, &list, all.clone(), slot(part.slots(all.clone())))?;
                let last = all.end - 1..all.end;
                let newest = read_postings(&key, run, &list, last.clone(), slot(part.slots(last)))?;
                assert!(leaves.ends_with(&newest));
                leaves
            }
        };
        return Ok((leaves, pages));
    }
    unreachable!()
}

/// Builds a part, reads it back, and looks up every key and some absent ones. Returns the most
/// pages that a lookup took.
fn check(range: LeafRange, postings: &[Posting], absent: &[LookupKey]) -> usize {
    assert_eq!(slice_bits(postings.len() as u64), 0);
    let BuiltPart { part, bytes } = build_part(range, ALL(), postings);
    assert_eq!(part.bytes(), bytes.len() as u64);
    assert_eq!(read_part(range, ALL(), &part, &bytes).as_deref(), Ok(postings));
    let run = Run { range, postings: postings.len() as u64, parts: vec![part] };
    let mut lists = BTreeMap::<LookupKey, Vec<LeafIndex>>::new();
    for posting in postings {
        lists.entry(posting.key).or_default().push(posting.index);
    }
    for key in absent {
        lists.entry(*key).or_default();
    }
    let asked = lists.iter().map(|(key, leaves)| {
        let (found, pages) = ask(&run, &bytes, *key).unwrap();
        assert_eq!(found, *leaves, "{key}");
        pages
    });
    asked.max().unwrap_or_default()
}

#[test]
fn keys_once_and_often() {
    let absent: Vec<_> = (1 << 32..(1 << 32) + 2000).map(key).collect();
    for count in [1, 2, 50, 200, 255, 256, 5000] {
        let once = (0..count).flat_map(|n| (0..3).map(move |k| (n * 3 + k, n)));
        let often = (0..count).map(|n| (u64::MAX, n));
        let some = (0..count).filter(|n| n % 7 == 0).map(|n| (u64::MAX - 1, n));
        let all = once.chain(often).chain(some);
        let base = 1_000_000;
        let postings = all.map(|(k, n)| Posting { key: key(k), index: leaf(base + n) }).collect();
        let most = check(range(base, base + count), &sorted(postings), &absent);
        assert!(most <= 2, "{most} pages of a part of {count} leaves");
    }
}

#[test]
fn a_part_without_postings() {
    assert_eq!(check(range(7, 8), &[], &[key(1), key(2)]), 1);
    let BuiltPart { part, bytes } = build_part(range(7, 8), ALL(), &[]);
    assert_eq!((part.pages, bytes.len()), (1, PAGE_BYTES));
}

#[test]
fn keys_that_crowd_one_place_are_found() {
    // With the same first eight bytes, all keys have the same home page.
    let crowded = |n: u64| {
        let mut bytes = [0x77; 16];
        bytes[8..].copy_from_slice(&n.to_be_bytes());
        LookupKey::from(bytes)
    };
    let many = (0..20_000).map(|n| Posting { key: crowded(2 * n), index: leaf(n) });
    let others = (0..5_000).map(|n| Posting { key: key(n), index: leaf(n) });
    let absent: Vec<_> = (0..20_000).map(|n| crowded(2 * n + 1)).collect();
    let most = check(range(0, 20_000), &sorted(many.chain(others).collect()), &absent);
    assert!(most <= 20, "{most} pages");
}

#[test]
fn the_first_and_the_last_key_of_all() {
    let ends = [LookupKey::from([0; 16]), LookupKey::from([0xff; 16])];
    let postings = |which: &[LookupKey]| {
        which.iter().map(|key| Posting { key: *key, index: leaf(0) }).collect::<Vec<_>>()
    };
    for present in [&ends[..], &ends[..1], &ends[1..], &[]] {
        check(range(0, 1), &postings(present), &[ends[0], ends[1], key(1)]);
    }
}

#[test]
fn slices_are_parts_of_their_own() {
    let postings: Vec<_> = (0..3000).map(|n| Posting { key: key(n), index: leaf(n) }).collect();
    let postings = sorted(postings);
    for slice in (0..8).map(|index| KeySlice::new(3, index).unwrap()) {
        let of: Vec<_> = postings.iter().filter(|p| slice.contains(&p.key)).copied().collect();
        let BuiltPart { part, bytes } = build_part(range(0, 3000), slice, &of);
        assert_eq!(read_part(range(0, 3000), slice, &part, &bytes), Ok(of));
        let other = KeySlice::new(3, (slice.index() + 1) % 8).unwrap();
        let mistaken = read_part(range(0, 3000), other, &part, &bytes);
        assert!(matches!(mistaken, Err(LookupError::Malformed { .. })), "{mistaken:?}");
    }
}

#[test]
fn no_flipped_bit_is_believed() {
    let long = (0..3000).map(|n| Posting { key: key(u64::MAX), index: leaf(n) });
    let once = (0..300).map(|n| Posting { key: key(n), index: leaf(n) });
    let postings = sorted(long.chain(once).collect());
    let BuiltPart { part, bytes } = build_part(range(0, 3000), ALL(), &postings);
    let run =
        Run { range: range(0, 3000), postings: postings.len() as u64, parts: vec![part.clone()] };
    for at in (0..bytes.len()).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(read_part(range(0, 3000), ALL(), &part, &flipped).is_err(), "byte {at}");
        for (asked, leaves) in [(7, vec![leaf(7)]), (1 << 40, Vec::new())] {
            match ask(&run, &flipped, key(asked)) {
                Ok((found, _)) => assert_eq!(found, leaves),
                Err(LookupError::Root { .. } | LookupError::Proof { .. }) => {}
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
    for cut in [0, 1, PAGE_BYTES, bytes.len() - 1] {
        let error = read_part(range(0, 3000), ALL(), &part, &bytes[..cut]).unwrap_err();
        assert!(matches!(error, LookupError::Length { .. }), "{error}");
    }
}

#[test]
fn pages_in_the_place_of_others_are_refused() {
    let postings = sorted((0..2000).map(|n| Posting { key: key(n), index: leaf(n) }).collect());
    let BuiltPart { part, bytes } = build_part(range(0, 2000), ALL(), &postings);
    let run = Run { range: range(0, 2000), postings: 2000, parts: vec![part] };
    let part = &run.parts[0];
    for other in 0..part.pages {
        let mut probe = Probe::new(key(5), &run);
        let slot = part.slot(other);
        let slot = &bytes[usize::try_from(slot.start).unwrap()..usize::try_from(slot.end).unwrap()];
        assert_eq!(probe.take(slot).is_ok(), other == probe.wants(), "page {other}");
    }
}

#[test]
fn about_twenty_five_bytes_a_posting() {
    let postings = (0..200_000).map(|n| Posting { key: key(n), index: leaf(n / 3) }).collect();
    let BuiltPart { part, bytes } = build_part(range(0, 66_667), ALL(), &sorted(postings));
    let each = bytes.len() / 200_000;
    assert!(each <= 26, "{each} bytes a posting on {} pages", part.pages);
}
