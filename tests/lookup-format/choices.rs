//! Keys that are spread like hashes, and keys chosen by an attacker.

use fasti_lookup_spec::{
    KeySlice, LookupKey, PART_POSTINGS_MAX, Posting, Probe, Run, build_part, slice_bits,
};

use crate::brute_force::{
    Lists, Random, START, Slice, ask, check, key, leaf, list, neighbour, range,
};

/// How the keys of a log could have been chosen.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// Spread like hashes.
    Spread,
    /// With the same first eight bytes, so with one home page.
    OnePlace,
    /// In a few such places.
    FewPlaces,
    /// At the start of the slice.
    First,
    /// At the end of the slice: displaced to pages that are no key's home.
    Last,
    /// Hashes between two crowds.
    Mixed,
}

const CHOICES: [Choice; 6] = [
    Choice::Spread,
    Choice::OnePlace,
    Choice::FewPlaces,
    Choice::First,
    Choice::Last,
    Choice::Mixed,
];

impl Choice {
    fn key(self, slice: Slice, place: u64, random: &mut Random) -> LookupKey {
        let low = random.next();
        match self {
            Self::Spread => slice.key(random.next(), low),
            Self::OnePlace => slice.key(place, low),
            Self::FewPlaces => slice.key(place.rotate_left(random.one_of(&[0, 16, 32, 48])), low),
            Self::First => slice.key(random.below(4), low),
            Self::Last => slice.key(u64::MAX - random.below(4), low),
            Self::Mixed if random.below(3) == 0 => slice.key(random.next(), low),
            Self::Mixed => slice.key(place.wrapping_mul(random.below(2)), low),
        }
    }
}

#[test]
fn any_keys_are_found_and_no_others() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let choice = CHOICES[usize::try_from(seed).unwrap() % CHOICES.len()];
        let bits = random.one_of(&[0, 0, 1, 3, 10]);
        let index = u32::try_from(random.below(1 << bits)).unwrap();
        let slice = Slice { bits, index };
        let leaves = random.one_of(&[1, 2, 300, 5000]);
        let records = random.one_of(&[1, 2, 40, 700, 4000]);
        let place = random.next();
        let lists: Lists = (0..records)
            .map(|_| (choice.key(slice, place, &mut random), list(leaves, &mut random)))
            .collect();
        check(slice, leaves, &lists, 150, &mut random);
    }
}

#[test]
fn thousands_of_records_far_from_home_are_found() {
    for choice in [Choice::OnePlace, Choice::Last, Choice::Mixed] {
        let mut random = Random(77);
        let slice = Slice { bits: 2, index: 3 };
        let place = random.next();
        let crowd =
            (0..20_000).map(|n| (choice.key(slice, place, &mut random), vec![leaf(START + n)]));
        let lists: Lists = crowd.collect();
        check(slice, 20_000, &lists, 400, &mut random);
    }
}

#[test]
fn slices_without_a_record_and_with_one() {
    let mut random = Random(5);
    for bits in 0..=10 {
        for index in [0, (1 << bits) - 1] {
            let slice = Slice { bits, index };
            check(slice, 1, &Lists::new(), 1, &mut random);
            for key in [slice.key(0, 0), slice.key(u64::MAX, u64::MAX), slice.key(random.next(), 1)]
            {
                check(slice, 1, &Lists::from([(key, vec![leaf(START)])]), 1, &mut random);
            }
        }
    }
}

#[test]
fn a_run_of_several_parts_finds_each_key_in_its_own() {
    let count = PART_POSTINGS_MAX + 2;
    let mut random = Random(8);
    let mut all: Vec<_> = (0..count)
        .map(|n| Posting { key: key(random.next(), n), index: leaf(START + n / 3) })
        .collect();
    all.sort_unstable();
    let bits = slice_bits(count);
    assert_eq!(bits, 1);
    let range = range(count.div_ceil(3));
    let middle = all.partition_point(|posting| KeySlice::new(1, 0).unwrap().contains(&posting.key));
    let built: Vec<_> = [&all[..middle], &all[middle..]]
        .into_iter()
        .zip(0..)
        .map(|(postings, index)| build_part(range, KeySlice::new(bits, index).unwrap(), postings))
        .collect();
    let parts = built.iter().map(|built| built.part.clone()).collect();
    let run = Run::new(range, count, parts).unwrap();
    let mut most = 0;
    for posting in all.iter().step_by(997) {
        let absent = neighbour(&posting.key, 1).unwrap();
        for (asked, expected) in [(posting.key, vec![posting.index]), (absent, Vec::new())] {
            let (part, _) = Probe::new(asked, &run).part();
            let (found, pages) = ask(&run, &built[part as usize].bytes, asked).unwrap();
            assert_eq!(found, expected);
            most = most.max(pages);
        }
    }
    // Unchosen keys are one or two pages away.
    assert!(most <= 2, "{most}");
}
