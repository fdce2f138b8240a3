//! Attestations that a log keeps: read from its files, by `fasti get`, `fasti serve` and `fasti
//! fsck`.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::{P256, Signer};
use fasti_kit::proposals::{dsse, intoto_text};
use fasti_kit::requests;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{ask, serve};
use crate::world::World;

const FIRST: &str = r#"{"subject":[{"name":"first"}]}"#;
const SECOND: &str = "<second>";
const THIRD: &str = "third";

/// A log with an entry of each of three kinds, and one that has no attestation.
fn log(flags: &[&str]) -> World {
    let world = World::with_writer(&[&["--accept-opaque"], flags].concat());
    let address = world.url().strip_prefix("http://").expect("an http URL");
    let address = address.parse().expect("an address");
    let signer = Signer::of(P256);
    let third = requests::envelope(&[(signer, None)], "text/plain", THIRD.as_bytes());
    for (path, body) in [
        ("/api/v1/log/entries", intoto_text(signer, FIRST.as_bytes())),
        ("/api/v1/log/entries", dsse(signer, "text/plain", SECOND.as_bytes())),
        ("/api/v2/log/entries", third),
    ] {
        let fields = ["content-type: application/json"];
        let answer = ask(address, "POST", path, &fields, body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    world.add(["opaque".to_owned()]);
    world
}

fn file_of(attestation: &str) -> String {
    format!("attestations/sha256/{}", hex::encode(Sha256::digest(attestation)))
}

/// What `fasti get` prints of an entry, as JSON.
fn got(world: &World, index: usize, place: &[&str]) -> Value {
    let index = index.to_string();
    let flags = [&["get", "--log-index", &index, "--format", "json"], place].concat();
    serde_json::from_str(&world.fasti(&flags).good()).expect("JSON")
}

fn fsck(world: &World, flags: &[&str], status: i32) -> Value {
    let ended = world.fasti(&[&["fsck", "--json"], flags].concat());
    assert_eq!(ended.status, status, "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn what_is_kept_is_read_from_files() {
    let mut world = log(&["--store-attestations"]);
    let over_http: Vec<_> = (0..4).map(|index| got(&world, index, &[])).collect();
    world.stop();
    let log = world.path("log").display().to_string();
    let server = serve(&world, &log, &[]);
    for (index, attestation) in [FIRST, SECOND, THIRD].into_iter().enumerate() {
        assert_eq!(got(&world, index, &[])["Attestation"], attestation);
        assert_eq!(over_http[index]["Attestation"], attestation);
        let said = world.fasti(&["get", "--log-index", &index.to_string()]).good();
        assert!(said.contains(&format!("\nAttestation: {attestation}\n")), "{said}");
        let entry = server.get(&format!("/api/v1/log/entries?logIndex={index}")).json();
        let entry = entry.as_object().expect("an object").values().next().expect("an entry");
        assert_eq!(entry["attestation"]["data"], STANDARD.encode(attestation));
        let file = server.get(&format!("/{}", file_of(attestation)));
        assert_eq!((file.status, &*file.body), (200, attestation.as_bytes()));
    }
    assert_eq!(got(&world, 3, &[]).get("Attestation"), None);
    let entry = server.get("/api/v1/log/entries?logIndex=3").text();
    assert!(!entry.contains("attestation"), "{entry}");
    assert_eq!(server.get(&format!("/{}", file_of("nothing"))).status, 404);
}

#[test]
fn what_is_kept_is_checked() {
    let mut world = log(&["--store-attestations"]);
    world.stop();
    assert_eq!(fsck(&world, &[], 0)["attestations"], json!({"kept": 3, "missing": 0}));
    let file = world.path("log").join(file_of(SECOND));
    fs::write(&file, "another").expect("it can be written");
    let report = fsck(&world, &[], 1);
    assert_eq!(report["problems"][0]["path"], file_of(SECOND));
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(1));
    world.fasti(&["get", "--log-index", "1"]).refused("is damaged: its bytes have another hash");
    let server = serve(&world, &world.path("log").display().to_string(), &[]);
    assert_eq!(server.get("/api/v1/log/entries?logIndex=1").status, 502);
    assert_eq!(server.get(&format!("/{}", file_of(SECOND))).status, 502);
    fs::remove_file(&file).expect("it is there");
    assert_eq!(fsck(&world, &[], 0)["attestations"], json!({"kept": 2, "missing": 1}));
    let said = world.fasti(&["fsck"]).good();
    assert!(said.contains("\nAttestations: 2 kept, 1 not there\n"), "{said}");
    world.fasti(&["get", "--log-index", "1"]).good();
}

#[test]
fn a_log_that_keeps_none_is_checked_for_them_on_demand() {
    let mut world = log(&[]);
    world.stop();
    assert_eq!(fsck(&world, &[], 0).get("attestations"), None);
    let report = fsck(&world, &["--attestations"], 0);
    assert_eq!(report["attestations"], json!({"kept": 0, "missing": 3}));
    assert_eq!(got(&world, 0, &[])["Attestation"], "");
}
