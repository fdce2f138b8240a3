//! From an artifact to a bundle, and from the bundle to a verdict, with the log out of reach.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::keys::{KINDS, certify, generate, sign, stamp};
use crate::world::{Ended, World, signing_key};

const ARTIFACT: &str = "an artifact\n";

/// A stopped log that has signed `a.txt` with `me.pem`, into `b.json`.
fn signed_world() -> World {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", ARTIFACT);
    generate(&world, "p256", "me");
    upload(&world, "b.json");
    world.stop();
    world
}

fn upload(world: &World, bundle: &str) -> String {
    world
        .fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem", "--bundle", bundle])
        .good()
}

const VERIFY: [&str; 7] =
    ["verify", "--artifact", "a.txt", "--bundle", "b.json", "--public-key", "me.pub"];

#[test]
fn every_kind_of_key_signs_and_its_bundle_verifies_offline() {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", ARTIFACT);
    for (index, kind) in KINDS.into_iter().enumerate() {
        generate(&world, kind, kind);
        let (pem, bundle) = (format!("{kind}.pem"), format!("{kind}.json"));
        let said = world
            .fasti(&["upload", "--artifact", "a.txt", "--private-key", &pem, "--bundle", &bundle])
            .good();
        assert!(said.starts_with(&format!("Created entry at index {index}, ")), "{said}");
        assert!(said.contains("\nVerified: entry "), "{said}");
    }
    world.stop();
    for kind in KINDS {
        let (key, bundle) = (format!("{kind}.pub"), format!("{kind}.json"));
        let arguments =
            ["verify", "--artifact", "a.txt", "--bundle", &bundle, "--public-key", &key];
        let said = world.fasti(&arguments).good();
        assert!(said.starts_with("Verified OK\n"), "{said}");
    }
}

#[test]
fn other_artifacts_keys_and_logs_are_refused() {
    let world = signed_world();
    world.fasti(&VERIFY).good();

    world.write("a.txt", "an artifacT\n");
    world.fasti(&VERIFY).refused("the bundle's digest is not that of the artifact");
    world.write("a.txt", ARTIFACT);

    generate(&world, "p256", "other");
    let other_key: Vec<_> =
        VERIFY.into_iter().map(|a| if a == "me.pub" { "other.pub" } else { a }).collect();
    world.fasti(&other_key).refused("does not verify with this key");

    let impostor = signing_key(2).verifier_key().to_string();
    let ended = world.fasti_with(&[("FASTI_VKEY", &impostor)], &VERIFY);
    ended.refused("the origin is the same, but the key is different");
    assert!(ended.stderr.contains("--vkey"), "{}", ended.stderr);
    let name = "log.example".parse().expect("a key name");
    let stranger = tiles_spec::NoteSigningKey::from_seed(name, &[1; 32]);
    let stranger = stranger.verifier_key().to_string();
    world.fasti_with(&[("FASTI_VKEY", &stranger)], &VERIFY).refused("log.example");

    world.fasti_with(&[], &VERIFY).broken("no log's key to trust");
    for choice in ["--public-key", "--certificate-identity", "--any-signer"] {
        world.fasti_with(&[], &VERIFY[..5]).broken(choice);
    }
    let any = ["--any-signer"];
    world.fasti(&[&VERIFY[..5], &any].concat()).broken("give it with --public-key");
    world.fasti(&[&VERIFY[..], &any].concat()).broken("cannot be used with");
    world.fasti(&["verify", "--bundle", "b.json", "--public-key", "me.pub"]).broken("--artifact");
    let nowhere = ["verify", "--artifact", "nowhere", "--bundle", "b.json", "--any-signer"];
    world.fasti(&nowhere).broken("cannot read nowhere");
}

#[test]
fn edited_bundles_are_refused() {
    let world = signed_world();
    let bundle: Value = serde_json::from_slice(&world.read("b.json")).expect("JSON");
    let entry = "/verificationMaterial/tlogEntries/0";
    for (pointer, reason) in [
        ("/messageSignature/signature".to_owned(), "signature"),
        ("/messageSignature/messageDigest/digest".to_owned(), "digest"),
        (format!("{entry}/logIndex"), "log index"),
        (format!("{entry}/logId/keyId"), "log ID"),
        (format!("{entry}/canonicalizedBody"), "not about this signature"),
        (format!("{entry}/inclusionProof/treeSize"), "tree size"),
        (format!("{entry}/inclusionProof/rootHash"), "root hash"),
        (format!("{entry}/inclusionProof/checkpoint/envelope"), "bad signature"),
    ] {
        let mut edited = bundle.clone();
        let value = edited.pointer_mut(&pointer).unwrap_or_else(|| panic!("no {pointer}"));
        *value = Value::from(other(value.as_str().expect("a string")));
        world.write("b.json", edited.to_string());
        world.fasti(&VERIFY).refused(reason);
    }
    world.write("b.json", "{");
    world.fasti(&VERIFY).refused("b.json");
}

/// The text changed: a number plus one, base64 with one bit flipped, or another text.
fn other(text: &str) -> String {
    match (text.parse::<u64>(), STANDARD.decode(text)) {
        (Ok(number), _) => (number + 1).to_string(),
        (_, Ok(mut bytes)) => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            STANDARD.encode(bytes)
        }
        _ => text.replacen("\n1\n", "\n2\n", 1),
    }
}

#[test]
fn signatures_made_elsewhere_with_keys_and_certificates() {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", ARTIFACT);
    let pair = generate(&world, "p256", "me");
    certify(&world, &pair, "me", "me@example.com");
    let signature = sign(&pair, ARTIFACT.as_bytes());
    world.write("raw.sig", &signature);
    world.write("base64.sig", STANDARD.encode(&signature) + "\n");
    let upload = |signature: &str, key: &str, more: &[&str]| {
        let mut arguments = vec!["upload", "--signature", signature, "--public-key", key];
        arguments.extend(more);
        world.fasti(&arguments)
    };
    let said = upload("raw.sig", "me.pub", &["--artifact", "a.txt"]).good();
    assert!(said.starts_with("Created entry at index 0, "), "{said}");
    let said = upload("base64.sig", "me.pub", &["--artifact", "a.txt"]).good();
    assert!(said.starts_with("Entry already exists; index 0, "), "{said}");
    let with_certificate = ["--artifact", "a.txt", "--bundle", "b.json", "--pki-format", "x509"];
    let said = upload("raw.sig", "me.crt", &with_certificate).good();
    assert!(said.starts_with("Created entry at index 1, "), "{said}");

    world.write("b.txt", "another");
    upload("raw.sig", "me.pub", &["--artifact", "b.txt"]).refused("does not verify");
    let wrong = format!("sha256:{}", "00".repeat(32));
    upload("raw.sig", "me.pub", &["--artifact-hash", &wrong]).refused("does not verify");
    world.stop();

    let verify = |more: &[&str]| {
        let mut arguments = vec!["verify", "--artifact", "a.txt", "--bundle", "b.json"];
        arguments.extend(more);
        world.fasti(&arguments)
    };
    expect_claims_apart(&verify);
    verify(&["--public-key", "me.pub"]).good();
    let me = ["--certificate-identity", "me@example.com"];
    verify(&[&me[..], &["--ca-roots", "me.ca.crt"]].concat()).broken("--certificate-oidc-issuer");
    let any = ["--certificate-oidc-issuer-regexp", ".*"];
    verify(&[&me[..], &any].concat()).broken("--ca-roots");
    let authority = ["--ca-roots", "me.ca.crt", "--certificate-oidc-issuer", "https://oidc.test"];
    let who = [&me[..], &authority].concat();
    verify(&who).refused("no trusted party says that the signature was made then");
    let said = verify(&[&who[..], &["--allow-untimed-certificate"]].concat()).good();
    assert!(said.starts_with("Verified OK, but nothing shows that the certificate was valid"));
    let json = verify(&[&who[..], &["--allow-untimed-certificate", "--format", "json"]].concat());
    let json: Value = serde_json::from_str(&json.good()).expect("JSON");
    assert_eq!((&json["UntimedCertificate"], &json["TrustedTimes"]), (&json!(true), &json!([])));

    stamp(&world, "b.json", "me", "20260304050607Z");
    let ended = verify(&who);
    ended.refused("no trusted party says that the signature was made then");
    assert!(ended.stderr.contains("--tsa-roots"), "{}", ended.stderr);
    let authority = [&authority[..], &["--tsa-roots", "me.tsa.crt"]].concat();
    let said = verify(&[&me[..], &authority].concat()).good();
    assert!(
        said.contains("certified that key for me@example.com (an email address), vouched for by"),
        "{said}"
    );
    assert!(said.starts_with("Verified OK\n"), "{said}");
    let seen = "the timestamp authority CN=tsa.test saw the signature at 2026-03-04T05:06:07Z";
    assert!(said.contains(seen), "{said}");
    let json = verify(&[&me[..], &authority, &["--format", "json"]].concat()).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["Identities"], json!(["me@example.com"]));
    assert_eq!((&json["Claims"], &json["AnySigner"]), (&json!(null), &json!(false)));
    assert_eq!(json["UntimedCertificate"], false);
    assert_eq!(json["TrustedTimes"][0]["Time"], "2026-03-04T05:06:07Z");
    assert_eq!(json["TrustedTimes"][0]["By"], "the timestamp authority CN=tsa.test");
    let you = ["--certificate-identity", "you@example.com"];
    verify(&[&you[..], &authority].concat()).refused("me@example.com");
    for (expression, kind, is_good) in [
        ("me@.*", "email", true),
        ("me@.*", "uri", false),
        ("me@", "email", false),
        (".*", "username", false),
    ] {
        let name = ["--certificate-identity-regexp", expression];
        let kind = ["--certificate-identity-kind", kind];
        let ended = verify(&[&name[..], &kind, &authority].concat());
        if is_good { drop(ended.good()) } else { ended.refused("me@example.com") }
    }
    let regexp = ["--certificate-identity-regexp", "("];
    verify(&[&regexp[..], &authority].concat()).broken("unclosed group");
    let kind = ["--certificate-identity-kind", "fax"];
    verify(&[&me[..], &kind, &authority].concat()).broken("email, uri, dns, ip and username");
    let elsewhere =
        ["--ca-roots", "me.ca.crt", "--certificate-oidc-issuer", "https://oidc.example"];
    let elsewhere = [&elsewhere[..], &["--tsa-roots", "me.tsa.crt"]].concat();
    verify(&[&me[..], &elsewhere].concat()).refused("https://oidc.test");
    verify(&elsewhere).broken("--any-signer");
    verify(&[&["--any-signer"], &elsewhere[..]].concat()).refused("https://oidc.test");
    let said = verify(&[&["--any-signer"], &authority[..]].concat()).good();
    let first = "Verified OK; any signer was accepted: me@example.com (an email address), vouched";
    assert!(said.starts_with(first), "{said}");
}

/// Without authorities a certificate is worth only what it claims.
fn expect_claims_apart(verify: &dyn Fn(&[&str]) -> Ended) {
    let any = verify(&["--any-signer"]).good();
    assert!(
        any.starts_with("Verified OK; any signer was accepted: somebody with the key "),
        "{any}"
    );
    let claims = "\nClaimed by the signer, not checked:\n  its certificate is for me@example.com";
    assert!(any.contains(claims), "{any}");
    let (facts, _) = any.split_once("\nClaimed by").expect("claims stand apart");
    assert!(!facts.contains("me@example.com"), "{facts}");
    let json = verify(&["--any-signer", "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["Identities"], &json["OidcIssuer"]), (&json!(null), &json!(null)));
    assert_eq!(json["Claims"]["Identities"], json!(["me@example.com"]));
    assert_eq!(json["Claims"]["OidcIssuer"], "https://oidc.test");
    assert_eq!(json["AnySigner"], true);
}

#[test]
fn an_existing_entry_is_looked_up_where_the_log_tells_only_its_index() {
    let mut world = World::with_writer(&["--duplicates", "reject"]);
    world.write("a.txt", ARTIFACT);
    let pair = generate(&world, "p256", "me");
    world.write("a.sig", sign(&pair, ARTIFACT.as_bytes()));
    let upload = [
        "upload",
        "--artifact",
        "a.txt",
        "--signature",
        "a.sig",
        "--public-key",
        "me.pub",
        "--bundle",
        "b.json",
    ];
    world.fasti(&upload).good();
    std::fs::remove_file(world.path("b.json")).expect("there was a bundle");
    let said = world.fasti(&upload).good();
    assert!(said.starts_with("Entry already exists; index 0, "), "{said}");
    world.fasti_with(&[], &upload).broken("with --vkey");
    world.stop();
    world.fasti(&VERIFY).good();
}

#[test]
fn an_upload_says_what_it_has_not_verified() {
    let mut world = World::with_writer(&[]);
    world.write("a.txt", ARTIFACT);
    generate(&world, "ed25519", "me");
    let upload = ["upload", "--artifact", "a.txt", "--private-key", "me.pem"];
    let said = world.fasti_with(&[], &upload).good();
    assert!(said.contains("Nothing was verified"), "{said}");
    let impostor = signing_key(2).verifier_key().to_string();
    world.write("b.txt", "another artifact");
    let another = ["upload", "--artifact", "b.txt", "--private-key", "me.pem"];
    let ended = world.fasti_with(&[("FASTI_VKEY", &impostor)], &another);
    ended.refused("nothing was submitted: the checkpoint is refused");
    let said = world.fasti(&another).good();
    assert!(said.starts_with("Created entry at index 1"), "{said}");
    world.write("enc.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n");
    let encrypted = ["upload", "--artifact", "a.txt", "--private-key", "enc.pem"];
    world.fasti(&encrypted).broken("openssl pkcs8 -topk8 -nocrypt");
    world.stop();
    world.fasti(&upload).broken("the URL of a writer");
}

/// A log that answers with the proof of another entry.
#[test]
fn the_answer_of_a_lying_log_is_refused() {
    let world = signed_world();
    let bundle: Value = serde_json::from_slice(&world.read("b.json")).expect("JSON");
    let entry = bundle["verificationMaterial"]["tlogEntries"][0].to_string();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let liar = thread::spawn(move || {
        // It is first asked for its checkpoint.
        for (status, body) in [("404 Not Found", String::new()), ("201 Created", entry)] {
            let (mut stream, _) = listener.accept().expect("someone comes");
            // The request arrives in one or two pieces; its end is not awaited.
            let mut request = vec![0; 65_536];
            let _ = stream.read(&mut request).expect("a request");
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: ");
            let answer = format!("{head}{}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).expect("it is taken");
        }
    });
    world.write("a.txt", "another artifact");
    let upload = ["upload", "--log", &url, "--artifact", "a.txt", "--private-key", "me.pem"];
    world.fasti(&upload).refused("does not prove what it claims");
    liar.join().expect("the liar is done");
}
