//! Packages made in tests.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A member of a package.
pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A file in an archive.
pub(super) fn file(name: &str, content: &[u8]) -> Vec<u8> {
    file_of_kind(name, content, b'0')
}

/// A file of some type in an archive.
pub(super) fn file_of_kind(name: &str, content: &[u8], kind: u8) -> Vec<u8> {
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
