//! An honest log is never convicted, whatever is made of its checkpoints; two histories are.

use fasti_kit::made_log::{checkpoint, head, signing_key};
use fasti_kit::oracle;
use fasti_kit::seeded::Seeded;
use tiles_spec::leaf_hash;

use super::*;
use crate::testing::entries;

const ORIGIN: &str = "log.test/one";

fn key() -> VerifierKey {
    signing_key(ORIGIN).verifier_key().clone()
}

fn signed(head: TreeHead) -> SignedCheckpoint {
    SignedCheckpoint::parse(&checkpoint(&signing_key(ORIGIN), head)).unwrap()
}

/// How a tree of these entries began, by brute force.
fn beginning(entries: &[Vec<u8>], size: usize) -> Beginning {
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let proof = if size == 0 || size == leaves.len() {
        Vec::new()
    } else {
        oracle::consistency(size, &leaves)
    };
    Beginning { root: oracle::root(&leaves[..size]), proof }
}

/// The evidence, through a file.
fn kept(one: TreeHead, other: TreeHead, beginning: Option<Beginning>) -> Evidence {
    let evidence = Evidence::new(&signed(one), &signed(other), beginning);
    let read = Evidence::parse(&evidence.to_bytes()).unwrap();
    assert_eq!(read, evidence);
    read
}

/// Another history with the same beginning.
fn fork(entries: &[Vec<u8>], at: usize) -> Vec<Vec<u8>> {
    let mut other = entries.to_vec();
    other[at] = b"something else".to_vec();
    other
}

#[test]
fn two_roots_of_one_size_convict() {
    let all = entries(300);
    for (size, at) in [(1, 0), (2, 1), (256, 3), (300, 299)] {
        let heads = [head(&all[..size]), head(&fork(&all, at)[..size])];
        let verdict = kept(heads[0], heads[1], None).judge(&key()).unwrap();
        assert!(matches!(verdict, Verdict::Convicts(Conviction::TwoRoots { .. })), "{verdict:?}");
    }
}

#[test]
fn a_tree_that_does_not_begin_with_a_smaller_one_convicts() {
    let all = entries(300);
    for larger in [2, 3, 7, 64, 257, 300] {
        for smaller in 1..larger {
            let other = fork(&all, smaller / 2);
            let (small, large) = (head(&other[..smaller]), head(&all[..larger]));
            let beginning = beginning(&all[..larger], smaller);
            let evidence = kept(large, small, Some(beginning.clone()));
            let Verdict::Convicts(Conviction::NotItsBeginning { heads, root }) =
                evidence.judge(&key()).unwrap()
            else {
                panic!("{smaller} of {larger}")
            };
            assert_eq!((heads, root), ([small, large], beginning.root));
            // Without the proof nobody can tell it from growth.
            let verdict = kept(large, small, None).judge(&key()).unwrap();
            assert_eq!(verdict, Verdict::Acquits(Acquittal::Unproved([small, large])));
        }
    }
}

/// Heads of one tree, with the true proof, proofs of other sizes, and made-up ones.
#[test]
fn an_honest_log_is_never_convicted() {
    let all = entries(300);
    let mut seeded = Seeded::new(7);
    for _ in 0..800 {
        let sizes = [seeded.below(301), seeded.below(301)];
        let (smaller, larger) = (sizes[0].min(sizes[1]), sizes[0].max(sizes[1]));
        let heads = [head(&all[..smaller]), head(&all[..larger])];
        let honest = beginning(&all[..larger], smaller);
        let verdict = kept(heads[0], heads[1], Some(honest.clone())).judge(&key()).unwrap();
        let expected =
            if smaller == larger { Acquittal::SameTree(heads[0]) } else { Acquittal::Grown(heads) };
        assert_eq!(verdict, Verdict::Acquits(expected));

        let mut made = honest;
        match seeded.below(5) {
            0 => made.root = Hash::from([7; 32]),
            1 => made = beginning(&all[..larger], seeded.below(larger + 1)),
            2 => made = beginning(&fork(&all, seeded.below(300))[..larger], smaller),
            3 => made.proof.extend([heads[0].root]),
            _ => {
                let at = seeded.below(made.proof.len().max(1));
                if let Some(hash) = made.proof.get_mut(at) {
                    *hash = heads[1].root;
                }
            }
        }
        let verdict = kept(heads[1], heads[0], Some(made)).judge(&key()).unwrap();
        assert!(!verdict.convicts(), "{smaller} of {larger}: {verdict:?}");
    }
}

#[test]
fn only_the_log_s_own_key_convicts_it() {
    let all = entries(9);
    let evidence = kept(head(&all[..9]), head(&fork(&all, 3)), None);
    assert!(evidence.judge(&key()).unwrap().convicts());
    let other = signing_key("log.test/other");
    let (public, name) = (key().public_key().clone(), "log.test/other".parse().unwrap());
    for stranger in [other.verifier_key().clone(), VerifierKey::new(name, public).unwrap()] {
        let error = evidence.judge(&stranger).unwrap_err();
        assert!(matches!(error, EvidenceError::Note { number: 1, .. }), "{error}");
    }
    // Another log's checkpoint next to its own.
    let foreign = checkpoint(&other, head(&all[..4]));
    let foreign = SignedCheckpoint::parse(&foreign).unwrap();
    let mixed = Evidence::new(&signed(head(&all)), &foreign, None);
    assert!(matches!(mixed.judge(&key()), Err(EvidenceError::Note { number: 1, .. })));
}

/// Whatever byte is changed, nothing is convicted that the log did not do. So a verdict that still
/// convicts must be about the same heads.
#[test]
fn no_change_of_a_byte_convicts_an_honest_log() {
    let all = entries(40);
    let heads = [head(&all[..13]), head(&all[..40])];
    let honest =
        Evidence::new(&signed(heads[0]), &signed(heads[1]), Some(beginning(&all[..40], 13)));
    let forked = head(&fork(&all, 3)[..13]);
    let convicting =
        Evidence::new(&signed(forked), &signed(heads[1]), Some(beginning(&all[..40], 13)));
    for (evidence, true_heads) in [(honest, None), (convicting, Some([forked, heads[1]]))] {
        let bytes = evidence.to_bytes();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x20] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                let Ok(evidence) = Evidence::parse(&changed) else { continue };
                let Ok(Verdict::Convicts(conviction)) = evidence.judge(&key()) else { continue };
                let Conviction::NotItsBeginning { heads, .. } = conviction else {
                    panic!("two roots after a change of byte {at}")
                };
                assert_eq!(Some(heads), true_heads, "after a change of byte {at}");
            }
        }
    }
}

#[test]
fn what_is_no_evidence_says_why() {
    let all = entries(5);
    let beginning = beginning(&all[..5], 3);
    let bytes = kept(head(&all[..3]), head(&all[..5]), Some(beginning)).to_bytes();
    let text = String::from_utf8(bytes).unwrap();
    for (from, to, reason) in [
        ("fasti/evidence/v1", "fasti/evidence/v2", "format"),
        ("rootAtSmallerSize", "root", "not a file with evidence"),
        ("\"proof\"", "\"proof\": [], \"proof\"", "not a file with evidence"),
        ("=\",\n  \"proof", "\",\n  \"proof", "base64"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = Evidence::parse(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{from}: {error}");
    }
    let half = text.replacen("\"rootAtSmallerSize\"", "\"proof\"", 1);
    assert!(Evidence::parse(half.as_bytes()).is_err());
    let long = vec![b' '; EVIDENCE_BYTES_MAX + 1];
    assert!(matches!(Evidence::parse(&long), Err(EvidenceError::TooLong)));
    assert!(matches!(Evidence::parse(b""), Err(EvidenceError::Json(_))));
}
