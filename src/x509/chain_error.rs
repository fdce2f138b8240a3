//! Why a certificate does not count as issued by a trusted authority.

use super::error::X509Error;

/// Why a certificate does not count as issued by a trusted authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(X509Error),
    /// No authority has the issuer's name.
    #[error("no trusted authority has issued it")]
    UnknownIssuer,
    /// An authority with the issuer's name has another key.
    #[error("its signature was not made by the issuer that it names")]
    Signature,
    /// It, or an authority below the anchor, is signed in a way that is not accepted.
    #[error("it is signed with an algorithm, or by a key, that is not accepted in a chain")]
    Algorithm,
    /// A certificate is for other purposes.
    #[error("it is not for signing code")]
    Purpose,
    /// A certificate in the chain of a timestamp's signer is for other purposes.
    #[error("it, or an authority in its chain, is not for timestamps")]
    TimestampPurpose,
    /// It is an authority's own certificate.
    #[error("it is an authority's own")]
    Authority,
    /// It was not valid at that time.
    #[error("it was not valid at that time")]
    Expired,
    /// Its issuer, or one above, is not for issuing certificates.
    #[error("its chain is not valid: an issuer in it may not issue certificates")]
    MayNotIssue,
    /// An authority was not valid at that time.
    #[error("its chain is not valid: an authority in it was not valid at that time")]
    Validity,
    /// More authorities in the chain than one of them allows.
    #[error("its chain is not valid: it is longer than an authority in it allows")]
    PathLength,
    /// An extension that must not be overlooked, and is not understood.
    #[error("its chain is not valid: a critical extension in it is not understood")]
    CriticalExtension,
    /// A name that an authority above must not certify.
    #[error("its chain is not valid: an authority in it may not certify such names")]
    NameConstraint,
    /// Rules about policies, which are not supported.
    #[error("its chain is not valid: it has rules about policies, which are not supported")]
    Policy,
    /// Too many ways to an anchor.
    #[error("its chain is not valid: too many signatures would have to be checked")]
    TooManyChecks,
}

impl ChainError {
    /// How much it says about what is wrong. Of several, the most telling one counts.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::UnknownIssuer => 0,
            Self::Signature => 1,
            Self::TooManyChecks => 3,
            _ => 2,
        }
    }
}
