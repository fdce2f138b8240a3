//! Notes: published examples, malformed notes, and whose signatures count.

use proptest::prelude::*;

use super::*;

// golang.org/x/mod, sumdb/note: its example note and two keys. The second key's seed is all zeros.
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZS\
    NXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG0\
    1oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(vkey: &str) -> VerifierKey {
    vkey.parse().unwrap()
}

fn note(parts: &[&str]) -> Note {
    Note::parse(parts.concat().as_bytes()).unwrap()
}

/// The names of the keys that signed.
fn signers(note: &Note, keys: &[&str]) -> Result<Vec<String>, NoteError> {
    let keys: Vec<_> = keys.iter().copied().map(key).collect();
    Ok(note.verify(&keys)?.into_iter().map(|key| key.name().to_string()).collect())
}

/// A signature line with altered bytes.
fn altered(line: &str) -> String {
    line.replacen("UG/", "UG+", 1).replacen("NbfR", "NbfS", 1)
}

#[test]
fn the_note_of_the_specification() {
    // The example of C2SP signed-note, "Verifier keys".
    let note = note(&[
        "This is an example message.\n\n",
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72\
         IneyaQM=\n",
    ]);
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    assert_eq!(key(vkey).to_string(), vkey);
    assert_eq!(signers(&note, &[vkey]), Ok(vec!["example.com/foo".to_owned()]));
    assert_eq!(note.text(), "This is an example message.\n");
    let [line] = note.signatures() else { panic!("one signature") };
    assert_eq!(
        (line.name().as_str(), line.key_id().to_string()),
        ("example.com/foo", "530d903a".into())
    );
    assert_eq!(line.bytes().len(), 64);
}

#[test]
fn a_text_may_have_blank_lines() {
    // The first example of C2SP signed-note, for which no key is published.
    let bytes = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihA\
        QwaqP3ZekRwNtIc=\n";
    let note = Note::parse(bytes.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.to_bytes(), bytes.as_bytes());
    assert_eq!(signers(&note, &[PETER]), Err(NoteError::NoKnownSignature));

    for text in ["\n", "\n\n", "a\n\n", "\n\na\n"] {
        let note = self::note(&[text, "\n", PETER_LINE]);
        assert_eq!(note.text(), text);
        assert_eq!(note.to_string(), [text, "\n", PETER_LINE].concat());
    }
}

#[test]
fn who_signed() {
    let both = note(&[TEXT, "\n", PETER_LINE, ENOCH_LINE]);
    assert_eq!(signers(&both, &[ENOCH, PETER]).unwrap(), ["PeterNeumann", "EnochRoot"]);
    assert_eq!(signers(&both, &[ENOCH]).unwrap(), ["EnochRoot"]);
    assert_eq!(signers(&both, &[ENOCH, ENOCH]).unwrap(), ["EnochRoot"]);
    assert_eq!(signers(&both, &[]), Err(NoteError::NoKnownSignature));
    let twice = note(&[TEXT, "\n", PETER_LINE, PETER_LINE]);
    assert_eq!(signers(&twice, &[PETER]).unwrap(), ["PeterNeumann"]);
}

#[test]
fn a_bad_signature_by_a_known_key_spoils_the_note() {
    let bad = altered(PETER_LINE);
    assert_ne!(bad, PETER_LINE);
    let peter = key(PETER);
    let error = NoteError::BadSignature { name: peter.name().clone(), key_id: peter.key_id() };
    for lines in
        [vec![&*bad], vec![ENOCH_LINE, &bad], vec![PETER_LINE, &bad], vec![&bad, PETER_LINE]]
    {
        let note = note(&[TEXT, "\n", &lines.concat()]);
        assert_eq!(signers(&note, &[PETER, ENOCH]), Err(error.clone()));
    }
    // Lines of unknown keys are not checked: another name, another key ID.
    let note = note(&[TEXT, "\n", &bad, &bad.replace("x08go", "x08gp"), ENOCH_LINE]);
    assert_eq!(signers(&note, &[ENOCH]).unwrap(), ["EnochRoot"]);
    // A key is known only if both name and ID match.
    let renamed = ENOCH_LINE.replace("EnochRoot", "PeterNeumann");
    let note = self::note(&[TEXT, "\n", &renamed, PETER_LINE]);
    assert_eq!(signers(&note, &[PETER, ENOCH]).unwrap(), ["PeterNeumann"]);
}

#[test]
fn another_text_is_another_note() {
    for text in [&TEXT[1..], &format!("{TEXT}\n"), &TEXT.replace("problem", "Problem")] {
        let note = note(&[text, "\n", PETER_LINE]);
        assert!(matches!(signers(&note, &[PETER]), Err(NoteError::BadSignature { .. })));
    }
}

#[test]
fn malformed_notes() {
    let refuse = |bytes: &[u8], error: NoteError| {
        let printed = String::from_utf8_lossy(bytes);
        assert_eq!(Note::parse(bytes), Err(error), "{printed:?}");
    };
    let refuse_text = |parts: &[&str], error| refuse(parts.concat().as_bytes(), error);

    refuse(b"", NoteError::Unsigned);
    refuse(b"\n", NoteError::Unsigned);
    refuse_text(&[TEXT], NoteError::Unsigned);
    refuse_text(&[TEXT, "\n"], NoteError::Unsigned);
    refuse_text(&["\n", PETER_LINE], NoteError::Unsigned);
    refuse_text(&[TEXT, PETER_LINE], NoteError::Unsigned);
    refuse_text(&[TEXT, "\n", PETER_LINE.trim_end()], NoteError::Unsigned);
    refuse_text(&[TEXT, "\n", PETER_LINE, "\n"], NoteError::Unsigned);
    refuse(
        &[&b"\xff"[..], TEXT.as_bytes(), b"\n", PETER_LINE.as_bytes()].concat(),
        NoteError::Utf8,
    );
    for control in ["\u{0}", "\u{1}", "\t", "\r", "\u{1f}"] {
        refuse_text(&[control, TEXT, "\n", PETER_LINE], NoteError::Text);
    }
    let lines = [
        "Unexpected line.\n",
        "— PeterNeumann\n",
        "— PeterNeumann \n",
        "— Peter Neumann x08go/ZJ\n",
        "— Peter+Neumann x08go/ZJ\n",
        "— Peter\u{a0}Neumann x08go/ZJ\n",
        "— Peter\tNeumann x08go/ZJ\n",
        "—  x08go/ZJ\n",
        "-- PeterNeumann x08go/ZJ\n",
        " — PeterNeumann x08go/ZJ\n",
        "—\u{a0}PeterNeumann x08go/ZJ\n",
        "— PeterNeumann  x08go/ZJ\n",
        "— PeterNeumann x08go/ZJ \n",
        "— PeterNeumann x08go/ZJ\r\n",
        "— PeterNeumann x08go/Z\n",
        "— PeterNeumann x08go/Z=\n",
        "— PeterNeumann x08go_ZJ\n",
        "— PeterNeumann x08g\n",
        "— PeterNeumann x08gow==\n",
    ];
    for line in lines {
        refuse_text(&[TEXT, "\n", PETER_LINE, line], NoteError::SignatureLine(1));
        assert_eq!(parse_signatures(line), Err(NoteError::SignatureLine(0)), "{line:?}");
    }
}

#[test]
fn sizes_are_bounded() {
    let hundred = [TEXT, "\n", &PETER_LINE.repeat(100)].concat();
    assert_eq!(Note::parse(hundred.as_bytes()).unwrap().signatures().len(), 100);
    let more = hundred + PETER_LINE;
    assert_eq!(Note::parse(more.as_bytes()), Err(NoteError::TooManySignatures));

    let largest = format!("{}\n\n{PETER_LINE}", "a".repeat(NOTE_BYTES_MAX - 2 - PETER_LINE.len()));
    let mut note = Note::parse(largest.as_bytes()).unwrap();
    let line = note.signatures()[0].clone();
    let larger = NOTE_BYTES_MAX + PETER_LINE.len();
    assert_eq!(note.append(line.clone()), Err(NoteError::TooLarge(larger)));
    let error = NoteError::TooLarge(NOTE_BYTES_MAX + 1);
    assert_eq!(Note::parse(format!("a{largest}").as_bytes()), Err(error.clone()));
    assert_eq!(Note::unsigned("a".repeat(NOTE_BYTES_MAX) + "\n"), Err(error));

    let mut note = Note::unsigned(TEXT).unwrap();
    for _ in 0..NOTE_SIGNATURES_MAX {
        note.append(line.clone()).unwrap();
    }
    assert_eq!(note.append(line.clone()), Err(NoteError::TooManySignatures));
    let empty = NoteSignature::new(line.name().clone(), line.key_id(), vec![]);
    assert_eq!(Note::unsigned(TEXT).unwrap().append(empty), Err(NoteError::SignatureLine(0)));
    for text in ["", "no newline", "tab\t\n", "nul\0\n"] {
        assert_eq!(Note::unsigned(text), Err(NoteError::Text), "{text:?}");
    }
}

#[test]
fn signing_again_gives_the_published_bytes() {
    let peter = NoteSigningKey::parse(PETER_SECRET).unwrap();
    let enoch = NoteSigningKey::from_seed("EnochRoot".parse().unwrap(), &[0; 32]);
    assert_eq!(peter.verifier_key().to_string(), PETER);
    assert_eq!(enoch.verifier_key().to_string(), ENOCH);
    let mut note = Note::unsigned(TEXT).unwrap();
    note.append(peter.sign(TEXT)).unwrap();
    note.append(enoch.sign(TEXT)).unwrap();
    assert_eq!(note.to_string(), [TEXT, "\n", PETER_LINE, ENOCH_LINE].concat());
}

impl signed_note::Verifier for VerifierKey {
    fn name(&self) -> &str {
        self.name().as_str()
    }

    fn key_id(&self) -> u32 {
        u32::from_be_bytes(*self.key_id().as_bytes())
    }

    fn verify(&self, msg: &[u8], sig: &[u8]) -> bool {
        std::str::from_utf8(msg).is_ok_and(|text| self.verify(text, sig))
    }
}

impl signed_note::Signer for NoteSigningKey {
    fn name(&self) -> &str {
        self.verifier_key().name().as_str()
    }

    fn key_id(&self) -> u32 {
        signed_note::Verifier::key_id(self.verifier_key())
    }

    fn sign(&self, msg: &[u8]) -> Result<Vec<u8>, ::signature::Error> {
        Ok(self.sign(str::from_utf8(msg).unwrap()).bytes().to_vec())
    }
}

#[test]
fn the_signed_note_crate_agrees() {
    use signed_note::{Note as Other, StandardSigner, StandardVerifier, VerifierList};

    let ours = [NoteSigningKey::parse(PETER_SECRET).unwrap()];
    let theirs = StandardSigner::new(PETER_SECRET).unwrap();
    let mut by_them = Other::new(TEXT.as_bytes(), &[]).unwrap();
    by_them.add_sigs(&[&theirs]).unwrap();
    let mut by_us = Other::new(TEXT.as_bytes(), &[]).unwrap();
    by_us.add_sigs(&[&ours[0]]).unwrap();
    assert_eq!(by_us.to_bytes(), by_them.to_bytes());

    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(PETER).unwrap())]);
    assert_eq!(by_us.verify(&known).unwrap().0.len(), 1);
    let known = VerifierList::new(vec![Box::new(key(PETER))]);
    assert_eq!(by_them.verify(&known).unwrap().0.len(), 1);
}

proptest! {
    #[test]
    fn notes_come_back(
        text in r"([^\x00-\x1f]{0,20}\n){1,5}",
        lines in prop::collection::vec((r"[^\s+\x00-\x1f]{1,12}", any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 1..90)), 1..6),
    ) {
        let mut note = Note::unsigned(text).unwrap();
        for (name, key_id, bytes) in lines {
            note.append(NoteSignature::new(name.parse().unwrap(), key_id.into(), bytes)).unwrap();
        }
        prop_assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
    }

    #[test]
    fn what_parses_prints_as_it_was(
        bytes in r"(a\n|\n|b c\n){0,4}(— (A|b/c) [A-Za-z0-9+/]{8,11}={0,2}\n|\n){0,3}",
    ) {
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.to_string(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in any::<String>(),
        cut in 0..300_usize,
        bit in 0..2000_usize,
    ) {
        let _ = Note::parse(&bytes);
        let _ = Note::parse(format!("{text}\n\n— {text}\n").as_bytes());
        let mut good = [TEXT, "\n", PETER_LINE, ENOCH_LINE].concat().into_bytes();
        let _ = Note::parse(&good[..cut.min(good.len())]);
        let bit = bit % (good.len() * 8);
        good[bit / 8] ^= 1 << (bit % 8);
        // No single bit can change unnoticed: the note becomes malformed or bad, or one of the two
        // signatures no longer counts.
        if let Ok(note) = Note::parse(&good) {
            prop_assert!(note.verify(&[key(PETER), key(ENOCH)]).map_or(0, |signers| signers.len()) < 2);
        }
    }
}
