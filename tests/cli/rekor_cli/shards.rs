//! Entries of inactive shards, which a writer answers for next to its own log.

use serde_json::{Value, json};

use super::made::{self, Made};
use crate::monitoring::between::{Between, Given};
use crate::world::World;

/// A frozen log with an entry, and a writer after it.
struct Rotated {
    old: World,
    new: World,
    made: Vec<Made>,
    /// The entry's ID.
    id: String,
}

fn value<'a>(said: &'a str, name: &str) -> &'a str {
    let line = said.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} in {said}")).trim()
}

/// `sign` says whether v1's clients know both logs by one key, which is then in `v1.pem`.
fn rotated(sign: bool) -> Rotated {
    let keys = World::new();
    let (mut old, mut new) = (World::of("old.test", 2), World::of("localhost", 1));
    let mut flags = Vec::new();
    if sign {
        let keygen = ["keygen", "--origin", "v1.test", "--algorithm", "ecdsa-p256"];
        let vkey = keys.fasti(&[&keygen[..], &["--out", "v1.pem"]].concat()).good();
        let root = ["trusted-root", "--vkey", vkey.trim(), "--out", "v1.json"];
        new.fasti_with(&[], &root).good();
        let key = keys.path("v1.pem").display().to_string();
        flags = vec!["--rekor-v1-key".to_owned(), key];
    }
    let borrowed: Vec<&str> = flags.iter().map(String::as_str).collect();
    old.start(&borrowed);
    let made = made::signatures(&old);
    for file in ["artifact", "artifact.sig", "base64.sig", "signer.pub"] {
        new.write(file, old.read(file));
    }
    // One more in front, so that indices differ.
    let no_root = [("FASTI_VKEY", old.vkey())];
    old.fasti_with(&no_root, &made[0].command("upload")).good();
    let said = old.fasti_with(&no_root, &made[1].command("upload")).good();
    let place = said.lines().find_map(|line| line.split_once("/api/v1/log/entries/"));
    let id = place.expect("where it is").1.trim().to_owned();
    old.stop();
    old.fasti(&["freeze", "--store", "log", "--key", "log.key"]).good();
    let sign = if sign { ",sign" } else { "" };
    let shard = format!("{},vkey={}{sign}", old.path("log").display(), old.vkey());
    let all = [&borrowed[..], &["--rekor-v1-shard", &shard]].concat();
    new.start(&all);
    Rotated { old, new, made, id }
}

#[test]
fn entries_are_proved_by_the_key_of_their_shard() {
    let Rotated { old, new, made, id } = rotated(false);
    let both = format!("{},{}", new.vkey(), old.vkey());
    let fasti = |arguments: &[&str]| new.fasti_with(&[("FASTI_VKEY", &both)], arguments);
    for arguments in [
        &["get", "--uuid", &id][..],
        &["get", "--uuid", &id[16..]],
        &["verify", "--uuid", &id],
        &made[1].command("verify"),
    ] {
        let said = fasti(arguments).good();
        assert!(said.contains("Proved: in the tree of 2 of old.test with root hash"), "{said}");
    }
    let said = fasti(&["get", "--uuid", &id]).good();
    assert_eq!((value(&said, "Index:"), value(&said, "UUID:")), ("1", &*id));
    // Who does not know the shard's key knows nothing of the entry.
    new.fasti(&["get", "--uuid", &id]).refused("give its verifier key with --vkey too");
    // No shard has this entry; and what serves only files has no shards.
    new.fasti(&["get", "--uuid", &"ab".repeat(32)]).refused("the log has no such entry");
    new.fasti(&["get", "--log", "log", "--uuid", &id]).refused("the log has no such entry");
    // The same entry can be logged again, and then the tiles have it.
    let said = fasti(&made[1].command("upload")).good();
    assert!(said.contains("Created entry at index 2"), "{said}");
    let said = fasti(&made[1].command("verify")).good();
    assert!(said.contains("Proved: in the tree of 1 with root hash"), "{said}");
}

/// `loginfo` lists inactive shards, and says of each whether its head was verified.
#[test]
fn heads_of_shards_are_listed_and_verified() {
    let Rotated { old, new, id, .. } = rotated(false);
    let tree = u64::from_str_radix(&id[..16], 16).expect("a number").to_string();
    let both = format!("{},{}", new.vkey(), old.vkey());
    let with = |vkeys: &str, more: &[&str]| {
        new.fasti_with(&[("FASTI_VKEY", vkeys)], &[&["loginfo"], more].concat()).good()
    };
    let said = with(&both, &[]);
    assert_eq!(value(&said, "Inactive Shard:").split(": ").next(), Some(&*tree), "{said}");
    assert!(said.contains("2 entries with root hash") && said.contains("signed by old.test"));
    let sizes = ["Active Tree Size:", "Total Tree Size:"].map(|name| value(&said, name));
    assert_eq!(sizes, ["0", "2"]);
    assert!(with(&both, &[]).contains("consistent with what was seen"));
    let said = with(new.vkey(), &[]);
    assert!(said.contains("not verified: give its key with --vkey"), "{said}");
    let json = |vkeys: &str| -> Value {
        serde_json::from_str(&with(vkeys, &["--format", "json"])).expect("JSON")
    };
    let shards = json(&both)["InactiveShards"].clone();
    assert_eq!(shards[0]["TreeID"], tree);
    assert_eq!((&shards[0]["TreeSize"], &shards[0]["Verified"]), (&json!(2), &json!(true)));
    assert_eq!(json(new.vkey())["InactiveShards"][0]["Verified"], false);
    // The files alone have no shards.
    let said = with(new.vkey(), &["--log", "log"]);
    assert!(!said.contains("Inactive Shard:"), "{said}");

    // A log without tiles is known by its API alone.
    let api = Between::of(new.url());
    let said = with(&both, &["--log", &api.url]);
    assert_eq!(value(&said, "Consistency:"), "not seen before: nothing to compare with");
    assert!(value(&said, "Origin:").starts_with("localhost - "), "{said}");
    assert!(said.contains("Inactive Shard:") && value(&said, "Total Tree Size:") == "2");
    let said = with(&both, &["--log", &api.url]);
    assert_eq!(value(&said, "Consistency:"), "same tree as last time");
    let refused = |vkeys: &str, more: &[&str], reason: &str| {
        let with = [&["loginfo", "--log", &api.url], more].concat();
        new.fasti_with(&[("FASTI_VKEY", vkeys)], &with).refused(reason);
    };
    refused(old.vkey(), &[], "is signed by none of the trusted keys");
    refused(&both, &["--min-size", "7"], "--min-size is 7");
    api.alter(|_, mut answer| {
        answer["inactiveShards"][0]["treeSize"] = json!(3);
        Given::Json(answer)
    });
    refused(&both, &[], "its checkpoint is of another tree head");
}

/// With the key that v1's clients know, the index over all shards names entries too.
#[test]
fn entries_are_proved_by_the_key_of_all_shards() {
    let Rotated { old: _old, new, made, id } = rotated(true);
    let fasti = |arguments: &[&str]| {
        new.fasti_with(&[], &[arguments, &["--trusted-root", "v1.json"]].concat())
    };
    let said = fasti(&made[2].command("upload")).good();
    assert!(said.contains("Created entry at index 2"), "{said}");
    let said = fasti(&["loginfo"]).good();
    assert!(said.contains("Inactive Shard:") && said.contains("signed by v1.test"), "{said}");
    for (index, in_shard) in [("0", "0"), ("1", "1"), ("2", "0")] {
        let said = fasti(&["get", "--log-index", index]).good();
        assert_eq!(value(&said, "Index:"), index);
        assert!(said.contains("Proved: "), "{said}");
        let said = fasti(&["verify", "--log-index", index]).good();
        assert_eq!(value(&said, "Entry Index in Current Tree:"), in_shard);
    }
    for arguments in [
        &["get", "--uuid", &id][..],
        &["get", "--uuid", &id[16..]],
        &["verify", "--uuid", &id],
        &made[1].command("verify"),
    ] {
        let said = fasti(arguments).good();
        assert!(said.contains("Proved: "), "{said}");
    }
}
