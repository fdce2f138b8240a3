//! What the command remembers of logs: when logs share a name, and where it cannot.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::world::{Ended, World, golden, signing_key};

/// A log of that name with this many entries, and no writer running.
fn log(origin: &str, seed: u8, entries: usize) -> World {
    let mut world = World::of(origin, seed);
    world.start(&["--accept-opaque"]);
    world.add((0..entries).map(|n| format!("entry {n} of {seed}")));
    world.stop();
    world
}

/// The command's single line on standard error, a warning.
#[track_caller]
fn warning(ended: &Ended) -> &str {
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stderr.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "{line}");
    line.strip_prefix("fasti: warning: ").expect("a warning")
}

#[track_caller]
fn says_nothing(ended: Ended) -> String {
    assert_eq!(ended.stderr, "");
    ended.good()
}

#[test]
fn logs_of_one_name_do_not_meet() {
    let (first, second) = (log("localhost", 1, 5), log("localhost", 2, 3));
    let state = first.path("state").display().to_string();
    let info = |world: &World| {
        let variables = [("FASTI_VKEY", world.vkey()), ("XDG_STATE_HOME", &state)];
        world.fasti_with(&variables, &["loginfo"])
    };
    assert!(says_nothing(info(&first)).contains("not seen before: nothing to compare with"));
    let other = info(&second);
    assert!(other.stdout.contains("not seen before with this key"), "{}", other.stdout);
    let said = warning(&other);
    let known = format!("localhost+{}", signing_key(1).verifier_key().key_id());
    assert!(said.contains("the origin is known, but the key is not: a tree of 5 "), "{said}");
    assert!(
        said.contains(&format!("signed by the key {known} was seen before ({state}")),
        "{said}"
    );
    // From now on both are known, and neither is a rollback of the other.
    for world in [&first, &second, &first, &second] {
        assert!(says_nothing(info(world)).contains("same tree as last time"));
    }
    // A client that confuses the two is told which part differs.
    let wrong = second.fasti_with(&[("FASTI_VKEY", first.vkey())], &["loginfo"]);
    wrong.refused("the origin is the same, but the key is different");
    wrong.refused(&format!("the trusted key is {known}"));
}

#[test]
fn a_log_that_changes_its_name_is_told_from_one_that_changes_its_key() {
    let (first, renamed) = (log("log.test", 1, 4), log("log2.test", 1, 2));
    let state = first.path("state").display().to_string();
    says_nothing(first.fasti(&["loginfo"]));
    let variables = [("FASTI_VKEY", renamed.vkey()), ("XDG_STATE_HOME", &state)];
    let ended = renamed.fasti_with(&variables, &["loginfo"]);
    assert!(ended.stdout.contains("not seen before under this origin"), "{}", ended.stdout);
    let said = warning(&ended);
    assert!(said.contains("the key is known, but the origin is not: a tree of 4 "), "{said}");
    assert!(said.contains("for the log log.test was seen before ("), "{said}");
    let wrong = renamed.fasti_with(&[("FASTI_VKEY", first.vkey())], &["loginfo"]);
    wrong.refused("the key is the same, but the origin is different");
}

#[test]
fn what_an_earlier_release_remembers_is_taken_over() {
    let world = log("localhost", 1, 5);
    says_nothing(world.fasti(&["loginfo"]));
    let directory = world.path("state/fasti");
    let files = || -> Vec<PathBuf> {
        let files = directory.read_dir().expect("a directory");
        files.map(|file| file.expect("a file").path()).collect()
    };
    let [now] = &files()[..] else { panic!("one file: {:?}", files()) };
    let old = directory.join("localhost-49960de5880e8c68.checkpoint");
    fs::rename(now, &old).expect("it can be renamed");
    assert!(says_nothing(world.fasti(&["loginfo"])).contains("same tree as last time"));
    assert_eq!(files().as_slice(), std::slice::from_ref(now));
}

#[test]
fn following_tells_logs_of_one_name_apart_too() {
    let (first, second) = (log("localhost", 1, 5), log("localhost", 2, 3));
    let seen = first.path("seen").display().to_string();
    let uuid = tiles_spec::leaf_hash(b"entry 1 of 1").to_string();
    let follow = ["search", "--uuid", &uuid, "--follow", &seen];
    assert!(says_nothing(first.fasti(&follow)).contains("Found: 1 entry"));
    let other = second.fasti(&follow);
    assert!(
        warning(&other).contains("the origin is known, but the key is not"),
        "{}",
        other.stderr
    );
    assert!(other.stdout.contains("Nothing: no entry has this"), "{}", other.stdout);
    assert!(says_nothing(first.fasti(&follow)).contains("Nothing: no new entry"));
    assert!(says_nothing(second.fasti(&follow)).contains("Nothing: no new entry"));
}

/// As in containers: the home directory is read-only or missing.
#[test]
fn a_log_is_read_where_nothing_can_be_remembered() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    world.stop();
    let file = world.path("log/checkpoint").display().to_string();
    let vkey = world.vkey().to_owned();
    let below_a_file = format!("{file}/home");
    for (home, state, flag) in [
        ("/dev/null/x", "", None),
        ("/proc/self", "", None),
        (&*below_a_file, "", None),
        ("/dev/null/x", "relative/is/ignored", None),
        ("/tmp", "/dev/null", None),
        ("/tmp", "", Some("/dev/null/x")),
        ("/tmp", "", Some("/proc/x")),
    ] {
        let variables = [("FASTI_VKEY", &*vkey), ("HOME", home), ("XDG_STATE_HOME", state)];
        let flags = flag.map(|dir| ["--state-dir", dir]);
        let arguments = [&["loginfo"][..], flags.as_ref().map_or(&[], |flags| &flags[..])].concat();
        for _ in 0..2 {
            let ended = world.fasti_with(&variables, &arguments);
            let said = warning(&ended);
            assert!(said.starts_with("this tree cannot be remembered: cannot use "), "{said}");
            assert!(said.contains(flag.unwrap_or(if state == "/dev/null" { state } else { home })));
            assert!(said.ends_with("with --state-dir, or none with --no-memory"), "{said}");
            golden("loginfo-first.txt", &ended.stdout);
        }
    }
    // No home directory at all.
    let mut command = world.command(&[("FASTI_VKEY", &vkey)], &["loginfo", "--format", "json"]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME");
    let ended = Ended::of(command);
    let said = warning(&ended);
    assert!(said.contains("not be remembered: there is no home directory; name a directory with"));
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (&json["ActiveTreeSize"], &json["ConsistentWithTreeSize"]),
        (&3.into(), &Value::Null)
    );
    // The same for all commands, each of which does its work.
    for arguments in [
        &["get", "--log-index", "1"][..],
        &["prove", "--log-index", "1"],
        &["fsck"],
        &["search", "--uuid", &"00".repeat(32)],
    ] {
        let run = |more: &[&str]| {
            let mut command = world.command(&[("FASTI_VKEY", &vkey)], &[arguments, more].concat());
            command.env("HOME", "/dev/null/x").env_remove("XDG_STATE_HOME");
            Ended::of(command)
        };
        let ended = run(&[]);
        assert!(warning(&ended).starts_with("this tree cannot be remembered: cannot use "));
        says_nothing(run(&["--no-memory"]));
    }
    let mut command = world.command(&[("FASTI_VKEY", &vkey)], &["trusted-root"]);
    command.env("HOME", "/dev/null/x").env_remove("XDG_STATE_HOME");
    says_nothing(Ended::of(command));
}

#[test]
fn a_memory_that_cannot_be_read_is_left_alone() {
    let world = log("localhost", 1, 3);
    says_nothing(world.fasti(&["loginfo"]));
    let directory = world.path("state/fasti");
    let file =
        directory.read_dir().expect("a directory").next().expect("a file").expect("it").path();
    fs::remove_file(&file).expect("it can be removed");
    fs::create_dir(&file).expect("a directory");
    let ended = world.fasti(&["loginfo"]);
    assert!(warning(&ended).contains("this tree was not compared with an earlier one"));
    assert!(ended.stdout.contains("Active Tree Size:  3"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Consistency:       not compared"), "{}", ended.stdout);
    assert!(file.is_dir());
    // Damage is different: someone should look at it.
    fs::remove_dir(&file).expect("it can be removed");
    fs::write(&file, "damaged").expect("a file");
    world.fasti(&["loginfo"]).broken("is damaged: it holds no checkpoint signed by this log");
}

#[test]
fn news_that_cannot_be_remembered_is_printed_all_the_same() {
    let world = log("localhost", 1, 3);
    let uuid = tiles_spec::leaf_hash(b"entry 1 of 1").to_string();
    for directory in ["/dev/null/x", "/proc/x"] {
        for _ in 0..2 {
            let ended = world.fasti(&["search", "--uuid", &uuid, "--follow", directory]);
            let said = warning(&ended);
            assert!(
                said.starts_with(
                    "the state of this search cannot be saved, so the same entries will be"
                ),
                "{said}"
            );
            assert!(said.ends_with("name another directory with --follow"), "{said}");
            assert!(ended.stdout.contains("Found: 1 entry"), "{}", ended.stdout);
        }
    }
    // The remembered state cannot be read either.
    let follow = ["search", "--uuid", &uuid, "--follow", "seen"];
    says_nothing(world.fasti(&follow));
    for file in world.path("seen").read_dir().expect("a directory") {
        let file = file.expect("a file").path();
        fs::remove_file(&file).expect("it can be removed");
        fs::create_dir(&file).expect("a directory");
    }
    let ended = world.fasti(&follow);
    assert!(
        warning(&ended).starts_with("the state of this search cannot be read"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("Found: 1 entry"), "{}", ended.stdout);
}
