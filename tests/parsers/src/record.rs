//! Commit records, and the segments in which a directory keeps them.
//!
//! A digest covers both, so the check also makes the digests itself: what a wrong writer could
//! have stored must be refused, not believed or fallen over.

use fasti::log::RECORD_MAGIC;
use fasti::log::record::{Epoch, RECORD_ENTRIES_BYTES_MAX, Record, RecordDigest, TimesDigest};
use fasti::objects::IntegratedTime;
use fasti::store::RecordNumber;
use fasti_store::testing::records_of_segment;
use sha2::{Digest as _, Sha256};
use tiles_spec::TreeSize;

use crate::{Seeds, signed};

const MARKER: [u8; 16] = [9; 16];

/// See the crate. The first byte says whether the rest is a record or a segment.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((0, rest)) => record(rest),
        Some((1, rest)) => record(&sealed(rest)),
        Some((2, rest)) => drop(records_of_segment(rest)),
        Some((_, rest)) => segment(rest),
        None => {}
    }
}

fn sealed(content: &[u8]) -> Vec<u8> {
    [content, &Sha256::digest(content)[..]].concat()
}

fn record(bytes: &[u8]) {
    let Ok((record, digest)) = Record::decode(bytes) else { return };
    assert_eq!(digest.0[..], bytes[bytes.len() - 32..]);
    assert_eq!(sealed(&bytes[..bytes.len() - 32]), bytes);
    let held: usize = record.entries.iter().map(|entry| 2 + entry.len()).sum();
    assert!(held <= RECORD_ENTRIES_BYTES_MAX);
    assert!(!record.is_last || record.entries.is_empty());
    let grown = record.before.size.checked_add(record.entries.len() as u64);
    assert_eq!(grown, Some(record.after.size));
    // What a writer does next with a record that it has read.
    let next = (record.number.next(), record.epoch.next());
    assert!(next.0 > record.number && next.1 > record.epoch);
    let again = record.encode();
    assert_eq!(Record::decode(&again.bytes), Ok((record, again.digest)));
}

/// Frames with the right digests, whatever else is between them: a model knows which of them count.
fn segment(mut data: &[u8]) {
    let mut file = b"fasti/s1".to_vec();
    file.extend(7u64.to_be_bytes());
    file.extend(MARKER);
    file.extend(Sha256::digest(&file));
    let (mut whole, mut is_torn, mut is_damaged) = (Vec::new(), false, false);
    let mut next = 5;
    while let Some((&[step, length], rest)) = data.split_first_chunk() {
        let (bytes, rest) = rest.split_at(rest.len().min(length.into()));
        data = rest;
        match step % 4 {
            0 => {
                is_damaged |= is_torn;
                whole.push((next, bytes));
                file.extend(frame(next, bytes));
                next += 1;
            }
            1 => {
                let Some((number, bytes)) = bytes.split_first_chunk() else { continue };
                let number = u64::from_be_bytes(*number);
                if RecordNumber::new(number).is_none() {
                    continue;
                }
                let follows = whole.is_empty() || number == next;
                is_damaged |= is_torn || !follows;
                whole.push((number, bytes));
                file.extend(frame(number, bytes));
                next = number.saturating_add(1);
            }
            2 => {
                is_torn |= !bytes.is_empty();
                file.extend(bytes);
            }
            _ => {
                is_torn |= length > 0;
                file.resize(file.len() + usize::from(length), 0);
            }
        }
    }
    match records_of_segment(&file) {
        Ok(found) => {
            assert!(!is_damaged);
            let found: Vec<_> = found.into_iter().map(|(n, at)| (n.get(), &file[at])).collect();
            assert_eq!(found, whole);
        }
        Err(_) => assert!(is_damaged),
    }
}

fn frame(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut frame = MARKER.to_vec();
    frame.extend(number.to_be_bytes());
    frame.extend(u32::try_from(bytes.len()).expect("it is short").to_be_bytes());
    let digest = Sha256::new().chain_update(&frame).chain_update(bytes).finalize();
    frame.extend(digest);
    frame.extend(bytes);
    frame
}

fn sample(entries: usize) -> Record {
    let size = TreeSize::new(entries as u64).expect("it is small");
    Record {
        number: RecordNumber::FIRST,
        epoch: Epoch(1),
        nonce: [4; 16],
        time: IntegratedTime::new(1_780_000_000),
        times: Some(TimesDigest([6; 32])),
        previous: RecordDigest::of_new_log(signed::ORIGIN, "a key"),
        before: signed::head(0),
        after: tiles_spec::TreeHead { size, ..signed::head(entries) },
        writer: "http://127.0.0.1:3000".to_owned(),
        entries: (0..entries).map(|n| n.to_string().into_bytes().into()).collect(),
        is_last: false,
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let batch = sample(3).encode().bytes;
    let last = Record { is_last: true, ..sample(0) }.encode().bytes;
    let content = |bytes: &[u8]| bytes[..bytes.len() - 32].to_vec();
    assert!(batch.starts_with(RECORD_MAGIC));
    let steps: Vec<u8> =
        [&[0, 3][..], b"one", &[0, 0], &[0, 5], b"three", &[2, 4], b"torn", &[3, 9]].concat();
    let far = [&[1, 11][..], &(1u64 << 40).to_be_bytes(), b"one", &[0, 1], b"2"].concat();
    vec![
        ("record", [&[0][..], &batch].concat()),
        ("record-to-be-sealed", [&[1][..], &content(&batch)].concat()),
        ("last-to-be-sealed", [&[1][..], &content(&last)].concat()),
        ("segment-steps", [&[3][..], &steps].concat()),
        ("segment-numbered", [&[3][..], &far].concat()),
    ]
}
