//! Archives made in tests.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A file for an archive.
#[derive(Clone)]
pub(super) struct TestFile {
    name: String,
    data: Vec<u8>,
    pub method: u16,
    pub size: u32,
    pub crc: u32,
}

impl TestFile {
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A file that is stored as it is.
pub(super) fn stored(name: &str, content: &[u8]) -> TestFile {
    let mut crc = Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).unwrap();
    TestFile { name: name.to_owned(), data: content.to_vec(), method: 0, size, crc: crc.sum() }
}

/// A file that is deflated.
pub(super) fn deflated(name: &str, content: &[u8]) -> TestFile {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    TestFile { data: encoder.finish().unwrap(), method: 8, ..stored(name, content) }
}

/// An archive of these files.
pub(super) fn zip(files: &[TestFile]) -> Vec<u8> {
    let length = |length: usize| u16::try_from(length).unwrap().to_le_bytes();
    let long = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
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
