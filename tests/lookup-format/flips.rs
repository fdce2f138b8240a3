//! Every bit of a page flipped: under the signed root, and under a root that fits.

use std::ops::Range;

use fasti_lookup_spec::{BuiltPart, Found, LookupError, Part, Probe, Run, build_part, read_part};
use tiles_spec::leaf_hash;

use crate::brute_force::{
    Lists, Random, START, Slice, ask, key, leaf, list, postings, range, slot,
};

/// A part with short lists, a long one, and pages that are no key's home.
fn mixed() -> (Run, Vec<u8>, Lists) {
    let mut random = Random(9);
    let slice = Slice { bits: 0, index: 0 };
    let mut lists: Lists =
        (0..300).map(|n| (key(random.next(), n), list(3000, &mut random))).collect();
    lists.insert(key(1 << 63, 0), (0..3000).map(|n| leaf(START + n)).collect());
    lists.extend((0..300).map(|n| (key(u64::MAX, n), vec![leaf(START + n)])));
    let BuiltPart { part, bytes } = build_part(range(3000), slice.get(), &postings(&lists));
    assert!(part.homes < part.directory && part.directory < part.pages, "{part:?}");
    (slice.run(range(3000), &part), bytes, lists)
}

#[test]
fn no_bit_of_a_slot_can_be_flipped() {
    let (run, mut bytes, lists) = mixed();
    let part = &run.parts[0];
    let paged = key(1 << 63, 0);
    let asked = [*lists.keys().next().unwrap(), paged, key(u64::MAX, 150), key(5, 5)];
    for asked in asked {
        let expected = lists.get(&asked).cloned().unwrap_or_default();
        assert_eq!(ask(&run, &bytes, asked).unwrap().0, expected);
        let mut probe = Probe::new(asked, &run);
        let mut pages = vec![probe.wants()];
        let found = loop {
            match probe.take(slot(&bytes, part.slot(probe.wants()))).unwrap() {
                Some(found) => break found,
                None => pages.push(probe.wants()),
            }
        };
        if let Found::Paged(list) = found {
            pages.push(list.pages.start);
        }
        for page in pages {
            let Range { start, end } = part.slot(page);
            for bit in start * 8..end * 8 {
                let (at, mask) = (usize::try_from(bit / 8).unwrap(), 1 << (bit % 8));
                bytes[at] ^= mask;
                let error = ask(&run, &bytes, asked).map(drop).expect_err("a flipped bit");
                let named = LookupError::Root { page };
                assert!(error == named || error == LookupError::Proof { page }, "{bit}: {error}");
                bytes[at] ^= mask;
            }
        }
    }
}

/// A log that signs a malformed page: the client's answer is an error, or what the page says.
#[test]
fn a_malformed_page_that_was_signed_gives_no_leaves_that_the_log_has_not() {
    let mut random = Random(10);
    let slice = Slice { bits: 0, index: 0 };
    let lists: Lists = (0..60).map(|n| (key(random.next(), n), list(300, &mut random))).collect();
    let BuiltPart { part, mut bytes } = build_part(range(300), slice.get(), &postings(&lists));
    assert_eq!(part.pages, 1);
    let (mut malformed, mut read) = (0, 0);
    // The whole head and the first records; of the rest, each bit position of a byte in turn.
    let (first, rest) = (0..1600, (1600..bytes.len() * 8).step_by(9));
    for bit in first.chain(rest) {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let part = Part { root: leaf_hash(&bytes), ..part.clone() };
        let run = slice.run(range(300), &part);
        for asked in lists.keys().step_by(7) {
            if let Ok((leaves, _)) = ask(&run, &bytes, *asked) {
                assert!(leaves.is_sorted_by(|a, b| a < b));
                assert!(leaves.iter().all(|leaf| range(300).contains(*leaf)));
            }
        }
        // If the whole part can be read, its bytes are the only ones for these postings.
        match read_part(range(300), slice.get(), &part, &bytes) {
            Ok(postings) => {
                read += 1;
                assert_eq!(build_part(range(300), slice.get(), &postings).bytes, bytes, "{bit}");
            }
            Err(LookupError::Malformed { .. } | LookupError::Order { .. }) => malformed += 1,
            Err(LookupError::Count { .. }) => {}
            Err(other) => panic!("{bit}: {other}"),
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(malformed > 0 && read > 0, "{malformed} {read}");
}
