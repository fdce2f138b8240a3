//! A signed Java archive, and what it is made of: a zip archive, and a signature (PKCS #7).

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use sha2::{Digest as _, Sha256};

use crate::certificates::Signer;
use crate::made_tsa::{der, hash_id};

const DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const ECDSA_SHA_256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const COMMON_NAME: [u8; 3] = [0x55, 4, 3];

/// An archive with one file, signed with a key on P-256.
pub fn archive(signer: &Signer) -> Vec<u8> {
    let digest = |bytes: &[u8]| STANDARD.encode(Sha256::digest(bytes));
    let manifest = format!(
        "Manifest-Version: 1.0\r\n\r\nName: a.txt\r\nSHA-256-Digest: {}\r\n\r\n",
        digest(b"hello")
    );
    let signature_file = format!(
        "Signature-Version: 1.0\r\nSHA-256-Digest-Manifest: {}\r\n\r\n",
        digest(manifest.as_bytes())
    );
    zip(&[
        deflated("META-INF/MANIFEST.MF", manifest.as_bytes()),
        stored("META-INF/A.SF", signature_file.as_bytes()),
        deflated("META-INF/A.EC", &block(signer, signature_file.as_bytes())),
        stored("a.txt", b"hello"),
    ])
}

/// A signature over some content that is elsewhere, with a certificate that nobody signed.
fn block(signer: &Signer, content: &[u8]) -> Vec<u8> {
    let sequence = |parts: &[&[u8]]| der(0x30, parts);
    let (one, serial) = (der(2, &[&[1]]), der(2, &[&[5]]));
    let ecdsa = sequence(&[&der(6, &[&ECDSA_SHA_256])]);
    let named = sequence(&[&der(6, &[&COMMON_NAME]), &der(0x0c, &[b"Ann"])]);
    let name = sequence(&[&der(0x31, &[&named])]);
    let time = der(0x17, &[b"260101000000Z"]);
    let version = der(0xa0, &[&der(2, &[&[2]])]);
    let validity = sequence(&[&time, &time]);
    let certificate = sequence(&[&version, &serial, &ecdsa, &name, &validity, &name, &signer.spki]);
    let certificate = sequence(&[&certificate, &ecdsa, &der(3, &[b"\0signature"])]);
    let signature = der(4, &[&signer.sign(content)]);
    let issuer = sequence(&[&name, &serial]);
    let info = sequence(&[&one, &issuer, &hash_id(1), &ecdsa, &signature]);
    let data = sequence(&[
        &one,
        &der(0x31, &[&hash_id(1)]),
        &sequence(&[&der(6, &[&DATA])]),
        &der(0xa0, &[&certificate]),
        &der(0x31, &[&info]),
    ]);
    sequence(&[&der(6, &[&SIGNED_DATA]), &der(0xa0, &[&data])])
}

/// A file for an archive.
#[derive(Clone)]
pub struct TestFile {
    name: String,
    data: Vec<u8>,
    /// How it is compressed.
    pub method: u16,
    /// How long it is when it is not.
    pub size: u32,
    /// Its checksum.
    pub crc: u32,
}

impl TestFile {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A file that is stored as it is.
pub fn stored(name: &str, content: &[u8]) -> TestFile {
    let mut crc = Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).expect("it is short");
    TestFile { name: name.to_owned(), data: content.to_vec(), method: 0, size, crc: crc.sum() }
}

/// A file that is deflated.
pub fn deflated(name: &str, content: &[u8]) -> TestFile {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("there is memory");
    TestFile {
        data: encoder.finish().expect("there is memory"),
        method: 8,
        ..stored(name, content)
    }
}

/// An archive of these files.
pub fn zip(files: &[TestFile]) -> Vec<u8> {
    let length = |length: usize| u16::try_from(length).expect("it is short").to_le_bytes();
    let long = |length: usize| u32::try_from(length).expect("it is short").to_le_bytes();
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let shared = [
            &[20, 0, 0, 0][..],
            &file.method.to_le_bytes(),
            &[0; 4],
            &file.crc.to_le_bytes(),
            &long(file.data.len()),
            &file.size.to_le_bytes(),
            &length(file.name.len()),
            &[0; 2],
        ]
        .concat();
        let offset = long(archive.len());
        directory.extend([&b"PK\x01\x02\x14\0"[..], &shared, &[0; 10], &offset].concat());
        directory.extend_from_slice(file.name.as_bytes());
        archive.extend([&b"PK\x03\x04"[..], &shared, file.name.as_bytes(), &file.data].concat());
    }
    let (count, offset) = (length(files.len()), long(archive.len()));
    archive.extend_from_slice(&directory);
    let numbers = [&count[..], &count, &long(directory.len()), &offset, &[0; 2]].concat();
    archive.extend([&b"PK\x05\x06\0\0\0\0"[..], &numbers].concat());
    archive
}
