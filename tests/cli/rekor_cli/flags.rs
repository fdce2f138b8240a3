//! rekor-cli's other verbs and flags.

use serde_json::Value;

use super::made;
use crate::world::World;

/// `TestLogInfo`, `TestLogProof`, and the flags that are common to all verbs.
#[test]
fn the_log_and_its_growth() {
    let world = World::with_writer(&["--accept-opaque"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    let url = world.url();
    let server = ["--rekor_server", url, "--timeout", "30s", "--retry", "3"];
    let said = world.fasti(&[&["loginfo"], &server[..]].concat()).good();
    for line in ["Verification Successful!", "Active Tree Size:  3", "Total Tree Size:   3"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let tree = said.lines().find_map(|line| line.strip_prefix("TreeID:")).expect("a tree").trim();
    let tree: u64 = tree.parse().expect("a number");

    // An entry ID begins with the tree ID.
    let said = world.fasti(&["get", "--log-index", "1"]).good();
    let uuid = said.lines().find_map(|line| line.strip_prefix("UUID: ")).expect("a UUID");
    world.fasti(&["get", "--uuid", &format!("{tree:016x}{uuid}")]).good();

    let proof = |more: &[&str]| world.fasti(&[&["logproof"], &server[..], more].concat());
    let said = proof(&["--first-size", "2", "--last-size", "3"]).good();
    assert!(said.starts_with("Current Root Hash: "), "{said}");
    let hashes = said.lines().find_map(|line| line.strip_prefix("Hashes: [")).expect("hashes");
    assert_eq!(hashes.trim_end_matches(']').split(',').count(), 1, "{said}");
    let json = proof(&["--last-size", "3", "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["FirstSize"], &json["LastSize"]), (&1.into(), &3.into()));
    assert!(json["Hashes"].as_array().is_some_and(|hashes| !hashes.is_empty()), "{json}");
    proof(&["--last-size", "4"]).refused("fasti loginfo");
    proof(&["--first-size", "2"]).broken("required");
}

/// Underscores are as good as hyphens, as in rekor-cli's own server flag.
#[test]
fn flags_in_both_spellings() {
    let world = World::with_writer(&[]);
    made::signatures(&world);
    let upload = [
        "upload",
        "--type",
        "rekord",
        "--pki_format",
        "x509",
        "--artifact",
        "artifact",
        "--signature",
        "artifact.sig",
        "--public_key",
        "signer.pub",
    ];
    world.fasti(&upload).good();
    world.fasti(&["verify", "--log_index", "0"]).good();
    world.fasti(&["get", "--log_index", "0"]).good();
}
