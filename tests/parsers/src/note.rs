//! Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint,
//! tlog-cosignature), compared with the `signed_note` crate.

use fasti::read::Trust;
use signed_note::{StandardVerifier, VerifierList};
use tiles_spec::note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, parse_signatures};
use tiles_spec::{
    CHECKPOINT_BYTES_MAX, Checkpoint, Note, Origin, SignedCheckpoint, cosignature_time,
    open_checkpoint,
};

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    note(data);
    checkpoint(data);
    if let Ok(text) = std::str::from_utf8(data) {
        unsigned(text);
        if let Ok(checkpoint) = Checkpoint::parse_text(text) {
            assert_eq!(checkpoint.to_text(), text);
        }
        if let Ok(origin) = text.parse::<Origin>() {
            assert_eq!(origin.as_str(), text);
            assert_eq!(origin.key_name().as_str(), text);
        }
    }
}

fn note(data: &[u8]) {
    let theirs = signed_note::Note::from_bytes(data);
    let Ok(note) = Note::parse(data) else { return };
    assert!(data.len() <= NOTE_BYTES_MAX);
    assert_eq!(note.to_bytes(), data);
    let lines = note.signatures();
    assert!((1..=NOTE_SIGNATURES_MAX).contains(&lines.len()));
    let theirs = theirs.expect("the crate reads every note that is read here");
    assert_eq!(theirs.text(), note.text().as_bytes());
    let block: String = lines.iter().map(ToString::to_string).collect();
    assert_eq!(parse_signatures(&block).as_deref(), Ok(lines));
    for line in lines {
        assert!(!line.bytes().is_empty());
        if let Some(time) = cosignature_time(line) {
            assert!(i64::try_from(time).is_ok());
        }
    }
    // Whatever verifies here verifies there.
    let [key, ..] = signed::verifier_keys();
    if let Ok(signers) = note.verify(std::slice::from_ref(&key)) {
        assert_eq!(signers, [&key]);
        let verifier = StandardVerifier::new(&key.to_string()).expect("a verifier key");
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let (verified, _) = theirs.verify(&known).expect("it verifies");
        assert_eq!(verified.len(), 1);
    }
}

fn unsigned(text: &str) {
    let Ok(mut note) = Note::unsigned(text) else { return };
    assert_eq!(note.text(), text);
    if note.append(signed::key().sign(text)).is_ok() {
        assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
    }
}

fn checkpoint(data: &[u8]) {
    let keys = signed::verifier_keys();
    let opened = open_checkpoint(data, signed::ORIGIN, &keys[..1]);
    let trusted = Trust::in_keys(keys.clone()).open(data);
    let Ok(found) = SignedCheckpoint::parse(data) else {
        assert!(opened.is_err() && trusted.is_err());
        return;
    };
    assert!(data.len() <= CHECKPOINT_BYTES_MAX);
    assert_eq!(found.to_bytes(), data);
    assert_eq!(found.checkpoint().to_text(), found.note().text());
    if let Ok(opened) = &opened {
        assert_eq!(opened, found.checkpoint());
        assert_eq!(found.verify(&keys[..1]).expect("it was opened"), [&keys[0]]);
    }
    // A trusted checkpoint is one that the log's own key opens.
    if let Ok(trusted) = &trusted {
        let own = open_checkpoint(data, trusted.log().origin(), &[trusted.log().key.clone()]);
        assert_eq!(own.map(|own| own.head), Ok(trusted.head()));
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let extended = signed::text(3, &["an extension", "and another"]);
    let mut note = Note::unsigned(extended.as_str()).expect("a text");
    note.append(signed::key().sign(&extended)).expect("there is room");
    vec![
        ("checkpoint", signed::checkpoint(3).to_bytes()),
        ("empty-tree", signed::checkpoint(0).to_bytes()),
        ("cosigned", signed::cosigned(300).to_bytes()),
        ("extended", note.to_bytes()),
        ("text", signed::text(7, &[]).into_bytes()),
        ("origin", signed::ORIGIN.as_bytes().to_vec()),
    ]
}
