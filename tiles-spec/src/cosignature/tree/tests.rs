//! Tree cosignatures of other implementations, and what they cover.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::cosignature::cosignature_time;
use crate::hash::Hash;
use crate::note::{KeyId, ML_DSA_44_KEY_BYTES, Note, NoteError, NoteSigningKey};
use crate::size::TreeSize;
use crate::tree::TreeHead;

const NAME: &str = "log.example/tree";
const TIME: u64 = 1_767_139_200;

fn key() -> TreeCosigningKey {
    let seed: Vec<u8> = (0..32).collect();
    TreeCosigningKey::from_seed(NAME.parse().unwrap(), &seed.try_into().unwrap()).unwrap()
}

fn checkpoint() -> Checkpoint {
    let root = Hash::from(<[u8; 32]>::from(Sha256::digest("a root")));
    let head = TreeHead { size: TreeSize::new(300).unwrap(), root };
    Checkpoint { origin: NAME.to_owned(), head, extensions: Vec::new() }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> String {
    Hash::from(<[u8; 32]>::from(Sha256::digest(bytes))).to_string()
}

#[test]
fn what_go_makes_of_the_same_seed() {
    // filippo.io/mldsa 1.0.0: the key of the seed 00, 01, ..., 1f; the deterministic signatures of
    // messages assembled by hand.
    let key = key();
    let public = key.verifier_key();
    assert_eq!(
        sha256(public.public_key().material()),
        "9f107644c1084526af3bc8098680b05499a2325a644e388fb4f970e058d19d46"
    );
    assert_eq!(public.key_id().to_string(), "acb1231e");
    let text = checkpoint().to_text();
    for (time, signed, signature) in [
        (
            0,
            "da760163d72a63590b3afda36accd87d9ab46ce1ecfd48019e322d7f8b173985",
            "c4c3f1aee048ee4f8f3f741ef6c53ea8056405fbed53f554223d4c053254aae7",
        ),
        (
            TIME,
            "99e004e44b82f0cf6f3facd788c70f6cc74e640b8be356f279b4f7fc767989bf",
            "80d081f3ce6878489d7c504dce8f2195e147fd1cceb0e452723653d07357903b",
        ),
    ] {
        assert_eq!(sha256(&tree_message(public.name(), time, &checkpoint()).unwrap()), signed);
        let line = cosign_tree(&key, &text, time).unwrap();
        assert_eq!(line.bytes()[..8], time.to_be_bytes());
        assert_eq!(sha256(&line.bytes()[8..]), signature);
        assert_eq!(cosignature_time(&line), Some(time));
        assert!(public.made(&line) && public.verify(&text, line.bytes()));
    }
}

#[test]
fn the_bytes_signed() {
    let short = Checkpoint { origin: "bc".to_owned(), ..checkpoint() };
    let signed = tree_message(&"a".parse().unwrap(), 0x0102_0304_0506_0708, &short).unwrap();
    let expected = [
        &b"subtree/v1\n\0"[..],
        &[1, b'a', 1, 2, 3, 4, 5, 6, 7, 8],
        &[2, b'b', b'c', 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0, 0, 0, 0, 1, 44],
        short.head.root.as_bytes(),
    ];
    assert_eq!(signed, expected.concat());
}

#[test]
fn everything_that_is_signed_is_bound() {
    let key = key();
    let text = checkpoint().to_text();
    let line = cosign_tree(&key, &text, TIME).unwrap();
    let verify = |text: &str, bytes: &[u8]| key.verifier_key().verify(text, bytes);
    assert!(verify(&text, line.bytes()));
    let mut other_root = checkpoint();
    other_root.head.root = Hash::from([0; 32]);
    for other in [
        text.replace("300", "301"),
        text.replace("log.example", "log.exemple"),
        other_root.to_text(),
        // What the signature does not cover must not count as signed.
        format!("{text}extension\n"),
        format!("{text}\n"),
        "300\n".to_owned(),
        String::new(),
    ] {
        assert!(!verify(&other, line.bytes()), "{other:?}");
    }
    for bit in (0..line.bytes().len() * 8).step_by(37).chain(0..64) {
        let mut altered = line.bytes().to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&text, &altered), "bit {bit}");
    }
    for length in [0, 8, 72, 2420, 2427, 2429] {
        let mut altered = line.bytes().to_vec();
        altered.resize(length, 0);
        assert!(!verify(&text, &altered), "{length} bytes");
    }
    // Another name gives another message, even for the same key.
    let renamed =
        VerifierKey::new("log.example".parse().unwrap(), key.verifier_key().public_key().clone());
    let renamed = renamed.unwrap();
    assert_ne!(renamed.key_id(), key.verifier_key().key_id());
    assert!(!renamed.verify(&text, line.bytes()));
}

#[test]
fn what_cannot_be_covered_is_not_signed() {
    let text = checkpoint().to_text();
    let refuse = |text: &str, time, error| assert_eq!(cosign_tree(&key(), text, time), Err(error));
    refuse(&format!("{text}extension\n"), 0, CosignError::NotCovered);
    let long = Checkpoint { origin: "o".repeat(256), ..checkpoint() };
    refuse(&long.to_text(), 0, CosignError::NotCovered);
    refuse(&text, 1 << 63, CosignError::Time(TimeError(1 << 63)));
    assert!(matches!(cosign_tree(&key(), "a\n", 0), Err(CosignError::Checkpoint(_))));
    let longest = TreeCosigningKey::from_seed("n".repeat(255).parse().unwrap(), &[1; 32]).unwrap();
    let line = cosign_tree(&longest, &text, 0).unwrap();
    assert!(longest.verifier_key().verify(&text, line.bytes()));
    let longer = TreeCosigningKey::from_seed("n".repeat(256).parse().unwrap(), &[1; 32]);
    assert_eq!(longer.unwrap_err(), KeyError::LongName);
}

#[test]
fn keys_in_text() {
    let key = key();
    let vkey = key.verifier_key().to_string();
    assert_eq!(vkey.parse::<VerifierKey>().unwrap(), *key.verifier_key());
    let private = key.to_private_string();
    let again: TreeCosigningKey = private.parse().unwrap();
    assert_eq!(again.verifier_key(), key.verifier_key());
    assert!(again.to_private_string() == private);
    let refuse = |text: &str, error| assert_eq!(TreeCosigningKey::parse(text).unwrap_err(), error);
    let note_key = NoteSigningKey::from_seed(NAME.parse().unwrap(), &[1; 32]);
    refuse(&note_key.to_private_string(), KeyError::Type(0x01));
    assert_eq!(NoteSigningKey::parse(&private).unwrap_err(), KeyError::Type(0x06));
    let (stated, computed) = ("acb1231f".parse().unwrap(), "acb1231e".parse().unwrap());
    refuse(&private.replace("acb1231e", "acb1231f"), KeyError::IdMismatch { stated, computed });
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("TreeCosigningKey({vkey})"));

    // Every length but one is refused.
    for length in [0, 32, ML_DSA_44_KEY_BYTES - 1, ML_DSA_44_KEY_BYTES + 1, 1952] {
        let key = [&[6][..], &vec![1; length]].concat();
        let id = KeyId::from(signed_note::key_id("a", &key).to_be_bytes());
        let vkey = format!("a+{id}+{}", base64_of(&key));
        assert_eq!(vkey.parse::<VerifierKey>(), Err(KeyError::Material), "{length}");
    }
}

#[test]
fn beside_another_signature_of_the_log() {
    let note_key = NoteSigningKey::from_seed(NAME.parse().unwrap(), &[1; 32]);
    let (first, second) = (note_key.verifier_key().clone(), key().verifier_key().clone());
    let text = checkpoint().to_text();
    let mut note = Note::unsigned(&text).unwrap();
    note.append(note_key.sign(&text)).unwrap();
    note.append(cosign_tree(&key(), &text, 0).unwrap()).unwrap();
    let note = Note::parse(&note.to_bytes()).unwrap();
    let both = [first.clone(), second.clone()];
    assert_eq!(note.verify(&both).unwrap(), [&first, &second]);
    assert_eq!(note.verify(&both[..1]).unwrap(), [&first]);
    assert_eq!(note.verify(&both[1..]).unwrap(), [&second]);

    let mut note = Note::unsigned(&text).unwrap();
    note.append(note_key.sign(&text)).unwrap();
    let other = text.replace("300", "299");
    note.append(cosign_tree(&key(), &other, 0).unwrap()).unwrap();
    assert!(matches!(note.verify(&both), Err(NoteError::BadSignature { .. })));
    assert_eq!(note.verify(&both[..1]).unwrap(), [&first], "nobody asked for the second");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_signed_verifies(
        seed in any::<[u8; 32]>(),
        name in r"[a-z./]{1,40}",
        origin in r"[!-~]{1,40}",
        (size, root) in (1..u64::MAX >> 1, any::<[u8; 32]>()),
        time in 0..=u64::MAX >> 1,
    ) {
        let key = TreeCosigningKey::from_seed(name.parse().unwrap(), &seed).unwrap();
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root: Hash::from(root) };
        let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
        let line = cosign_tree(&key, &text, time).unwrap();
        prop_assert_eq!(cosignature_time(&line), Some(time));
        prop_assert!(key.verifier_key().verify(&text, line.bytes()));
        prop_assert_eq!(cosign_tree(&key, &text, time), Ok(line));
    }

    #[test]
    fn no_bytes_make_verification_panic(
        bytes in prop::collection::vec(any::<u8>(), 2428),
        text in r"[a-z\n0-9=]{0,60}",
    ) {
        prop_assert!(!key().verifier_key().verify(&text, &bytes));
        prop_assert!(!key().verifier_key().verify(&checkpoint().to_text(), &bytes));
    }
}
