//! An artifact as a verifier or signer needs it: its digests, and its bytes if it is small.

use std::fmt;
use std::io;
use std::str::FromStr;

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

    /// The digest that in-toto calls by this name, such as `sha256`; `None` if it is not known.
    fn named_digest(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let algorithm = algorithm_named(name);
        algorithm.map(|algorithm| Ok(self.digest(algorithm)?.as_bytes().to_vec())).transpose()
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
        Err(unknown(algorithm, self.algorithm().name()))
    }

    fn bytes(&self, _: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn is(&self, bytes: &[u8]) -> io::Result<bool> {
        Ok(Self::of(self.algorithm(), bytes) == *self)
    }

    fn named_digest(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let is_it = algorithm_named(name) == Some(self.algorithm());
        Ok(is_it.then(|| self.as_bytes().to_vec()))
    }
}

/// A digest by the name of its algorithm, as in `sha256:` and 64 hex digits. Under any name but
/// those of SHA-2, only a statement can have it, under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDigest {
    name: String,
    digest: Vec<u8>,
}

/// Why a text is not a digest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamedDigestError {
    /// Not a name, a colon and digits.
    #[error("not ALGORITHM:HEX")]
    Form,
    /// Digits that are not hexadecimal, or of an odd number.
    #[error("what follows {name}: is not hexadecimal")]
    Hex {
        /// The name.
        name: String,
    },
    /// Too many digits, or too few.
    #[error("a {name} digest has {expected} hex digits, not {found}")]
    Length {
        /// The name.
        name: String,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A digest that proves nothing.
    #[error("anyone can make two files with one {name} digest: give a SHA-2 digest")]
    Broken {
        /// The name.
        name: String,
    },
}

impl NamedDigest {
    /// The name of its algorithm.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a digest with the name of its algorithm, or without: SHA-2 digests differ in length.
    pub fn named_or_not(text: &str) -> Result<Self, NamedDigestError> {
        if text.contains(':') {
            return text.parse();
        }
        let fits = |algorithm: &HashAlgorithm| algorithm.digest_len() * 2 == text.len();
        let algorithm = HashAlgorithm::ALL.into_iter().find(fits);
        let name = digest_name(algorithm.unwrap_or(HashAlgorithm::Sha256));
        format!("{name}:{text}").parse()
    }

    /// The digest, if it is by an algorithm that signatures can be over.
    pub fn artifact_digest(&self) -> Option<ArtifactDigest> {
        ArtifactDigest::new(algorithm_named(&self.name)?, &self.digest).ok()
    }
}

impl FromStr for NamedDigest {
    type Err = NamedDigestError;

    fn from_str(text: &str) -> Result<Self, NamedDigestError> {
        let (name, digits) = text.split_once(':').ok_or(NamedDigestError::Form)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) || digits.is_empty() {
            return Err(NamedDigestError::Form);
        }
        let name = name.to_owned();
        if BROKEN.contains(&&*name.to_ascii_lowercase()) {
            return Err(NamedDigestError::Broken { name });
        }
        let digest =
            hex::decode(digits).map_err(|_| NamedDigestError::Hex { name: name.clone() })?;
        let length = algorithm_named(&name).map(HashAlgorithm::digest_len);
        let length = length.or_else(|| (name == "sha1").then_some(SHA1_BYTES));
        if let Some(expected) = length.filter(|length| *length != digest.len()) {
            let (expected, found) = (expected * 2, digits.len());
            return Err(NamedDigestError::Length { name, expected, found });
        }
        // Whatever it is, it is too short for a digest.
        if digest.len() < SHA1_BYTES {
            return Err(NamedDigestError::Form);
        }
        Ok(Self { name, digest })
    }
}

impl fmt::Display for NamedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, hex::encode(&self.digest))
    }
}

impl Artifact for NamedDigest {
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest> {
        let digest = self.artifact_digest().filter(|digest| digest.algorithm() == algorithm);
        digest.ok_or_else(|| unknown(algorithm, &self.name))
    }

    fn bytes(&self, _: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn is(&self, bytes: &[u8]) -> io::Result<bool> {
        Ok(self.artifact_digest().is_some_and(|it| ArtifactDigest::of(it.algorithm(), bytes) == it))
    }

    fn named_digest(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok((self.name == name).then(|| self.digest.clone()))
    }
}

/// Two files with one digest can be made in seconds.
const BROKEN: [&str; 4] = ["md2", "md4", "md5", "crc32"];

/// Whether two artifacts with one digest of this length can be made, as with SHA-1. Such digests
/// are never computed here, but a caller can ask for one, because Git names commits so.
pub(super) fn is_weak(digest: &[u8]) -> bool {
    digest.len() <= SHA1_BYTES
}

const SHA1_BYTES: usize = 20;

/// What in-toto calls a digest by this algorithm, and what stands before its digits.
pub fn digest_name(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    }
}

fn algorithm_named(name: &str) -> Option<HashAlgorithm> {
    HashAlgorithm::ALL.into_iter().find(|algorithm| digest_name(*algorithm) == name)
}

fn unknown(needed: HashAlgorithm, known: &str) -> io::Error {
    let reason = format!("its {needed} digest is needed, and only that of {known} is known");
    io::Error::new(io::ErrorKind::Unsupported, reason)
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

    #[test]
    fn digests_by_name() {
        let bytes = b"an artifact".to_vec();
        for name in ["sha256", "sha384", "sha512"] {
            let known = bytes.named_digest(name).unwrap().unwrap();
            let text = format!("{name}:{}", hex::encode(&known));
            let digest: NamedDigest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            assert_eq!(text.to_uppercase().parse::<NamedDigest>().unwrap().artifact_digest(), None);
            assert!(digest.is(&bytes).unwrap() && !digest.is(b"another").unwrap());
            let plain = digest.artifact_digest().unwrap();
            for artifact in [&digest as &dyn Artifact, &plain] {
                assert_eq!(artifact.named_digest(name).unwrap().as_ref(), Some(&known));
                assert_eq!(artifact.named_digest("sha3_256").unwrap(), None);
                assert_eq!(artifact.digest(plain.algorithm()).unwrap(), plain);
            }
        }
        let commit = format!("gitCommit:{}", "0a".repeat(20)).parse::<NamedDigest>().unwrap();
        assert_eq!(commit.named_digest("gitCommit").unwrap(), Some(vec![10; 20]));
        assert_eq!(commit.named_digest("sha1").unwrap(), None);
        assert!(commit.digest(HashAlgorithm::Sha256).is_err() && !commit.is(&bytes).unwrap());
    }

    #[test]
    fn what_is_no_digest() {
        let refusal = |text: &str| text.parse::<NamedDigest>().unwrap_err().to_string();
        let short = format!("x:{}", "00".repeat(19));
        for form in ["", "a.txt", "sha256", "sha256:", ":00", "./sha256:00", "a b:00", &short] {
            assert_eq!(refusal(form), "not ALGORITHM:HEX", "{form}");
        }
        assert_eq!(refusal("sha256:xy"), "what follows sha256: is not hexadecimal");
        assert_eq!(refusal("sha512:00"), "a sha512 digest has 128 hex digits, not 2");
        assert_eq!(refusal("sha1:00"), "a sha1 digest has 40 hex digits, not 2");
        for (length, name) in [(32, "sha256"), (48, "sha384"), (64, "sha512")] {
            let digits = "0A".repeat(length);
            assert_eq!(NamedDigest::named_or_not(&digits).unwrap().name(), name);
            let named = format!("{name}:{digits}");
            assert_eq!(
                NamedDigest::named_or_not(&named).unwrap().to_string(),
                named.to_lowercase()
            );
        }
        assert!(NamedDigest::named_or_not("0a").is_err() && NamedDigest::named_or_not("").is_err());
        for broken in ["md5:00", "MD5:00"] {
            assert!(refusal(broken).contains("give a SHA-2 digest"), "{broken}");
        }
    }
}
