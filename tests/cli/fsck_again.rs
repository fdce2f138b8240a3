//! `fasti fsck` again and again: it goes on from its state, and compares with mirrors.

use std::fs;

use serde_json::Value;

use crate::world::{Ended, World};

fn json(ended: &Ended, status: i32) -> Value {
    assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn a_later_check_reads_only_what_is_new() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..300).map(|n| format!("entry {n}")));
    world.stop();
    let state = ["fsck", "--log", "log", "--state", "state/of-fsck", "--json"];
    let first = json(&world.fasti(&state), 0);
    assert_eq!((&first["format"], &first["resumed"]), (&"fasti/fsck/v1".into(), &Value::Null));
    assert!(first["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{first}");
    world.start(&["--accept-opaque"]);
    world.add((300..600).map(|n| format!("entry {n}")));
    // At a URL as in a directory.
    let url = world.url().to_owned();
    let state_at_url = ["fsck", "--log", &url, "--state", "state/of-fsck", "--json"];
    let grown = json(&world.fasti(&state_at_url), 0);
    world.stop();
    assert_eq!((&grown["entries"], &grown["resumed"]["size"]), (&600.into(), &300.into()));
    assert_eq!(grown["resumed"]["entries_not_read"], 256);

    // What was checked is not read again, and the report says so.
    fs::remove_file(world.path("log/tile/entries/000")).expect("it was there");
    let said = world.fasti(&["fsck", "--state", "state/of-fsck"]).good();
    assert!(said.contains("Not read again: 512 entries with their tiles, and 512 times"), "{said}");
    let full = [&state[..], &["--full"]].concat();
    let full = json(&world.fasti(&full), 1);
    let problem = &full["problems"][0];
    assert_eq!(
        (&problem["path"], &problem["kind"]),
        (&"tile/entries/000".into(), &"missing".into())
    );
    // From then on, that place is read again.
    let again = json(&world.fasti(&state), 1);
    assert_eq!(again["problems"], full["problems"]);
    assert_eq!(again["resumed"]["places_read_again"], 1);

    let refused = world.fasti(&["fsck", "--state", "state/of-fsck", "--verify-signatures"]);
    refused.broken("the earlier check did not verify signatures");
    let mut other = World::of("other.test", 2);
    other.start(&["--accept-opaque"]);
    other.add(["one".to_owned()]);
    other.stop();
    let log = other.path("log").display().to_string();
    let keys = format!("{},{}", world.vkey(), other.vkey());
    let arguments = ["fsck", "--log", &log, "--state", "state/of-fsck"];
    let refused = world.fasti_with(&[("FASTI_VKEY", &keys)], &arguments);
    refused.broken("the state is of the log localhost");
    world.write("state/of-fsck", b"x");
    world.fasti(&["fsck", "--state", "state/of-fsck"]).broken("is damaged: it is too short");
}

#[test]
fn progress_is_told_without_a_terminal_unless_it_is_unwanted() {
    let world = World::new();
    let help = world.fasti(&["fsck", "--help"]).good();
    assert!(help.contains("--progress-seconds") && help.contains("--quiet"), "{help}");
    world.fasti(&["fsck", "--quiet", "--progress-seconds", "1"]).broken("cannot be used with");
}

#[test]
fn mirrors_must_have_the_same_history() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..300).map(|n| format!("entry {n}")));
    world.stop();
    world.fasti(&["mirror", "--to", "copy"]).good();
    let small = world.read("log/checkpoint");
    let same = json(&world.fasti(&["fsck", "--mirror", "copy", "--json"]), 0);
    assert_eq!(same["elsewhere"][0]["history"], "same");
    world.start(&["--accept-opaque"]);
    world.add((300..320).map(|n| format!("entry {n}")));
    world.stop();
    let said = world.fasti(&["fsck", "--mirror", "copy"]).good();
    assert!(said.contains("Mirror copy: a tree of 300, with which this one is proved to begin"));
    // The mirror is ahead: the log was put back.
    let ahead = ["fsck", "--log", "copy", "--mirror", "log", "--json", "--state-dir", "seen"];
    let ahead = json(&world.fasti(&ahead), 1);
    assert_eq!(ahead["problems"][0]["kind"], "history");
    let words = ahead["problems"][0]["problem"].as_str().expect("text");
    assert!(words.starts_with("ROLLBACK: the log serves a tree of 300 entries"), "{words}");
    assert_eq!(world.read("copy/checkpoint"), small);

    // Another history of the same log.
    let mut twin = World::with_writer(&["--accept-opaque"]);
    let other = |n| if n == 270 { "another".to_owned() } else { format!("entry {n}") };
    twin.add((0..290).map(other));
    twin.stop();
    let twin = twin.path("log").display().to_string();
    let forked = ["fsck", "--mirror", &twin, "--json", "--state-dir", "seen"];
    let forked = json(&world.fasti(&forked), 1);
    let words = forked["problems"][0]["problem"].as_str().expect("text");
    assert!(words.starts_with("FORK"), "{words}");
    assert!(words.ends_with("the first entry that differs is 270, in tile/0/001.p/64"), "{words}");
    let evidence = forked["elsewhere"][0]["evidence"].as_str().expect("a file");
    let judged = world.fasti(&["verify-evidence", evidence]).good();
    assert!(judged.starts_with("Convicts localhost"), "{judged}");
    world.fasti(&["fsck", "--mirror", "nowhere"]).broken("nowhere");
}
