//! Proof files: their form, malformed ones, and what they prove.

use fasti_kit::oracle;
use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::note::{Note, NoteError, NoteSigningKey};
use crate::proof::plan::tests::{head, index};
use crate::tree::tests::leaves;

const ORIGIN: &str = "log.example/fasti";

fn key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[7; 32])
}

/// The proof that a log of `size` has the leaf.
fn proof(leaf: usize, size: usize, extra: Option<&[u8]>) -> TlogProof {
    let leaves = leaves(size as u64);
    let checkpoint = Checkpoint { origin: ORIGIN.into(), head: head(&leaves), extensions: vec![] };
    let mut note = Note::unsigned(checkpoint.to_text()).unwrap();
    note.append(key().sign(note.text())).unwrap();
    TlogProof {
        extra: extra.map(<[u8]>::to_vec),
        index: index(leaf),
        hashes: oracle::inclusion(leaf, &leaves),
        checkpoint: note.to_bytes(),
    }
}

fn verify(proof: &TlogProof, leaf: &Hash) -> Result<Checkpoint, TlogProofError> {
    proof.verify(leaf, ORIGIN, &[key().verifier_key().clone()])
}

#[test]
fn every_leaf_of_small_logs() {
    for size in 1..20 {
        let leaves = leaves(size as u64);
        for (m, leaf) in leaves.iter().enumerate() {
            let made = proof(m, size, None);
            let read = TlogProof::parse(&made.to_bytes()).unwrap();
            assert_eq!(read, made);
            assert_eq!(verify(&read, leaf).unwrap().head, head(&leaves));
            for other in leaves.iter().filter(|other| *other != leaf) {
                let error = verify(&read, other).unwrap_err();
                assert!(matches!(error, TlogProofError::Proof(ProofError::RootMismatch { .. })));
            }
        }
    }
}

#[test]
fn the_form_of_the_specification() {
    let one = proof(0, 1, None);
    let checkpoint = String::from_utf8(one.checkpoint.clone()).unwrap();
    assert_eq!(one.to_string(), format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{checkpoint}"));
    let two = proof(1, 2, Some(b"extra"));
    let hash = leaves(2)[0].to_base64();
    let head = format!("c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 1\n{hash}\n\n");
    assert!(two.to_string().starts_with(&head));
    assert_eq!(two.to_string().into_bytes(), two.to_bytes());
    let empty = TlogProof { extra: Some(vec![]), ..one };
    assert_eq!(TlogProof::parse(&empty.to_bytes()), Ok(empty));
}

#[test]
fn malformed_files() {
    use NumberError::{NotCanonical, OutOfRange};
    use TlogProofError::{Extra, Header, Index, NoIndex, Text};

    let good = proof(1, 3, Some(b"extra")).to_string();
    let refuse = |from: &str, to: &str, error: TlogProofError| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(TlogProof::parse(bad.as_bytes()), Err(error), "{bad}");
    };
    for header in
        ["c2sp.org/tlog-proof@v2\n", "\nc2sp.org/tlog-proof@v1\n", " c2sp.org/tlog-proof@v1\n", ""]
    {
        refuse("c2sp.org/tlog-proof@v1\n", header, Header);
    }
    for extra in ["ZXh0cmE", "ZXh0cmE==", "ZXh0cmF=", " ZXh0cmE=", "ZXh0cmE= "] {
        refuse("ZXh0cmE=", extra, Extra);
    }
    for line in [
        "extra\n",
        "Extra ZXh0cmE=\n",
        "extra ZXh0cmE=\nextra ZXh0cmE=\n",
        "\t\n",
        "extra\tZXh0cmE=\n",
    ] {
        refuse("extra ZXh0cmE=\n", line, NoIndex);
    }
    for line in ["", "index1\n", "Index 1\n", " index 1\n", "index\t1\n", "hash\n"] {
        refuse("index 1\n", line, NoIndex);
    }
    for (number, error) in [
        ("", NotCanonical),
        ("01", NotCanonical),
        ("+1", NotCanonical),
        ("-1", NotCanonical),
        (" 1", NotCanonical),
        ("1 ", NotCanonical),
        ("1\r", NotCanonical),
        ("9223372036854775807", OutOfRange),
        ("18446744073709551616", OutOfRange),
    ] {
        refuse("index 1", &format!("index {number}"), Index(error));
    }
    let hash = leaves(1)[0].to_base64();
    refuse(&hash, &hash.replace('=', ""), TlogProofError::Hash(HashError::Base64));
    refuse(&hash, &format!("{hash} "), TlogProofError::Hash(HashError::Base64));
    refuse(&hash, "AAAA", TlogProofError::Hash(HashError::Length(3)));
    refuse(&hash, format!("{hash}\n").repeat(63).trim_end(), TlogProofError::TooManyHashes);
    // The blank line is too early, missing, or doubled.
    refuse("index 1\n", "index 1\n\n", CheckpointError::Lines.into());
    refuse("\n\nlog.example", "\nlog.example", TlogProofError::Hash(HashError::Base64));
    refuse("\n\nlog.example", "\n\n\nlog.example", CheckpointError::Lines.into());
    assert_eq!(TlogProof::parse(b""), Err(Text));
    assert_eq!(TlogProof::parse(b"c2sp.org/tlog-proof@v1\nindex 1\n"), Err(Text));
    assert_eq!(TlogProof::parse(b"c2sp.org/tlog-proof@v1\nindex \xff\n\n"), Err(Text));
    let unsigned = good.split_once("\n—").unwrap().0;
    let error = CheckpointError::Note(NoteError::Unsigned).into();
    assert_eq!(TlogProof::parse(unsigned.as_bytes()), Err(error));
}

#[test]
fn what_must_hold_for_a_proof() {
    let leaf = leaves(3)[1];
    let good = proof(1, 3, None);
    assert!(verify(&good, &leaf).is_ok());
    let keys = [key().verifier_key().clone()];
    let origin = good.verify(&leaf, "log.example/other", &keys);
    assert!(matches!(origin, Err(TlogProofError::Checkpoint(CheckpointError::Origin { .. }))));
    let error = CheckpointError::Note(NoteError::NoKnownSignature).into();
    assert_eq!(good.verify(&leaf, ORIGIN, &[]), Err(error));

    let outside = TlogProof { index: index(3), ..good.clone() };
    let not_in_tree = verify(&outside, &leaf).unwrap_err();
    assert!(matches!(not_in_tree, TlogProofError::Proof(ProofError::NotInTree { .. })));
    let mut longer = good.clone();
    longer.hashes.push(leaf);
    assert!(matches!(
        verify(&longer, &leaf),
        Err(TlogProofError::Proof(ProofError::Length { .. }))
    ));
    let other_log = TlogProof { checkpoint: proof(1, 4, None).checkpoint, ..good.clone() };
    assert!(verify(&other_log, &leaf).is_err());
    // Extra data is not signed.
    let extra = TlogProof { extra: Some(b"anything".to_vec()), ..good };
    assert!(verify(&extra, &leaf).is_ok());
    assert!(verify(&extra, &leaf_hash(b"anything")).is_err());
}

#[test]
fn sizes_are_bounded() {
    let largest = TlogProof { extra: Some(vec![0; TLOG_PROOF_EXTRA_MAX]), ..proof(0, 1, None) };
    assert_eq!(TlogProof::parse(&largest.to_bytes()), Ok(largest.clone()));
    let larger = TlogProof { extra: Some(vec![0; TLOG_PROOF_EXTRA_MAX + 1]), ..largest };
    assert_eq!(TlogProof::parse(&larger.to_bytes()), Err(TlogProofError::Extra));
    let far = TLOG_PROOF_BYTES_MAX + 1;
    assert_eq!(TlogProof::parse(&vec![b'a'; far]), Err(TlogProofError::TooLarge(far)));
}

proptest! {
    #[test]
    fn files_come_back(
        extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..50)),
        index in 0..i64::MAX as u64,
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=63),
    ) {
        let made = TlogProof {
            extra,
            index: LeafIndex::new(index).unwrap(),
            hashes: hashes.into_iter().map(Hash::from).collect(),
            checkpoint: proof(0, 1, None).checkpoint,
        };
        let bytes = made.to_bytes();
        prop_assert_eq!(TlogProof::parse(&bytes), Ok(made));
    }

    #[test]
    fn what_parses_prints_as_it_was(position in 0..400_usize, byte in any::<u8>()) {
        let mut bytes = proof(1, 3, Some(b"extra")).to_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;
        if let Ok(read) = TlogProof::parse(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        let _ = TlogProof::parse(&bytes);
        let _ = TlogProof::parse(format!("c2sp.org/tlog-proof@v1\n{text}\n\n{text}\n").as_bytes());
    }
}
