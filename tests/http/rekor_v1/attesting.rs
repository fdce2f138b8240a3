//! Attestations: what was signed is kept beside its entry on request, before the entry is in the
//! log, and read by its hash and in v1's answers.

use std::fs;

use fasti_kit::certificates::{P256, Signer};
use fasti_kit::proposals::{cose, intoto_object, intoto_text};
use fasti_kit::requests;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::client::{Client, ENTRIES, RETRIEVE};
use super::proposals::{dsse, sha256};
use crate::reader::{self, Reader, decode};
use crate::submitter::Submitter;
use crate::wire::{Answer, get, post};

const KEEPS: &str = "--store-attestations";

fn statement(name: &str) -> String {
    json!({"subject": [{"name": name, "digest": {"sha256": sha256(name)}}]}).to_string()
}

/// A proposal of each kind that has an attestation, with that.
fn attested() -> Vec<(Value, Vec<u8>)> {
    let signer = Signer::of(P256);
    let (text, object) = (statement("a"), statement("b"));
    let message = cose(signer, None, b"a message");
    let bytes = decode(&message["spec"]["message"]);
    vec![
        (intoto_text(signer, text.as_bytes()), text.into_bytes()),
        (intoto_object(signer, object.as_bytes()), object.into_bytes()),
        (message, bytes),
        (dsse(&Submitter::stranger(), "a payload"), b"a payload".to_vec()),
    ]
}

fn path_of(attestation: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, attestation);
    let digest = tiles_spec::Hash::try_from(digest.as_ref()).expect("32 bytes");
    format!("/attestations/sha256/{digest}")
}

/// The attestation in an answer with one entry.
fn shown(answer: &Value) -> Option<Vec<u8>> {
    let (_, entry) = answer.as_object().expect("an object").iter().next().expect("an entry");
    entry.get("attestation").map(|attestation| decode(&attestation["data"]))
}

/// Submits an envelope over v2's API.
fn submit_v2(writer: &Writer, payload: &str) -> Answer {
    let request = requests::envelope(&[(Signer::of(P256), None)], "text/plain", payload.as_bytes());
    post(writer.address, reader::ENTRIES, request.to_string().as_bytes())
}

#[test]
fn what_was_signed_is_kept_and_shown() {
    let writer = Writer::start(&[KEEPS]);
    let client = Client::of(&writer);
    assert_eq!(get(writer.address, "/log.json").json()["attestations"], true);
    for (proposal, attestation) in attested() {
        let answer = client.post(ENTRIES, &proposal);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(shown(&answer.json()), None, "who submits it has it");
        let entry = client.verify(&answer.json());
        for prefix in ["", "/api/v2"] {
            let file = get(writer.address, &format!("{prefix}{}", path_of(&attestation)));
            assert_eq!((file.status, &file.body), (200, &attestation));
        }
        for target in [
            format!("{ENTRIES}/{}", entry.id),
            format!("{ENTRIES}/{}", &entry.id[16..]),
            format!("{ENTRIES}?logIndex={}", entry.index),
        ] {
            let answer = client.get(&target).json();
            assert_eq!(client.verify(&answer), entry);
            assert_eq!(shown(&answer).as_ref(), Some(&attestation), "{target}");
        }
        let answer = client.post(RETRIEVE, &json!({"entries": [proposal]})).json();
        assert_eq!(shown(&answer[0]), Some(attestation));
    }
    assert_eq!(submit_v2(&writer, "over v2").status, 201);
    let answer = client.get(&format!("{ENTRIES}?logIndex=4")).json();
    assert_eq!(shown(&answer), Some(b"over v2".to_vec()));
    // Once it is said, it stays so: what was kept is still there.
    let writer = writer.stop().start(&[]);
    let client = Client::of(&writer);
    assert_eq!(get(writer.address, "/log.json").json()["attestations"], true);
    assert_eq!(submit_v2(&writer, "no more").status, 201);
    let shows = |index| shown(&client.get(&format!("{ENTRIES}?logIndex={index}")).json());
    assert_eq!(shows(4), Some(b"over v2".to_vec()));
    assert_eq!(shows(5), None);
}

#[test]
fn nothing_is_kept_unasked_or_beyond_the_limit() {
    for flags in [&[][..], &[KEEPS, "--attestation-bytes-max", "8"]] {
        let writer = Writer::start(flags);
        let client = Client::of(&writer);
        for (proposal, attestation) in attested() {
            let entry = client.submit(&proposal);
            assert_eq!(get(writer.address, &path_of(&attestation)).status, 404);
            let answer = client.get(&format!("{ENTRIES}/{}", entry.id)).json();
            assert_eq!(shown(&answer), None);
        }
        assert_eq!(submit_v2(&writer, "nine long").status, 201);
        assert_eq!(get(writer.address, &path_of(b"nine long")).status, 404);
        assert!(!writer.home.store().join("attestations").exists(), "{flags:?}");
        let description = get(writer.address, "/log.json").json();
        assert_eq!(description.get("attestations").is_some(), !flags.is_empty());
        if !flags.is_empty() {
            assert_eq!(submit_v2(&writer, "as eight").status, 201);
            assert_eq!(get(writer.address, &path_of(b"as eight")).status, 200);
        }
    }
}

#[test]
fn without_its_attestation_no_entry_is_logged() {
    let writer = Writer::start(&[KEEPS]);
    let directory = writer.home.store().join("attestations");
    fs::write(&directory, "in the way").expect("it can be written");
    let refused = submit_v2(&writer, "a payload");
    refused.refuses("v2", 503, "nothing was logged");
    assert!(refused.field("retry-after").is_some());
    let (proposal, _) = attested().remove(0);
    let client = Client::of(&writer);
    assert_eq!(client.post(ENTRIES, &proposal).status, 503);
    assert_eq!(Reader::of(&writer).size(), 0);
    assert!(writer.home.said().contains("attestations"), "{}", writer.home.said());
    fs::remove_file(&directory).expect("it is there");
    let writer = writer.stop().start(&[KEEPS]);
    assert_eq!(submit_v2(&writer, "a payload").status, 201);
    assert_eq!(get(writer.address, &path_of(b"a payload")).status, 200);
    Reader::of(&writer).is_unharmed(1);
}

/// What the log has costs no further write, and what is damaged is not shown.
#[test]
fn an_attestation_is_written_once_and_believed_by_its_hash() {
    let writer = Writer::start(&[KEEPS, "--rekor-v1-duplicates", "answer"]);
    let client = Client::of(&writer);
    let (proposal, attestation) = attested().remove(0);
    let entry = client.submit(&proposal);
    let target = format!("{ENTRIES}/{}", entry.id);
    let file = writer.home.store().join(&path_of(&attestation)[1..]);
    fs::write(&file, "something else").expect("it can be written");
    assert_eq!(client.get(&target).status, 500);
    fs::remove_file(&file).expect("it is there");
    assert_eq!(shown(&client.get(&target).json()), None);
    assert_eq!(client.post(ENTRIES, &proposal).status, 201);
    assert!(!file.exists(), "the log has the entry");
    // Another entry has the same payload.
    let again = dsse(&Submitter::stranger(), std::str::from_utf8(&attestation).expect("JSON"));
    client.submit(&again);
    assert_eq!(shown(&client.get(&target).json()), Some(attestation));
}
