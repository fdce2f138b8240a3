//! The index of entries, computed all at once and without regard to memory.

use std::collections::BTreeMap;

use fasti::entry::lookup_keys;
use fasti::lookup_spec::{
    KeySlice, LeafRange, LookupPath, Posting, Run, build_part, ranges, slice_bits,
};
use tiles_spec::{LeafIndex, TreeSize, leaf_hash};

/// All postings of entries, in the order of the entries.
pub fn postings(entries: &[Vec<u8>]) -> Vec<Posting> {
    let of = |(n, entry): (u64, &Vec<u8>)| {
        let index = LeafIndex::new(n).expect("a leaf");
        let keys = lookup_keys(&leaf_hash(entry), entry);
        keys.into_iter().map(move |key| Posting { key, index })
    };
    (0..).zip(entries).flat_map(of).collect()
}

/// The runs of the index of a tree, and their objects by path. `all` are the postings of its
/// leaves, and may include those of later ones.
pub fn index(all: &[Posting], size: TreeSize) -> (Vec<Run>, BTreeMap<String, Vec<u8>>) {
    let mut objects = BTreeMap::new();
    let runs = ranges(size).into_iter().map(|range| {
        let mut postings: Vec<_> =
            all.iter().filter(|posting| range.contains(posting.index)).copied().collect();
        postings.sort();
        run(range, &postings, &mut objects)
    });
    (runs.collect(), objects)
}

fn run(range: LeafRange, postings: &[Posting], objects: &mut BTreeMap<String, Vec<u8>>) -> Run {
    let bits = slice_bits(postings.len() as u64);
    let mut parts = Vec::new();
    for slice in (0..).map_while(|part| KeySlice::new(bits, part)) {
        let of: Vec<_> = postings.iter().filter(|p| slice.contains(&p.key)).copied().collect();
        let built = build_part(range, slice, &of);
        let path = LookupPath::Part { range, part: slice.index() };
        objects.insert(path.to_string(), built.bytes);
        parts.push(built.part);
    }
    Run::new(range, postings.len() as u64, parts).expect("a run")
}
