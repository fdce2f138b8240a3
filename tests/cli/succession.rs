//! A new log each year: the old one is frozen, the new one starts, and one trusted root verifies
//! the entries of both. The commands are those of `src/docs/keys.md`.

use serde_json::{Value, json};

use crate::keys::{certify_in, generate, sign, stamp};
use crate::world::{Ended, World};

const OLD: &str = "log2026.example";
const NEW: &str = "log2027.example";
const TURN: &str = "2027-01-01T00:00:00Z";

/// Signs `a.txt` with a new key that was certified for these years, and logs the signature, which a
/// timestamp authority saw as the first of them began.
fn upload(world: &World, name: &str, years: std::ops::Range<i32>) -> Ended {
    let time = format!("{}0101000000Z", years.start);
    world.write("a.txt", "an artifact\n");
    let pair = generate(world, "p256", name);
    certify_in(world, &pair, name, "me@example.com", years);
    world.write("a.sig", sign(&pair, b"an artifact\n"));
    let (certificate, bundle) = (format!("{name}.crt"), format!("{name}.json"));
    let signed = ["--signature", "a.sig", "--public-key", &certificate];
    let upload = ["upload", "--artifact", "a.txt", "--bundle", &bundle];
    let ended = world.fasti(&[&upload[..], &signed].concat());
    if world.path(&bundle).exists() {
        stamp(world, &bundle, name, &time);
    }
    ended
}

/// Verifies a bundle with what a client has: the trusted root and the authority.
fn verify(world: &World, name: &str) -> Ended {
    let (bundle, authority) = (format!("{name}.json"), format!("{name}.ca.crt"));
    let tsa = format!("{name}.tsa.crt");
    let what = ["--artifact", "a.txt", "--bundle", &bundle];
    let whom = ["--trusted-root", "trusted_root.json", "--ca-roots", &authority];
    let whom = [&whom[..], &["--tsa-roots", &tsa]].concat();
    let who = [
        "--certificate-identity",
        "me@example.com",
        "--certificate-oidc-issuer",
        "https://oidc.test",
    ];
    world.fasti_with(&[], &[&["verify"][..], &what, &whom, &who].concat())
}

#[test]
fn a_new_log_each_year() {
    let mut old = World::of(OLD, 1);
    old.start(&[]);
    upload(&old, "first", 2026..2026).good();
    // Signed when the next log was due: the old one does not know the time.
    upload(&old, "late", 2028..2029).good();
    old.fasti(&["freeze", "--store", "log", "--key", "log.key"])
        .broken("another writer is running");
    old.stop();

    let shown = old.read("log/checkpoint");
    let freeze = ["freeze", "--store", "log", "--key", "log.key"];
    let said = old.fasti(&freeze).good();
    assert!(
        said.starts_with(&format!("Frozen:            {OLD}\nTree Size:         2\n")),
        "{said}"
    );
    assert!(old.fasti(&freeze).good().ends_with("It was already frozen.\n"));
    assert_eq!(old.read("log/checkpoint"), shown, "the last checkpoint stays as it is");
    for (command, words) in [
        (&["loginfo"][..], "Frozen:            the log says that this is its last tree"),
        (&["fsck"], "The log is frozen: this is its last tree"),
        (&["doctor", "--store", "log"], "The store has a frozen log: its last tree is of 2"),
    ] {
        let said = old.fasti(command).good();
        assert!(said.contains(words), "{said}");
    }
    old.start(&[]);
    upload(&old, "too-late", 2026..2027).refused("This log has been frozen");
    let standing = old.fasti(&["loginfo", "--writer"]).good();
    assert!(standing.contains("Status:            frozen\n"), "{standing}");

    let mut new = World::of(NEW, 2);
    new.start(&[]);
    upload(&new, "second", 2027..2027).good();
    upload(&new, "early", 2025..2026).good();

    let of_old = ["trusted-root", "--valid-from", "2026-01-01T00:00:00Z", "--valid-until", TURN];
    new.write("2026.json", old.fasti(&of_old).good());
    let of_both = ["trusted-root", "--valid-from", TURN, "--merge", "2026.json"];
    let root = new.fasti(&of_both).good();
    let json: Value = serde_json::from_str(&root).expect("JSON");
    assert_eq!(json["mediaType"], "application/vnd.dev.sigstore.trustedroot+json;version=0.1");
    let logs = json["tlogs"].as_array().expect("logs");
    let window = |n: usize| &logs[n]["publicKey"]["validFor"];
    assert_eq!(logs.len(), 2);
    assert_eq!(*window(0), json!({"start": "2026-01-01T00:00:00Z", "end": TURN}));
    assert_eq!(*window(1), json!({"start": TURN}));
    for world in [&old, &new] {
        world.write("trusted_root.json", &root);
    }
    verify(&old, "first").good();
    verify(&new, "second").good();
    verify(&old, "late").refused("is trusted from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z");
    verify(&new, "early").refused("is trusted from 2027-01-01T00:00:00Z");

    let unended = old.fasti(&["trusted-root", "--valid-from", "2026-01-01T00:00:00Z"]).good();
    new.write("unended.json", unended);
    let contradicted = ["trusted-root", "--merge", "trusted_root.json", "unended.json"];
    new.fasti_with(&[], &contradicted).refused("contradict each other");
    new.fasti(&["trusted-root", "--valid-until", "soon"]).broken("RFC 3339");
}

#[test]
fn where_to_sign_from_one_year_to_the_next() {
    let (old, new) = (World::of(OLD, 1), World::of(NEW, 2));
    let of_old = ["signing-config", "--operator", "example", "--valid-until", TURN];
    let more =
        ["--tsa-url", "https://tsa.example/api/v1/timestamp", "--ca-url", "https://ca.example"];
    new.write("2026.json", old.fasti(&[&of_old[..], &more].concat()).good());
    let of_both = ["signing-config", "--operator", "example", "--valid-from", TURN];
    let of_both = [&of_both[..], &["--merge", "2026.json", "--selector", "exact", "--count", "1"]];
    let json: Value = serde_json::from_str(&new.fasti(&of_both.concat()).good()).expect("JSON");
    let service = |url: &str, version: u32, valid_for: Value| json!({"url": url, "majorApiVersion": version, "validFor": valid_for, "operator": "example"});
    let always = json!({"start": "1970-01-01T00:00:00Z"});
    let (until, from) =
        (json!({"start": "1970-01-01T00:00:00Z", "end": TURN}), json!({"start": TURN}));
    let expected = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": [service("https://ca.example", 1, always.clone())],
        "rekorTlogUrls": [
            service("https://log2026.example", 2, until),
            service("https://log2027.example", 2, from),
        ],
        "tsaUrls": [service("https://tsa.example/api/v1/timestamp", 1, always)],
        "rekorTlogConfig": {"selector": "EXACT", "count": 1},
        "tsaConfig": {"selector": "ANY"},
    });
    assert_eq!(json, expected);
    new.write("other.json", old.fasti(&["signing-config", "--operator", "another"]).good());
    new.fasti_with(&[], &["signing-config", "--merge", "2026.json", "other.json"])
        .refused("contradict each other about https://log2026.example");
    new.fasti(&["signing-config", "--selector", "exact"]).broken("--count");
    new.fasti(&["signing-config", "--merge", "a-file-that-is-not-there"]).broken("cannot read");
}

#[test]
fn what_is_not_this_keys_log_is_not_frozen() {
    let mut world = World::of(OLD, 1);
    world.fasti(&["freeze", "--store", "log", "--key", "log.key"]).broken("log");
    world.start(&[]);
    world.stop();
    let before = world.read("log/checkpoint");
    let stranger = World::of(OLD, 3);
    let key = stranger.path("log.key").display().to_string();
    world.fasti(&["freeze", "--store", "log", "--key", &key]).refused("is not signed by this key");
    let stranger = World::of(NEW, 1);
    let key = stranger.path("log.key").display().to_string();
    world.fasti(&["freeze", "--store", "log", "--key", &key]).broken("belongs to the log");
    world
        .fasti(&["freeze", "--store", "https://log.example"])
        .broken("give the bucket or directory");
    assert_eq!(world.read("log/checkpoint"), before);
    assert!(!world.fasti(&["loginfo"]).good().contains("Frozen"));
}
