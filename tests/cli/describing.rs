//! Describing a log to others, and making keys.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::keys::generate;
use crate::world::{World, golden, signing_key};

#[test]
fn trusted_root_and_signing_config() {
    let world = World::new();
    let root = world.fasti(&["trusted-root"]).good();
    golden("trusted-root.json", &root);
    let json: Value = serde_json::from_str(&root).expect("JSON");
    assert_eq!(json["tlogs"][0]["baseUrl"], "https://localhost");
    let local = [
        "signing-config",
        "--url",
        "http://localhost:3000",
        "--operator",
        "me",
        "--valid-from",
        "2026-11-23T00:00:00Z",
    ];
    golden("signing-config.json", &world.fasti(&local).good());
    let ended = world.fasti(&["trusted-root", "--url", "http://log.example"]);
    assert!(ended.stderr.contains("require the origin to be the URL's host"), "{}", ended.stderr);
    world.fasti(&["trusted-root", "--valid-from", "now"]).broken("validFor");
    world.fasti_with(&[], &["trusted-root"]).broken("set --vkey");
}

#[test]
fn a_trusted_root_is_enough_to_verify() {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", "an artifact\n");
    generate(&world, "p256", "me");
    world
        .fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem", "--bundle", "b.json"])
        .good();
    world.write("root.json", world.fasti(&["trusted-root"]).good());
    world.stop();
    let verify = [
        "verify",
        "--artifact",
        "a.txt",
        "--bundle",
        "b.json",
        "--public-key",
        "me.pub",
        "--trusted-root",
        "root.json",
    ];
    world.fasti_with(&[], &verify).good();
    let impostor = signing_key(2).verifier_key().to_string();
    let root = world.fasti_with(&[("FASTI_VKEY", &impostor)], &["trusted-root"]).good();
    world.write("root.json", root);
    world.fasti_with(&[], &verify).refused("the origin is the same, but the key is different");
    world.write("root.json", "{}");
    world.fasti_with(&[], &verify).broken("root.json");
}

#[test]
fn keys_are_made_once_and_for_their_owner_only() {
    let world = World::new();
    let keygen = ["keygen", "--origin", "log.example/one", "--out", "new.key"];
    let vkey = world.fasti(&keygen).good();
    let key = String::from_utf8(world.read("new.key")).expect("text");
    let key = tiles_spec::NoteSigningKey::parse(key.trim_end()).expect("a key");
    assert_eq!(vkey.trim_end(), key.verifier_key().to_string());
    let mode = world.path("new.key").metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    world.fasti(&keygen).broken("does not exist yet");
    let bad = ["keygen", "--origin", "log example", "--out", "other.key"];
    world.fasti(&bad).broken("without spaces");
}

#[test]
fn the_command_describes_itself() {
    let world = World::new();
    let help = world.fasti(&["--help"]).good();
    for verb in [
        "upload",
        "verify",
        "get",
        "loginfo",
        "prove",
        "keygen",
        "trusted-root",
        "signing-config",
        "fsck",
        "freeze",
        "heads",
        "mirror",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{help}");
        world.fasti(&[verb, "--help"]).good();
    }
    world.fasti(&["frobnicate"]).broken("frobnicate");
}
