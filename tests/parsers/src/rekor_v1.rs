//! What a monitor reads of Rekor v1's API: the trees of a log, and pages of their entries.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::client::rekor_v1::{PAGE, Shard, V1Entry};
use fasti::verify::numbered_tree;
use serde_json::{Value, json};
use tiles_spec::{
    Checkpoint, Frontier, LeafIndex, SignedCheckpoint, TreeHead, TreeSize, leaf_hash,
    plan_inclusion, verify_inclusion,
};

use crate::{Seeds, proof, signed};

const BODY: &[u8] = br#"{"apiVersion":"0.0.1","kind":"any","spec":{}}"#;

/// See the crate. What was read does not contradict itself, and is read back as the same.
pub fn check(data: &[u8]) {
    let max = usize::try_from(PAGE).expect("it is small");
    if let Ok(entries) = V1Entry::read_all(data, max) {
        assert!(entries.len() <= max);
        entries.iter().for_each(agrees);
        let again = V1Entry::read_all(&bytes(&entries.iter().map(entry).collect()), max);
        assert_eq!(format!("{:?}", again.expect("it is read back")), format!("{entries:?}"));
    }
    // An answer with one entry is a page with one, without its brackets.
    let page = [b"[", data, b"]"].concat();
    match (V1Entry::read(data), V1Entry::read_all(&page, max)) {
        (Ok(one), Ok(page)) => assert_eq!(format!("{:?}", [one]), format!("{page:?}")),
        (Ok(one), Err(fault)) => panic!("{one:?}, but {fault}"),
        (Err(_), Ok(page)) => assert_ne!(page.len(), 1),
        (Err(_), Err(_)) => {}
    }
    if let Ok(shards) = Shard::read_all(data) {
        follow_each_other(&shards);
        let again = Shard::read_all(&info(&shards)).expect("it is read back");
        assert_eq!(format!("{again:?}"), format!("{shards:?}"));
    }
}

fn agrees(found: &V1Entry) {
    let leaf = leaf_hash(&found.entry.canonicalized_body);
    assert_eq!(found.id.leaf, leaf);
    assert_eq!(found.id.to_string().parse(), Ok(found.id));
    verify_inclusion(&leaf, found.index, &found.head, &found.hashes()).expect("it is proved");
    let signed = SignedCheckpoint::parse(found.checkpoint().as_bytes()).expect("a checkpoint");
    assert_eq!(signed.checkpoint().head, found.head);
    assert!(i64::try_from(found.entry.log_index).is_ok());
    let stated = found.entry.inclusion_proof.as_ref().expect("it has one");
    assert_eq!((stated.log_index, stated.tree_size), (found.index.get(), found.head.size.get()));
    assert!(found.entry.inclusion_promise.as_ref().is_none_or(|promise| !promise.is_empty()));
}

fn follow_each_other(shards: &[Shard]) {
    let trees: BTreeSet<_> = shards.iter().map(|shard| shard.tree).collect();
    assert_eq!(trees.len(), shards.len());
    let active: Vec<_> = shards.iter().map(|shard| shard.is_active).collect();
    assert!(active.split_last().is_some_and(|(last, before)| *last && !before.contains(&true)));
    let mut first = TreeSize::ZERO;
    for shard in shards {
        assert_eq!(shard.first, first.get());
        first = first.checked_add(shard.head().size.get()).expect("all indices are in range");
        if let Some((_, number)) = numbered_tree(shard.origin()) {
            assert_eq!(number, shard.tree);
        }
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// An entry as the API gives it.
fn entry(found: &V1Entry) -> Value {
    let V1Entry { id, entry, index, head, attestation } = found;
    let hashes: Vec<_> = found.hashes().iter().map(ToString::to_string).collect();
    json!({id.to_string(): {
        "body": STANDARD.encode(&entry.canonicalized_body),
        "integratedTime": entry.integrated_time,
        "logID": hex::encode(&entry.log_id),
        "logIndex": entry.log_index,
        "attestation": attestation.as_ref().map(|bytes| json!({"data": STANDARD.encode(bytes)})),
        "verification": {
            "inclusionProof": {
                "checkpoint": found.checkpoint(),
                "hashes": hashes,
                "logIndex": index.get(),
                "rootHash": head.root.to_string(),
                "treeSize": head.size.get(),
            },
            "signedEntryTimestamp": entry.inclusion_promise.as_ref().map(|it| STANDARD.encode(it)),
        },
    }})
}

/// The trees of a log as the API gives them.
fn info(shards: &[Shard]) -> Vec<u8> {
    let tree = |shard: &Shard| {
        json!({
            "rootHash": shard.head().root.to_string(),
            "signedTreeHead": String::from_utf8(shard.signed.to_bytes()).expect("a note is text"),
            "treeID": shard.tree.to_string(),
            "treeSize": shard.head().size.get(),
        })
    };
    let (active, inactive) = shards.split_last().expect("one is active");
    let mut info = tree(active);
    info["inactiveShards"] = inactive.iter().map(tree).collect();
    bytes(&info)
}

/// A checkpoint by the log's key, of the tree with this number.
fn numbered(tree: u64, head: TreeHead) -> String {
    let origin = format!("rekor.example - {tree}");
    let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
    format!("{text}\n{}", signed::key().sign(&text))
}

/// Each is read.
pub fn seeds() -> Seeds {
    let mut leaves = signed::leaves(6);
    leaves[4] = leaf_hash(BODY);
    let mut grown = Frontier::new();
    for leaf in &leaves {
        grown.push(*leaf).expect("it is small");
    }
    let head = grown.head();
    let plan = plan_inclusion(LeafIndex::new(4).expect("it is small"), head.size);
    let hashes = plan.expect("it has the leaf").build(&proof::tiles(&leaves));
    let hashes = hashes.expect("all tiles are there");
    let hashes: Vec<_> = hashes.iter().map(ToString::to_string).collect();
    let one = json!({format!("0000000000000007{}", leaves[4]): {
        "body": STANDARD.encode(BODY),
        "integratedTime": 1_700_000_000,
        "logID": "ab".repeat(32),
        "logIndex": 41,
        "attestation": {"data": STANDARD.encode("attested")},
        "verification": {
            "inclusionProof": {
                "checkpoint": numbered(7, head),
                "hashes": hashes,
                "logIndex": 4,
                "rootHash": head.root.to_string(),
                "treeSize": 6,
            },
            "signedEntryTimestamp": STANDARD.encode("signed"),
        },
    }});
    let tree = |number: u64, size: usize, note: String| {
        json!({
            "rootHash": signed::head(size).root.to_string(),
            "signedTreeHead": note,
            "treeID": number.to_string(),
            "treeSize": size,
            "inactiveShards": null,
        })
    };
    let own = String::from_utf8(signed::checkpoint(5).to_bytes()).expect("a note is text");
    let alone = tree(3, 5, own.clone());
    let mut last = tree(7, 6, numbered(7, signed::head(6)));
    last["inactiveShards"] = json!([tree(2, 0, numbered(2, signed::head(0))), tree(3, 5, own)]);
    vec![
        ("entry", bytes(&one)),
        ("page", bytes(&json!([one, one]))),
        ("tree", bytes(&alone)),
        ("trees", bytes(&last)),
    ]
}
