//! Files named by the user: read up to a size limit, written whole.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_certificates, read_key_material};
use fasti::entry::KeyMaterial;
use fasti::verify::Authority;

/// Reads a file of at most `max` bytes.
pub fn read(path: &Path, max: usize) -> anyhow::Result<Vec<u8>> {
    let name = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(name)?;
    file.take(max as u64 + 1).read_to_end(&mut bytes).with_context(name)?;
    ensure!(bytes.len() <= max, "{} is longer than the limit of {max} bytes", path.display());
    Ok(bytes)
}

/// Reads a public key or certificate.
pub fn read_key(path: &Path) -> anyhow::Result<KeyMaterial> {
    let bytes = read(path, KEY_FILE_BYTES_MAX)?;
    read_key_material(&bytes).with_context(|| path.display().to_string())
}

/// Reads the certificates of an authority, PEM.
pub fn read_authority(path: &Path) -> anyhow::Result<Authority> {
    let name = || path.display().to_string();
    let certificates = read_certificates(&read(path, KEY_FILE_BYTES_MAX)?).with_context(name)?;
    Authority::of_list(&certificates, None, None).with_context(name)
}

/// Writes a file, replacing any existing one.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("cannot write {}", path.display()))
}
