//! An artifact as a verifier or signer needs it: its digests, and its bytes if it is small.

use std::io;

use fasti_entry::{ArtifactDigest, HashAlgorithm};

/// Something that can be signed.
pub trait Artifact {
    /// The artifact's digest. The hash depends on the signer's key, so it is not known in advance.
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest>;

    /// All bytes of the artifact, or `None` if there are more than `max`, or if they are not known.
    fn bytes(&self, max: usize) -> io::Result<Option<Vec<u8>>>;

    /// Whether the artifact consists of these bytes.
    fn is(&self, bytes: &[u8]) -> io::Result<bool> {
        Ok(self.bytes(bytes.len())?.as_deref() == Some(bytes))
    }
}

/// An artifact in memory.
impl Artifact for Vec<u8> {
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest> {
        Ok(ArtifactDigest::of(algorithm, self))
    }

    fn bytes(&self, max: usize) -> io::Result<Option<Vec<u8>>> {
        Ok((self.len() <= max).then(|| self.clone()))
    }
}

/// An artifact of which only a digest is known. It has no other digests, so whoever gives it must
/// know which hash the signer's key takes.
impl Artifact for ArtifactDigest {
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest> {
        if algorithm == self.algorithm() {
            return Ok(*self);
        }
        let known = self.algorithm();
        let reason = format!("its {algorithm} digest is needed, and only that of {known} is known");
        Err(io::Error::new(io::ErrorKind::Unsupported, reason))
    }

    fn bytes(&self, _: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn is(&self, bytes: &[u8]) -> io::Result<bool> {
        Ok(Self::of(self.algorithm(), bytes) == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_their_digest_are_one_artifact() {
        let bytes = b"an artifact".to_vec();
        assert_eq!(bytes.bytes(bytes.len() - 1).unwrap(), None);
        for algorithm in HashAlgorithm::ALL {
            let digest = bytes.digest(algorithm).unwrap();
            assert_eq!(Artifact::digest(&digest, algorithm).unwrap(), digest);
            for artifact in [&bytes as &dyn Artifact, &digest] {
                assert!(artifact.is(&bytes).unwrap() && !artifact.is(b"another").unwrap());
            }
            for other in HashAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                let error = Artifact::digest(&digest, other).unwrap_err().to_string();
                assert!(error.contains(other.name()), "{error}");
            }
        }
    }
}
