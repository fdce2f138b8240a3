//! How new a tree is: what every command that reads a log's head compares, says and refuses.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tiles_spec::{CosigningKey, cosign};

use crate::keys::generate;
use crate::world::World;

/// A log of three entries, copied to `old`, and then of five; no writer is running.
fn grown() -> World {
    let mut world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    world.stop();
    fs::create_dir_all(world.path("old/tile/entries")).expect("a directory");
    fs::create_dir_all(world.path("old/tile/0")).expect("a directory");
    for path in ["checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"] {
        let to = world.path("old").join(path);
        fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        fs::copy(world.path("log").join(path), to).expect("a copy");
    }
    world.start(&["--accept-opaque", "--no-lookup"]);
    world.add((3..5).map(|n| format!("entry {n}")));
    world.stop();
    world
}

const READS: [&[&str]; 5] = [
    &["loginfo"],
    &["get", "--log-index", "1"],
    &["prove", "--log-index", "1"],
    &["fsck"],
    &["search", "--uuid", "0000000000000000000000000000000000000000000000000000000000000000"],
];

#[test]
fn every_command_refuses_a_log_that_went_back() {
    let world = grown();
    for (number, seen) in READS.iter().enumerate() {
        let state = format!("state-{number}");
        let with = |read: &[&str], more: &[&str]| {
            world.fasti(&[read, &["--state-dir", &state], more].concat())
        };
        with(seen, &[]).good();
        for read in READS {
            let old = ["--log", "old"];
            let ended = with(read, &old);
            ended.refused("ROLLBACK: the log serves a tree of 3 entries, but served 5 before");
            assert!(ended.stderr.contains(".evidence"), "{}", ended.stderr);
            with(read, &[&old[..], &["--no-memory"]].concat()).good();
            with(read, &[]).good();
        }
    }
}

#[test]
fn growth_is_proved_and_the_newest_is_not() {
    let world = grown();
    for read in READS {
        drop(fs::remove_dir_all(world.path("seen")));
        let state = ["--state-dir", "seen"];
        world.fasti(&[read, &state, &["--log", "old"]].concat()).good();
        let json = world.fasti(&[read, &state, &["--format", "json"]].concat()).good();
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let freshness = json.get("Freshness").or_else(|| json.get("freshness")).expect("it");
        let members: Vec<_> = freshness.as_object().expect("an object").values().collect();
        let numbers: Vec<_> = members.iter().filter_map(|value| value.as_u64()).collect();
        assert_eq!((members.len(), numbers.len()), (5, 2), "{freshness}");
        assert!(numbers.contains(&3) && numbers.contains(&5), "{freshness}");
    }
    let said = world.fasti(&["get", "--log-index", "1", "--state-dir", "other"]).good();
    assert!(said.ends_with(
        "Not proved: that this tree of 5 is the newest (no trusted witness dates it)\n"
    ));
    assert!(!said.contains("extends"), "{said}");
}

#[test]
fn a_tree_can_be_too_small_or_too_old() {
    let world = grown();
    let get = |variables: &[(&str, &str)], more: &[&str]| {
        world.fasti_with(variables, &[&["get", "--log-index", "1"], more].concat())
    };
    let vkey = [("FASTI_VKEY", world.vkey())];
    get(&vkey, &["--min-size", "5"]).good();
    get(&vkey, &["--min-size", "6"]).refused("a tree of 5, but --min-size is 6");
    get(&vkey, &["--max-age", "1d"]).refused("no trusted witness dates this tree");
    get(&vkey, &["--max-age", "1w"]).broken("is not a duration such as 90s, 15m, 24h or 7d");

    // A witness cosigns the tree, as the log would publish it.
    let witness = CosigningKey::from_seed("witness.test/w".parse().expect("a name"), &[3; 32]);
    let keys = format!("{},{}", world.vkey(), witness.verifier_key());
    let trusting = [("FASTI_VKEY", &*keys)];
    let note = String::from_utf8(world.read("log/checkpoint")).expect("text");
    let (text, _) = note.split_once("\n\n").expect("a note");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let cosigned = |at: u64| {
        let line = cosign(&witness, &format!("{text}\n"), at).expect("it signs");
        world.write("log/checkpoint", format!("{note}{line}"));
    };
    cosigned(now - 200);
    let said = get(&trusting, &["--max-age", "1h"]).good();
    assert!(said.contains("(the newest cosignature, of witness.test/w, is 3 minutes old)"));
    get(&trusting, &["--max-age", "2m"]).refused("is 3 minutes old, and --max-age allows no more");
    let json = get(&trusting, &["--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let freshness = &json["Freshness"];
    assert_eq!(freshness["CosignedBy"], "witness.test/w");
    assert_eq!(freshness["CosignedAt"], now - 200);
    assert!((200..260).contains(&freshness["AgeSeconds"].as_u64().expect("an age")), "{json}");
    // Nobody counts whose key was not given.
    get(&vkey, &["--max-age", "1d"]).refused("no trusted witness dates this tree");
    // A witness whose clock is wrong dates nothing.
    cosigned(now + 86_400);
    get(&trusting, &["--max-age", "1h"]).refused("in the future: one of the clocks is wrong");
    get(&trusting, &[]).good();
}

#[test]
fn an_upload_is_compared_too() {
    let mut world = World::with_writer(&["--no-lookup"]);
    generate(&world, "p256", "me");
    let upload = |world: &World, artifact: &str| {
        world.write(artifact, artifact);
        let with = ["upload", "--artifact", artifact, "--private-key", "me.pem"];
        world.fasti(&[&with[..], &["--format", "json"]].concat())
    };
    let freshness =
        |said: &str| serde_json::from_str::<Value>(said).expect("JSON")["Freshness"].clone();
    let first = freshness(&upload(&world, "a").good());
    assert_eq!((&first["TreeSize"], &first["SeenBefore"]), (&1.into(), &Value::Null));
    let second = freshness(&upload(&world, "b").good());
    assert_eq!((&second["TreeSize"], &second["SeenBefore"]), (&2.into(), &1.into()));
    world.stop();
    // Another history under the same name and key.
    let mut other = World::with_writer(&["--no-lookup"]);
    generate(&other, "p256", "me");
    let state = world.path("state").display().to_string();
    other.write("c", "c");
    let with = ["upload", "--artifact", "c", "--private-key", "me.pem"];
    let variables = [("FASTI_VKEY", world.vkey()), ("XDG_STATE_HOME", &state)];
    other.fasti_with(&variables, &with).refused("ROLLBACK");
    other.stop();
}

#[test]
fn a_proof_is_compared_with_the_log_that_is_named() {
    let world = grown();
    let prove = ["prove", "--log-index", "1", "--out", "proof", "--no-memory"];
    world.fasti(&prove).good();
    world.write("entry", "entry 1");
    let verify = ["verify", "--artifact", "entry", "--proof", "proof", "--any-signer"];
    let with = |more: &[&str]| world.fasti(&[&verify[..], &["--state-dir", "seen"], more].concat());
    // Offline, whatever the environment says.
    assert!(!with(&[]).good().contains("begins with the tree"));
    let said = with(&["--log", "log"]).good();
    assert!(said.contains("proved: the log's tree of 5 begins with the tree of 5"), "{said}");
    assert!(said.contains("not proved: that this tree of 5 is the newest"), "{said}");
    with(&["--log", "old"]).refused("ROLLBACK");
    with(&["--log", "old", "--no-memory"]).refused("but signed one of 5 entries");
}
