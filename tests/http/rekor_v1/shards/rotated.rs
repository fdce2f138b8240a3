//! Three logs, each frozen before the next one. v1's clients know all of them by one key, which the
//! writer has: they see one log that goes on.

use fasti_kit::certificates::pem;
use fasti_kit::writer::{Home, Writer};
use serde_json::{Value, json};
use tiles_spec::{TreeHead, verify_consistency};

use super::super::client::{Client, ENTRIES, RETRIEVE, Verified, hashes, is_a_line, refuses};
use super::super::keys::ecdsa_key;
use super::super::proposals::fresh;
use super::scene::{Ended, flags};
use crate::reader::Reader;
use crate::wire::{Answer, exchange, get};

/// The entries of the three are 0 to 2, 3 to 5, and from 6 on. Number 4 is number 1 again.
struct Rotated {
    shards: [Ended; 2],
    /// The proposals of the entries, by index.
    proposals: Vec<Value>,
    entries: Vec<Verified>,
    writer: Writer,
    client: Client,
    spki: Vec<u8>,
    _keys: Home,
}

fn rotated() -> Rotated {
    let keys = Home::new();
    let (v1, spki) = ecdsa_key(&keys, "v1.pem");
    let signing = ["--rekor-v1-key", &*v1];
    let mut proposals: Vec<Value> = (0..6).map(|_| fresh()).collect();
    proposals[4] = proposals[1].clone();
    let known = |writer: &Writer| Client::trusting(writer, spki.clone());

    let first = Ended::of(&signing, &proposals[..3], known);
    let mut names = vec![format!("{},sign", first.flag())];
    let second = flags(&names, &signing);
    let second = Ended::of(&second, &proposals[3..], |writer| known(writer).from(3));
    names.push(format!("{},sign", second.flag()));
    let writer = Writer::start(&flags(&names, &signing));
    let client = known(&writer).from(6);
    proposals.push(fresh());
    let newest = client.submit(&proposals[6]);
    let mut entries = [&first.entries[..], &second.entries].concat();
    entries.push(newest);
    Rotated { shards: [first, second], proposals, entries, writer, client, spki, _keys: keys }
}

impl Rotated {
    /// A client of the shard with this entry.
    fn client_of(&self, index: usize) -> Client {
        match index {
            0..3 => self.shards[0].client.at(self.client.address),
            3..6 => self.shards[1].client.at(self.client.address),
            _ => self.client.clone(),
        }
    }

    #[track_caller]
    fn retrieved(&self, question: &Value) -> Vec<u64> {
        let answer = self.client.post(RETRIEVE, question);
        assert_eq!(answer.status, 200, "{question}: {}", answer.text());
        is_a_line(&answer);
        let found = answer.json();
        let found = found.as_array().expect("an array").iter().map(|entry| {
            let (_, said) = entry.as_object().expect("an object").iter().next().expect("a member");
            let index = said["logIndex"].as_u64().expect("an index");
            let place = usize::try_from(index).expect("it is small");
            assert_eq!(self.client_of(place).verify(entry), self.entries[place]);
            index
        });
        found.collect()
    }
}

#[test]
fn entries_of_all_shards_are_read_by_index_and_name() {
    let log = rotated();
    for (place, entry) in log.entries.iter().enumerate() {
        assert_eq!(entry.index, place as u64, "indices go on");
        let client = log.client_of(place);
        assert!(entry.id.starts_with(&client.tree_digits()));
        for target in [
            format!("{ENTRIES}?logIndex={place}"),
            format!("{ENTRIES}/{}", entry.id),
            format!("{ENTRIES}/{}/", entry.id.to_uppercase()),
        ] {
            assert_eq!(client.read(&target), *entry, "{target}");
        }
        // The UUID of an entry that is there twice names the older one.
        let named = if place == 4 { 1 } else { place };
        let by_uuid = format!("{ENTRIES}/{}", &entry.id[16..]);
        assert_eq!(log.client_of(named).read(&by_uuid), log.entries[named], "{by_uuid}");
    }
    let (tree, uuid) = log.entries[0].id.split_at(16);
    let other = log.client_of(3).tree_digits();
    for target in [
        format!("{ENTRIES}?logIndex=7"),
        format!("{ENTRIES}?logIndex={}", i64::MAX),
        format!("{ENTRIES}/{other}{uuid}"),
        format!("{ENTRIES}/{:016x}{uuid}", 7),
        format!("{ENTRIES}/{tree}{}", "ab".repeat(32)),
        format!("{ENTRIES}/{}", "ab".repeat(32)),
    ] {
        let answer = log.client.get(&target);
        assert_eq!((answer.status, answer.text()), (404, ""), "{target}");
    }
    let out_of_range = log.client.get(&format!("{ENTRIES}/8000000000000000{uuid}"));
    refuses(&out_of_range, "tree", (400, 400), "value out of range");
}

#[test]
fn several_entries_of_all_shards_are_got_at_once() {
    let log = rotated();
    let (id, uuid) = (|n: usize| &log.entries[n].id, |n: usize| &log.entries[n].id[16..]);
    let unknown = format!("{:016x}{}", 7, uuid(0));
    for (question, expected) in [
        (json!({"logIndexes": [6, 0, 2, 3, 5, 7, 4]}), vec![6, 0, 2, 3, 5, 4]),
        (
            // Entry IDs come first, then UUIDs, then proposals, then indices; each in their order.
            json!({
                "logIndexes": [5],
                "entryUUIDs": [uuid(6), id(4), uuid(4), unknown, id(1)],
                "entries": [log.proposals[3], fresh(), log.proposals[0]],
            }),
            vec![4, 1, 6, 1, 3, 0, 5],
        ),
        (json!({"entryUUIDs": [id(1), id(1), uuid(1)]}), vec![1, 1, 1]),
        (json!({"entryUUIDs": ["ab".repeat(32)]}), vec![]),
    ] {
        assert_eq!(log.retrieved(&question), expected, "{question}");
    }
}

#[test]
fn the_shards_are_listed_with_keys_and_proofs() {
    let log = rotated();
    let info = log.client.get("/api/v1/log").json();
    assert_eq!(log.client.head(&info["signedTreeHead"]), Reader::of(&log.writer).head());
    assert_eq!(info["treeSize"], 1);
    let listed = info["inactiveShards"].as_array().expect("they are listed");
    assert_eq!(listed.len(), 2);
    for (listed, shard) in listed.iter().zip(&log.shards) {
        let head = shard.client.head(&listed["signedTreeHead"]);
        let expected = json!({
            "rootHash": head.root.to_string(),
            "treeSize": 3,
            "signedTreeHead": listed["signedTreeHead"],
            "treeID": shard.client.tree.to_string(),
        });
        assert_eq!(*listed, expected);
        proves(&log, shard, &head);
    }
    let trees = [&log.client, &log.shards[0].client, &log.shards[1].client].map(|one| one.tree);
    for tree in trees {
        let key = log.client.get(&format!("/api/v1/log/publicKey?treeID={tree}"));
        assert_eq!(key.text(), pem("PUBLIC KEY", &log.spki), "{tree}");
    }
    refuses(&log.client.get("/api/v1/log/publicKey?treeID=7"), "key", (400, 400), "Bad Request");
    let other = log.client.get("/api/v1/log/proof?lastSize=1&treeID=7");
    refuses(&other, "proof", (400, 400), "no log range found for tree ID 7");
}

/// What was signed of a shard while it was written extends to its last tree.
fn proves(log: &Rotated, shard: &Ended, last: &TreeHead) {
    let proof = |query: &str| -> Answer {
        log.client.get(&format!("/api/v1/log/proof?{query}&treeID={}", shard.client.tree))
    };
    let answer = proof("firstSize=2&lastSize=3");
    assert_eq!(answer.json()["rootHash"], last.root.to_string());
    let leaves: Vec<_> = shard.entries.iter().map(|e| tiles_spec::leaf_hash(&e.body)).collect();
    let old = TreeHead {
        size: tiles_spec::TreeSize::new(2).expect("a size"),
        root: tiles_spec::node_hash(&leaves[0], &leaves[1]),
    };
    verify_consistency(&old, last, &hashes(&answer.json()["hashes"])).expect("a proof");
    let words = "the tree size requested(4) was greater than what is currently observable(3)";
    refuses(&proof("lastSize=4"), "beyond", (400, 400), words);
}

/// As by Rekor, an entry of an inactive shard is taken again; one of the active shard is not.
#[test]
fn what_an_inactive_shard_has_is_logged_again_once() {
    let log = rotated();
    let again = log.client.submit(&log.proposals[0]);
    assert_eq!((again.index, &again.id[16..]), (7, &log.entries[0].id[16..]));
    let words = format!(
        "an equivalent entry already exists in the transparency log with UUID {}",
        again.id
    );
    let third = log.client.post(ENTRIES, &log.proposals[0]);
    refuses(&third, "again", (409, 409), &words);
    assert_eq!(third.field("location"), Some(&*format!("{ENTRIES}/{}", again.id)));
    // Now the UUID names the one in the active shard, and there is one answer.
    let by_uuid = format!("{ENTRIES}/{}", &again.id[16..]);
    assert_eq!(log.client.read(&by_uuid), again);
    let answer = log.client.post(RETRIEVE, &json!({"entries": [log.proposals[0]]}));
    let [found] = &answer.json().as_array().expect("an array").clone()[..] else {
        panic!("one entry: {}", answer.text());
    };
    assert_eq!(log.client.verify(found), again);
    let old = log.client_of(0).read(&format!("{ENTRIES}/{}", log.entries[0].id));
    assert_eq!(old, log.entries[0], "the ID is still that of the old one");
}

/// The API of v2 and the files know one log.
#[test]
fn others_see_one_log() {
    let log = rotated();
    let reader = Reader::of(&log.writer);
    assert_eq!(reader.size(), 1);
    reader.holds(0, &log.entries[6].body);
    reader.is_unharmed(1);
    let head = exchange(log.client.address, "HEAD", &format!("{ENTRIES}?logIndex=0"), &[], b"");
    assert_eq!(head.status, 200);
    assert_eq!(get(log.client.address, "/tile/entries/000.p/3").status, 404);
    // The old writers can still be asked, and say the same.
    for shard in log.shards {
        let old = shard.home.start(&[]);
        assert_eq!(Reader::of(&old).checkpoint(), shard.checkpoint);
    }
}
