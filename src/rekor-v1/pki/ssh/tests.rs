//! Keys and signatures of every type, built here field by field.

use ed25519_dalek::{Signer as _, SigningKey};
use fasti_kit::certificates::Signer;

use super::super::ssh_wire::mpint;
use super::*;

const MESSAGE: &[u8] = b"a message";
const TOKEN: &str = "sk-ssh-ed25519@openssh.com";

fn ed25519() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn ed25519_key() -> Vec<u8> {
    [string(b"ssh-ed25519"), string(ed25519().verifying_key().as_bytes())].concat()
}

fn line(name: &str, key: &[u8]) -> String {
    format!("{name} {} a comment\n", STANDARD.encode(key))
}

/// What a signature is over.
fn signed(hash: &str) -> Vec<u8> {
    let digest = match hash {
        "sha256" => Sha256::digest(MESSAGE).to_vec(),
        _ => Sha512::digest(MESSAGE).to_vec(),
    };
    let fields = [b"file", &b""[..], hash.as_bytes(), &digest].map(string).concat();
    [MAGIC, &fields].concat()
}

fn raw(name: &str, bytes: &[u8], rest: &[u8]) -> Vec<u8> {
    [&string(name.as_bytes())[..], &string(bytes), rest].concat()
}

fn armored(key: &[u8], namespace: &str, hash: &str, raw: &[u8]) -> String {
    let fields = [key, namespace.as_bytes(), b"", hash.as_bytes(), raw].map(string).concat();
    pem::encode(LABEL, &[MAGIC, &1_u32.to_be_bytes(), &fields].concat())
}

fn verify(key: &str, signature: &str) -> Result<(), String> {
    let signature = Signature::parse(signature.as_bytes()).map_err(|e| e.to_string())?;
    let key = Key::parse(key.as_bytes()).map_err(|e| e.to_string())?;
    for message in [&b"another"[..], b""] {
        assert!(signature.verify(&key, message).is_err());
    }
    signature.verify(&key, MESSAGE).map_err(|e| e.to_string())
}

#[test]
fn a_key_is_found_in_lines() {
    let canonical = format!("ssh-ed25519 {}\n", STANDARD.encode(ed25519_key()));
    let key = canonical.trim_end();
    for text in [
        canonical.clone(),
        key.to_owned(),
        format!("\r\n# ssh-ed25519 AAAA\n \t{key}  me@example.com\r\nmore"),
        format!("restrict,command=\"a \\\"b c\" {key}"),
        format!("no key\nssh-ed25519 AAAA\nssh-ed25519\n{key}"),
        canonical.replace(' ', "\t \t"),
    ] {
        let key = Key::parse(text.as_bytes()).expect("a key");
        assert_eq!(key.canonical(), canonical.as_bytes(), "{text}");
    }
    let wrong_name = canonical.replace("ssh-ed25519", "ssh-rsa");
    let open_quote = format!("command=\"a {key}");
    let longer = line("ssh-ed25519", &[&ed25519_key()[..], &[0]].concat());
    let dsa = line("ssh-dss", &string(b"ssh-dss"));
    for text in ["", "#", key.split(' ').next().unwrap(), &wrong_name, &open_quote, &longer, &dsa] {
        let error = Key::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "ssh: no key found");
    }
    let long = " ".repeat(KEY_BYTES_MAX) + &canonical;
    let error = Key::parse(long.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "the size of an SSH key exceeds the maximum of 65536");
}

#[test]
fn the_hash_that_a_signature_names_is_kept() {
    let key = ed25519_key();
    for hash in ["sha256", "sha512"] {
        let bytes = ed25519().sign(&signed(hash)).to_bytes();
        let signature = armored(&key, "file", hash, &raw("ssh-ed25519", &bytes, b""));
        verify(&line("ssh-ed25519", &key), &signature).expect("it is good");
        let parsed = Signature::parse(signature.as_bytes()).unwrap();
        assert_eq!(parsed.canonical(), signature.as_bytes());
        let one_line = signature.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let wide = format!("-----BEGIN {LABEL}-----\n{one_line}\n-----END {LABEL}-----");
        assert_eq!(Signature::parse(wide.as_bytes()).unwrap().canonical(), parsed.canonical());
    }
    let bytes = ed25519().sign(&signed("sha256")).to_bytes();
    let renamed = armored(&key, "file", "sha512", &raw("ssh-ed25519", &bytes, b""));
    let error = verify(&line("ssh-ed25519", &key), &renamed).unwrap_err();
    assert_eq!(error, "ssh: signature did not verify");
}

#[test]
fn rsa_and_ecdsa() {
    let signer = Signer::of("PKIX_RSA_PKCS1V15_2048_SHA256");
    let public = fasti_x509::PublicKey::from_spki_der(&signer.spki).expect("a key");
    assert_eq!(public.spki_der(), signer.spki);
    // The modulus stands 33 bytes into the encoding, and is 256 bytes long.
    let (modulus, exponent) = (&signer.spki[33..33 + 256], &[1, 0, 1]);
    let key = [string(b"ssh-rsa"), mpint(exponent), mpint(modulus)].concat();
    let bytes = signer.sign(&signed("sha512"));
    let good = |name: &str, bytes: &[u8]| armored(&key, "file", "sha512", &raw(name, bytes, b""));
    let line_of_key = line("ssh-rsa", &key);
    verify(&line_of_key, &good("rsa-sha2-256", &bytes)).expect("it is good");
    for (name, why) in [
        ("rsa-sha2-512", "ssh: signature did not verify"),
        ("ssh-rsa", "ssh: signature type ssh-rsa for key type ssh-rsa"),
        ("ssh-ed25519", "ssh: signature type ssh-ed25519 for key type ssh-rsa"),
    ] {
        assert_eq!(verify(&line_of_key, &good(name, &bytes)).unwrap_err(), why);
    }

    for (kind, curve, length) in
        [("PKIX_ECDSA_P256_SHA_256", "nistp256", 65), ("PKIX_ECDSA_P384_SHA_384", "nistp384", 97)]
    {
        let signer = Signer::of(kind);
        let name = format!("ecdsa-sha2-{curve}");
        let point = &signer.spki[signer.spki.len() - length..];
        let key = [name.as_bytes(), curve.as_bytes(), point].map(string).concat();
        let der = signer.sign(&signed("sha512"));
        let r = &der[4..4 + usize::from(der[3])];
        let s = &der[4 + r.len() + 2..];
        let numbers = [mpint(r), mpint(s)].concat();
        let signature = armored(&key, "file", "sha512", &raw(&name, &numbers, b""));
        verify(&line(&name, &key), &signature).expect("it is good");
        let longer = [&numbers[..], &[0]].concat();
        let signature = armored(&key, "file", "sha512", &raw(&name, &longer, b""));
        verify(&line(&name, &key), &signature).unwrap_err();
    }
}

#[test]
fn tokens_must_have_been_touched() {
    let application = b"ssh:";
    let public = ed25519().verifying_key();
    let key = [TOKEN.as_bytes(), public.as_bytes(), application].map(string).concat();
    let by_token = |rest: &[u8]| {
        let message = Sha256::digest(signed("sha512"));
        let signed = [&Sha256::digest(application)[..], rest, &message].concat();
        let bytes = ed25519().sign(&signed).to_bytes();
        armored(&key, "file", "sha512", &raw(TOKEN, &bytes, rest))
    };
    let of_token = line(TOKEN, &key);
    verify(&of_token, &by_token(&[1, 0, 0, 0, 9])).expect("it is good");
    verify(&of_token, &by_token(&[5, 0, 0, 0, 9])).expect("it is good");
    let error = verify(&of_token, &by_token(&[4, 0, 0, 0, 9])).unwrap_err();
    assert_eq!(error, "ssh: nobody touched the token that signed");
    for rest in [&[][..], &[1], &[1, 0, 0, 0, 9, 9]] {
        assert_eq!(
            verify(&of_token, &by_token(rest)).unwrap_err(),
            "ssh: signature did not verify"
        );
    }
    // What a token says, beside a signature that is not a token's.
    let bytes = ed25519().sign(&signed("sha512")).to_bytes();
    let raw = raw("ssh-ed25519", &bytes, &[1, 0, 0, 0, 9]);
    let signature = armored(&ed25519_key(), "file", "sha512", &raw);
    let error = verify(&line("ssh-ed25519", &ed25519_key()), &signature);
    assert_eq!(error.unwrap_err(), "ssh: signature did not verify");
}

#[test]
fn certificates_stand_for_their_keys() {
    let name = "ssh-ed25519-cert-v01@openssh.com";
    let public = ed25519().verifying_key();
    let issued = raw("ssh-ed25519", &[0; 64], b"");
    let options = [string(b"force-command"), string(&string(b"true"))].concat();
    let certificate = [
        &string(name.as_bytes())[..],
        &string(b"nonce"),
        &string(public.as_bytes()),
        &9_u64.to_be_bytes(),
        &1_u32.to_be_bytes(),
        &string(b"an ID"),
        &string(&[string(b"one"), string(b"two")].concat()),
        &[0; 16],
        &string(&options),
        &string(b""),
        &string(b""),
        &string(&ed25519_key()),
        &string(&issued),
    ]
    .concat();
    let bytes = ed25519().sign(&signed("sha512")).to_bytes();
    let signature = armored(&certificate, "file", "sha512", &raw("ssh-ed25519", &bytes, b""));
    verify(&line(name, &certificate), &signature).expect("it is good");
    for length in 0..certificate.len() {
        assert!(Key::parse(line(name, &certificate[..length]).as_bytes()).is_err());
    }
    let plain = armored(&ed25519_key(), "file", "sha512", &raw("ssh-ed25519", &bytes, b""));
    verify(&line(name, &certificate), &plain).expect("whatever key is in the signature");
}

#[test]
fn signatures_that_are_none() {
    let key = ed25519_key();
    let bytes = ed25519().sign(&signed("sha512")).to_bytes();
    let raw = raw("ssh-ed25519", &bytes, b"");
    let good = armored(&key, "file", "sha512", &raw);
    let wrong = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = pem::first(good.as_bytes()).unwrap().bytes;
        edit(&mut bytes);
        pem::encode(LABEL, &bytes)
    };
    for (text, why) in [
        ("no signature".to_owned(), "unable to decode pem file"),
        (good.replace("SSH", "PGP"), "wrong pem block type: PGP SIGNATURE. Expected SSH-SIGNATURE"),
        (armored(&key, "git", "sha512", &raw), "invalid signature namespace: git"),
        (armored(&key, "file", "md5", &raw), "unsupported hash algorithm: md5"),
        (armored(b"key", "file", "sha512", &raw), "ssh: malformed signature"),
        (armored(&key, "file", "sha512", b"raw"), "ssh: malformed signature"),
        (wrong(&|bytes| bytes[0] = b's'), "invalid magic header"),
        (wrong(&|bytes| bytes[9] = 2), "unsupported signature version: 2"),
        (wrong(&|bytes| bytes.push(0)), "ssh: malformed signature"),
        (wrong(&|bytes| bytes.truncate(100)), "ssh: malformed signature"),
        (wrong(&|bytes| bytes.truncate(3)), "ssh: malformed signature"),
    ] {
        let error = Signature::parse(text.as_bytes()).expect_err(why).to_string();
        assert_eq!(error, why);
    }
}
