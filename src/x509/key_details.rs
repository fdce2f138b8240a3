//! `PublicKeyDetails` of `sigstore_common.proto`: every algorithm that has a name there, and which
//! of them a log admits.
//!
//! Invariant: exactly seven of the 23 values are admitted, one for each [`SigningAlgorithm`].

use std::fmt;

use super::algorithm::SigningAlgorithm;
use super::error::X509Error;

/// A value of `PublicKeyDetails`, admitted or not: entries stored by other logs may have any of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDetails(u8);

/// Whether the log admits a value of `PublicKeyDetails`.
enum Standing {
    Admitted(SigningAlgorithm),
    Refused(&'static str),
}

const UNCLEAR: &str = "deprecated, as it leaves key size or hash open; send the value that names \
                       both, e.g. PKIX_RSA_PKCS1V15_4096_SHA256";
const SHORT_HASH: &str = "deprecated; sign with SHA-384 for P-384 keys (PKIX_ECDSA_P384_SHA_384) \
                          and SHA-512 for P-521 keys (PKIX_ECDSA_P521_SHA_512)";
const PURE: &str = "pure Ed25519 signs the artifact itself, which the log does not have; sign its \
                    SHA-512 digest with Ed25519ph and send PKIX_ED25519_PH";
const HMAC: &str = "deprecated; send PKIX_ECDSA_P256_SHA_256";
const PSS: &str = "sign with RSA PKCS #1 v1.5, e.g. PKIX_RSA_PKCS1V15_4096_SHA256";
const STATEFUL: &str = "stateful hash-based signatures are deprecated; sign with ECDSA, RSA PKCS \
                        #1 v1.5 or Ed25519ph";
const ML_DSA: &str = "not yet in the list of algorithms that Rekor v2 logs agree on; sign with \
                      ECDSA, RSA PKCS #1 v1.5 or Ed25519ph";

/// Index 0 holds number 1.
const KEY_DETAILS: [(&str, Standing); 23] = {
    use SigningAlgorithm as S;
    use Standing::{Admitted, Refused};
    [
        ("PKCS1_RSA_PKCS1V5", Refused(UNCLEAR)),
        ("PKCS1_RSA_PSS", Refused(UNCLEAR)),
        ("PKIX_RSA_PKCS1V5", Refused(UNCLEAR)),
        ("PKIX_RSA_PSS", Refused(UNCLEAR)),
        ("PKIX_ECDSA_P256_SHA_256", Admitted(S::EcdsaP256Sha256)),
        ("PKIX_ECDSA_P256_HMAC_SHA_256", Refused(HMAC)),
        ("PKIX_ED25519", Refused(PURE)),
        ("PKIX_ED25519_PH", Admitted(S::Ed25519ph)),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", Admitted(S::RsaPkcs1v15Sha256With2048)),
        ("PKIX_RSA_PKCS1V15_3072_SHA256", Admitted(S::RsaPkcs1v15Sha256With3072)),
        ("PKIX_RSA_PKCS1V15_4096_SHA256", Admitted(S::RsaPkcs1v15Sha256With4096)),
        ("PKIX_ECDSA_P384_SHA_384", Admitted(S::EcdsaP384Sha384)),
        ("PKIX_ECDSA_P521_SHA_512", Admitted(S::EcdsaP521Sha512)),
        ("LMS_SHA256", Refused(STATEFUL)),
        ("LMOTS_SHA256", Refused(STATEFUL)),
        ("PKIX_RSA_PSS_2048_SHA256", Refused(PSS)),
        ("PKIX_RSA_PSS_3072_SHA256", Refused(PSS)),
        ("PKIX_RSA_PSS_4096_SHA256", Refused(PSS)),
        ("PKIX_ECDSA_P384_SHA_256", Refused(SHORT_HASH)),
        ("PKIX_ECDSA_P521_SHA_256", Refused(SHORT_HASH)),
        ("ML_DSA_65", Refused(ML_DSA)),
        ("ML_DSA_87", Refused(ML_DSA)),
        ("ML_DSA_44", Refused(ML_DSA)),
    ]
};

impl KeyDetails {
    /// The name in the protobuf enum.
    pub const fn name(self) -> &'static str {
        KEY_DETAILS[self.0 as usize - 1].0
    }

    /// The number in the protobuf enum, 1 to 23.
    pub const fn number(self) -> u64 {
        self.0 as u64
    }

    /// All values, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=23).map(Self)
    }

    /// The value with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|details| details.name() == name)
    }

    /// The algorithm it names, if the log admits it. The error says what to use instead.
    pub fn algorithm(self) -> Result<SigningAlgorithm, X509Error> {
        match &KEY_DETAILS[self.0 as usize - 1] {
            (_, Standing::Admitted(algorithm)) => Ok(*algorithm),
            (name, Standing::Refused(advice)) => Err(X509Error::AlgorithmRefused { name, advice }),
        }
    }
}

impl fmt::Display for KeyDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl SigningAlgorithm {
    /// The value that names it in requests and entries.
    pub const fn key_details(self) -> KeyDetails {
        KeyDetails(match self {
            Self::EcdsaP256Sha256 => 5,
            Self::EcdsaP384Sha384 => 12,
            Self::EcdsaP521Sha512 => 13,
            Self::RsaPkcs1v15Sha256With2048 => 9,
            Self::RsaPkcs1v15Sha256With3072 => 10,
            Self::RsaPkcs1v15Sha256With4096 => 11,
            Self::Ed25519ph => 8,
        })
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key_details().name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::algorithm::HashAlgorithm;
    use super::*;

    #[test]
    fn admitted_algorithms_and_key_details_are_one_to_one() {
        let admitted: Vec<_> =
            (1..=23).map(KeyDetails).filter_map(|details| details.algorithm().ok()).collect();
        assert_eq!(admitted.len(), SigningAlgorithm::ALL.len());
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.key_details().algorithm().unwrap(), algorithm);
            assert_eq!(
                KeyDetails::from_name(algorithm.key_details().name()),
                Some(algorithm.key_details())
            );
        }
    }

    #[test]
    fn hash_follows_the_algorithm() {
        for algorithm in SigningAlgorithm::ALL {
            let name = algorithm.key_details().name().replace("SHA_", "SHA");
            let expected = if name.ends_with("SHA256") {
                HashAlgorithm::Sha256
            } else if name.ends_with("SHA384") {
                HashAlgorithm::Sha384
            } else {
                HashAlgorithm::Sha512
            };
            assert_eq!(algorithm.hash(), expected, "{algorithm}");
        }
    }

    #[test]
    fn refusals_advise() {
        for (name, advice) in [
            ("PKIX_ED25519", "PKIX_ED25519_PH"),
            ("PKIX_RSA_PKCS1V5", "PKIX_RSA_PKCS1V15_4096_SHA256"),
            ("PKIX_ECDSA_P384_SHA_256", "PKIX_ECDSA_P384_SHA_384"),
            ("PKIX_ECDSA_P256_HMAC_SHA_256", "PKIX_ECDSA_P256_SHA_256"),
            ("PKIX_RSA_PSS_2048_SHA256", "PKCS #1 v1.5"),
            ("LMS_SHA256", "stateful"),
            ("ML_DSA_65", "not yet"),
        ] {
            let error = KeyDetails::from_name(name).unwrap().algorithm().unwrap_err().to_string();
            assert!(error.starts_with(name) && error.contains(advice), "{error}");
        }
    }
}
