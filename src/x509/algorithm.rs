//! Hash and signing algorithms: `HashAlgorithm` of `sigstore_common.proto`, and which signing
//! algorithms a log admits.
//!
//! Invariant: each admitted algorithm fits exactly one kind of key. Key and algorithm therefore
//! determine each other, and a leaf cannot exist under two labels.

use std::fmt;

/// A hash over an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl HashAlgorithm {
    /// All hash algorithms.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in the protobuf enum.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }

    /// The number in the protobuf enum.
    pub const fn number(self) -> u64 {
        match self {
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        }
    }

    /// The length of a digest in bytes.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A signing algorithm that the log admits. Each one signs a digest, so the log never needs the
/// artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 over SHA-256
    EcdsaP256Sha256,
    /// ECDSA on P-384 over SHA-384
    EcdsaP384Sha384,
    /// ECDSA on P-521 over SHA-512
    EcdsaP521Sha512,
    /// RSA PKCS #1 v1.5 with a 2048-bit modulus over SHA-256
    RsaPkcs1v15Sha256With2048,
    /// RSA PKCS #1 v1.5 with a 3072-bit modulus over SHA-256
    RsaPkcs1v15Sha256With3072,
    /// RSA PKCS #1 v1.5 with a 4096-bit modulus over SHA-256
    RsaPkcs1v15Sha256With4096,
    /// Ed25519ph (RFC 8032 section 5.1, empty context) over SHA-512
    Ed25519ph,
}

impl SigningAlgorithm {
    /// All admitted algorithms.
    pub const ALL: [Self; 7] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP521Sha512,
        Self::RsaPkcs1v15Sha256With2048,
        Self::RsaPkcs1v15Sha256With3072,
        Self::RsaPkcs1v15Sha256With4096,
        Self::Ed25519ph,
    ];

    /// Whether it takes an RSA key.
    pub const fn is_rsa(self) -> bool {
        use SigningAlgorithm as S;
        matches!(
            self,
            S::RsaPkcs1v15Sha256With2048
                | S::RsaPkcs1v15Sha256With3072
                | S::RsaPkcs1v15Sha256With4096
        )
    }

    /// The hash whose digest is signed.
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::EcdsaP384Sha384 => HashAlgorithm::Sha384,
            Self::EcdsaP521Sha512 | Self::Ed25519ph => HashAlgorithm::Sha512,
            _ => HashAlgorithm::Sha256,
        }
    }
}
