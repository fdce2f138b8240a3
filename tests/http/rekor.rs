//! The contract of `POST /api/v2/log/entries`, as Rekor v2's clients rely on it.

use std::fs;
use std::path::Path;
use std::thread;

use fasti::entry::SigningAlgorithm;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use crate::reader::{ENTRIES, Reader, decode, text};
use crate::submitter::{P256, Submitter, base64, good};
use crate::wire::post;

#[test]
fn the_answer_has_exactly_the_fields_of_a_transparency_log_entry() {
    let writer = Writer::start(&[]);
    let request = Submitter::of(P256).request("an artifact", None);
    let answer = post(writer.address, ENTRIES, request.to_string().as_bytes());
    assert_eq!(answer.status, 201);
    assert_eq!(answer.field("x-log-index"), None, "it is new");
    let entry = answer.json();
    let proof = &entry["inclusionProof"];
    let expected = json!({
        "logIndex": "0",
        "logId": {"keyId": base64(writer.key.log_id())},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": proof["rootHash"],
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": proof["checkpoint"]["envelope"]},
        },
        "canonicalizedBody": entry["canonicalizedBody"],
    });
    assert_eq!(entry, expected);
    let request = &request["hashedRekordRequestV002"];
    let body = format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":{}}},"signature":{{"content":{},"verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{{"rawBytes":{}}}}}}}}}}}}}"#,
        request["digest"],
        request["signature"]["content"],
        request["signature"]["verifier"]["publicKey"]["rawBytes"],
    );
    let (index, leaf) = Reader::of(&writer).verify(&entry);
    assert_eq!(String::from_utf8(leaf.clone()).expect("ASCII"), body);
    Reader::of(&writer).holds(index, &leaf);
}

#[test]
fn every_algorithm_as_key_and_as_certificate() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let mut next = 0;
    for algorithm in SigningAlgorithm::ALL {
        let submitter = Submitter::of(algorithm);
        for certificate in [None, Some(submitter.certificate("dev@example.com"))] {
            let request = submitter.request("an artifact", certificate.as_deref());
            let answer = post(writer.address, ENTRIES, request.to_string().as_bytes());
            assert_eq!(answer.status, 201, "{algorithm}: {}", answer.text());
            let (index, leaf) = reader.verify(&answer.json());
            assert_eq!(index, next, "{algorithm}");
            let stored: Value = serde_json::from_slice(&leaf).expect("JSON");
            let (spec, sent) = (&stored["spec"], &request["hashedRekordRequestV002"]);
            assert_eq!(spec["hashedRekordV002"]["signature"], sent["signature"], "{algorithm}");
            next += 1;
        }
    }
    assert_eq!(reader.size(), next);
}

/// Requests and leaves stored in the repository, including DSSE.
#[test]
fn frozen_requests_become_their_frozen_leaves() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rekor");
    let names = fs::read_dir(&dir).expect("the data").map(|entry| entry.expect("a file").path());
    let mut posted = 0;
    for path in names {
        let name = path.to_str().expect("UTF-8");
        let Some(stem) = name.strip_suffix(".request.json") else { continue };
        let answer = post(writer.address, ENTRIES, &fs::read(&path).expect("a request"));
        assert_eq!(answer.status, 201, "{stem}: {}", answer.text());
        let (index, leaf) = reader.verify(&answer.json());
        let frozen = fs::read(format!("{stem}.leaf.json")).expect("its leaf");
        assert_eq!(leaf, frozen.trim_ascii_end(), "{stem}");
        reader.holds(index, &leaf);
        posted += 1;
    }
    assert!(posted >= 10, "{posted} requests");
    assert_eq!(reader.size(), posted);
}

#[test]
fn the_retired_envelope_request_is_taken() {
    let writer = Writer::start(&[]);
    let request = Submitter::of(P256).envelope("a payload").to_string();
    let answer = post(writer.address, ENTRIES, request.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let entry = answer.json();
    assert_eq!(entry["kindVersion"], json!({"kind": "dsse", "version": "0.0.2"}));
    let (index, leaf) = Reader::of(&writer).verify(&entry);
    Reader::of(&writer).holds(index, &leaf);
}

#[test]
fn however_it_is_spelled_it_is_one_entry() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let request = Submitter::of(P256).request("an artifact", None);
    let plain = request.to_string();
    let first = post(writer.address, ENTRIES, plain.as_bytes());
    assert_eq!(first.status, 201);
    let content = text(&request["hashedRekordRequestV002"]["signature"]["content"]);
    let url_safe = content.replace('+', "-").replace('/', "_");
    let snake = plain
        .replace("hashedRekordRequestV002", "hashed_rekord_request_v002")
        .replace("publicKey", "public_key")
        .replace("rawBytes", "raw_bytes")
        .replace("keyDetails", "key_details");
    let spellings = [
        format!("\n{plain}\r\n"),
        snake,
        plain.replace(r#""PKIX_ECDSA_P256_SHA_256""#, "5"),
        plain.replace(content, &url_safe),
        plain.replace(content, url_safe.trim_end_matches('=')),
        plain.replacen('{', r#"{"dsseRequestV002":null,"#, 1),
    ];
    for spelling in spellings {
        let answer = post(writer.address, ENTRIES, spelling.as_bytes());
        assert_eq!(answer.status, 201, "{spelling}: {}", answer.text());
        assert_eq!(answer.field("x-log-index"), Some("0"), "{spelling}");
        assert_eq!(answer.json()["canonicalizedBody"], first.json()["canonicalizedBody"]);
    }
    reader.is_unharmed(1);
}

#[test]
fn a_duplicate_is_answered_with_its_index_and_a_proof_for_the_tree_of_now() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let request = good();
    let first = post(writer.address, ENTRIES, request.as_bytes()).json();
    for _ in 0..5 {
        assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    }
    let again = post(writer.address, ENTRIES, request.as_bytes());
    assert_eq!((again.status, again.field("x-log-index")), (201, Some("0")));
    let again = again.json();
    assert_eq!(again["canonicalizedBody"], first["canonicalizedBody"]);
    assert_eq!(again["inclusionProof"]["treeSize"], "6");
    assert_eq!(reader.verify(&first), reader.verify(&again));
    reader.is_unharmed(6);
}

#[test]
fn a_duplicate_is_answered_after_a_restart() {
    let writer = Writer::start(&[]);
    let request = good();
    let first = post(writer.address, ENTRIES, request.as_bytes()).json();
    let writer = writer.stop().start(&[]);
    let again = post(writer.address, ENTRIES, request.as_bytes());
    assert_eq!((again.status, again.field("x-log-index")), (201, Some("0")));
    let reader = Reader::of(&writer);
    assert_eq!(reader.verify(&first), reader.verify(&again.json()));
    reader.is_unharmed(1);
}

#[test]
fn a_duplicate_is_rejected_where_the_log_was_told_to() {
    let writer = Writer::start(&["--duplicates", "reject", "--accept-opaque"]);
    let reader = Reader::of(&writer);
    let request = good();
    assert_eq!(post(writer.address, "/add", b"an opaque entry").status, 200);
    assert_eq!(post(writer.address, ENTRIES, request.as_bytes()).status, 201);
    for (path, body, index) in
        [(ENTRIES, request.as_bytes(), "1"), ("/add", b"an opaque entry", "0")]
    {
        let again = post(writer.address, path, body);
        let words = format!(
            "an equivalent entry already exists in the transparency log with index {index}"
        );
        again.refuses(path, 409, &words);
        assert_eq!(again.json()["message"], words);
        assert_eq!(again.json()["code"], 6);
        assert_eq!(again.field("x-log-index"), Some(index));
    }
    reader.is_unharmed(2);
}

#[test]
fn equal_requests_at_the_same_time_get_one_index() {
    for flags in [&[][..], &["--duplicates", "reject"]] {
        let writer = Writer::start(flags);
        let reader = Reader::of(&writer);
        assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
        let request = good();
        let answers: Vec<_> = thread::scope(|scope| {
            let post = || post(writer.address, ENTRIES, request.as_bytes());
            let clients: Vec<_> = (0..50).map(|_| scope.spawn(post)).collect();
            clients.into_iter().map(|client| client.join().expect("an answer")).collect()
        });
        let new = answers.iter().filter(|answer| answer.field("x-log-index").is_none());
        assert_eq!(new.count(), 1, "one of them is new");
        let (taken, rejected): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!(rejected.len(), if flags.is_empty() { 0 } else { 49 });
        for answer in &taken {
            let entry = answer.json();
            assert_eq!(entry["logIndex"], "1");
            assert_eq!(reader.verify(&entry).1, decode(&entry["canonicalizedBody"]));
        }
        for answer in &rejected {
            answer.refuses("reject", 409, "with index 1");
        }
        reader.is_unharmed(2);
    }
}
