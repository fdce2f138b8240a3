//! The hashes over which signatures in old formats are made.
//!
//! SHA-1 is among them: packages and OpenPGP keys are still signed with it, and a log records what
//! was signed. MD5 is not, since others can be made to have signed what they never saw.

use aws_lc_rs::digest::{self, Context, Digest};

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_512,
}

impl Hash {
    /// Its name, as Go writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_512 => "SHA3-512",
        }
    }

    /// Begins a digest.
    pub fn begin(self) -> Context {
        Context::new(match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Sha3_256 => &digest::SHA3_256,
            Self::Sha3_512 => &digest::SHA3_512,
        })
    }

    /// The digest of some bytes.
    pub fn of(self, bytes: &[u8]) -> Digest {
        let mut context = self.begin();
        context.update(bytes);
        context.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_nothing() {
        for (hash, digest) in [
            (Hash::Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (Hash::Sha224, "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"),
            (Hash::Sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ] {
            assert_eq!(hex::encode(hash.of(b"")), digest, "{}", hash.name());
        }
        assert_eq!(Hash::Sha384.of(b"").as_ref().len(), 48);
        assert_eq!(Hash::Sha3_512.of(b"").as_ref().len(), 64);
        assert_eq!(Hash::Sha512.of(b"").as_ref().len(), 64);
    }
}
