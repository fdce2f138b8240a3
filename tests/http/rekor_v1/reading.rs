//! Reads: entries by ID, UUID and index, several at once; the log, its growth and its key.

use fasti_kit::certificates::pem;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::{TreeHead, leaf_hash, verify_consistency};

use super::client::{Client, ENTRIES, RETRIEVE, SEARCH, Verified, hashes, is_a_line, refuses};
use super::proposals::{fresh, rekord, sha256};
use crate::reader;
use crate::submitter::{P256, Submitter, good};
use crate::wire::{Answer, exchange, get, post, post_json};

/// Logs entries with both APIs by turns, and reads them by their indices.
fn logged(client: &Client, count: u64) -> Vec<Verified> {
    for n in 0..count {
        if n % 2 == 0 {
            let answer = post(client.address, reader::ENTRIES, good().as_bytes());
            assert_eq!(answer.status, 201, "{}", answer.text());
        } else {
            assert_eq!(client.submit(&fresh()).index, n);
        }
    }
    (0..count).map(|n| client.read(&format!("{ENTRIES}?logIndex={n}"))).collect()
}

#[test]
fn entries_are_got_by_id_and_index() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let entries = logged(&client, 5);
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry.index, index as u64);
        let uuid = &entry.id[16..];
        for id in [uuid, &*entry.id, &entry.id.to_uppercase()] {
            assert_eq!(client.read(&format!("{ENTRIES}/{id}")), *entry);
            assert_eq!(client.read(&format!("{ENTRIES}/{id}/")), *entry);
        }
    }
    assert!(entries.is_sorted_by_key(|entry| entry.time), "{entries:?}");
    let (tree, uuid) = entries[0].id.split_at(16);
    for target in [
        &format!("{ENTRIES}/{:016x}{uuid}", 7),
        &format!("{ENTRIES}/{}", "ab".repeat(32)),
        &format!("{ENTRIES}/{tree}{}", "ab".repeat(32)),
        &format!("{ENTRIES}?logIndex=5"),
        &format!("{ENTRIES}?logIndex={}", i64::MAX),
    ] {
        let answer = client.get(target);
        assert_eq!((answer.status, answer.text()), (404, ""), "{target}");
        assert_eq!(answer.field("content-type"), None, "{target}");
    }
}

#[test]
fn several_entries_are_got_at_once() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let mut entries = logged(&client, 4);
    let proposals = [fresh(), rekord(&Submitter::of(P256), "an artifact")];
    entries.extend(proposals.iter().map(|proposal| client.submit(proposal)));
    let retrieve = |question: &Value| {
        let answer = client.post(RETRIEVE, question);
        assert_eq!(answer.status, 200, "{question}: {}", answer.text());
        is_a_line(&answer);
        let found = answer.json();
        let found = found.as_array().expect("an array").iter().map(|entry| client.verify(entry));
        found
            .map(|found| {
                let place = usize::try_from(found.index).expect("it is small");
                assert_eq!(entries.get(place), Some(&found));
                found.index
            })
            .collect::<Vec<_>>()
    };
    let uuid = |n: usize| &entries[n].id[16..];
    let unknown = "ab".repeat(32);
    for (question, expected) in [
        // Entry IDs come first, then UUIDs, then proposals, then indices; each in their order.
        (
            json!({
                "logIndexes": [4, 99, 0],
                "entryUUIDs": [uuid(3), unknown, entries[1].id],
                "entries": [proposals[1], fresh(), proposals[0]],
            }),
            vec![1, 3, 5, 4, 4, 0],
        ),
        (json!({"logIndexes": [2, 2]}), vec![2, 2]),
        (json!({"entryUUIDs": [uuid(2), uuid(2)]}), vec![2, 2]),
        (json!({"entries": [proposals[0], proposals[0]]}), vec![4, 4]),
        (json!({"entryUUIDs": [format!("{:016x}{}", 7, uuid(0))]}), vec![]),
        (json!({"logIndexes": [1], "entryUUIDs": null, "more": {"logIndexes": 1}}), vec![1]),
        (json!({"logIndexes": [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]}), vec![0, 1, 2, 3, 4, 5, 0, 1, 2, 3]),
        (json!({}), vec![]),
        (json!(null), vec![]),
    ] {
        assert_eq!(retrieve(&question), expected, "{question}");
    }
    // sigstore-python writes the path like this.
    let answer = client.post(&format!("{RETRIEVE}/"), &json!({"logIndexes": [0]}));
    assert_eq!(client.verify(&answer.json()[0]), entries[0]);
}

#[test]
fn the_log_is_described_and_its_growth_proved() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let mut heads = Vec::new();
    for _ in 0..7 {
        let answer = client.get("/api/v1/log?stable=true");
        is_a_line(&answer);
        let info = answer.json();
        let head = client.head(&info["signedTreeHead"]);
        let expected = json!({
            "rootHash": head.root.to_string(),
            "treeSize": head.size.get(),
            "signedTreeHead": info["signedTreeHead"],
            "treeID": client.tree.to_string(),
            "inactiveShards": null,
        });
        assert_eq!(info, expected);
        assert_eq!(head, reader::Reader::of(&writer).head(), "it is the same tree as v2's");
        heads.push(head);
        client.submit(&fresh());
    }
    for old in &heads[1..] {
        for new in heads.iter().filter(|new| new.size >= old.size) {
            let query = format!("firstSize={}&lastSize={}", old.size, new.size);
            let target = format!("/api/v1/log/proof?{query}&treeID={}", client.tree);
            proves(&client.get(&target), old, new);
        }
    }
    for target in ["/api/v1/log/proof?lastSize=6", "/api/v1/log/proof/?lastSize=6&firstSize="] {
        let from_one = client.get(target);
        proves(&from_one, &heads[1], &heads[6]);
        let newest = client.get("/api/v1/log").json();
        assert_eq!(from_one.json()["rootHash"], newest["rootHash"], "that of the tree now");
    }
}

#[track_caller]
fn proves(answer: &Answer, old: &TreeHead, new: &TreeHead) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    is_a_line(answer);
    verify_consistency(old, new, &hashes(&answer.json()["hashes"])).expect("a proof");
}

#[test]
fn the_key_is_told_in_the_form_that_the_client_takes() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let spki = writer.key.public_key().to_spki_der().expect("it signs texts");
    let (target, pem) = ("/api/v1/log/publicKey", pem("PUBLIC KEY", &spki));
    let asking = |target: &str, accept: &str| {
        exchange(writer.address, "GET", target, &[("Accept", accept)], b"")
    };
    for target in
        [target, &format!("{target}?treeID="), &format!("{target}?treeID={}", client.tree)]
    {
        for answer in [client.get(target), asking(target, "*/*"), asking(target, "text/html, */*")]
        {
            assert_eq!((answer.status, answer.text()), (200, &*pem), "{target}");
            assert_eq!(answer.field("content-type"), Some("application/x-pem-file"));
        }
        let answer = asking(target, "application/json");
        assert_eq!(answer.json(), json!(pem), "{target}");
        is_a_line(&answer);
    }
    let words = "unsupported media type requested, only [application/x-pem-file] are available";
    refuses(&asking(target, "text/plain"), "text", (406, 406), words);
}

#[test]
fn an_empty_log_has_nothing() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    assert_eq!(client.post(SEARCH, &json!({"hash": sha256("x")})).text(), "[]\n");
    assert_eq!(client.get(&format!("{ENTRIES}?logIndex=0")).status, 404);
    assert_eq!(client.get(&format!("{ENTRIES}/{}", "0".repeat(64))).status, 404);
    let info = client.get("/api/v1/log").json();
    assert_eq!(client.head(&info["signedTreeHead"]).size.get(), 0);
    assert_eq!(info["treeSize"], 0);
    let beyond = client.get("/api/v1/log/proof?lastSize=1");
    let words = "the tree size requested(1) was greater than what is currently observable(0)";
    refuses(&beyond, "beyond", (400, 400), words);
    let several = json!({
        "logIndexes": [0],
        "entryUUIDs": ["0".repeat(64)],
        "entries": [fresh()],
    });
    assert_eq!(client.post(RETRIEVE, &several).text(), "[]\n");
}

#[test]
fn opaque_entries_are_got_too() {
    let writer = Writer::start(&["--accept-opaque"]);
    let client = Client::of(&writer);
    assert_eq!(post(writer.address, "/add", b"anything").status, 200);
    let entry = client.read(&format!("{ENTRIES}?logIndex=0"));
    assert_eq!((entry.index, &*entry.body), (0, &b"anything"[..]));
    assert_eq!(client.read(&format!("{ENTRIES}/{}", leaf_hash(b"anything"))), entry);
}

/// Rekor's answer to probes.
#[test]
fn a_ping_is_answered() {
    let writer = Writer::start(&[]);
    let answer = get(writer.address, "/ping");
    assert_eq!((answer.status, answer.text()), (200, "."));
    assert_eq!(answer.field("content-type"), Some("text/plain"));
    assert_eq!(exchange(writer.address, "HEAD", "/ping", &[], b"").status, 200);
    assert_eq!(post_json(writer.address, "/ping", b"").status, 405);
}
