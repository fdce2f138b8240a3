//! A package of Alpine Linux, and what it is made of: archives, compressed one after another.

use std::io::Write as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use p256::PublicKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};

/// A package signed with a key, and the key as a `SubjectPublicKeyInfo`.
pub fn package() -> (Vec<u8>, Vec<u8>) {
    let signer = SigningKey::from_slice(&[7; 32]).expect("a key");
    let data = gzip(b"files");
    let about = format!("pkgname = demo\ndatahash = {}\n", hex::encode(Sha256::digest(&data)));
    let control = gzip(&file(".PKGINFO", about.as_bytes()));
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &control);
    let signature: DerSignature = signer.sign_prehash(digest.as_ref()).expect("it signs");
    let signature = gzip(&file(".SIGN.RSA.demo", signature.as_bytes()));
    let spki = PublicKey::from(signer.verifying_key()).to_public_key_der().expect("it has a form");
    ([signature, control, data].concat(), spki.into_vec())
}

/// A member of a package.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("there is memory");
    encoder.finish().expect("there is memory")
}

/// A file in an archive.
pub fn file(name: &str, content: &[u8]) -> Vec<u8> {
    file_of_kind(name, content, b'0')
}

/// A file of some type in an archive.
pub fn file_of_kind(name: &str, content: &[u8], kind: u8) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
    [&header[..], content, &padding].concat()
}
