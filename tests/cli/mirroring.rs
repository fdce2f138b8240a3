//! `fasti mirror`: a copy that can be read, searched, served and audited like the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fasti_kit::cli::Ended;

use crate::keys::generate;
use crate::world::World;

/// The published files below a directory.
fn files(world: &World, name: &str) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, at: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(at).expect("a directory") {
            let path = entry.expect("readable").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            if name.starts_with("_writer") {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, into);
            } else {
                into.insert(name, fs::read(&path).expect("readable"));
            }
        }
    }
    let (root, mut into) = (world.path(name), BTreeMap::new());
    walk(&root, &root, &mut into);
    into
}

fn mirror(world: &World) -> Ended {
    world.fasti(&["mirror", "--log", "log", "--to", "copy"])
}

#[test]
fn a_copy_is_the_log_byte_for_byte_however_often_it_is_continued() {
    let mut world = World::with_writer(&["--accept-opaque", "--lookup-seconds", "1"]);
    generate(&world, "p256", "me");
    world.write("a.txt", "artifact a\n");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    let mut added = 0;
    for count in [1, 3, 254, 300, 1] {
        world.add((added..added + count).map(|n| format!("entry {n}")));
        added += count;
        world.stop();
        let said = mirror(&world).good();
        assert!(said.contains(&format!("of {} entries", added + 1)), "{said}");
        let (log, copy) = (files(&world, "log"), files(&world, "copy"));
        for (name, bytes) in &copy {
            // The log has removed what was superseded.
            let is_left = name.contains(".p/") && !log.contains_key(name);
            assert!(is_left || log.get(name) == Some(bytes), "{name}");
        }
        for name in ["checkpoint", "log.json", "heads/latest", "lookup/latest", "lookup/checkpoint"]
        {
            assert!(copy.contains_key(name), "{name}");
        }
        world.fasti(&["fsck", "--log", "copy", "--lookup"]).good();
        let again = mirror(&world).good();
        assert!(again.contains("Copied:            0 entries"), "{again}");
        world.start(&["--accept-opaque", "--lookup-seconds", "1"]);
    }
    world.stop();
    let search = ["search", "--log", "copy", "--artifact", "a.txt"];
    assert!(world.fasti(&search).good().contains("Index: 0"));
    // A log at a URL, without its index.
    world.start(&["--accept-opaque"]);
    let url = world.url().to_owned();
    world.fasti(&["mirror", "--log", &url, "--to", "other", "--no-lookup"]).good();
    world.fasti(&["fsck", "--log", "other"]).good();
    assert!(!world.path("other/lookup").exists());
    world.stop();
    // Nobody can go on with a copy.
    let refused = world.start_refused(&[], &["--store", "copy", "--key", "log.key"]);
    assert!(refused.contains("commit records (_writer/commit) are missing"), "{refused}");
}

#[test]
fn a_damaged_log_is_not_copied() {
    let mut world = World::with_writer(&["--accept-opaque", "--lookup-seconds", "1"]);
    world.add((0..300).map(|n| format!("entry {n}")));
    world.stop();
    mirror(&world).good();
    let (log, read) = (files(&world, "log"), files(&world, "copy"));
    for (name, bytes) in &read {
        // What nobody signed cannot be told from the right bytes.
        let signed = ["tile/", "heads/note", "lookup/run", "lookup/revision", "checkpoint"];
        if !signed.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        world.write(&format!("log/{name}"), &damaged);
        let _ = fs::remove_dir_all(world.path("copy"));
        let said = world.fasti(&["mirror", "--log", "log", "--to", "copy"]);
        said.refused("");
        if world.path("copy").exists() {
            for (name, copied) in files(&world, "copy") {
                assert!(log.get(&name) == Some(&copied), "{name} was copied, damaged");
            }
        }
        world.write(&format!("log/{name}"), bytes);
    }
    let _ = fs::remove_dir_all(world.path("copy"));
    mirror(&world).good();
}

#[test]
fn another_history_is_not_copied_over_this_one() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(["one".to_owned(), "two".to_owned()]);
    world.stop();
    let small = world.read("log/checkpoint");
    world.start(&["--accept-opaque"]);
    world.add(["three".to_owned()]);
    world.stop();
    mirror(&world).good();
    let copy = files(&world, "copy");
    let big = world.read("log/checkpoint");
    world.write("log/checkpoint", small);
    let mirror = ["mirror", "--log", "log", "--to", "copy"];
    world.fasti(&mirror).refused("ROLLBACK: the log has 2 entries, but its copy has 3");
    world.write("log/checkpoint", big);
    // Another log, with the same name and key.
    let mut twin = World::with_writer(&["--accept-opaque"]);
    twin.add((0..5).map(|n| format!("another {n}")));
    twin.stop();
    assert_eq!(twin.vkey(), world.vkey());
    let other = twin.path("log").display().to_string();
    let mirror = ["mirror", "--log", &other, "--to", "copy"];
    world.fasti(&mirror).refused("FORK: the log's tree does not extend the copy's tree of 3");
    assert!(files(&world, "copy") == copy, "nothing was written");
}
