//! Packages, whole, true and false.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::made_apk::{file, gzip};
use p256::PublicKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::accept;
use crate::json::{Object, Reading};
use crate::limits::{Limits, Setting};
use crate::pki::hash::Hash;
use crate::pki::pem;

const LIMITS: Limits = Limits {
    metadata_bytes_max: 4096,
    inflated_bytes_max: 1 << 20,
    files_max: 10,
    attestation_bytes_max: 0,
};

fn signer() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// What a package is made of.
struct Made {
    control: Vec<u8>,
    /// The name of the signature's file, and what is put around the signature.
    name: &'static str,
    wrap: fn(Vec<u8>) -> Vec<u8>,
    data: Vec<u8>,
}

impl Made {
    fn new() -> Self {
        let data = gzip(b"files");
        let digest = hex::encode(Sha256::digest(&data));
        let control = file(".PKGINFO", format!("pkgname = demo\ndatahash = {digest}\n").as_bytes());
        Self { control, name: ".SIGN.RSA.x", wrap: |signature| signature, data }
    }

    fn bytes(&self) -> Vec<u8> {
        let control = gzip(&self.control);
        let digest = Hash::Sha1.of(&control);
        let signature: DerSignature = signer().sign_prehash(digest.as_ref()).unwrap();
        let signature = (self.wrap)(signature.as_bytes().to_vec());
        [gzip(&file(self.name, &signature)), control, self.data.clone()].concat()
    }

    fn judge(&self) -> Result<Value, String> {
        judge(&self.bytes())
    }
}

fn judge(package: &[u8]) -> Result<Value, String> {
    let key = PublicKey::from(signer().verifying_key()).to_public_key_der().unwrap();
    let key = pem::encode("PUBLIC KEY", key.as_bytes());
    let spec = json!({
        "package": {"content": STANDARD.encode(package)},
        "publicKey": {"content": STANDARD.encode(key)},
    });
    let spec = spec.to_string();
    let spec = Object::parse(spec.as_bytes(), Reading::Exact).unwrap();
    let draft = accept(&spec, &Setting { limits: LIMITS, now: 0 });
    draft.map(|draft| draft.spec).map_err(|error| error.to_string())
}

#[test]
fn what_a_package_says_is_stored() {
    let made = Made::new();
    let spec = made.judge().unwrap();
    assert_eq!(spec["package"]["pkginfo"]["pkgname"], "demo");
    assert_eq!(spec["package"]["hash"]["value"], hex::encode(Sha256::digest(made.bytes())));
    let pem = |signature: Vec<u8>| pem::encode("SIGNATURE", &signature).into_bytes();
    assert!(Made { wrap: pem, ..Made::new() }.judge().is_ok());
    // The last of several files of one name counts, and others are ignored.
    let good = made.control;
    let control = [file(".PKGINFO", b"a = b\n"), file(".post-install", b"x"), good].concat();
    assert!(Made { control, ..Made::new() }.judge().is_ok());
}

#[test]
fn what_is_no_such_package() {
    let message = |made: Made| made.judge().unwrap_err();
    let new = Made::new;
    assert_eq!(
        message(Made { name: "signature", ..new() }),
        "no signature detected in alpine package"
    );
    let other = file("PKGINFO", b"");
    assert_eq!(message(Made { control: other, ..new() }), ".PKGINFO file was not located");
    let short = file(".PKGINFO", b"datahash = 0\n");
    assert!(message(Made { control: short, ..new() }).starts_with("parsing datahash: "));
    let none = message(Made { control: file(".PKGINFO", b"a = b\n"), ..new() });
    assert!(none.ends_with(" does not match value from .PKGINFO ()"), "{none}");
    let forged = message(Made { wrap: |_| b"forged".to_vec(), ..new() });
    assert_eq!(forged, "invalid signature when validating ASN.1 encoded signature");
    assert!(message(Made { data: Vec::new(), ..new() }).starts_with("checksum for data.tar.gz"));
    assert_eq!(judge(b"x").unwrap_err(), "create gzip reader: unexpected EOF");
    assert_eq!(judge(&[0; 20]).unwrap_err(), "create gzip reader: gzip: invalid header");
    let one = gzip(&file(".SIGN", b"x"));
    assert_eq!(judge(&one).unwrap_err(), ".PKGINFO file was not located");
    let two = [&one[..], &[0; 20]].concat();
    assert_eq!(judge(&two).unwrap_err(), "resetting to control.tar.gz: gzip: invalid header");
}

#[test]
fn what_is_too_large() {
    let zeros = vec![0; 1 << 21];
    let message = judge(&gzip(&zeros)).unwrap_err();
    assert!(message.contains("for signature.tar.gz exceeds max allowed size 4096"), "{message}");
    let message = judge(&gzip(&file("x", &zeros))).unwrap_err();
    assert!(message.contains("for signature.tar.gz exceeds max allowed size 4096"), "{message}");
    let control = file("x", &zeros);
    let message = Made { control, ..Made::new() }.judge().unwrap_err();
    assert!(message.contains("for control.tar.gz exceeds max allowed size 1048576"), "{message}");
    let control = file(".PKGINFO", &zeros[..5000]);
    let message = Made { control, ..Made::new() }.judge().unwrap_err();
    assert_eq!(message, "uncompressed .PKGINFO file size 5000 exceeds max allowed size 4096");
    let control = file("x", b"").repeat(11);
    let message = Made { control, ..Made::new() }.judge().unwrap_err();
    assert_eq!(message, "the number of files exceeds the maximum of 10");
}
