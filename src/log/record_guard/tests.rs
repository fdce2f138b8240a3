//! Every single flipped bit in a commit record is found.

use bytes::Bytes;
use fasti_grow::{Edge, Leaf};
use fasti_objects::IntegratedTime;
use fasti_store::RecordNumber;

use super::*;
use crate::record::Epoch;

fn leaves(count: usize) -> Vec<Leaf> {
    (0..count).filter_map(|n| Leaf::new(Bytes::from(format!("leaf {n}")))).collect()
}

#[test]
fn every_flipped_bit_of_a_record_is_found() {
    let mut edge = Edge::empty();
    let guard = RecordGuard::new(Frontier::new(), TimesEdge::default());
    let new = leaves(4);
    let grown = edge.integrate(&new).expect("in range");
    let record = Record {
        number: RecordNumber::FIRST,
        epoch: Epoch(1),
        nonce: [3; 16],
        time: IntegratedTime::new(1_780_000_000),
        times: Some(guard.times()),
        previous: RecordDigest([0; 32]),
        before: TreeHead::EMPTY,
        after: grown.head,
        writer: String::new(),
        entries: new.into_iter().map(|leaf| leaf.entry).collect(),
        is_last: false,
    };
    assert_eq!(guard.check(record.encode()).expect("is sound").head(), grown.head);
    let encoded = record.encode();
    for bit in 0..8 * encoded.bytes.len() {
        let mut bytes = encoded.bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = EncodedRecord { bytes: bytes.into(), digest: encoded.digest };
        assert!(guard.check(flipped).is_err(), "bit {bit}");
    }
    // A flip before the digest was made: the record is well-formed but still wrong.
    for entry in 0..4 {
        let mut flipped = record.clone();
        let mut bytes = flipped.entries[entry].to_vec();
        bytes[0] ^= 1;
        flipped.entries[entry] = bytes.into();
        assert!(matches!(guard.check(flipped.encode()), Err(RecordGuardError::Root { .. })));
    }
    let other = Record { times: Some(TimesDigest([0; 32])), ..record.clone() };
    assert!(matches!(guard.check(other.encode()), Err(RecordGuardError::Times(_))));
    let mut later = record;
    later.before.root = later.after.root;
    assert!(matches!(guard.check(later.encode()), Err(RecordGuardError::NotNext { .. })));
}
