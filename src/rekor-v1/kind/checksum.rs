//! Checksums by which old packages name their contents.
//!
//! MD5 is among them. It proves nothing here: what a signature is over is hashed with better ones.

use aws_lc_rs::digest::Context;
use md5::{Digest as _, Md5};

use crate::pki::hash::Hash;

/// What computes a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksum {
    Md5,
    Of(Hash),
}

/// A checksum in the making.
pub(super) enum Sum {
    Md5(Box<Md5>),
    Of(Context),
}

impl Checksum {
    /// Its name, as Go writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Of(hash) => hash.name(),
        }
    }

    /// Begins a checksum.
    pub fn begin(self) -> Sum {
        match self {
            Self::Md5 => Sum::Md5(Box::default()),
            Self::Of(hash) => Sum::Of(hash.begin()),
        }
    }

    /// The checksum of some parts, one after the other.
    pub fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut sum = self.begin();
        for part in parts {
            sum.update(part);
        }
        sum.finish()
    }
}

impl Sum {
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(sum) => sum.update(bytes),
            Self::Of(sum) => sum.update(bytes),
        }
    }

    pub fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(sum) => sum.finalize().to_vec(),
            Self::Of(sum) => sum.finish().as_ref().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_parts() {
        let md5 = Checksum::Md5.of(&[b"a", b"bc"]);
        assert_eq!(hex::encode(md5), "900150983cd24fb0d6963f7d28e17f72");
        let sha1 = Checksum::Of(Hash::Sha1).of(&[b"a", b"bc"]);
        assert_eq!((Checksum::Md5.name(), Checksum::Of(Hash::Sha384).name()), ("MD5", "SHA-384"));
        assert_eq!(hex::encode(sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
