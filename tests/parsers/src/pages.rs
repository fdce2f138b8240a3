//! Parts of the lookup index: postings become pages, and pages are read and searched.
//!
//! A page is only read if it has the root in the manifest, so the check makes that root itself: an
//! index can be wrong.

use std::collections::BTreeMap;

use fasti::lookup_spec::page::DirectoryPage;
use fasti::lookup_spec::{
    Found, KeySlice, LeafRange, LookupError, LookupKey, PAGE_BYTES, Part, Posting, Probe, Run,
    build_part, read_part, read_postings,
};
use tiles_spec::tree::root_of;
use tiles_spec::{LeafIndex, TreeSize, leaf_hash};

use crate::Seeds;

/// The longest list and the most pages that are tried; bounds the time of a check.
const LEAVES_MAX: u64 = 1 << 40;
const PAGES_MAX: usize = 4;

/// See the crate. The first byte chooses between pages and postings.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => page(rest),
        Some((1, rest)) => part(rest),
        Some((_, rest)) => postings(rest),
        None => {}
    }
}

fn whole() -> KeySlice {
    KeySlice::new(0, 0).expect("the whole key space")
}

fn range(start: u64, length: u64) -> LeafRange {
    let start = start % LEAVES_MAX;
    let size = |n| TreeSize::new(n).expect("it is below 2^63");
    LeafRange::new(size(start), size(start + 1 + length % LEAVES_MAX)).expect("it is not empty")
}

/// A page, filled up with zeros.
fn filled(bytes: &[u8]) -> [u8; PAGE_BYTES] {
    let mut page = [0; PAGE_BYTES];
    let length = bytes.len().min(PAGE_BYTES);
    page[..length].copy_from_slice(&bytes[..length]);
    page
}

fn numbers<const N: usize>(data: &[u8]) -> Option<([u64; N], &[u8])> {
    let (head, rest) = data.split_at_checked(8 * N)?;
    let (chunks, _) = head.as_chunks::<8>();
    Some((std::array::from_fn(|at| u64::from_be_bytes(chunks[at])), rest))
}

/// Two numbers for the range, and a page.
fn page(data: &[u8]) {
    let Some(([start, length], bytes)) = numbers(data) else { return };
    let range = range(start, length);
    let Ok(page) = DirectoryPage::decode(&filled(bytes), &range) else { return };
    let keys: Vec<_> = page.records.iter().map(|record| record.key).collect();
    let all = page.before.iter().chain(&keys).chain(&page.after);
    assert!(all.is_sorted_by(|a, b| a < b));
    for record in &page.records {
        if let fasti::lookup_spec::page::List::Here(leaves) = &record.list {
            assert!(!leaves.is_empty() && leaves.is_sorted_by(|a, b| a < b));
            assert!(leaves.iter().all(|leaf| range.contains(*leaf)));
        }
    }
}

/// Counts, and the pages of a part that says so of itself.
fn part(data: &[u8]) {
    let Some(([start, length, postings, records], rest)) = numbers(data) else { return };
    let Some((&[homes, directory, pages], rest)) = rest.split_first_chunk() else { return };
    let pages = usize::from(pages) % PAGES_MAX + 1;
    let contents: Vec<_> =
        (0..pages).map(|at| filled(rest.chunks(PAGE_BYTES).nth(at).unwrap_or_default())).collect();
    let range = range(start, length);
    let leaves: Vec<_> = contents.iter().map(|page| leaf_hash(page)).collect();
    let part = Part {
        postings,
        records,
        homes: homes.into(),
        directory: directory.into(),
        pages: u32::try_from(pages).expect("they are few"),
        root: root_of(&leaves),
    };
    let mut bytes = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        bytes.extend_from_slice(content);
        let end = (at + 1) * part.slot_bytes();
        for hash in proof(&leaves, at) {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes.resize(end, 0);
    }
    let read = read_part(range, whole(), &part, &bytes);
    let Ok(run) = Run::new(range, postings, vec![part.clone()]) else { return };
    if let Ok(read) = &read {
        assert!(read.is_sorted_by(|a, b| a < b));
        assert!(read.iter().all(|posting| range.contains(posting.index)));
        assert_eq!(read.len() as u64, postings);
    }
    let mut keys: Vec<LookupKey> = (0..4u64).map(|n| LookupKey::digest(&n.to_be_bytes())).collect();
    keys.extend(read.iter().flatten().map(|posting| posting.key).take(64));
    for key in keys {
        let found = ask(&run, &bytes, key);
        // Whoever reads the whole part and finds no fault has read what everybody else finds.
        if let Ok(read) = &read {
            let listed = read.iter().filter(|posting| posting.key == key);
            let listed: Vec<_> = listed.map(|posting| posting.index).collect();
            assert_eq!(found, Ok(listed), "{key}");
        }
    }
}

/// The siblings on the way from a page to the root of few pages (RFC 6962).
fn proof(leaves: &[tiles_spec::Hash], at: usize) -> Vec<tiles_spec::Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if at < left.len() {
        (proof(left, at), root_of(right))
    } else {
        (proof(right, at - left.len()), root_of(left))
    };
    path.push(sibling);
    path
}

/// Looks up a key as a client does, in a bounded number of steps.
fn ask(run: &Run, bytes: &[u8], key: LookupKey) -> Result<Vec<LeafIndex>, LookupError> {
    let slots = |range: std::ops::Range<u64>| {
        let [start, end] =
            [range.start, range.end].map(|at| usize::try_from(at).expect("it is small"));
        bytes.get(start..end).unwrap_or_default()
    };
    let mut probe = Probe::new(key, run);
    for _ in 0..2 * u32::BITS {
        let part = probe.part().1.clone();
        assert!(probe.wants() < part.directory.max(1));
        let Some(found) = probe.take(slots(part.slot(probe.wants())))? else { continue };
        return match found {
            Found::Absent => Ok(Vec::new()),
            Found::Listed(leaves) => Ok(leaves),
            Found::Paged(list) => {
                let all = list.pages.clone();
                read_postings(&key, run, &list, all.clone(), slots(part.slots(all)))
            }
        };
    }
    panic!("a search without end");
}

/// Keys and leaves in pairs of bytes: few keys, so that some lists are long.
fn postings(data: &[u8]) {
    let Some(([start, length], rest)) = numbers(data) else { return };
    let range = range(start, length);
    let mut lists = BTreeMap::<LookupKey, Vec<LeafIndex>>::new();
    let mut all = Vec::new();
    for pair in rest.chunks_exact(3).take(1 << 14) {
        let key = LookupKey::digest(&pair[..1]);
        let offset = u64::from(u16::from_be_bytes([pair[1], pair[2]]));
        let index = range.start().get() + offset.wrapping_mul(0x9e37_79b9) % range.len();
        let index = LeafIndex::new(index).expect("it is in the range");
        all.push(Posting { key, index });
    }
    all.sort_unstable();
    all.dedup();
    for posting in &all {
        lists.entry(posting.key).or_default().push(posting.index);
    }
    let built = build_part(range, whole(), &all);
    assert_eq!(built.bytes.len() as u64, built.part.bytes());
    assert_eq!(read_part(range, whole(), &built.part, &built.bytes).as_deref(), Ok(&all[..]));
    let run = Run { range, postings: all.len() as u64, parts: vec![built.part] };
    lists.entry(LookupKey::digest(b"absent")).or_default();
    for (key, leaves) in lists {
        assert_eq!(ask(&run, &built.bytes, key), Ok(leaves));
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let head = |kind: u8, numbers: &[u64]| {
        let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
        std::iter::once(kind).chain(numbers).collect::<Vec<u8>>()
    };
    let key = |n: u64| LookupKey::digest(&n.to_be_bytes());
    let leaf = |n| LeafIndex::new(n).expect("it is small");
    let mut few: Vec<_> = (0..20).map(|n| Posting { key: key(n), index: leaf(n) }).collect();
    few.sort_unstable();
    let built = build_part(range(0, 19), whole(), &few);
    let content = built.bytes[..PAGE_BYTES].trim_ascii_end();
    let content = &content[..content.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)];
    let part = [&head(1, &[0, 19, 20, 20])[..], &[1, 1, 0], content].concat();
    let pairs: Vec<u8> = (0..=255).flat_map(|n: u8| [n % 3, 0, n]).collect();
    vec![
        ("page", [&head(0, &[0, 19])[..], content].concat()),
        ("part", part),
        ("postings", [&head(2, &[1000, 100_000])[..], &pairs].concat()),
    ]
}
