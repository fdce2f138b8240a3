//! Shards for which no key is here: their entries come with what the log itself has published.

use fasti_kit::certificates::pem;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::{LeafIndex, VerifierKey, leaf_hash, open_checkpoint, verify_inclusion};

use super::super::client::{Client, ENTRIES, RETRIEVE, hashes};
use super::super::proposals::fresh;
use super::scene::{Ended, flags};
use crate::reader::{ORIGIN, decode, text};

/// Checks that an entry is proved by the log's own checkpoint, and that nothing else is claimed.
#[track_caller]
fn proved(entry: &Value, key: &VerifierKey) -> (u64, u64) {
    let (id, entry) = entry.as_object().expect("an object").iter().next().expect("an entry");
    let body = decode(&entry["body"]);
    let leaf = leaf_hash(&body);
    assert!(id.ends_with(&leaf.to_string()));
    let verification = &entry["verification"];
    assert!(verification.get("signedEntryTimestamp").is_none(), "{verification}");
    assert!(entry["integratedTime"].as_u64() > Some(1_700_000_000));
    let proof = &verification["inclusionProof"];
    let checkpoint = text(&proof["checkpoint"]).as_bytes();
    let head = open_checkpoint(checkpoint, ORIGIN, std::slice::from_ref(key)).expect("good").head;
    let index = proof["logIndex"].as_u64().expect("an index");
    let at = LeafIndex::new(index).expect("an index");
    verify_inclusion(&leaf, at, &head, &hashes(&proof["hashes"])).expect("a proof");
    (entry["logIndex"].as_u64().expect("an index"), index)
}

#[test]
fn entries_are_proved_by_the_published_checkpoint() {
    let proposals: Vec<Value> = (0..4).map(|_| fresh()).collect();
    let first = Ended::of(&[], &proposals[..2], Client::of);
    let second = Ended::of(&[], &proposals[2..], Client::of);
    let names = [first.flag(), second.flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(4);
    assert_eq!(client.submit(&fresh()).index, 4);

    let info = client.get("/api/v1/log").json();
    for (number, shard) in [&first, &second].into_iter().enumerate() {
        let listed = &info["inactiveShards"][number];
        assert_eq!(listed["signedTreeHead"], shard.checkpoint.as_str());
        let tree = listed["treeID"].as_str().expect("a tree ID");
        assert_eq!(tree, shard.client.tree.to_string());
        let spki = shard.key.public_key().to_spki_der().expect("it signs texts");
        let key = client.get(&format!("/api/v1/log/publicKey?treeID={tree}"));
        assert_eq!(key.text(), pem("PUBLIC KEY", &spki));
        for place in 0..2 {
            let index = (2 * number + place) as u64;
            let known = &shard.entries[place];
            for target in [
                format!("{ENTRIES}?logIndex={index}"),
                format!("{ENTRIES}/{}", known.id),
                format!("{ENTRIES}/{}", &known.id[16..]),
            ] {
                let answer = client.get(&target);
                assert_eq!(answer.status, 200, "{target}: {}", answer.text());
                let entry = answer.json();
                assert_eq!(proved(&entry, &shard.key), (index, place as u64), "{target}");
                let (id, said) = entry.as_object().expect("an object").iter().next().unwrap();
                assert_eq!(*id, known.id);
                assert_eq!(said["integratedTime"], known.time);
                assert_eq!(said["logID"], shard.client.log_id());
            }
            let proposed = json!({"entries": [proposals[2 * number + place]]});
            let found = client.post(RETRIEVE, &proposed).json();
            assert_eq!(proved(&found[0], &shard.key).0, index);
        }
    }
}

/// A log that does not say that it has ended is one as the operator says.
#[test]
fn a_size_can_be_stated() {
    let writer = Writer::start(&[]);
    let key = writer.key.clone();
    let entry = Client::of(&writer).submit(&fresh());
    let home = writer.stop();
    let name = [format!("{},size=1,vkey={key}", home.store().display())];
    let later = Writer::start(&flags(&name, &[]));
    let client = Client::of(&later).from(1);
    assert_eq!(client.submit(&fresh()).index, 1);
    let answer = client.get(&format!("{ENTRIES}/{}", entry.id));
    assert_eq!(proved(&answer.json(), &key), (0, 0));
}

/// An empty log has no indices, and may be a shard.
#[test]
fn an_empty_shard_is_passed_over() {
    let empty = Ended::of(&[], &[], Client::of);
    let full = Ended::of(&[], &[fresh()], Client::of);
    let names = [empty.flag(), full.flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(1);
    let entry = client.get(&format!("{ENTRIES}?logIndex=0")).json();
    assert_eq!(proved(&entry, &full.key), (0, 0));
    assert_eq!(client.get(&format!("{ENTRIES}?logIndex=1")).status, 404);
    assert_eq!(client.submit(&fresh()).index, 1);
}
