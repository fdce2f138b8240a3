//! `fasti fsck --lookup` on the index that a real writer keeps: over HTTP, in a directory, in a
//! bucket.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::keys::generate;
use crate::world::World;

/// The report on a log and its index.
fn report(world: &World, status: i32) -> Value {
    let ended = world.fasti(&["fsck", "--lookup", "--json", "--workers", "2"]);
    assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn problems(report: &Value) -> Vec<String> {
    let problems = report["problems"].as_array().expect("a list");
    let line = |problem: &Value| {
        let text = |name: &str| problem[name].as_str().expect("text").to_owned();
        format!("{}: {}", text("path"), text("problem"))
    };
    problems.iter().map(line).collect()
}

/// 300 opaque entries and a signature, all of them in the index.
fn indexed_log() -> World {
    let mut world = World::with_writer(&["--accept-opaque", "--lookup-seconds", "1"]);
    world.write("a.txt", "an artifact\n");
    generate(&world, "p256", "me");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    world.add((0..300).map(|n| format!("entry {n}")));
    let begun = Instant::now();
    loop {
        // The writer is running, and what it serves is sound at every moment.
        let report = report(&world, 0);
        if report["lookup"]["size"] == 301 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{report}");
        sleep(Duration::from_millis(200));
    }
    world.stop();
    world
}

#[test]
fn an_index_is_derived_again() {
    let world = indexed_log();
    let whole = report(&world, 0);
    let lookup = &whole["lookup"];
    assert_eq!((&lookup["size"], &lookup["postings"]), (&301.into(), &(300 + 3).into()));
    assert_eq!(lookup["parts"], lookup["runs"]);
    assert!(lookup["revisions"].as_u64().is_some_and(|count| count > 0), "{whole}");
    let said = world.fasti(&["fsck", "--lookup"]).good();
    assert!(said.contains("of 301 entries; 303 postings in 2 objects of 2 runs"), "{said}");
    assert!(world.fasti(&["fsck", "--json"]).good().contains("\"size\": 301"), "without the index");

    let path = world.path("log/lookup/run/0/256/0");
    let bytes = fs::read(&path).expect("it is there");
    let mut flipped = bytes.clone();
    flipped[1000] ^= 1;
    fs::write(&path, flipped).expect("it can be written");
    let damaged = report(&world, 1);
    let named = "lookup/run/0/256/0: damaged: page 0 does not match the log's leaves";
    assert_eq!(problems(&damaged), [named]);
    let said = world.fasti(&["fsck", "--lookup"]);
    assert!(
        said.stdout.starts_with(named) && said.stdout.contains("Not clean: "),
        "{}",
        said.stdout
    );
    fs::remove_file(&path).expect("it was there");
    assert_eq!(problems(&report(&world, 1)), ["lookup/run/0/256/0: missing"]);
    assert_eq!(world.fasti(&["fsck"]).status, 0, "the log itself is sound");
    fs::write(&path, bytes).expect("it can be written");
    fs::write(world.path("log/lookup/odd"), "x").expect("it can be written");
    let stray = "lookup/odd: not the name of any object of an index";
    assert_eq!(problems(&report(&world, 1)), [stray]);
}

#[test]
fn an_index_needs_its_key_and_a_place_for_postings() {
    let world = indexed_log();
    let other = World::of("localhost/lookup", 7);
    let fsck = ["fsck", "--lookup", "--lookup-key", other.vkey()];
    world.fasti(&fsck).refused("lookup/checkpoint: ");
    let own = World::of("localhost/lookup", 1);
    world.fasti(&["fsck", "--lookup", "--lookup-key", own.vkey(), "--scratch", "."]).good();
    let without = ["fsck", "--lookup-key", own.vkey()];
    assert_eq!(world.fasti(&without).status, 2, "the key alone means nothing");
    fs::remove_dir_all(world.path("log/lookup")).expect("it was there");
    let none = report(&world, 1);
    assert_eq!(problems(&none), ["lookup/checkpoint: missing", "lookup/latest: missing"]);
    assert_eq!(none["lookup"]["size"], Value::Null);
}
