//! Logs with keys of every kind, in files of every format: created, used, used again after a
//! restart, and accepted by clients that know them.

use serde_json::Value;
use tiles_spec::{SignedCheckpoint, VerifierKey};

use crate::keys::generate;
use crate::world::{ORIGIN, World};

/// Makes a key in the world and returns its verifier key.
fn keygen(world: &World, name: &str, more: &[&str]) -> String {
    let arguments = [&["keygen", "--origin", ORIGIN, "--out", name], more].concat();
    world.fasti(&arguments).good().trim().to_owned()
}

/// Two runs of a writer, each with opaque entries and an upload; then everything is verified from
/// the files alone.
pub fn live(world: &mut World, variables: &[(&str, &str)], flags: &[&str]) {
    let flags = [&["--store", "log", "--accept-opaque"], flags].concat();
    world.write("a.txt", "an artifact\n");
    generate(world, "p256", "me");
    for run in 0..2 {
        world.start_with(variables, &flags);
        world.add((0..3).map(|n| format!("entry {run} {n}")));
        let bundle = format!("{run}.json");
        let upload =
            ["upload", "--artifact", "a.txt", "--private-key", "me.pem", "--bundle", &bundle];
        world.fasti(&upload).good();
        world.stop();
    }
    let head = world.fasti(&["loginfo"]).good();
    assert!(
        head.contains("Active Tree Size:  7") || head.contains("Active Tree Size:  8"),
        "{head}"
    );
    world.fasti(&["fsck"]).good();
    verifies(world, "0.json");
    verifies(world, "1.json");
}

fn verifies(world: &World, bundle: &str) {
    world
        .fasti(&["verify", "--artifact", "a.txt", "--bundle", bundle, "--public-key", "me.pub"])
        .good();
}

/// The keys that signed the published checkpoint.
fn lines(world: &World, keys: &[&str]) -> Vec<String> {
    let keys: Vec<VerifierKey> = keys.iter().map(|key| key.parse().expect("a vkey")).collect();
    let signed = SignedCheckpoint::parse(&world.read("log/checkpoint")).expect("a checkpoint");
    let signers = signed.verify(&keys).expect("it is signed");
    assert_eq!(signers.len(), signed.note().signatures().len(), "a line by an unknown key");
    signers.into_iter().map(ToString::to_string).collect()
}

#[test]
fn every_kind_of_key_file() {
    for (kind, details, make) in [
        ("ed25519", "PKIX_ED25519", &[][..]),
        ("ed25519", "PKIX_ED25519", &["--encoding", "pkcs8"]),
        ("ed25519", "PKIX_ED25519", &["--password-file", "password"]),
        ("ecdsa-p256", "PKIX_ECDSA_P256_SHA_256", &[]),
        ("ecdsa-p256", "PKIX_ECDSA_P256_SHA_256", &["--password-file", "password"]),
    ] {
        let mut world = World::new();
        world.write("password", "correct horse\nand more\n");
        let vkey = keygen(&world, "k", &[&["--algorithm", kind], make].concat());
        world.trust(&vkey);
        match make {
            ["--password-file", _] => {
                let said = world.start_refused(&[], &["--store", "log", "--key", "k"]);
                assert!(said.contains("FASTI_KEY_PASSWORD"), "{said}");
                let wrong = [("FASTI_KEY_PASSWORD", "battery staple")];
                let said = world.start_refused(&wrong, &["--store", "log", "--key", "k"]);
                assert!(said.contains("the password is wrong"), "{said}");
                assert!(!said.contains("battery"), "{said}");
                world.start_with(
                    &[("FASTI_KEY_PASSWORD", "correct horse")],
                    &["--store", "other", "--key", "k"],
                );
                world.stop();
                live(&mut world, &[], &["--key", "k", "--key-password-file", "password"]);
            }
            _ => live(&mut world, &[], &["--key", "k"]),
        }
        assert_eq!(lines(&world, &[&vkey]), [vkey.as_str()]);
        let memories =
            std::fs::read_dir(world.path("writer-state/fasti/memory")).expect("a directory");
        assert_eq!(memories.count(), 1, "what the key has signed is remembered");

        let root = world.fasti(&["trusted-root"]).good();
        let json: Value = serde_json::from_str(&root).expect("JSON");
        let bundle: Value = serde_json::from_slice(&world.read("0.json")).expect("JSON");
        let log = &json["tlogs"][0];
        assert_eq!(log["publicKey"]["keyDetails"], details);
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
        assert_eq!(log["logId"]["keyId"], entry["logId"]["keyId"], "{kind}");
        world.write("root.json", root);
        let offline = ["verify", "--artifact", "a.txt", "--bundle", "0.json", "--trusted-root"];
        let offline = [&offline[..], &["root.json", "--public-key", "me.pub"]].concat();
        world.fasti_with(&[], &offline).good();
    }
}

#[test]
fn a_further_line() {
    let mut world = World::new();
    let first = world.vkey().to_owned();
    let second = keygen(&world, "further", &["--algorithm", "ml-dsa-44"]);
    live(&mut world, &[], &["--key", "log.key", "--ml-dsa-key", "further"]);
    let shown = lines(&world, &[&second, &first]);
    assert_eq!(shown, [first.clone(), second.clone()], "the log's own line first");
    let description = String::from_utf8(world.read("log/log.json")).expect("text");
    assert!(description.contains(&first) && description.contains(&second), "{description}");

    // A client that knows one key, or both, in any order, accepts it.
    for keys in [second.clone(), format!("{second},{first}"), format!("{first},{second}")] {
        for arguments in [
            &["loginfo"][..],
            &["fsck", "--verify-signatures"],
            &["verify", "--artifact", "a.txt", "--bundle", "1.json", "--public-key", "me.pub"],
        ] {
            // With only the second key a client could not tell that the bundle names the log by its
            // first.
            if arguments[0] == "verify" && keys == second {
                continue;
            }
            world.fasti_with(&[("FASTI_VKEY", &keys)], arguments).good();
        }
    }
    // Sigstore identifies a log by its first key.
    let both = format!("{second},{first}");
    let root = world.fasti_with(&[("FASTI_VKEY", &both)], &["trusted-root"]).good();
    assert_eq!(root, world.fasti(&["trusted-root"]).good());
    world.fasti_with(&[("FASTI_VKEY", &second)], &["trusted-root"]).broken("Ed25519 or ECDSA");
    let damaged = String::from_utf8(world.read("log/checkpoint")).expect("text");
    let (rest, line) = damaged.trim_end().rsplit_once('\n').expect("lines");
    let tail = if line.ends_with("AAAA") { "AAAB" } else { "AAAA" };
    let damaged = format!("{rest}\n{}{tail}\n", &line[..line.len() - 4]);
    let sound = world.read("log/checkpoint");
    world.write("log/checkpoint", &damaged);
    world.fasti_with(&[("FASTI_VKEY", &both)], &["loginfo"]).refused("bad signature");
    world.fasti(&["loginfo"]).good();
    world.write("log/checkpoint", sound);

    // Without the flag the next tree lacks the line; with the flag it is back.
    let flags = ["--store", "log", "--accept-opaque", "--key", "log.key"];
    world.start_with(&[], &flags);
    world.add(["without".to_owned()]);
    world.stop();
    assert_eq!(lines(&world, &[&first, &second]), [first.as_str()]);
    world.start_with(&[], &[&flags[..], &["--ml-dsa-key", "further"]].concat());
    world.add(["with".to_owned()]);
    world.stop();
    assert_eq!(lines(&world, &[&first, &second]), [first, second]);
    world.fasti(&["fsck"]).good();
}

#[test]
fn keys_in_the_wrong_place() {
    let world = World::new();
    keygen(&world, "further", &["--algorithm", "ml-dsa-44", "--encoding", "pkcs8"]);
    let refuse = |flags: &[&str], reason: &str| {
        let said = world.start_refused(&[], &[&["--store", "log"], flags].concat());
        assert!(said.contains(reason), "{said}");
    };
    refuse(&["--key", "further"], "name it with --ml-dsa-key");
    refuse(&["--key", "log.key", "--ml-dsa-key", "log.key"], "is not an ML-DSA-44 key");
    refuse(&["--key", "log.key", "--ml-dsa-key", "nowhere"], "cannot use the key file nowhere");
    let keygen = |more: &[&str], reason: &str| {
        let arguments = [&["keygen", "--origin", ORIGIN, "--out", "none"], more].concat();
        world.fasti(&arguments).broken(reason);
        assert!(!world.path("none").exists());
    };
    world.write("empty", "\n");
    keygen(&["--algorithm", "ecdsa-p256", "--encoding", "note"], "cannot be written as a note key");
    keygen(&["--encoding", "note", "--password-file", "further"], "cannot be encrypted");
    keygen(&["--password-file", "empty"], "begins with an empty line");
    keygen(&["--password-file", "nowhere"], "cannot read nowhere");
}
