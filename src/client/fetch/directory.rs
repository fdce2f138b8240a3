//! A log in a local directory, written by the directory store or copied by a mirror.
//!
//! A mirror may have stored bundles as it received them, compressed with gzip. Such a file is
//! recognized because it does not parse as a bundle of its width. Either way, the caller checks the
//! result against the tree.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::{HeadsPath, Published};
use fasti_seams::offload::offload;
use tiles_spec::{BundleCoord, EntryBundle, Hash, ResourcePath};

use super::error::{FetchError, expect_small, gunzip};
use super::interface::Fetch;
use super::limits::{DESCRIPTION, bytes_max};
use super::part_fault::PartFault;

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

    /// Reads an object into `into`, replacing its content. Returns whether the object exists. Loops
    /// over many objects can reuse the buffer.
    pub fn read_into(&self, path: &ResourcePath, into: &mut Vec<u8>) -> Result<bool, FetchError> {
        self.read_resource(path, &path.to_string(), into)
    }

    /// Reads the times of a bundle's entries into `into`, replacing its content. Returns whether
    /// they exist.
    pub fn read_times_into(
        &self,
        bundle: BundleCoord,
        into: &mut Vec<u8>,
    ) -> Result<bool, FetchError> {
        let times = Published::Times(bundle);
        self.read_file(&times.to_string(), bytes_max(times), into)
    }

    /// Reads an object of a log, either this one or the lookup log, from the file with this name.
    fn read_resource(
        &self,
        path: &ResourcePath,
        name: &str,
        into: &mut Vec<u8>,
    ) -> Result<bool, FetchError> {
        let max = bytes_max(*path);
        if !self.read_file(name, max, into)? {
            return Ok(false);
        }
        if let ResourcePath::Bundle(bundle) = path
            && into.starts_with(&GZIP_MAGIC)
            && EntryBundle::decode(into.as_slice(), bundle.width).is_err()
        {
            *into = gunzip(into, max, &self.root.join(name).display().to_string())?;
        }
        Ok(true)
    }

    /// Reads an object of the index, as [`Fetch::fetch_lookup`] does.
    pub fn read_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        let (name, mut bytes) = (path.to_string(), Vec::new());
        let found = match path {
            LookupPath::Log(resource) => self.read_resource(resource, &name, &mut bytes)?,
            _ => self.read_file(&name, bytes_max(*path), &mut bytes)?,
        };
        Ok(found.then_some(bytes))
    }

    /// Reads a part of an object of the index, as [`Fetch::fetch_part`] does.
    pub fn read_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let place = self.place_of_lookup(path);
        expect_small(&place, &bytes)?;
        let read = || {
            let length = usize::try_from(bytes.end.saturating_sub(bytes.start));
            let file = File::open(self.root.join(path.to_string()))?;
            let mut part = vec![0; length.map_err(io::Error::other)?];
            file.read_exact_at(&mut part, bytes.start)?;
            Ok(part)
        };
        match read() {
            Ok(part) => Ok(Some(part)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(FetchError::Part { place, bytes, fault: PartFault::BeyondEnd })
            }
            Err(source) => Err(FetchError::Io { place, source }),
        }
    }

    /// Reads `log.json`, if there is one.
    pub fn read_description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        let mut bytes = Vec::new();
        Ok(self
            .read_file(&DESCRIPTION.to_string(), bytes_max(DESCRIPTION), &mut bytes)?
            .then_some(bytes))
    }

    /// Reads the attestation with this SHA-256, as [`Fetch::fetch_attestation`] does.
    pub fn read_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        let (attestation, mut bytes) = (Published::Attestation(*sha256), Vec::new());
        Ok(self
            .read_file(&attestation.to_string(), bytes_max(attestation), &mut bytes)?
            .then_some(bytes))
    }

    /// Reads a file of at most `max` bytes into `into`. Returns whether the file exists.
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

/// Whether the error means that the file does not exist. `tile/0/000/001` does not exist either if
/// `000` is a file.
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

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, bundle) = (self.clone(), *bundle);
        offload(move || {
            let mut bytes = Vec::new();
            Ok(this.read_times_into(bundle, &mut bytes)?.then_some(bytes))
        })
        .await
    }

    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, sha256) = (self.clone(), *sha256);
        offload(move || this.read_attestation(&sha256)).await
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, file) = (self.clone(), Published::Heads(*path));
        offload(move || {
            let mut bytes = Vec::new();
            let is_there = this.read_file(&file.to_string(), bytes_max(file), &mut bytes)?;
            Ok(is_there.then_some(bytes))
        })
        .await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.root.join(path.to_string()).display().to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, path) = (self.clone(), *path);
        offload(move || this.read_lookup(&path)).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let (this, path) = (self.clone(), *path);
        offload(move || this.read_part(&path, bytes)).await
    }

    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        let file = self.root.join(path.to_string());
        offload(move || match std::fs::metadata(&file) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if is_absence(&error) => Ok(None),
            Err(source) => Err(FetchError::Io { place: file.display().to_string(), source }),
        })
        .await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.root.join(path.to_string()).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tiles_spec::append_entry;

    use super::*;
    use crate::fetch::PART_BYTES_MAX;

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

    #[test]
    fn objects_of_an_index_whole_and_in_parts() {
        let directory = tempfile::tempdir().unwrap();
        let run = directory.path().join("lookup/run/0/256");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("0"), b"0123456789").unwrap();
        std::fs::write(directory.path().join("lookup/checkpoint"), vec![b'x'; 65_537]).unwrap();

        let fetch = DirectoryFetch::open(directory.path().to_owned()).unwrap();
        let path: LookupPath = "lookup/run/0/256/0".parse().unwrap();
        let part = |bytes| fetch.read_part(&path, bytes);
        assert_eq!(part(2..5).unwrap().unwrap(), b"234");
        assert_eq!(part(0..10).unwrap().unwrap(), b"0123456789");
        for beyond in [0..11, 9..11, 10..11, 1_000_000..1_000_001] {
            let refused = part(beyond).unwrap_err();
            assert!(matches!(refused, FetchError::Part { fault: PartFault::BeyondEnd, .. }));
        }
        let refused = part(0..PART_BYTES_MAX + 1).unwrap_err();
        assert!(matches!(refused, FetchError::Part { fault: PartFault::TooMuch, .. }));
        assert_eq!(fetch.read_lookup(&path).unwrap().unwrap(), b"0123456789");

        let other = "lookup/run/0/256/1".parse().unwrap();
        assert_eq!(fetch.read_part(&other, 0..1).unwrap(), None);
        assert_eq!(fetch.read_lookup(&LookupPath::Latest).unwrap(), None);
        let checkpoint = fetch.read_lookup(&"lookup/checkpoint".parse().unwrap());
        assert!(matches!(checkpoint, Err(FetchError::TooLong { max: 65_536, .. })));
    }
}
