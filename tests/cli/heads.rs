//! The heads that a log had: kept by the writer, listed, and what they prove about the past.

use std::time::{Duration, Instant};

use serde_json::Value;
use tiles_spec::{CosigningKey, cosign};

use crate::keys::generate;
use crate::world::World;

/// A log with three heads, of 1, 3 and 6 entries, whose writer has stopped.
fn log_with_heads() -> World {
    let mut world = World::with_writer(&["--accept-opaque", "--heads-seconds", "1"]);
    for (size, count) in [(1, 1), (3, 2), (6, 3)] {
        world.add((0..count).map(|n| format!("entry {n} of the tree of {size}")));
        let began = Instant::now();
        let kept = || String::from_utf8(world.read("log/heads/latest")).unwrap_or_default();
        while !world.path("log/heads/latest").exists() || !kept().contains(&format!("\n{size} ")) {
            assert!(began.elapsed() < Duration::from_secs(20), "no head is kept of {size} entries");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    world.stop();
    world
}

/// When each head was kept.
fn times(world: &World) -> Vec<u64> {
    let listed = world.fasti(&["heads", "--log", "log", "--format", "json"]).good();
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let heads = listed["Heads"].as_array().expect("a list");
    heads.iter().map(|head| head["KeptAt"].as_u64().expect("a time")).collect()
}

#[test]
fn heads_are_kept_listed_and_audited() {
    let mut world = log_with_heads();
    let listed = world.fasti(&["heads", "--log", "log"]).good();
    let sizes: Vec<_> = listed.lines().take(3).filter_map(|line| line.split("  ").nth(2)).collect();
    assert!(sizes.ends_with(&["6"]) && sizes.len() == 3, "{listed}");
    let plotted = world.fasti(&["heads", "--log", "log", "--plot"]).good();
    assert!(plotted.contains(&"#".repeat(60)), "{plotted}");
    let note = world.fasti(&["heads", "--log", "log", "--note", "2"]).good();
    assert_eq!(note.as_bytes(), world.read("log/heads/note/002"));
    let times = times(&world);
    let none = ["heads", "--log", "log", "--until", &(times[0] - 1).to_string()];
    assert!(world.fasti(&none).good().starts_with("3 heads in all"));
    let clean = world.fasti(&["fsck", "--log", "log"]).good();
    assert!(clean.contains(" heads are kept"), "{clean}");

    // Every damage to every file is named.
    for (file, from, to, named) in [
        ("latest", "\n3 ", "\n4 ", "heads/note/001: heads/note/001 is of a tree of another size"),
        ("latest", "fasti/heads/v1", "fasti/heads/v9", "heads/latest: heads/latest is damaged"),
        ("note/001", "\n3\n", "\n5\n", "heads/note/001: heads/note/001 is not trusted"),
        ("json/001", "\"treeSize\": 3", "\"treeSize\": 5", "heads/json/001: is not what"),
        ("json/001", "{", "", "heads/json/001: damaged"),
    ] {
        let path = format!("log/heads/{file}");
        let sound = world.read(&path);
        let text = String::from_utf8(sound.clone()).expect("text");
        assert!(text.contains(from), "{text}");
        world.write(&path, text.replacen(from, to, 1));
        world.fasti(&["fsck", "--log", "log"]).refused(named);
        std::fs::remove_file(world.path(&path)).expect("is there");
        if file != "latest" {
            let told = format!("heads/{file}");
            world.fasti(&["fsck", "--log", "log"]).refused(&told);
        }
        world.write(&path, sound);
    }
    world.fasti(&["fsck", "--log", "log"]).good();

    // A log that was put back has heads beyond its tree.
    world.write("log/checkpoint", world.read("log/heads/note/001"));
    let forgetful = world.fasti(&["fsck", "--log", "log", "--no-memory"]);
    forgetful.refused("is of a tree of 6, but the log has 3 entries");
    world.write("log/checkpoint", world.read("log/heads/note/002"));

    // The writer serves them, and keeps no more of a log that does not grow.
    world.start(&["--accept-opaque", "--heads-seconds", "1"]);
    let url = world.url().to_owned();
    world.fasti(&["heads", "--log", &url]).good();
    world.fasti(&["fsck", "--log", &url]).good();
    world.stop();
    assert!(!world.path("log/heads/note/003").exists());
}

#[test]
fn an_entry_is_proved_to_have_been_in_the_log_by_then() {
    let mut world = World::with_writer(&["--heads-seconds", "1"]);
    generate(&world, "p256", "me");
    world.write("a.txt", "artifact a\n");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    // When it stops, the newest tree is kept.
    world.stop();
    let kept = times(&world);
    let (before, then) = ((kept[0] - 1).to_string(), kept[0].to_string());
    let prove = |at: &str| {
        world.fasti(&[
            "prove",
            "--log",
            "log",
            "--log-index",
            "0",
            "--at",
            at,
            "--out",
            "a.tlog-proof",
        ])
    };
    prove(&before).refused("the log kept no head before");
    prove("yesterday").broken("is not a time such as");
    prove(&then).good();
    let verify = |more: &[&str]| {
        let proof = ["--proof", "a.tlog-proof", "--artifact", "a.txt", "--public-key", "me.pub"];
        world.fasti(&[&["verify"], &proof[..], more].concat())
    };
    verify(&[]).good();
    // The log's own word is not enough.
    verify(&["--at", &then]).refused("no trusted witnesses, or too few for the policy, saw");

    let witness = |name: &str, seed| CosigningKey::from_seed(name.parse().unwrap(), &[seed; 32]);
    let (a, b) = (witness("a.test", 1), witness("b.test", 2));
    let seen = kept[0];
    let note = String::from_utf8(world.read("log/heads/note/000")).expect("text");
    let text = format!("{}\n", note.split_once("\n\n").expect("a note").0);
    let line = |key, time| cosign(key, &text, time).expect("it signs").to_string();
    world.write("log/heads/note/000", note + &line(&a, seen) + &line(&b, seen + 10));
    prove(&then).good();
    let (a_key, b_key) = (a.verifier_key().to_string(), b.verifier_key().to_string());
    let vkey = world.vkey().to_owned();
    let trusting =
        |witness: &str, at: &str| verify(&["--at", at, "--vkey", &vkey, "--vkey", witness]);
    trusting(&a_key, &then).good();
    trusting(&b_key, &then).refused("the first saw it at");
    trusting(&a_key, &(seen - 1).to_string()).refused("no trusted witnesses");
    for (needed, time, is_enough) in [(1, seen, true), (2, seen, false), (2, seen + 10, true)] {
        let policy = format!(
            "log {vkey}\nwitness a {a_key}\nwitness b {b_key}\ngroup some {needed} a b\nquorum some\n"
        );
        world.write("policy", policy);
        let said = verify(&["--policy", "policy", "--at", &time.to_string()]);
        if is_enough { drop(said.good()) } else { said.refused("too few for the policy") }
    }
    // A policy that is content with nobody does not make the log's word count.
    world.write("policy", format!("log {vkey}\nwitness a {a_key}\nquorum none\n"));
    verify(&["--policy", "policy", "--at", &(seen - 1).to_string()])
        .refused("no trusted witnesses");
}

#[test]
fn a_log_can_do_without() {
    let mut world = World::with_writer(&["--accept-opaque", "--no-heads"]);
    world.add(["an entry".to_owned()]);
    world.stop();
    assert!(!world.path("log/heads").exists());
    world.fasti(&["heads", "--log", "log"]).broken("the log keeps no heads");
    let clean = world.fasti(&["fsck", "--log", "log"]).good();
    assert!(!clean.contains("kept"), "{clean}");
}

#[test]
fn freezing_a_log_keeps_its_last_head() {
    let mut world = World::with_writer(&["--accept-opaque", "--heads-seconds", "86400"]);
    world.add(["an entry".to_owned()]);
    world.stop();
    world.start(&["--accept-opaque", "--no-heads"]);
    world.add(["another".to_owned()]);
    world.stop();
    world.fasti(&["freeze", "--store", "log", "--key", "log.key"]).good();
    let latest = String::from_utf8(world.read("log/heads/latest")).expect("text");
    assert!(latest.contains("\n2 "), "{latest}");
}
