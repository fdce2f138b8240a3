//! Printing and parsing revision files, and rejecting malformed ones.

use tiles_spec::size::LeafIndex;
use tiles_spec::tree::TreeHead;
use tiles_spec::{Checkpoint, NoteSigningKey, leaf_hash};

use super::*;

fn checkpoint(origin: &str) -> Vec<u8> {
    let key = NoteSigningKey::from_seed(origin.parse().unwrap(), &[7; 32]);
    let (origin, extensions) = (origin.to_owned(), Vec::new());
    let text = Checkpoint { origin, head: TreeHead::EMPTY, extensions }.to_text();
    let line = key.sign(&text);
    format!("{text}\n{line}").into_bytes()
}

fn latest() -> LatestFile {
    let manifest = Manifest {
        origin: "log.example".parse().unwrap(),
        head: TreeHead::EMPTY,
        times: None,
        runs: Vec::new(),
    };
    let proof = TlogProof {
        extra: None,
        index: LeafIndex::new(3).unwrap(),
        hashes: vec![leaf_hash(b"")],
        checkpoint: checkpoint("log.example/lookup"),
    };
    LatestFile { revision: RevisionFile { manifest, checkpoint: checkpoint("log.example") }, proof }
}

#[test]
fn what_is_printed_is_read() {
    let latest = latest();
    assert_eq!(LatestFile::parse(&latest.to_bytes()).as_ref(), Ok(&latest));
    let revision = &latest.revision;
    assert_eq!(RevisionFile::parse(&revision.to_bytes()).as_ref(), Ok(revision));
    assert_eq!(lookup_origin(&revision.manifest.origin).unwrap().as_str(), "log.example/lookup");
}

#[test]
fn what_is_no_file_is_refused() {
    let bytes = latest().to_bytes();
    for cut in 0..bytes.len() {
        assert!(LatestFile::parse(&bytes[..cut]).is_err(), "{cut}");
    }
    assert_eq!(LatestFile::parse(&[&bytes[..], b"x"].concat()), Err(RevisionError::Length));
    assert!(matches!(RevisionFile::parse(&bytes), Err(RevisionError::Header(_))));
    let text = String::from_utf8(bytes.clone()).unwrap();
    let line = text.lines().next().unwrap();
    let lengths = line.strip_prefix("fasti/lookup-latest/v1").unwrap();
    for other in [
        "fasti/lookup-latest/v1".to_owned(),
        format!("fasti/lookup-latest/v1{}", &lengths[1..]),
        format!("fasti/lookup-latest/v1{lengths} 0"),
        format!("fasti/lookup-latest/v1 {lengths}"),
        format!("fasti/lookup-latest/v2{lengths}"),
        format!("fasti/lookup-latest/v1 18446744073709551615{lengths}"),
    ] {
        let changed = text.replacen(line, &other, 1);
        let error = LatestFile::parse(changed.as_bytes()).expect_err(&other);
        assert!(matches!(error, RevisionError::Header(_)), "{other}: {error}");
    }
    let overflowing = text.replacen(line, "fasti/lookup-latest/v1 18446744073709551615 2 3", 1);
    assert_eq!(LatestFile::parse(overflowing.as_bytes()), Err(RevisionError::Length));
    let long = vec![b'x'; LATEST_BYTES_MAX + 1];
    assert_eq!(LatestFile::parse(&long), Err(RevisionError::TooLong(long.len())));
}
