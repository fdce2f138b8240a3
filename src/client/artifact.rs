//! Artifacts in files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fasti_entry::{ArtifactDigest, ArtifactHasher, HashAlgorithm};
use fasti_verify::Artifact;

/// How many bytes of a file are held in memory at a time.
const PIECE_BYTES: usize = 256 << 10;

/// An artifact in a file, which is read in pieces.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    path: PathBuf,
}

impl ArtifactFile {
    /// The artifact in that file. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Passes the content to `take`, piece by piece.
    pub fn read_pieces(&self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(length) => take(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Artifact for ArtifactFile {
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest> {
        let mut hasher = ArtifactHasher::new(algorithm);
        self.read_pieces(|piece| hasher.update(piece))?;
        Ok(hasher.finish())
    }

    fn bytes(&self, max: usize) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(max as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= max).then_some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_content_agree() {
        let directory = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..PIECE_BYTES + 17).map(|i| i.to_le_bytes()[0]).collect();
        let file = ArtifactFile::new(directory.path().join("a"));
        std::fs::write(file.path(), &content).unwrap();
        for algorithm in HashAlgorithm::ALL {
            assert_eq!(file.digest(algorithm).unwrap(), content.digest(algorithm).unwrap());
        }
        assert_eq!(file.bytes(content.len()).unwrap(), Some(content.clone()));
        assert_eq!(file.bytes(content.len() - 1).unwrap(), None);
        assert_eq!(content.bytes(content.len() - 1).unwrap(), None);
    }
}
