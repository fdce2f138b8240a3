//! A log in a local directory, as the directory store leaves it or a mirror has copied it.
//!
//! A mirror may have kept bundles as it got them, packed with gzip. Those are told from plain ones
//! by not being a bundle of their width; either reading is checked against the tree by whoever
//! uses it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tiles_spec::{EntryBundle, ResourcePath};

use super::{DESCRIPTION, DESCRIPTION_BYTES_MAX, Fetch, FetchError, bytes_max, gunzip};
use crate::offload::offload;

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Reads the files of a log.
#[derive(Clone, Debug)]
pub struct DirectoryFetch {
    root: PathBuf,
}

impl DirectoryFetch {
    /// The log in an existing directory.
    pub fn open(root: PathBuf) -> Result<Self, FetchError> {
        let place = || root.display().to_string();
        let metadata =
            std::fs::metadata(&root).map_err(|source| FetchError::Io { place: place(), source })?;
        if !metadata.is_dir() {
            let source = io::ErrorKind::NotADirectory.into();
            return Err(FetchError::Io { place: place(), source });
        }
        Ok(Self { root })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads an object into `into`, whose old content is dropped; whether there is one. For loops
    /// over many objects, which keep the buffer.
    pub fn read_into(&self, path: &ResourcePath, into: &mut Vec<u8>) -> Result<bool, FetchError> {
        let (max, place) = (bytes_max(path), || self.place(path));
        if !self.read_file(&path.to_string(), max, into)? {
            return Ok(false);
        }
        if let ResourcePath::Bundle(bundle) = path
            && into.starts_with(&GZIP_MAGIC)
            && EntryBundle::decode(into.as_slice(), bundle.width).is_err()
        {
            *into = gunzip(into, max, &place())?;
        }
        Ok(true)
    }

    /// What the log says of itself, if it does.
    pub fn read_description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        let mut bytes = Vec::new();
        Ok(self.read_file(DESCRIPTION, DESCRIPTION_BYTES_MAX, &mut bytes)?.then_some(bytes))
    }

    /// Reads a file of at most `max` bytes into `into`; whether there is one.
    fn read_file(&self, name: &str, max: usize, into: &mut Vec<u8>) -> Result<bool, FetchError> {
        into.clear();
        let path = self.root.join(name);
        let place = || path.display().to_string();
        let io = |source| FetchError::Io { place: place(), source };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(false),
            Err(error) => return Err(io(error)),
        };
        file.take(max as u64 + 1).read_to_end(into).map_err(io)?;
        if into.len() > max {
            return Err(FetchError::TooLong { place: place(), max });
        }
        Ok(true)
    }
}

/// `tile/0/000/001` below a file `000` is as absent as anything.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[async_trait]
impl Fetch for DirectoryFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, path) = (self.clone(), *path);
        offload(move || {
            let mut bytes = Vec::new();
            Ok(this.read_into(&path, &mut bytes)?.then_some(bytes))
        })
        .await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        let this = self.clone();
        offload(move || this.read_description()).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.root.join(path.to_string()).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tiles_spec::append_entry;

    use super::*;

    #[test]
    fn plain_and_packed_bundles_read_alike() {
        let directory = tempfile::tempdir().unwrap();
        let bundles = directory.path().join("tile/entries/000.p");
        std::fs::create_dir_all(&bundles).unwrap();
        // An entry whose length and first byte look like the beginning of gzip.
        let mut plain = Vec::new();
        append_entry(&mut plain, &[8; 0x1f8b]).unwrap();
        std::fs::write(bundles.join("1"), &plain).unwrap();
        append_entry(&mut plain, b"another").unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&plain).unwrap();
        std::fs::write(bundles.join("2"), packed.finish().unwrap()).unwrap();

        let fetch = DirectoryFetch::open(directory.path().to_owned()).unwrap();
        let read = |path: &str| {
            let mut bytes = vec![1, 2, 3];
            let path = path.parse().unwrap();
            fetch.read_into(&path, &mut bytes).map(|found| found.then_some(bytes))
        };
        assert_eq!(read("tile/entries/000.p/1").unwrap().unwrap(), plain[..0x1f8b + 2]);
        assert_eq!(read("tile/entries/000.p/2").unwrap().unwrap(), plain);
        assert_eq!(read("tile/entries/000").unwrap(), None);
        assert_eq!(read("tile/0/000").unwrap(), None);

        std::fs::create_dir_all(directory.path().join("tile/0/000.p")).unwrap();
        std::fs::write(directory.path().join("tile/0/000.p/1"), [0; 33]).unwrap();
        assert!(matches!(read("tile/0/000.p/1"), Err(FetchError::TooLong { max: 32, .. })));
        let nowhere = directory.path().join("nowhere");
        assert!(matches!(DirectoryFetch::open(nowhere), Err(FetchError::Io { .. })));
    }
}
