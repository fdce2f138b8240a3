//! Inactive shards of Rekor v1, below a log that others write.

use fasti_kit::certificates::{P256, Signer};
use fasti_kit::proposals::hashedrekord;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{STATE, Server, ask, serve};
use crate::world::World;

const ENTRIES: &str = "/api/v1/log/entries";
const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
const SEARCH: &str = "/api/v1/index/retrieve";

fn signed(artifact: &str) -> Value {
    hashedrekord(Signer::of(P256), artifact.as_bytes(), None)
}

/// A log of these proposals, whose writer has stopped; and its entry IDs.
fn written(origin: &str, seed: u8, proposals: &[&Value]) -> (World, Vec<String>) {
    let mut world = World::of(origin, seed);
    world.start(&["--no-lookup"]);
    let address = world.url().trim_start_matches("http://").parse().expect("an address");
    let ids = proposals.iter().map(|proposal| {
        let fields = ["content-type: application/json"];
        let answer = ask(address, "POST", ENTRIES, &fields, proposal.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json().as_object().expect("an object").keys().next().expect("an ID").clone()
    });
    let ids = ids.collect();
    world.stop();
    (world, ids)
}

fn freeze(world: &World) {
    world.fasti(&["freeze", "--store", "log", "--key", "log.key"]).good();
}

fn place(world: &World) -> String {
    world.path("log").display().to_string()
}

/// The index over all shards, and the one in the entry's own.
fn indices(entry: &Value) -> [u64; 2] {
    let (_, entry) = entry.as_object().expect("an object").iter().next().expect("an entry");
    assert!(entry["verification"].get("signedEntryTimestamp").is_none(), "{entry}");
    let of_proof = &entry["verification"]["inclusionProof"]["logIndex"];
    [&entry["logIndex"], of_proof].map(|index| index.as_u64().expect("an index"))
}

#[test]
fn shards_are_read_below_a_log_that_others_write() {
    let (one, two, three) = (signed("one"), signed("two"), signed("three"));
    let (old, old_ids) = written("old.test", 2, &[&one, &two]);
    freeze(&old);
    // It has ended too, but only its operator knows.
    let (next, next_ids) = written("next.test", 3, &[&one]);
    let (new, new_ids) = written("localhost", 1, &[&one, &three]);
    let ids = [old_ids, next_ids, new_ids].concat();
    let first = format!("{},vkey={}", place(&old), old.vkey());
    let second = format!("{},size=1,vkey={}", place(&next), next.vkey());
    let flags = ["--rekor-v1-shard", &first, "--rekor-v1-shard", &second];
    let server = serve(&new, "log", &flags);

    for (index, id) in ids.iter().enumerate() {
        let in_shard = [0, 1, 0, 0, 1][index];
        for found in [
            server.get(&format!("{ENTRIES}?logIndex={index}")).json(),
            server.get(&format!("{ENTRIES}/{id}")).json(),
            server.post_json(RETRIEVE, &json!({"logIndexes": [index]})).json()[0].clone(),
            server.post_json(RETRIEVE, &json!({"entryUUIDs": [id]})).json()[0].clone(),
        ] {
            assert!(found.get(id).is_some(), "{found}");
            assert_eq!(indices(&found), [index as u64, in_shard]);
        }
    }
    assert_eq!(server.get(&format!("{ENTRIES}?logIndex=5")).status, 404);
    // What is there several times is first looked for in the newest log.
    let found = server.get(&format!("{ENTRIES}/{}", &ids[0][16..])).json();
    assert!(found.get(&ids[3]).is_some(), "{found}");
    shows_shards(&server, [&old, &next], &ids);
    let proposed = server.post_json(RETRIEVE, &json!({"entries": [two, three]})).json();
    assert!(proposed[0].get(&ids[1]).is_some() && proposed[1].get(&ids[4]).is_some());
    let one = json!({"hash": hex::encode(Sha256::digest("one"))});
    let found = server.post_json(SEARCH, &one);
    assert_eq!(found.json(), json!([ids[3], ids[2], ids[0]]));
    assert_eq!(found.field("fasti-log-size"), Some("5"));
    assert_eq!(
        server.post_json(&format!("{SEARCH}?since=1"), &one).json(),
        json!([ids[3], ids[2]])
    );
    let refused = server.post_json(ENTRIES, &signed("x"));
    assert_eq!(refused.status, 405);

    // A damaged shard is to blame, and not what is served.
    let bundle = old.path("log/tile/entries/000.p/2");
    std::fs::write(&bundle, b"nothing").expect("it is ours");
    server.process.stop();
    let server = serve(&new, "log", &flags);
    let damaged = server.get(&format!("{ENTRIES}?logIndex=1"));
    let words = damaged.json()["message"].as_str().expect("a sentence").to_owned();
    assert_eq!(damaged.status, 502, "{words}");
    assert!(words.starts_with("inactive shard ") && words.contains("not what was signed"));
    assert_eq!(server.get(&format!("{ENTRIES}?logIndex=2")).status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    server.process.stop();
    assert!(!new.path(STATE).exists(), "it remembers nothing, and has no keys");
}

fn shows_shards(server: &Server, shards: [&World; 2], ids: &[String]) {
    let info = server.get("/api/v1/log").json();
    assert_eq!(info["treeSize"], 2);
    for (number, world) in shards.into_iter().enumerate() {
        let listed = &info["inactiveShards"][number];
        let checkpoint = String::from_utf8(world.read("log/checkpoint")).expect("text");
        assert_eq!(listed["signedTreeHead"], checkpoint.as_str());
        let tree = listed["treeID"].as_str().and_then(|tree| tree.parse().ok());
        let tree: u64 = tree.expect("a tree ID");
        assert!(ids[2 * number].starts_with(&format!("{tree:016x}")), "{tree:016x}");
        let key = server.get(&format!("/api/v1/log/publicKey?treeID={tree}"));
        assert_ne!(key.text(), server.get("/api/v1/log/publicKey").text());
        let target = format!("/api/v1/log/proof?firstSize=1&lastSize=1&treeID={tree}");
        assert_eq!(server.get(&target).json()["rootHash"], listed["rootHash"]);
    }
}

#[test]
fn what_is_no_shard_is_refused() {
    let (old, _) = written("old.test", 2, &[&signed("one")]);
    let (new, _) = written("localhost", 1, &[&signed("two")]);
    let vkey = old.vkey();
    let serve = |shards: &[&str]| {
        let shards = shards.iter().flat_map(|shard| ["--rekor-v1-shard", shard]);
        let flags: Vec<_> = ["serve", "--log", "log", "--listen", "127.0.0.1:0"]
            .into_iter()
            .chain(shards)
            .collect();
        new.fasti(&flags)
    };
    let at = place(&old);
    serve(&[&format!("{at},vkey={vkey}")]).refused("is not frozen: it has 1 entries now");
    serve(&[&format!("{at},vkey={vkey},size=2")]).refused("has 1 entries, and not 2 as stated");
    freeze(&old);
    serve(&[&at]).refused("old.test");
    serve(&[&format!("{at},vkey={vkey},sign")]).broken("`sign` needs a key");
    serve(&[&format!("{at}/nowhere,vkey={vkey}")]).broken("nowhere");
    let twice = format!("{at},vkey={vkey}");
    serve(&[&twice, &twice]).refused("name each shard once");
    serve(&["log,size=1"]).refused("and the log itself are one log");
}
