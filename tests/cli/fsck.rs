//! `fasti fsck` on a log that a real writer made: every damage to every kind of file is named.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::keys::generate;
use crate::world::{World, golden};

/// 300 opaque entries and a signature: full and partial tiles and bundles.
fn stopped_log() -> World {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.write("a.txt", "an artifact\n");
    generate(&world, "p256", "me");
    world.add((0..300).map(|n| format!("entry {n}")));
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    let said = world.fasti(&["fsck"]).good();
    assert!(said.starts_with("Clean: localhost, tree of 301 "), "{said}");
    assert!(said.contains("301 entries (1 Rekor)"), "{said}");
    world.stop();
    world
}

/// The JSON report on a log, which must exit with this status.
fn report(world: &World, status: i32) -> Value {
    let ended = world.fasti(&["fsck", "--json", "--workers", "2", "--verify-signatures"]);
    assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "", "no progress where there is no terminal");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn named(report: &Value) -> Vec<&str> {
    let problems = report["problems"].as_array().expect("a list");
    problems.iter().map(|problem| problem["path"].as_str().expect("a path")).collect()
}

/// All files that readers see, relative to the log.
fn files(log: &Path) -> Vec<String> {
    let mut found = vec!["checkpoint".to_owned()];
    let mut waiting = vec!["tile".to_owned(), "time".to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in log.join(&directory).read_dir().expect("a directory") {
            let entry = entry.expect("an entry");
            let name = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { waiting.push(name) } else { found.push(name) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_damage_to_every_file_is_named() {
    let world = stopped_log();
    let log = world.path("log");
    let whole = report(&world, 0);
    assert_eq!((&whole["size"], &whole["entries"]), (&301.into(), &301.into()));
    assert_eq!((&whole["rekor_entries"], &whole["signatures"]), (&1.into(), &1.into()));
    let files = files(&log);
    assert!(files.len() > 10, "there are the partial objects of earlier sizes: {files:?}");
    let now = [
        "tile/0/000",
        "tile/0/001.p/45",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/45",
        "time/000",
        "time/001.p/45",
    ];
    // All files of the tree, and some superseded ones.
    let outgrown =
        files.iter().filter(|file| file.contains(".p/") && !now.contains(&file.as_str()));
    let outgrown = outgrown.step_by(31);
    let checked = now.iter().map(|file| (*file).to_owned()).chain(outgrown.cloned());
    for file in checked.chain(["checkpoint".to_owned()]) {
        let path = log.join(&file);
        let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 0x10;
        fs::write(&path, flipped).expect("it can be written");
        assert_eq!(named(&report(&world, 1)), [file.as_str()]);
        fs::write(&path, &bytes[..bytes.len() - 1]).expect("it can be written");
        assert_eq!(named(&report(&world, 1)), [file.as_str()]);
        fs::remove_file(&path).expect("it was there");
        if now.contains(&file.as_str()) {
            assert_eq!(named(&report(&world, 1)), [file.as_str()]);
        } else if file == "checkpoint" {
            world.fasti(&["fsck"]).broken("there is no log");
        } else {
            // Superseded files may be missing.
            report(&world, 0);
        }
        fs::write(&path, bytes).expect("it can be written");
    }
    report(&world, 0);
}

#[test]
fn the_words_of_a_report() {
    let mut world = World::with_writer(&["--accept-opaque", "--no-heads"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    world.stop();
    golden("fsck-clean.txt", &world.fasti(&["fsck"]).good());
    fs::remove_file(world.path("log/tile/entries/000.p/3")).expect("it was there");
    fs::write(world.path("log/tile/0/000.p/3"), [7; 96]).expect("it can be written");
    let ended = world.fasti(&["fsck"]);
    assert_eq!(ended.status, 1);
    golden("fsck-damaged.txt", &ended.stdout);
    world.fasti_with(&[], &["fsck"]).broken("set --vkey");
}
