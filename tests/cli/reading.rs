//! Reading a log: its head over time, its entries, its proofs; over HTTP and from files.

use std::fs;

use serde_json::Value;

use crate::keys::generate;
use crate::world::{World, golden};

fn numbered(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|n| format!("entry {n}"))
}

/// Copies what readers see of a log.
fn copy(world: &World, to: &str) {
    fn copy_all(from: &std::path::Path, to: &std::path::Path) {
        fs::create_dir_all(to).expect("a directory");
        for entry in from.read_dir().expect("a directory") {
            let entry = entry.expect("an entry");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy_all(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).expect("a copy");
            }
        }
    }
    let (from, to) = (world.path("log"), world.path(to));
    copy_all(&from.join("tile"), &to.join("tile"));
    fs::copy(from.join("checkpoint"), to.join("checkpoint")).expect("a copy");
}

#[test]
fn entries_and_proofs_read_alike_over_http_and_from_files() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(numbered(0..5));
    let reads: [&[&str]; 5] = [
        &["get", "--log-index", "3"],
        &["get", "--log-index", "3", "--format", "json"],
        &["prove", "--log-index", "3"],
        &["prove", "--consistency", "2", "5"],
        &["loginfo", "--format", "json", "--state-dir", "nothing-seen"],
    ];
    let over_http = reads.map(|read| {
        let said = world.fasti(read).good();
        drop(fs::remove_dir_all(world.path("nothing-seen")));
        said
    });
    world.stop();
    let from_files = reads.map(|read| world.fasti(read).good());
    assert_eq!(over_http, from_files);
    golden("get.txt", &from_files[0]);
    golden("get.json", &from_files[1]);
    golden("prove.tlog-proof", &from_files[2]);
    golden("prove-consistency.txt", &from_files[3]);
    golden("loginfo.json", &from_files[4]);

    world.fasti(&["get", "--log-index", "5"]).refused("not in a tree of size 5");
    world.fasti(&["prove", "--consistency", "2", "6"]).refused("fasti loginfo");
    world.fasti(&["prove"]).broken("--log-index");
    let ended = world.fasti(&["get", "--log-index", "5", "--format", "json"]);
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(json["refused"], true);
}

#[test]
fn a_proof_file_verifies_what_it_is_about() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(numbered(0..3));
    world.fasti(&["prove", "--log-index", "1", "--out", "opaque.tlog-proof"]).good();
    world.write("a.txt", "an artifact\n");
    generate(&world, "p256", "me");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    let said = world.fasti(&["prove", "--log-index", "3", "--out", "signed.tlog-proof"]).good();
    assert!(said.contains("Proof: signed.tlog-proof"), "{said}");
    world.stop();

    let verify = |artifact: &str, proof: &str, more: &[&str]| {
        let mut arguments = vec!["verify", "--artifact", artifact, "--proof", proof];
        arguments.extend(more);
        world.fasti(&arguments)
    };
    verify("a.txt", "signed.tlog-proof", &["--public-key", "me.pub"]).good();
    generate(&world, "p256", "other");
    verify("a.txt", "signed.tlog-proof", &["--public-key", "other.pub"]).refused("a different key");
    world.write("1.txt", "entry 1");
    let any = ["--any-signer"];
    let said = verify("1.txt", "opaque.tlog-proof", &any).good();
    golden("verify-opaque.txt", &said);
    verify("a.txt", "opaque.tlog-proof", &any).refused("neither this artifact nor a signature");
    verify("1.txt", "signed.tlog-proof", &any).refused("another artifact");

    let proof = String::from_utf8(world.read("opaque.tlog-proof")).expect("text");
    world.write("opaque.tlog-proof", proof.replace("\nindex 1\n", "\nindex 2\n"));
    verify("1.txt", "opaque.tlog-proof", &any).refused("not in the log's tree");
}

#[test]
fn growth_is_proved_from_one_run_to_the_next() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(numbered(0..3));
    let loginfo = || world.fasti(&["loginfo"]).good();
    golden("loginfo-first.txt", &loginfo());
    golden("loginfo-same.txt", &loginfo());
    world.add(numbered(3..7));
    golden("loginfo-grown.txt", &loginfo());
    world.stop();
    let remembered = world.path("state/fasti").read_dir().expect("a directory").count();
    assert_eq!(remembered, 1);
}

#[test]
fn writers_tell_how_they_stand() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(numbered(0..3));
    let said = world.fasti(&["loginfo", "--writer"]).good();
    for line in ["Status:            ready", "Role:              leading", "Published Size:    3"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let url = world.url().to_owned();
    let asked = world.fasti(&["loginfo", "--format", "json", "--writer", &url]).good();
    let json: Value = serde_json::from_str(&asked).expect("JSON");
    let writer = &json["Writers"][0];
    assert_eq!((&writer["Epoch"], &writer["Lag"]), (&1.into(), &0.into()), "{json}");
    assert!(
        writer["Leader"].as_str().is_some_and(|leader| leader.starts_with("http://127.0.0.1:"))
    );
    world.stop();
    let ended = world.fasti(&["loginfo", "--writer", &url]);
    assert!(ended.stdout.contains("Status:            no answer from"), "{}", ended.stdout);
}

#[test]
fn rollbacks_and_forks_are_refused_and_the_evidence_kept() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(numbered(0..3));
    copy(&world, "old");
    world.add(numbered(3..5));
    world.fasti(&["loginfo"]).good();
    world.stop();

    let ended = world.fasti(&["loginfo", "--log", "old"]);
    ended.refused("ROLLBACK");
    // The same key, another history.
    let mut fork = World::with_writer(&["--accept-opaque"]);
    fork.add(numbered(10..16));
    fork.stop();
    let elsewhere = fork.path("log");
    let elsewhere = elsewhere.to_str().expect("a path in UTF-8");
    let ended = world.fasti(&["loginfo", "--log", elsewhere]);
    ended.refused("FORK");
    let evidence: Vec<_> = world
        .path("state/fasti")
        .read_dir()
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "evidence"))
        .collect();
    assert_eq!(evidence.len(), 2, "{evidence:?}");
    for path in evidence {
        let path = path.to_str().expect("UTF-8");
        let judged = world.fasti(&["verify-evidence", path, "--key", world.vkey()]);
        if ended.stderr.contains(path) {
            assert!(judged.good().starts_with("Convicts localhost: "));
        } else {
            judged.refused("does not convict");
        }
    }
    // The remembered tree stays the one to compare with.
    world.fasti(&["loginfo"]).good();
}

#[test]
fn a_log_that_is_not_there_is_no_refusal() {
    let world = World::new();
    world.fasti(&["loginfo"]).broken("--log must be");
    fs::create_dir(world.path("log")).expect("a directory");
    world.fasti(&["loginfo"]).broken("there is no log");
    world.fasti(&["loginfo", "--log", "http://127.0.0.1:1"]).broken("no answer from");
    world.fasti(&["loginfo", "--log", "ftp://log.example"]).broken("ftp");
    world.fasti_with(&[("FASTI_LOG", "")], &["loginfo"]).broken("log");
}
