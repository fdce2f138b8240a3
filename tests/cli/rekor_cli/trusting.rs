//! Trusted roots and signing configurations for clients of Rekor v1.

use fasti_kit::http::Connection;
use serde_json::{Value, json};

use super::made;
use crate::world::World;

/// A writer that signs for these clients with a key of its own; and its verifier key.
fn world() -> (World, String) {
    let mut world = World::new();
    let vkey = keygen(&world);
    world.start(&["--rekor-v1-key", "v1.pem"]);
    (world, vkey)
}

/// Makes a key for these clients in `v1.pem`, and returns its verifier key.
fn keygen(world: &World) -> String {
    let keygen = ["keygen", "--origin", "log.example", "--algorithm", "ecdsa-p256"];
    let vkey = world.fasti(&[&keygen[..], &["--out", "v1.pem"]].concat()).good();
    vkey.trim_end().to_owned()
}

/// Writes the key that the writer answers to a file.
fn save_key(world: &World, name: &str) {
    let address = world.url().strip_prefix("http://").expect("an http URL");
    let mut connection = Connection::open(address.parse().expect("an address")).expect("it opens");
    let answer = connection.get("/api/v1/log/publicKey").expect("an answer");
    world.write(name, answer.body);
}

#[test]
fn the_key_for_these_clients_is_beside_the_logs_own() {
    let (world, vkey) = world();
    save_key(&world, "v1.pub");
    let url = format!("{}/", world.url());
    let roots = ["v1.pub", &vkey, &url].map(|key| {
        let describe = ["trusted-root", "--rekor-v1-key", key];
        world.fasti(&describe).good()
    });
    assert!(roots.iter().all(|root| *root == roots[0]), "{roots:?}");
    let root: Value = serde_json::from_str(&roots[0]).expect("JSON");
    let [own, other] = root["tlogs"].as_array().expect("logs").as_slice() else {
        panic!("{root}");
    };
    let plain: Value = serde_json::from_str(&world.fasti(&["trusted-root"]).good()).expect("JSON");
    assert_eq!(plain["tlogs"], json!([own]));
    assert_eq!(other["publicKey"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
    for member in ["baseUrl", "hashAlgorithm"] {
        assert_eq!(own[member], other[member]);
    }
    assert_eq!(own["publicKey"]["validFor"], other["publicKey"]["validFor"]);

    // With the log's own key alone, an entry of v1's API proves nothing.
    let made = made::signatures(&world).swap_remove(0);
    world.fasti(&made.command("upload")).good();
    let get = ["get", "--log-index", "0", "--log", world.url(), "--trusted-root"];
    for (name, root) in [("both.json", roots[0].clone()), ("own.json", plain.to_string())] {
        world.write(name, root);
        let ended = world.fasti_with(&[], &[&get[..], &[name]].concat());
        match name {
            "both.json" => assert!(ended.good().contains("signed with its key")),
            _ => ended.refused("trusted: localhost"),
        }
    }
    let alone = ["--rekor-v1-key", "v1.pub", "--url", "https://localhost"];
    let alone = world.fasti_with(&[], &[&["trusted-root"], &alone[..]].concat()).good();
    assert_eq!(serde_json::from_str::<Value>(&alone).expect("JSON")["tlogs"], json!([other]));
}

/// Both keys are in use at once, and each year has its own.
#[test]
fn roots_with_such_keys_are_merged() {
    let (world, next) = (World::new(), World::of("next.localhost", 2));
    let json = |text: String| serde_json::from_str::<Value>(&text).expect("JSON");
    let [both, of_next] = [&world, &next].map(|world| {
        let vkey = keygen(world);
        world.fasti(&["trusted-root", "--rekor-v1-key", &vkey]).good()
    });
    let files = [("both.json", both.clone()), ("next.json", of_next.clone())];
    let own = ("own.json", world.fasti(&["trusted-root"]).good());
    for (name, root) in files.into_iter().chain([own]) {
        world.write(name, root);
    }
    let merge =
        |roots: &[&str]| world.fasti_with(&[], &[&["trusted-root", "--merge"], roots].concat());
    for roots in [["own.json", "both.json"], ["both.json", "own.json"]] {
        assert_eq!(json(merge(&roots).good()), json(both.clone()));
    }
    let merged = json(merge(&["both.json", "next.json"]).good());
    assert_eq!(merged["tlogs"].as_array().expect("logs").len(), 4);
    // A key names one log to these clients.
    world.write("other.json", both.replace("https://localhost", "https://next.localhost"));
    merge(&["both.json", "other.json"]).refused("one log is at");
}

#[test]
fn what_is_no_key_is_refused() {
    let (world, vkey) = world();
    let nowhere = format!("{}/nowhere", world.url());
    let root = |key: &str| world.fasti(&["trusted-root", "--rekor-v1-key", key]);
    root("v1.pem").broken("that is a private key");
    root("missing.pub").broken("cannot read missing.pub");
    root(&nowhere).refused("the log refuses (404");
    root("https://").broken("https://");
    world.fasti_with(&[], &["trusted-root", "--rekor-v1-key", &vkey]).broken("--url");
}

#[test]
fn where_these_clients_submit() {
    let world = World::new();
    let versions = |flags: &[&str]| {
        let said = world.fasti(&[&["signing-config"], flags].concat()).good();
        let config: Value = serde_json::from_str(&said).expect("JSON");
        let logs = config["rekorTlogUrls"].as_array().expect("logs").iter();
        logs.map(|log| {
            assert_eq!(log["url"], "https://localhost");
            log["majorApiVersion"].as_u64().expect("a number")
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(versions(&[]), [2]);
    assert_eq!(versions(&["--api-version", "1"]), [1]);
    assert_eq!(versions(&["--api-version", "1,2"]), [1, 2]);
    assert_eq!(versions(&["--api-version", "2", "--api-version", "2"]), [2]);
    world.fasti(&["signing-config", "--api-version", "3"]).broken("3");
}
