//! Searching a log for keys that are not of X.509, and for names that are not in certificates:
//! those in entries of Rekor v1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::World;

const SSH: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII+sTV6lbUT6GzYcfTLIJsQol9me018gMNg74uyOe+25";
/// In canonical form.
const ROOT: &str = r#"{"signatures":[],"signed":{"_type":"root","expires":"2030-01-01T00:00:00Z","keys":{},"roles":{},"spec_version":"1.0","version":1}}"#;
const TIMESTAMP: &str = r#"{"signatures":[],"signed":{"_type":"timestamp","version":7}}"#;

fn body(kind: &str, spec: &Value) -> String {
    json!({"apiVersion": "0.0.1", "kind": kind, "spec": spec}).to_string()
}

fn rekord(format: &str, key: &str) -> String {
    let key = json!({"content": STANDARD.encode(key)});
    body("rekord", &json!({"signature": {"format": format, "publicKey": key}}))
}

fn minisign() -> String {
    STANDARD.encode([&b"Ed"[..], &[7; 8], &[9; 32]].concat())
}

#[test]
fn keys_of_every_format_and_names_of_every_kind() {
    let mut world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    let content = |text: &str| json!({"content": STANDARD.encode(text)});
    world.add([
        rekord("ssh", &format!("{SSH}\n")),
        rekord("minisign", &minisign()),
        body("tuf", &json!({"metadata": content(TIMESTAMP), "root": content(ROOT)})),
        "another entry".to_owned(),
    ]);
    // As their owners have them.
    world.write("me.pub", format!("# my key\nno-pty {SSH} me@example.com\n"));
    world.write("minisign.pub", format!("untrusted comment: mine\n{}\n", minisign()));
    world.write("root.json", ROOT.replace("\"signed\"", "\n  \"signed\""));
    world.stop();
    world.fasti(&["index", "--log", "log", "--key", "log.key"]).good();
    for (what, expected) in [
        (&["--public-key", "me.pub", "--pki-format", "ssh"][..], &[0_u64][..]),
        (&["--public-key", "minisign.pub", "--pki-format", "minisign"], &[1]),
        (&["--public_key", "root.json", "--pki_format", "tuf"], &[2]),
        (&["--subject", "timestamp"], &[2]),
        (&["--identity", "7", "--subject", "nobody"], &[2]),
    ] {
        let said = world.fasti(&[&["search", "--format", "json"], what].concat()).good();
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let entries = said["entries"].as_array().expect("entries").iter();
        let found: Vec<_> = entries.map(|entry| entry["logIndex"].as_u64().expect("it")).collect();
        assert_eq!(found, expected, "{what:?}");
    }
    let wrong = ["search", "--public-key", "me.pub", "--pki-format"];
    world.fasti(&[&wrong[..], &["minisign"]].concat()).broken("me.pub");
    world.fasti(&[&wrong[..], &["jks"]].concat()).broken("pgp, x509, minisign, ssh, tuf");
    world.fasti(&wrong[..3]).broken("me.pub");
}
