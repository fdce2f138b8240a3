//! `fasti search` for what attestations are about: in the newest leaves and in an index, and what
//! becomes of it when attestations are gone, or were kept later.

use std::fs;
use std::path::PathBuf;

use fasti_kit::certificates::{P256, Signer, pem};
use fasti_kit::proposals::{cose, dsse, intoto_object, intoto_text};
use fasti_kit::requests;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::serving::server::ask;
use crate::world::World;

const IN_TOTO: &str = "application/vnd.in-toto+json";
const FILE: &str = "an artifact\n";
const V1: &str = "/api/v1/log/entries";

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A statement about the file, and a material.
fn statement(number: usize) -> String {
    let materials = [json!({"uri": "a source", "digest": {"sha256": "ab".repeat(32)}})];
    json!({
        "subject": [{"name": "a.txt", "digest": {"sha256": sha256(FILE)}}],
        "predicate": {"number": number, "materials": materials},
    })
    .to_string()
}

fn world(flags: &[&str]) -> World {
    let world = World::with_writer(&[flags, &["--no-lookup", "--accept-opaque"]].concat());
    world.write("a.txt", FILE);
    world.write("me.pub", pem("PUBLIC KEY", &Signer::of(P256).spki));
    world
}

fn post(world: &World, path: &str, body: &Value) -> Value {
    let address = world.url().strip_prefix("http://").expect("an http URL");
    let address = address.parse().expect("an address");
    let fields = ["content-type: application/json"];
    let answer = ask(address, "POST", path, &fields, body.to_string().as_bytes());
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    answer.json()
}

/// Entries of five kinds about the file, and one of another key that is about something else.
fn attest(world: &World) {
    let signer = Signer::of(P256);
    let payload = |number| statement(number).into_bytes();
    post(world, V1, &intoto_text(signer, &payload(0)));
    post(world, V1, &intoto_object(signer, &payload(1)));
    post(world, V1, &dsse(signer, IN_TOTO, &payload(2)));
    post(world, V1, &cose(signer, Some(IN_TOTO), &payload(3)));
    let envelope = requests::envelope(&[(signer, None)], IN_TOTO, &payload(4));
    post(world, "/api/v2/log/entries", &envelope);
    post(world, V1, &dsse(signer, "text/plain", b"about nothing"));
}

fn index(world: &World) {
    world.fasti(&["index", "--log", "log", "--key", "log.key"]).good();
}

fn search(world: &World, what: &[&str]) -> Value {
    let said = world.fasti(&[&["search", "--format", "json"], what].concat()).good();
    serde_json::from_str(&said).expect("JSON")
}

/// The indices of the entries found.
fn found(world: &World, what: &[&str]) -> Vec<u64> {
    let answer = search(world, what);
    assert_eq!(answer["complete"], true, "{answer}");
    let entries = answer["entries"].as_array().expect("a list");
    entries.iter().map(|entry| entry["logIndex"].as_u64().expect("an index")).collect()
}

fn fsck(world: &World) -> Value {
    let ended = world.fasti(&["fsck", "--lookup", "--json"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    report["lookup"].clone()
}

fn file_of(world: &World, number: usize) -> PathBuf {
    world.path("log/attestations/sha256").join(sha256(statement(number)))
}

/// Everything is found, wherever it is searched for.
fn all_is_found(world: &World) {
    let file = ["--artifact", "a.txt"];
    assert_eq!(found(world, &file), [0, 1, 2, 3, 4]);
    assert_eq!(found(world, &["--sha", &"ab".repeat(32)]), [0, 1, 2, 4]);
    let both = [&file[..], &["--public-key", "me.pub", "--operator", "and"]].concat();
    assert_eq!(found(world, &both), [0, 1, 2, 3, 4]);
    assert_eq!(found(world, &["--public-key", "me.pub"]).len(), 6);
    assert_eq!(found(world, &["--sha", &sha256("another file")]), [0; 0]);
    assert_eq!(found(world, &[&file[..], &["--since", "3"]].concat()), [3, 4]);
}

#[test]
fn who_attested_a_file() {
    let mut world = world(&["--store-attestations"]);
    attest(&world);
    all_is_found(&world);
    let question = json!({"hash": format!("sha256:{}", sha256(FILE))});
    let ids = post(&world, "/api/v1/index/retrieve", &question);
    assert_eq!(ids.as_array().map(Vec::len), Some(5));
    world.stop();
    all_is_found(&world);
    index(&world);
    all_is_found(&world);
    let report = fsck(&world);
    assert_eq!((report.get("late"), report.get("unexplained")), (None, None));

    // One that is gone is told: it is neither found nor forgotten, and no fault of the index.
    let kept = fs::read(file_of(&world, 2)).expect("it is there");
    fs::remove_file(file_of(&world, 2)).expect("it is there");
    let answer = search(&world, &["--artifact", "a.txt"]);
    assert_eq!(answer["entries"].as_array().map(Vec::len), Some(4));
    assert_eq!((&answer["complete"], &answer["not_confirmed"]), (&json!(false), &json!(1)));
    let said = world.fasti(&["search", "--artifact", "a.txt"]).good();
    assert!(said.contains("NOT CONFIRMED: 1 more entry is listed"), "{said}");
    let report = fsck(&world);
    assert_eq!((report.get("late"), &report["unexplained"]), (None, &json!(2)));
    let said = world.fasti(&["fsck", "--lookup"]).good();
    assert!(said.contains("2 postings are of entries whose attestations are not there"), "{said}");
    // Other bytes are as good as none.
    fs::write(file_of(&world, 2), "other").expect("it can be written");
    assert_eq!(search(&world, &["--artifact", "a.txt"])["not_confirmed"], 1);
    fs::write(file_of(&world, 2), kept).expect("it can be written");
    all_is_found(&world);
}

#[test]
fn what_is_kept_after_it_was_indexed_is_noted() {
    let mut world = world(&[]);
    let payload = statement(0).into_bytes();
    post(&world, V1, &intoto_text(Signer::of(P256), &payload));
    assert_eq!(found(&world, &["--artifact", "a.txt"]), [0; 0]);
    world.stop();
    index(&world);
    assert_eq!(found(&world, &["--artifact", "a.txt"]), [0; 0]);
    world.start(&["--store-attestations", "--no-lookup"]);
    // Another entry with the same payload.
    post(&world, V1, &dsse(Signer::of(P256), IN_TOTO, &payload));
    world.stop();
    index(&world);
    assert_eq!(found(&world, &["--artifact", "a.txt"]), [1]);
    let report = fsck(&world);
    assert_eq!((&report["late"], report.get("unexplained")), (&json!(2), None));
    let said = world.fasti(&["fsck", "--lookup"]).good();
    assert!(
        said.contains("2 postings are missing for attestations that were kept later"),
        "{said}"
    );
    fs::remove_file(file_of(&world, 0)).expect("it is there");
    let ended = world.fasti(&["search", "--artifact", "a.txt"]);
    assert_eq!(ended.status, 2, "{}", ended.stdout);
    assert!(ended.stdout.starts_with("Nothing in what was searched"), "{}", ended.stdout);
    assert!(ended.stdout.contains("NOT CONFIRMED: 1 more entry is listed"), "{}", ended.stdout);
}
