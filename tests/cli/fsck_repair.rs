//! `fasti fsck --repair`: shows what it would write, writes it only if told so, and only what the
//! signed root demands.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::World;

#[test]
fn a_damaged_log_is_repaired_from_itself_and_from_a_mirror() {
    let mut world = World::with_writer(&["--accept-opaque", "--lookup-seconds", "1"]);
    world.add((0..600).map(|n| format!("entry {n}")));
    let began = Instant::now();
    let is_indexed = || {
        let said = world.fasti(&["fsck", "--log", "log", "--lookup", "--no-memory"]).stdout;
        said.contains("of 600 entries;")
    };
    while !is_indexed() {
        assert!(began.elapsed() < Duration::from_secs(20), "the log is not indexed");
        std::thread::sleep(Duration::from_millis(100));
    }
    world.stop();
    world.fasti(&["mirror", "--to", "copy"]).good();
    world.fasti(&["fsck", "--lookup"]).good();
    let damaged = ["log/tile/0/000", "log/tile/1/000.p/2", "log/tile/entries/001"];
    let lookup_tile = {
        let tiles = fs::read_dir(world.path("log/lookup/tile/0/000.p")).expect("a directory");
        let widths = tiles.filter_map(|file| file.ok()?.file_name().to_str()?.parse::<u32>().ok());
        format!("log/lookup/tile/0/000.p/{}", widths.max().expect("a tile"))
    };
    let run = {
        let mut runs = files_below(&world, "log/lookup/run");
        runs.sort();
        runs.pop().expect("a run")
    };
    let beside = ["log/heads/json/000", "log/time/000"].map(str::to_owned);
    let further = [lookup_tile, run].into_iter().chain(beside);
    let damaged: Vec<_> = damaged.map(str::to_owned).into_iter().chain(further).collect();
    let whole: Vec<_> = damaged.iter().map(|path| world.read(path)).collect();
    for (path, bytes) in damaged.iter().zip(&whole) {
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        if path.ends_with("json/000") {
            flipped.truncate(bytes.len() / 2);
        }
        world.write(path, flipped);
    }
    let fsck = ["fsck", "--lookup", "--repair"];
    let unasked = world.fasti(&[&fsck[..], &["--from", "copy"]].concat());
    unasked.refused("To repair: tile/0/000: ");
    unasked.refused("Nothing was written: repair with --yes");
    assert!(damaged.iter().zip(&whole).all(|(path, bytes)| world.read(path) != *bytes));

    // Entries follow from nothing else, nor do runs.
    let alone = world.fasti(&[&fsck[..], &["--yes", "--json"]].concat());
    assert_eq!(alone.status, 1, "{}{}", alone.stdout, alone.stderr);
    let alone: Value = serde_json::from_str(&alone.stdout).expect("JSON");
    assert_eq!(
        (&alone["repair"]["outcome"], &alone["repair"]["written"]),
        (&"done".into(), &4.into())
    );
    let left = alone["repair"]["left"].as_array().expect("a list");
    assert!(left.iter().any(|one| one["path"] == "tile/entries/001"), "{left:?}");
    let said = world.fasti(&[&fsck[..], &["--yes", "--from", "copy"]].concat()).good();
    assert!(said.contains("Repaired: tile/entries/001: copy has it"), "{said}");
    for (path, bytes) in damaged.iter().zip(&whole) {
        assert!(world.read(path) == *bytes, "{path}");
    }
    let said = world.fasti(&[&fsck[..], &["--yes"]].concat()).good();
    assert!(said.contains("Nothing has to be repaired"), "{said}");

    // A writer goes on as if nothing had happened.
    world.start(&["--accept-opaque"]);
    world.add((600..610).map(|n| format!("entry {n}")));
    let url = world.url().to_owned();
    world.fasti(&["fsck", "--repair"]).broken(&format!("{url} can only be read"));
    // Published files can be repaired while it runs.
    let bytes = world.read("log/tile/0/000");
    world.write("log/tile/0/000", b"x");
    world.fasti(&["fsck", "--log", "log", "--repair", "--yes"]).good();
    assert_eq!(world.read("log/tile/0/000"), bytes);
    world.add(["the last one".to_owned()]);
    world.stop();
    world.fasti(&["fsck", "--lookup"]).good();
}

fn files_below(world: &World, directory: &str) -> Vec<String> {
    let (mut found, mut waiting) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(world.path(&directory)).expect("a directory") {
            let entry = entry.expect("an entry");
            let name = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() { waiting.push(name) } else { found.push(name) }
        }
    }
    found
}
