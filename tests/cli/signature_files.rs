//! Signatures, keys and digests in the forms in which other tools write them, uploaded to a real
//! writer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use sha2::{Digest as _, Sha256, Sha512};

use crate::keys::{generate, sign};
use crate::world::{Ended, World};

fn upload(world: &World, signature: &str, key: &str) -> Ended {
    let signed = ["--signature", signature, "--public-key", key];
    world.fasti(&[&["upload", "--artifact", "a.txt"], &signed[..]].concat())
}

/// Every form is the one entry.
fn is_the_entry(ended: Ended) {
    let said = ended.good();
    assert!(said.starts_with("Entry already exists; index 0, "), "{said}");
}

#[test]
fn one_signature_in_every_form() {
    let world = World::with_writer(&[]);
    world.write("a.txt", "a");
    let pair = generate(&world, "p256", "me");
    let der = sign(&pair, b"a");
    world.write("first.sig", &der);
    upload(&world, "first.sig", "me.pub").good();
    let fixed = p256::ecdsa::Signature::from_der(&der).expect("ECDSA").to_bytes();
    let base64 = STANDARD.encode(&der);
    let (head, tail) = base64.split_at(40);
    for form in [
        base64.clone(),
        format!("{head}\r\n{tail}\r\n"),
        base64.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned(),
        STANDARD.encode(base64.clone() + "\n"),
        hex::encode(&der),
        hex::encode(fixed) + "\n",
        STANDARD.encode(fixed),
        format!("-----BEGIN SIGNATURE-----\n{base64}\n-----END SIGNATURE-----\n"),
    ] {
        world.write("a.sig", form);
        is_the_entry(upload(&world, "a.sig", "me.pub"));
    }
    world.write("a.sig", fixed);
    is_the_entry(upload(&world, "a.sig", "me.pub"));
    for (other, what) in [
        ("untrusted comment: minisign\nRWQ\n", "a minisign or signify signature"),
        ("-----BEGIN SSH SIGNATURE-----\nAAAA\n", "an SSH signature"),
        ("-----BEGIN PGP SIGNATURE-----\n\nAAAA\n", "an OpenPGP signature"),
        ("{}", "JSON, as bundles are"),
        (&STANDARD.encode([7; 256]), "the base64 of 256 bytes, as RSA has"),
        ("", "an empty file"),
    ] {
        world.write("a.sig", other);
        upload(&world, "a.sig", "me.pub").broken(&format!("it looks like {what}"));
    }
}

/// As OpenSSL, Java, Python and JSON write them.
#[test]
fn keys_in_every_form_of_pem() {
    let world = World::with_writer(&[]);
    world.write("a.txt", "a");
    let pair = generate(&world, "p256", "me");
    world.write("a.sig", sign(&pair, b"a"));
    upload(&world, "a.sig", "me.pub").good();
    let pem = String::from_utf8(world.read("me.pub")).expect("text").replace('\r', "");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let (head, tail) = body.split_at(76);
    let parameters = block("EC PARAMETERS", "BggqhkjOPQMBBw==");
    let mut latin1 = b"Schl\xfcssel\n".to_vec();
    latin1.extend(pem.as_bytes());
    for form in [
        block("PUBLIC KEY", &body).into_bytes(),
        block("PUBLIC KEY", &format!("{head}\n{tail}")).into_bytes(),
        pem.replace('\n', " \t\n").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        format!("{parameters}{pem}").into_bytes(),
        latin1,
    ] {
        world.write("other.pub", &form);
        is_the_entry(upload(&world, "a.sig", "other.pub"));
    }

    let secret = p256::SecretKey::from_pkcs8_pem(&pair.serialize_pem()).expect("a key");
    let der = secret.to_pkcs8_der().expect("it is written");
    let one_line = block("PRIVATE KEY", &STANDARD.encode(der.as_bytes()));
    let sec1 = secret.to_sec1_der().expect("it is written");
    let sec1 = format!("{parameters}{}", block("EC PRIVATE KEY", &STANDARD.encode(&sec1)));
    for form in [one_line, sec1] {
        world.write("other.pem", form);
        let signed = ["--private-key", "other.pem", "--public-key", "me.pub"];
        world.fasti(&[&["upload", "--artifact", "a.txt"], &signed[..]].concat()).good();
    }
}

#[test]
fn a_digest_is_of_the_hash_that_the_key_signs() {
    let world = World::with_writer(&[]);
    let pair = generate(&world, "p256", "me");
    world.write("a.sig", sign(&pair, b"a"));
    let upload = |hash: &str| {
        let signed = ["--signature", "a.sig", "--public-key", "me.pub"];
        world.fasti(&[&["upload", "--artifact-hash", hash], &signed[..]].concat())
    };
    let digits = hex::encode(Sha256::digest("a"));
    for label in ["sha3-256", "SHA256", "sha384", "blake2b", "sha512_256", "sha256:sha256", ""] {
        let ended = upload(&format!("{label}:{digits}"));
        assert_eq!(ended.status, 2, "{label}: {}{}", ended.stdout, ended.stderr);
    }
    upload(&format!("sha3-256:{digits}")).broken("signs a sha256 digest, and that is sha3-256");
    upload(&format!("md5:{}", &digits[..32])).broken("give a SHA-2 digest");
    let sha512 = hex::encode(Sha512::digest("a"));
    upload(&format!("sha512:{sha512}")).broken("signs a sha256 digest, and that is sha512");
    upload(&sha512).broken("signs a sha256 digest, and that is sha512");
    upload(&digits).good();
    is_the_entry(upload(&format!("sha256:{digits}")));
}
