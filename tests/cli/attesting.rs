//! Envelopes with in-toto statements: about files, directories and digests; with odd types, and
//! with text that would pass for a verdict.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::{P256, Signer, pem};
use fasti_kit::http::Connection;
use fasti_kit::requests;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::world::{Ended, World};

const IN_TOTO: &str = "application/vnd.in-toto+json";
const TYPE: &str = "https://in-toto.io/Statement/v1";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn sha256(artifact: &str) -> String {
    hex::encode(Sha256::digest(artifact))
}

/// A statement about `a.txt`, `b.txt` and a commit.
fn statement() -> Value {
    json!({
        "_type": TYPE,
        "subject": [
            {"name": "a.txt", "digest": {"sha256": sha256("a"), "sha512": hex::encode(Sha512::digest("a"))}},
            {"name": "b.txt", "digest": {"sha256": sha256("b")}},
            {"name": "source", "digest": {"gitCommit": COMMIT}},
        ],
        "predicateType": "https://example.com/p/v1",
        "predicate": {"z": 1, "a": "\u{202e}b"},
    })
}

/// Logs an envelope around the payload, and writes its bundle, and the key to `me.pub`.
fn attest(world: &World, bundle: &str, payload_type: &str, payload: &[u8]) {
    let signer = Signer::of(P256);
    let request = requests::envelope(&[(signer, None)], payload_type, payload);
    let address = world.url().strip_prefix("http://").expect("an http URL");
    let mut connection = Connection::open(address.parse().expect("an address")).expect("it opens");
    let answer = connection.post("/api/v2/log/entries", request.to_string().as_bytes());
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let entry: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let json = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "me"}, "tlogEntries": [entry]},
        "dsseEnvelope": request["dsseRequestV002"]["envelope"],
    });
    world.write(bundle, json.to_string());
    world.write("me.pub", pem("PUBLIC KEY", &signer.spki));
}

/// A stopped log with bundles around these payloads, called `0.json` and so on.
fn attested(payloads: &[(&str, String)]) -> World {
    let mut world = World::with_writer(&[]);
    for (index, (payload_type, payload)) in payloads.iter().enumerate() {
        attest(&world, &format!("{index}.json"), payload_type, payload.as_bytes());
    }
    world.stop();
    for (name, content) in [("a.txt", "a"), ("b.txt", "b"), ("c.txt", "c")] {
        world.write(name, content);
    }
    world
}

fn verify(world: &World, bundle: &str, more: &[&str]) -> Ended {
    let arguments = ["verify", "--bundle", bundle, "--public-key", "me.pub"];
    world.fasti(&[&arguments[..], more].concat())
}

#[test]
fn an_artifact_is_a_file_a_directory_or_a_digest() {
    let world = attested(&[(IN_TOTO, statement().to_string())]);
    let verify = |more: &[&str]| verify(&world, "0.json", more);
    let [a, b, c] = ["a", "b", "c"].map(|artifact| format!("sha256:{}", sha256(artifact)));
    let commit = format!("gitCommit:{COMMIT}");
    for good in [
        &["--artifact", "a.txt"][..],
        &["--artifact", &a],
        &["--artifact", &b.to_uppercase().replace("SHA256", "sha256")],
        &["--artifact-hash", &b],
        &["--artifact-hash", &sha256("b")],
        &["--artifact-hash", &hex::encode(Sha512::digest("a"))],
        &["--artifact", &commit],
        &["--artifact", "a.txt", "--artifact", &b, "--artifact", &commit],
    ] {
        let said = verify(good).good();
        assert!(said.starts_with("Verified OK"), "{said}");
    }
    let said = verify(&["--artifact", &commit]).good();
    assert!(said.contains("not checked: whether another artifact has the same digest"), "{said}");
    for bad in [
        &["--artifact", "c.txt"][..],
        &["--artifact", &c],
        &["--artifact-hash", &sha256("c")],
        &["--artifact", &format!("sha1:{COMMIT}")],
        &["--artifact", &format!("gitCommit:{}", "0".repeat(40))],
        &["--artifact", "a.txt", "--artifact", &c],
    ] {
        verify(bad).refused("its statement");
    }
    for (artifact, why) in [
        ("sha256:00", "a sha256 digest has 64 hex digits"),
        ("md5:0123456789abcdef0123456789abcdef", "give a SHA-2 digest"),
        ("sha256:xyz", "nor is it a digest"),
    ] {
        verify(&["--artifact", artifact]).broken(why);
    }
    // A file with such a name.
    world.write(&c, "a");
    verify(&["--artifact", &c]).refused("its statement");
    verify(&["--artifact", &format!("./{c}")]).good();
}

#[test]
fn every_artifact_must_verify() {
    let world = attested(&[(IN_TOTO, statement().to_string())]);
    std::fs::create_dir_all(world.path("dist/below")).expect("it can be made");
    world.write("dist/a.txt", "a");
    world.write("dist/below/b.txt", "b");
    std::fs::rename(world.path("0.json"), world.path("dist/0.json")).expect("it moves");
    let verify = |more: &[&str]| verify(&world, "dist/0.json", more);
    let dist = ["--artifact", "dist"];
    let said = verify(&dist).good();
    assert!(said.starts_with("Verified OK: all 2 artifacts\nVerified OK: dist/a.txt\n"), "{said}");
    assert!(said.contains("\nVerified OK: dist/below/b.txt\n"), "{said}");

    let evil = "dist/x\nVerified OK: all 3 artifacts";
    world.write(evil, "c");
    let ended = verify(&dist);
    ended.refused("Not verified: 1 artifact of 3\n");
    let line = r"Refused: dist/x\nVerified OK: all 3 artifacts: the envelope is not what was asked";
    assert!(ended.stdout.lines().any(|shown| shown.starts_with(line)), "{}", ended.stdout);
    let ended = verify(&[&dist[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((ended.status, &json["Verified"]), (1, &json!(false)));
    let verdicts: Vec<_> = (0..3).map(|n| &json["Artifacts"][n]["Verified"]).collect();
    assert_eq!(verdicts, [true, true, false].map(Value::from).iter().collect::<Vec<_>>());
    assert_eq!(json["Artifacts"][0]["Artifact"], "dist/a.txt");
    std::fs::remove_file(world.path(evil)).expect("it goes");

    // What was not looked at does not pass for verified.
    std::os::unix::fs::symlink("../../c.txt", world.path("dist/below/c")).expect("a link");
    verify(&dist).broken("outside of the directory");
    std::fs::create_dir(world.path("empty")).expect("it can be made");
    verify(&["--artifact", "empty"]).broken("has no files to verify");
    verify(&["--artifact", "a.txt", "--artifact", "nowhere"]).broken("cannot read nowhere");
}

#[test]
fn a_statement_is_of_a_known_type_and_its_predicate_is_unread() {
    let with = |member: &str, value: Value| {
        let mut statement = statement();
        statement[member] = value;
        statement.to_string()
    };
    let world = attested(&[
        (IN_TOTO, statement().to_string()),
        (IN_TOTO, with("_type", json!("https://evil.example/x"))),
        (IN_TOTO, with("predicateType", json!("x\nVerified OK\u{202e}\u{1b}[2J"))),
        ("text/plain\u{200b}\n  proved: all", "a".to_owned()),
    ]);
    let artifact = ["--artifact", "a.txt"];
    let verify = |bundle: &str, more: &[&str]| verify(&world, bundle, &[&artifact, more].concat());
    verify("1.json", &[]).refused("of the type \"https://evil.example/x\"");
    world
        .fasti(&["verify", "--bundle", "1.json", "--public-key", "me.pub"])
        .refused("https://evil.example/x");

    let alone = ["verify", "--bundle", "0.json", "--public-key", "me.pub"];
    let said = world.fasti(&alone).good();
    assert!(said.starts_with("Verified OK; no artifact was given, so only the env"), "{said}");
    let said = verify("0.json", &[]).good();
    let proved = "proved: it is an in-toto statement with a predicate of the type \
                  https://example.com/p/v1\n";
    assert!(said.contains(proved), "{said}");
    assert!(said.contains("not checked: whether the predicate is true: only its type"), "{said}");
    verify("0.json", &["--predicate-type", "https://example.com/p/v1"]).good();
    verify("0.json", &["--predicate-type", "https://example.com/p"]).refused("not a \"https://exa");
    verify("3.json", &["--predicate-type", "x"]).refused("not an in-toto statement");

    let said = verify("0.json", &["--show-predicate"]).good();
    let shown = "\nPredicate, of the type https://example.com/p/v1, claimed by the signer, not \
                 checked:\n  {\n";
    assert!(said.contains(shown) && said.contains("    \"a\": \"\\u202eb\""), "{said}");
    let json = verify("0.json", &["--show-predicate", "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["Statement"]["Type"], TYPE);
    assert_eq!(json["Statement"]["PredicateType"], "https://example.com/p/v1");
    assert_eq!(json["Statement"]["Predicate"], statement()["predicate"]);

    for bundle in ["2.json", "3.json"] {
        for format in ["default", "json"] {
            let said = verify(bundle, &["--format", format, "--show-predicate"]).good();
            let hidden = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{200b}".contains(c);
            assert!(!said.contains(hidden), "{said:?}");
            let verdicts = said.lines().filter(|line| line.contains("Verified OK\n"));
            assert_eq!(verdicts.count(), 0);
            assert!(said.lines().skip(1).all(|line| !line.starts_with("Verified OK")), "{said}");
            assert!(!said.lines().any(|line| line.starts_with("  proved: all")), "{said}");
        }
    }
}

/// A signature over an artifact covers one digest, of the hash that its key takes.
#[test]
fn a_digest_is_enough_for_a_signature() {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", "a");
    crate::keys::generate(&world, "p256", "me");
    let upload = ["upload", "--artifact", "a.txt", "--private-key", "me.pem", "--bundle", "b.json"];
    world.fasti(&upload).good();
    world.fasti(&["prove", "--log-index", "0", "--out", "p.tlog-proof"]).good();
    world.stop();
    for from in [["--bundle", "b.json"], ["--proof", "p.tlog-proof"]] {
        let verify = |hash: &str| {
            let arguments = ["verify", "--public-key", "me.pub", "--artifact-hash", hash];
            world.fasti(&[&arguments[..], &from].concat())
        };
        verify(&sha256("a")).good();
        verify(&format!("sha256:{}", sha256("a"))).good();
        let other = verify(&sha256("b"));
        assert_eq!(other.status, 1, "{}", other.stderr);
        verify(&hex::encode(Sha512::digest("a"))).broken("its SHA2_256 digest is needed");
        verify(&format!("sha3_256:{}", sha256("a"))).broken("only that of sha3_256 is known");
    }
    let bundle: Value = serde_json::from_slice(&world.read("b.json")).expect("JSON");
    let signature = bundle["messageSignature"]["signature"].as_str().expect("a signature");
    world.write("a.sig", STANDARD.decode(signature).expect("base64"));
    let detached = ["--proof", "p.tlog-proof", "--signature", "a.sig", "--public-key", "me.pub"];
    world.fasti(&[&["verify", "--artifact", "a.txt"], &detached[..]].concat()).good();
}
