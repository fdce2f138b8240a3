//! Lists by brute force, and what an index of them says about each key.

use std::collections::BTreeMap;
use std::ops::Range;

use fasti_lookup_spec::{
    BuiltPart, Found, KeySlice, LeafRange, LookupError, LookupKey, PART_POSTINGS_MAX, Part,
    Posting, Probe, Run, build_part, read_part, read_postings, slice_bits,
};
use tiles_spec::{LeafIndex, TreeSize};

/// Start of the ranges in these tests: gaps are counted from here.
pub const START: u64 = 1_000_000;
/// An upper bound on the pages that a search in these directories takes, there and back.
pub const PAGES_MAX: usize = 24;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

pub fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

pub fn leaf(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}

pub fn range(leaves: u64) -> LeafRange {
    LeafRange::new(size(START), size(START + leaves)).unwrap()
}

/// The key at a place in the key space.
pub fn key(high: u64, low: u64) -> LookupKey {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    bytes.into()
}

/// The key before or after another one; `None` at the ends of the key space.
pub fn neighbour(key: &LookupKey, step: i128) -> Option<LookupKey> {
    let place = u128::from_be_bytes(*key.as_bytes());
    let place = if step < 0 { place.checked_sub(1) } else { place.checked_add(1) };
    place.map(|place| place.to_be_bytes().into())
}

/// A slice of the key space, given by the numbers of [`KeySlice`].
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub bits: u8,
    pub index: u32,
}

impl Slice {
    pub fn get(self) -> KeySlice {
        KeySlice::new(self.bits, self.index).unwrap()
    }

    /// The first eight bytes of the first key.
    pub fn first(self) -> u64 {
        match self.bits {
            0 => 0,
            bits => u64::from(self.index) << (64 - bits),
        }
    }

    /// The number of values of the first eight bytes, minus one.
    pub fn last_offset(self) -> u64 {
        u64::MAX >> self.bits
    }

    pub fn key(self, offset: u64, low: u64) -> LookupKey {
        key(self.first() + (offset & self.last_offset()), low)
    }

    /// A run with the postings in this slice, and enough elsewhere to make it have this number of
    /// slices.
    pub fn run(self, range: LeafRange, part: &Part) -> Run {
        let postings = match self.bits {
            0 => part.postings.min(PART_POSTINGS_MAX),
            bits => PART_POSTINGS_MAX << bits,
        };
        assert_eq!(slice_bits(postings), self.bits);
        Run { range, postings, parts: vec![part.clone(); 1 << self.bits] }
    }
}

pub fn slot(bytes: &[u8], range: Range<u64>) -> &[u8] {
    &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]
}

/// The answer a client gets for a key, and how many directory pages it took.
pub fn ask(
    run: &Run,
    bytes: &[u8],
    key: LookupKey,
) -> Result<(Vec<LeafIndex>, usize), LookupError> {
    let mut probe = Probe::new(key, run);
    for pages in 1..=PAGES_MAX {
        let part = probe.part().1.clone();
        let Some(found) = probe.take(slot(bytes, part.slot(probe.wants())))? else { continue };
        let postings = found.postings();
        let leaves = match found {
            Found::Absent => Vec::new(),
            Found::Listed(leaves) => leaves,
            Found::Paged(list) => {
                let all = list.pages.clone();
                read_postings(&key, run, &list, all.clone(), slot(bytes, part.slots(all)))?
            }
        };
        assert_eq!(leaves.len() as u64, postings);
        return Ok((leaves, pages));
    }
    panic!("{key}: more than {PAGES_MAX} pages")
}

/// Postings by their keys, as found by brute force.
pub type Lists = BTreeMap<LookupKey, Vec<LeafIndex>>;

pub fn postings(lists: &Lists) -> Vec<Posting> {
    let of = |(key, leaves): (&LookupKey, &Vec<LeafIndex>)| {
        leaves.iter().map(|index| Posting { key: *key, index: *index }).collect::<Vec<_>>()
    };
    lists.iter().flat_map(of).collect()
}

/// Builds the lists and looks up `asked` keys that are present, their neighbours that are not, both
/// ends of the slice, and random keys.
pub fn check(slice: Slice, leaves: u64, lists: &Lists, asked: usize, random: &mut Random) {
    let (range, postings) = (range(leaves), postings(lists));
    let BuiltPart { part, bytes } = build_part(range, slice.get(), &postings);
    assert_eq!(part.bytes(), bytes.len() as u64);
    assert_eq!(part.records, lists.len() as u64);
    assert_eq!(read_part(range, slice.get(), &part, &bytes).as_ref(), Ok(&postings));

    let run = slice.run(range, &part);
    let step = (lists.len() / asked).max(1);
    let present = lists.keys().step_by(step).chain(lists.keys().last()).copied();
    let around = present.clone().flat_map(|key| {
        [neighbour(&key, -1), neighbour(&key, 1)].into_iter().flatten().collect::<Vec<_>>()
    });
    let ends = [slice.key(0, 0), slice.key(u64::MAX, u64::MAX)];
    let anywhere: Vec<_> = (0..50).map(|_| slice.key(random.next(), random.next())).collect();
    let all = present.chain(around).chain(ends).chain(anywhere);
    // Twice the bits of the directory's size: doubling steps out, halving steps back.
    let most = 2 + 2 * part.directory.ilog2() as usize;
    for key in all.filter(|key| slice.get().contains(key)) {
        let (found, pages) = ask(&run, &bytes, key).unwrap();
        assert_eq!(found, lists.get(&key).map_or(&[][..], Vec::as_slice), "{slice:?} {key}");
        assert!(pages <= most, "{slice:?} {key}: {pages} of {} pages", part.directory);
    }
}

/// Some leaves below `leaves`, ascending, in one of the typical shapes of lists.
pub fn list(leaves: u64, random: &mut Random) -> Vec<LeafIndex> {
    let count = match random.below(40) {
        0 => leaves,
        // About the longest list that the directory can hold, with gaps of one byte.
        1 | 2 => 1020 + random.below(8),
        3 => 1 + random.below(leaves),
        4..10 => 1 + random.below(100),
        _ => 1,
    };
    let count = count.min(leaves);
    let first = random.below(leaves - count + 1);
    let mut step = 1;
    while count > 1 && first + (count - 1) * (step + 1) < leaves && random.below(3) > 0 {
        step += 1;
    }
    (0..count).map(|n| leaf(START + first + n * step)).collect()
}
