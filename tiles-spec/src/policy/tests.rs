//! Policy files: their form, malformed ones, and quorums against brute force.

use proptest::prelude::*;

use super::*;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::{CosigningKey, cosign};
use crate::note::{Note, NoteError, NoteSigningKey, VerifierKey};
use crate::tree::TreeHead;
use crate::{CheckpointError, PublicKey};

const ORIGIN: &str = "log.example";

fn log_key(seed: u8) -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[seed; 32])
}

fn witness_key(seed: u8) -> CosigningKey {
    CosigningKey::from_seed(format!("w{seed}.example").parse().unwrap(), &[seed; 32])
}

/// A line for each of the first witnesses, named w1, w2 and so on.
fn witnesses(count: u8) -> String {
    let line = |n| format!("witness w{n} {}\n", witness_key(n).verifier_key());
    (1..=count).map(line).collect()
}

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text.as_bytes())
}

#[track_caller]
fn refused(text: &str, line: usize, words: &str) {
    let error = parse(text).unwrap_err();
    assert!(error.to_string().contains(words), "{error}, not {words}");
    assert_eq!(error.line, line, "{error}");
}

/// Whether the quorum is met by the witnesses with these numbers.
fn met(policy: &Policy, by: &[u8]) -> bool {
    policy.is_met(|witness| by.iter().any(|n| witness.name == format!("w{n}").as_bytes()))
}

#[test]
fn the_example_of_the_specification() {
    let text = format!(
        "log {}\n\n# X\n{}group X-witnesses 2 w1 w2 w3\n\n \tgroup\tY-witnesses any w4  w5 w6 \n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y",
        log_key(9).verifier_key(),
        witnesses(6)
    );
    let policy = parse(&text).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert!(policy.needs_witnesses());
    for set in 0_u8..64 {
        let by: Vec<u8> = (1..=6).filter(|n| set >> (n - 1) & 1 == 1).collect();
        let (x, y) = (by.iter().filter(|n| **n <= 3).count(), by.iter().any(|n| *n > 3));
        assert_eq!(met(&policy, &by), x >= 2 && y, "{by:?}");
    }
}

#[test]
fn urls_and_names_are_opaque() {
    let key = witness_key(1).verifier_key().clone();
    let text = format!("witness K\u{212a} {key} https://w.example/\u{fc}\nquorum K\u{212a}\n");
    let policy = parse(&text).unwrap();
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w.example/\u{fc}"));
    assert_eq!(policy.witnesses()[0].name, "K\u{212a}".as_bytes());
    let latin =
        [b"witness \xe9 ".as_slice(), key.to_string().as_bytes(), b"\nquorum \xe9"].concat();
    assert_eq!(Policy::parse(&latin).unwrap().witnesses()[0].name, [0xe9]);
    let url = [b"witness w ".as_slice(), key.to_string().as_bytes(), b" \xe9\nquorum w"].concat();
    assert_eq!(Policy::parse(&url).unwrap_err().fault, PolicyFault::Url);
}

#[test]
fn what_is_malformed() {
    let (log, w) = (log_key(9), witnesses(2));
    let (log, one) = (log.verifier_key(), witness_key(1));
    let one = one.verifier_key();
    for (text, line, words) in [
        (String::new(), 1, "without a quorum line"),
        (w.clone(), 3, "without a quorum line"),
        ("quorum none\nquorum none\n".into(), 2, "second quorum"),
        ("quorum none none\n".into(), 1, "one word too many"),
        ("quorum\n".into(), 1, "needs a name"),
        (format!("{w}quorum w3\n"), 3, "no line before this one defines \"w3\""),
        (format!("quorum w1\n{w}"), 1, "defines \"w1\""),
        (format!("group g any w1\n{w}quorum g\n"), 1, "defines \"w1\""),
        (format!("{w}group g any g\nquorum g\n"), 3, "defines \"g\""),
        (format!("{w}group g any none\nquorum g\n"), 3, "defines \"none\""),
        (format!("{w}group none any w1\nquorum none\n"), 3, "\"none\" is taken"),
        (format!("{w}group w1 any w2\nquorum w1\n"), 3, "\"w1\" is taken"),
        (format!("{w}group g any w1 w1\nquorum g\n"), 3, "already a member"),
        (format!("{w}group g any w1\ngroup h all w1 w2\nquorum h\n"), 4, "already a member"),
        (format!("{w}group g any\nquorum g\n"), 3, "needs a member"),
        (format!("{w}group g\nquorum g\n"), 3, "needs a threshold"),
        (format!("{w}group g 0 w1\nquorum g\n"), 3, "from 1 to the number of members"),
        (format!("{w}group g 3 w1 w2\nquorum g\n"), 3, "from 1 to the number of members"),
        (format!("{w}group g 01 w1 w2\nquorum g\n"), 3, "from 1 to the number of members"),
        (format!("{w}group g some w1 w2\nquorum g\n"), 3, "\"some\""),
        (format!("log {log}\nlog {log}\nquorum none\n"), 2, "given before, on line 1"),
        (format!("{w}witness w3 {one}\nquorum w3\n"), 3, "given before, on line 1"),
        (format!("log {one}\nquorum none\n"), 1, "0x04 is not one of a log"),
        (format!("witness w {log}\nquorum w\n"), 1, "0x01 is not one of a witness"),
        ("log\nquorum none\n".into(), 1, "needs a verifier key"),
        ("log x+y+z\nquorum none\n".into(), 1, "malformed verifier key"),
        (format!("log {log} url more\nquorum none\n"), 1, "\"more\" is one word too many"),
        (format!("log {log} # ours\nquorum none\n"), 1, "a comment needs a line of its own"),
        ("quorum none\r\n".into(), 1, "0x0d is not allowed"),
        ("quorum none\n# \u{7f}\n".into(), 2, "0x7f is not allowed"),
        ("Quorum none\n".into(), 1, "\"Quorum\""),
        ("quorum none\nx".into(), 2, "\"x\""),
    ] {
        refused(&text, line, words);
    }
    let one = witness_key(1).verifier_key().public_key().material().to_vec();
    let key = VerifierKey::new(
        "other.example".parse().unwrap(),
        PublicKey::Ed25519Cosignature(one.try_into().unwrap()),
    );
    refused(&format!("{w}witness w3 {}\nquorum w3\n", key.unwrap()), 3, "given before, on line 1");
}

#[test]
fn what_is_too_large() {
    refused(&"#".repeat(POLICY_BYTES_MAX + 1), 1, "more than");
    let groups = |count: usize| {
        let line = |n| format!("group g{n} all g{}\n", n - 1);
        let more: String = (1..count).map(line).collect();
        format!("{}group g0 any w1\n{more}quorum g{}\n", witnesses(1), count - 1)
    };
    let policy = parse(&groups(POLICY_LINES_MAX)).unwrap();
    assert!(met(&policy, &[1]) && !met(&policy, &[]));
    refused(&groups(POLICY_LINES_MAX + 1), POLICY_LINES_MAX + 2, "more than 1024 lines");
}

/// A signed checkpoint, cosigned by the witnesses with these numbers, each at its own time.
fn cosigned(log: &NoteSigningKey, by: &[u8]) -> SignedCheckpoint {
    let origin = log.verifier_key().name().as_str().to_owned();
    let text = Checkpoint { origin, head: TreeHead::EMPTY, extensions: vec![] }.to_text();
    let mut note = Note::unsigned(text.as_str()).unwrap();
    note.append(log.sign(&text)).unwrap();
    for n in by {
        note.append(cosign(&witness_key(*n), &text, u64::from(*n)).unwrap()).unwrap();
    }
    SignedCheckpoint::parse(&note.to_bytes()).unwrap()
}

#[test]
fn checkpoints_are_judged() {
    let log = log_key(9);
    let text =
        format!("log {}\n{}group two 2 w1 w2 w3\nquorum two\n", log.verifier_key(), witnesses(3));
    let policy = parse(&text).unwrap();
    let names = |by: &[u8]| -> Result<Vec<(String, u64)>, String> {
        let cosigners = policy.verify(&cosigned(&log, by)).map_err(|error| error.to_string())?;
        let name = |it: &Cosigner<'_>| String::from_utf8(it.witness.name.clone()).unwrap();
        Ok(cosigners.iter().map(|it| (name(it), it.unix_seconds)).collect())
    };
    let both = vec![("w1".to_owned(), 1), ("w3".to_owned(), 3)];
    // The line of a stranger counts for nothing.
    assert_eq!(names(&[3, 4, 1]), Ok(both));
    let refusal = names(&[2, 4]).unwrap_err();
    assert_eq!(refusal, "the policy's quorum is not met: only w2 cosigned the checkpoint");
    assert!(names(&[]).unwrap_err().contains("no witness of the policy has cosigned"));

    let other = cosigned(&log_key(8), &[1, 2]);
    let unknown = PolicyRefusal::Checkpoint(CheckpointError::Note(NoteError::NoKnownSignature));
    assert_eq!(policy.verify(&other), Err(unknown));
    let elsewhere = NoteSigningKey::from_seed("else.example".parse().unwrap(), &[9; 32]);
    let refusal = policy.verify(&cosigned(&elsewhere, &[1, 2])).unwrap_err();
    assert_eq!(refusal, PolicyRefusal::UnknownLog("else.example".into()));
    // A bad line of a known witness spoils the whole, however many others cosigned.
    let good = cosigned(&log, &[1, 2, 3]);
    let (text, mut note) = (good.note().text(), good.note().clone());
    note.append(cosign(&witness_key(1), &format!("{text}more\n"), 1).unwrap()).unwrap();
    let spoiled = SignedCheckpoint::parse(&note.to_bytes()).unwrap();
    assert!(matches!(
        policy.verify(&spoiled),
        Err(PolicyRefusal::Checkpoint(CheckpointError::Note(NoteError::BadSignature { .. })))
    ));
}

/// A made-up tree of groups over six witnesses, as lines and as a function of who cosigned.
#[derive(Clone, Debug)]
enum Tree {
    Witness(u8),
    Group(usize, Vec<Self>),
}

impl Tree {
    fn is_met(&self, by: &[u8]) -> bool {
        match self {
            Self::Witness(n) => by.contains(n),
            Self::Group(needed, members) => {
                members.iter().filter(|member| member.is_met(by)).count() >= *needed
            }
        }
    }

    /// Writes the lines, and returns the name.
    fn write(&self, text: &mut String) -> String {
        match self {
            Self::Witness(n) => format!("w{n}"),
            Self::Group(needed, members) => {
                let names: Vec<String> = members.iter().map(|it| it.write(text)).collect();
                let name = format!("g{}", text.len());
                let words = [vec![format!("group {name} {needed}")], names].concat().join(" ");
                text.push_str(&words);
                text.push('\n');
                name
            }
        }
    }
}

/// Divides witnesses among groups, by a seed.
fn tree(witnesses: &[u8], seed: u64) -> Tree {
    let next = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    if let [one] = witnesses {
        if !seed.is_multiple_of(3) {
            return Tree::Witness(*one);
        }
        return Tree::Group(1, vec![Tree::Witness(*one)]);
    }
    let cut = 1 + (next >> 33) as usize % (witnesses.len() - 1);
    let members = vec![tree(&witnesses[..cut], next), tree(&witnesses[cut..], next >> 7)];
    Tree::Group(1 + (next >> 40) as usize % 2, members)
}

proptest! {
    #[test]
    fn quorums_are_those_of_brute_force(seed: u64, count in 1_u8..=6) {
        let numbers: Vec<u8> = (1..=count).collect();
        let tree = tree(&numbers, seed);
        let mut text = witnesses(count);
        let name = tree.write(&mut text);
        text.extend(["quorum ", &name, "\n"]);
        let policy = parse(&text).unwrap();
        for set in 0_u8..1 << count {
            let by: Vec<u8> = numbers.iter().copied().filter(|n| set >> (n - 1) & 1 == 1).collect();
            prop_assert_eq!(met(&policy, &by), tree.is_met(&by), "{} {:?}", text, by);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Policy::parse(&bytes);
    }
}
