//! Bodies of requests and answers, and every decision of a witness.

use fasti_kit::oracle;

use super::*;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::tree::{TreeCosigningKey, cosign_tree};
use crate::cosignature::{CosigningKey, cosign};
use crate::hash::{EMPTY_ROOT, Hash, leaf_hash};
use crate::note::{Note, NoteSigningKey, VerifierKey};
use crate::proof::plan::tests::head;
use crate::size::TreeSize;
use crate::tree::TreeHead;
use crate::tree::tests::leaves;

const ORIGIN: &str = "log.example";

fn key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[7; 32])
}

fn keys() -> [VerifierKey; 1] {
    [key().verifier_key().clone()]
}

fn size(size: u64) -> TreeSize {
    TreeSize::new(size).unwrap()
}

fn signed(head: TreeHead) -> SignedCheckpoint {
    let text = Checkpoint { origin: ORIGIN.into(), head, extensions: vec![] }.to_text();
    let mut note = Note::unsigned(text.as_str()).unwrap();
    note.append(key().sign(&text)).unwrap();
    SignedCheckpoint::parse(&note.to_bytes()).unwrap()
}

fn request(old: usize, new: usize) -> AddCheckpoint {
    let leaves = leaves(new as u64);
    let proof = if old == 0 { vec![] } else { oracle::consistency(old, &leaves) };
    AddCheckpoint { old: size(old as u64), proof, checkpoint: signed(head(&leaves)) }
}

fn known(size: usize) -> TreeHead {
    if size == 0 { TreeHead::EMPTY } else { head(&leaves(size as u64)) }
}

#[test]
fn every_pair_of_small_trees() {
    for new in 1..20 {
        for old in 0..=new {
            let made = request(old, new);
            let read = AddCheckpoint::parse(&made.to_bytes()).unwrap();
            assert_eq!(read, made);
            let witnessed = judge(&read, &keys(), &known(old)).unwrap();
            assert_eq!(witnessed.checkpoint.head, known(new));
            assert_eq!(&witnessed.note, made.checkpoint.note());
            for last in (0..25).filter(|last| *last != old) {
                let refusal = judge(&read, &keys(), &known(last)).unwrap_err();
                assert_eq!(refusal, WitnessRefusal::Size(size(last as u64)));
                assert_eq!((refusal.status(), refusal.is_suspicious()), (409, false));
            }
        }
    }
}

#[test]
fn the_form_of_the_specification() {
    let one = request(1, 2);
    let checkpoint = String::from_utf8(one.checkpoint.to_bytes()).unwrap();
    let proof = leaves(2)[1].to_base64();
    let body = format!("old 1\n{proof}\n\n{checkpoint}");
    assert_eq!(String::from_utf8(one.to_bytes()).unwrap(), body);
    let first = String::from_utf8(request(0, 2).to_bytes()).unwrap();
    assert_eq!(first, format!("old 0\n\n{checkpoint}"));
}

#[test]
fn what_is_malformed() {
    let body = String::from_utf8(request(3, 7).to_bytes()).unwrap();
    let refused = |body: &str| AddCheckpoint::parse(body.as_bytes()).unwrap_err().to_string();
    let proof = Hash::from([1; 32]).to_base64() + "\n";
    for (body, words) in [
        (String::new(), "a blank line"),
        (body.replace("\n\n", "\n"), "a blank line"),
        (body.replacen("old 3", "3", 1), "does not begin"),
        (body.replacen("old 3", "old  3", 1), "malformed old size"),
        (body.replacen("old 3", "old 03", 1), "malformed old size"),
        (body.replacen("old 3", "old -3", 1), "malformed old size"),
        (body.replacen("old 3\n", "old 3\n!\n", 1), "malformed hash"),
        (body.replacen("old 3\n", &format!("old 3\n{}", proof.repeat(63)), 1), "more than 63"),
        (body.replacen("\nlog.example\n", "\nlog.example\nx", 1), "malformed checkpoint"),
        (body[..body.len() - 1].to_owned(), "malformed checkpoint"),
        ("x".repeat(ADD_CHECKPOINT_BYTES_MAX + 1), "more than"),
    ] {
        let said = refused(&body);
        assert!(said.contains(words), "{said}, not {words}");
    }
}

#[test]
fn decisions_in_the_order_of_the_specification() {
    let judged = |request: &AddCheckpoint, last: usize| judge(request, &keys(), &known(last));
    let status = |request: &AddCheckpoint, last: usize| judged(request, last).unwrap_err().status();

    // Everything is wrong: first comes the signature.
    let mut wrong = AddCheckpoint { old: size(9), ..request(3, 5) };
    wrong.proof = vec![EMPTY_ROOT];
    let other = NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[8; 32]);
    let others = [other.verifier_key().clone()];
    assert_eq!(judge(&wrong, &others, &known(3)).unwrap_err().status(), 403);
    assert_eq!(status(&wrong, 3), 400);
    // An empty tree with another root, and an old size that is not the last one.
    let mut empty = request(0, 5);
    empty.checkpoint = signed(TreeHead { size: TreeSize::ZERO, root: leaf_hash(b"") });
    assert_eq!(status(&empty, 3), 422);
    assert_eq!(judged(&empty, 0), Err(WitnessRefusal::EmptyRoot));
    // An old size that is not the last one, and no proof.
    let mut unproved = request(3, 5);
    unproved.proof.clear();
    assert_eq!(status(&unproved, 4), 409);
    assert_eq!(status(&unproved, 3), 422);
    // From nothing, no proof is wanted.
    let mut first = request(0, 5);
    assert!(judged(&first, 0).is_ok());
    first.proof = vec![EMPTY_ROOT];
    assert_eq!(status(&first, 0), 422);
    // The same size once more is fine, unless the tree is another one.
    let same = request(5, 5);
    assert!(judged(&same, 5).is_ok());
    let another = TreeHead { size: size(5), root: EMPTY_ROOT };
    let refusal = judge(&same, &keys(), &another).unwrap_err();
    assert!(refusal.is_suspicious() && refusal.status() == 422, "{refusal}");
    // So is an empty tree.
    let nothing = AddCheckpoint { checkpoint: signed(TreeHead::EMPTY), ..request(0, 5) };
    assert!(judged(&nothing, 0).is_ok());
}

#[test]
fn only_lines_that_verified_are_kept() {
    let good = request(3, 7);
    let text = good.checkpoint.note().text().to_owned();
    let with = |line| {
        let mut note = good.checkpoint.note().clone();
        note.append(line).unwrap();
        let checkpoint = SignedCheckpoint::parse(&note.to_bytes()).unwrap();
        AddCheckpoint { checkpoint, ..good.clone() }
    };
    // A stranger's line is dropped, whatever it is.
    let stranger = NoteSigningKey::from_seed("else.example".parse().unwrap(), &[9; 32]);
    let witnessed = judge(&with(stranger.sign(&text)), &keys(), &known(3)).unwrap();
    assert_eq!(&witnessed.note, good.checkpoint.note());
    // A bad line in the log's name spoils the checkpoint.
    let bad = with(key().sign("another text\n"));
    assert_eq!(judge(&bad, &keys(), &known(3)).unwrap_err().status(), 403);
}

#[test]
fn answers_are_opened() {
    let text = request(3, 7).checkpoint.note().text().to_owned();
    let name = |name: &str| name.parse().unwrap();
    let ed25519 = CosigningKey::from_seed(name("w.example"), &[1; 32]);
    let ml_dsa = TreeCosigningKey::from_seed(name("w.example"), &[2; 32]).unwrap();
    let stranger = CosigningKey::from_seed(name("w.example"), &[3; 32]);
    let keys = [ed25519.verifier_key().clone(), ml_dsa.verifier_key().clone()];
    let lines = [
        cosign(&stranger, &text, 5).unwrap(),
        cosign(&ed25519, &text, 5).unwrap(),
        cosign_tree(&ml_dsa, &text, 6).unwrap(),
    ];
    let answer: String = lines.iter().map(ToString::to_string).collect();
    let opened = open_cosignatures(&text, answer.as_bytes(), &keys).unwrap();
    assert_eq!(opened, lines[1..]);
    let refused = |answer: &str| open_cosignatures(&text, answer.as_bytes(), &keys).unwrap_err();
    assert_eq!(refused(&lines[0].to_string()), ReplyError::NotCosigned);
    assert!(matches!(refused(""), ReplyError::Lines(_)));
    assert!(matches!(refused("nonsense\n"), ReplyError::Lines(_)));
    assert!(matches!(refused(answer.trim_end()), ReplyError::Lines(_)));
    let timeless = cosign_tree(&ml_dsa, &text, 0).unwrap().to_string();
    assert_eq!(refused(&timeless), ReplyError::NoTime);
    let other = cosign(&ed25519, &format!("{text}more\n"), 5).unwrap().to_string();
    assert!(matches!(refused(&other), ReplyError::Lines(_)));
    assert_eq!(open_cosignatures(&text, &[0xff], &keys), Err(ReplyError::Text));
}

#[test]
fn sizes_are_lines() {
    for number in [0, 1, 20_852_163] {
        assert_eq!(parse_size(size_body(size(number)).as_bytes()), Ok(size(number)));
    }
    for bad in ["", "\n", "01\n", "1\n\n", " 1\n", "-1\n", "18446744073709551616\n"] {
        assert!(matches!(parse_size(bad.as_bytes()), Err(ReplyError::Size(_))), "{bad:?}");
    }
}

#[test]
fn monitors_find_a_log_by_the_hash_of_its_origin() {
    let hash = "d7612c54297eaa3e5a7756b17ce3adc5bed251af8059d72bbb8b0075c67b85e9";
    assert_eq!(monitoring_path(ORIGIN), format!("{hash}/checkpoint"));
}
