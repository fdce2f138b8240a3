//! The bytes of an index, frozen: changing one of these hashes changes the format, and no published
//! index would match its log any more.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use tiles_spec::TreeSize;

use crate::{brute, entries};

const FROZEN: &str = include_str!("../data/golden-lookup/parts.sha256");

#[test]
fn the_bytes_of_an_index() {
    let entries: Vec<_> = (0..2600).map(entries::entry).collect();
    let all = brute::postings(&entries);
    let mut found = String::new();
    for size in [1, 300, 2600] {
        for (path, bytes) in brute::index(&all, TreeSize::new(size).unwrap()).1 {
            let hash = hex::encode(Sha256::digest(&bytes));
            writeln!(found, "{hash}  {path}").unwrap();
        }
    }
    assert_eq!(found, FROZEN, "found:\n{found}");
}
