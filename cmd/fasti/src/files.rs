//! Files named by the user: read up to a size limit, written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_certificates, read_key_material};
use fasti::client::signature_file::read_signature as read_signature_file;
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

/// Reads a signature by this key, or by the key of this certificate.
pub fn read_signature(path: &Path, material: &KeyMaterial) -> anyhow::Result<Vec<u8>> {
    let algorithm = material.public_key()?.algorithm();
    let bytes = read(path, KEY_FILE_BYTES_MAX)?;
    read_signature_file(&bytes, algorithm).with_context(|| path.display().to_string())
}

/// A file that is going to be written. What keeps it from being written is found when this is made,
/// before anything is done that cannot be undone. Until it is written, the file is as it was.
pub struct Destination {
    path: PathBuf,
    file: File,
    /// Beside the file, which it will replace; missing for pipes, devices and the like.
    beside: Option<PathBuf>,
}

impl Destination {
    /// Prepares to write a file, or to replace an existing one.
    pub fn prepare(path: &Path) -> anyhow::Result<Self> {
        Self::open(path).with_context(|| format!("cannot write {}", path.display()))
    }

    fn open(path: &Path) -> io::Result<Self> {
        // A link stays, and what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_special = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) => !found.is_file(),
            Err(_) => false,
        };
        if is_special {
            let file = OpenOptions::new().write(true).open(&path)?;
            return Ok(Self { path, file, beside: None });
        }
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        Ok(Self { path, file, beside: Some(beside) })
    }

    /// Writes the file, all of it or nothing.
    pub fn write(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut written = self.file.write_all(bytes);
        if let (Ok(()), Some(beside)) = (&written, &self.beside) {
            written = self.file.sync_all().and_then(|()| fs::rename(beside, &self.path));
            if written.is_ok() {
                self.beside = None;
            }
        }
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // If this fails, its name still says what it is.
            drop(fs::remove_file(beside));
        }
    }
}

/// Writes a file, replacing any existing one.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    Destination::prepare(path)?.write(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_it_was_until_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let names = || directory.path().read_dir().unwrap().count();
        drop(Destination::prepare(&path).unwrap());
        assert_eq!(names(), 0);
        write(&path, b"first").unwrap();
        let destination = Destination::prepare(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        destination.write(b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");

        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"third").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!((fs::read(&path).unwrap(), names()), (b"third".to_vec(), 2));

        write(Path::new("/dev/null"), b"gone").unwrap();
        for nowhere in [directory.path(), &directory.path().join("no/such"), Path::new("/")] {
            let error = Destination::prepare(nowhere).err().unwrap().to_string();
            assert!(error.starts_with("cannot write"), "{error}");
        }
    }
}
