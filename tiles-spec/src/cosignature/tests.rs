//! Cosignatures of other implementations, reproduced here; and what they cover.

use sha2::{Digest, Sha256};

use super::*;
use crate::checkpoint::SignedCheckpoint;
use crate::hash::leaf_hash;
use crate::note::{Note, NoteError};
use crate::tree::Frontier;

// FiloSottile/sunlight, cmd/skylight/testdata: a witness and a mirror, both at
// 2025-12-31T00:00:00Z. The seeds of their keys are hashes of the phrases below; the leaves of the
// mirrored tree are "record 0" to "record 299".
const TIME: u64 = 1_767_139_200;
const WITNESS: &str = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN";
const WITNESS_PHRASE: &str = "skylight test witness key";
const WITNESSED: &str = "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n\
    — rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFECIHoNPZ/Q3y6UNz\
    vKOO9cuLr6V16vPNfhwhle9f6r5H/Z\n\
    — witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTL\
    IqAVusneCBmBw==\n";
const MIRROR: &str = "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
const MIRROR_PHRASE: &str = "skylight test mirror key";
const MIRRORED: &str = "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n\
    — mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjA\
    fXKMCISpsJAg==\n";

fn witness(vkey: &str, phrase: &str) -> CosigningKey {
    let name = vkey.split('+').next().unwrap().parse().unwrap();
    let key = CosigningKey::from_seed(name, &Sha256::digest(phrase).into());
    assert_eq!(key.verifier_key().to_string(), vkey);
    key
}

#[test]
fn cosignatures_of_sunlight() {
    for (vkey, phrase, bytes) in
        [(WITNESS, WITNESS_PHRASE, WITNESSED), (MIRROR, MIRROR_PHRASE, MIRRORED)]
    {
        let key = witness(vkey, phrase);
        let signed = SignedCheckpoint::parse(bytes.as_bytes()).unwrap();
        assert_eq!(signed.to_bytes(), bytes.as_bytes());
        let known = [vkey.parse().unwrap()];
        assert_eq!(signed.verify(&known).unwrap(), [key.verifier_key()]);
        let line = signed.note().signatures().last().unwrap();
        assert_eq!(cosignature_time(line), Some(TIME));
        assert_eq!(cosign(&key, signed.note().text(), TIME).as_ref(), Ok(line));
    }
}

#[test]
fn the_tree_that_was_mirrored() {
    let mut frontier = Frontier::new();
    for n in 0..300 {
        frontier.push(leaf_hash(format!("record {n}").as_bytes())).unwrap();
    }
    let signed = SignedCheckpoint::parse(MIRRORED.as_bytes()).unwrap();
    assert_eq!(signed.checkpoint().head, frontier.head());
}

#[test]
fn the_bytes_signed_and_sent() {
    // The layout of C2SP tlog-cosignature, and the time in its example line.
    assert_eq!(text_message(1_679_315_147, "a\n1\n"), "cosignature/v1\ntime 1679315147\na\n1\n");
    let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ\
                qhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let [line] = &crate::note::parse_signatures(line).unwrap()[..] else { panic!("one line") };
    assert_eq!(line.key_id().to_string(), "8d66cf3f");
    assert_eq!(cosignature_time(line), Some(1_679_315_147));

    let key = witness(WITNESS, WITNESS_PHRASE);
    let line = cosign(&key, "a\n", 0x0102_0304_0506_0708).unwrap();
    assert_eq!(line.bytes().len(), 72);
    assert_eq!(line.bytes()[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn everything_is_bound() {
    let key = witness(WITNESS, WITNESS_PHRASE);
    let text = "log.example\n1\nAAAA\nextension\n";
    let line = cosign(&key, text, TIME).unwrap();
    let verify = |text: &str, bytes: &[u8]| key.verifier_key().verify(text, bytes);
    assert!(verify(text, line.bytes()));
    for other in
        ["log.example\n1\nAAAA\n", "log.example\n1\nAAAA\nextensioN\n", &format!("{text}\n"), ""]
    {
        assert!(!verify(other, line.bytes()), "{other:?}");
    }
    // Changing a bit of the time has the same effect as changing a bit of the signature.
    for bit in 0..72 * 8 {
        let mut altered = line.bytes().to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(text, &altered), "bit {bit}");
    }
    for length in [0, 7, 8, 64, 71, 73] {
        let mut altered = line.bytes().to_vec();
        altered.resize(length, 0);
        assert!(!verify(text, &altered), "{length} bytes");
        let altered = NoteSignature::new(line.name().clone(), line.key_id(), altered);
        assert_eq!(cosignature_time(&altered), None, "{length} bytes");
    }
}

#[test]
fn times_stop_where_signed_integers_do() {
    let key = witness(WITNESS, WITNESS_PHRASE);
    for time in [0, 1, i64::MAX as u64] {
        let line = cosign(&key, "a\n", time).unwrap();
        assert_eq!(cosignature_time(&line), Some(time));
        assert!(key.verifier_key().verify("a\n", line.bytes()));
    }
    for time in [1 << 63, u64::MAX] {
        assert_eq!(cosign(&key, "a\n", time), Err(TimeError(time)));
        // Even with a signature that would verify.
        let signature = key.0.sign(text_message(time, "a\n").as_bytes());
        let bytes = [&time.to_be_bytes()[..], &signature].concat();
        assert!(!key.verifier_key().verify("a\n", &bytes));
    }
}

#[test]
fn a_witness_may_sign_more_than_once() {
    let key = witness(WITNESS, WITNESS_PHRASE);
    let keys = [key.verifier_key().clone()];
    let mut note = Note::unsigned("a\n").unwrap();
    note.append(cosign(&key, "a\n", 1).unwrap()).unwrap();
    note.append(cosign(&key, "a\n", 2).unwrap()).unwrap();
    assert_eq!(note.verify(&keys).unwrap(), [key.verifier_key()]);
    note.append(cosign(&key, "b\n", 3).unwrap()).unwrap();
    assert!(matches!(note.verify(&keys), Err(NoteError::BadSignature { .. })));
}
