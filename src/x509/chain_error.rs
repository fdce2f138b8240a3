//! Why a certificate does not count as issued by a trusted authority.

use const_oid::db::rfc5280::ID_KP_CODE_SIGNING;
use rustls_pki_types::UnixTime;
use webpki::{Error, KeyUsage, RequiredEkuNotFoundContext};

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
    /// A certificate is for other purposes.
    #[error("it is not for signing code")]
    Purpose,
    /// It is an authority's own certificate.
    #[error("it is an authority's own")]
    Authority,
    /// An authority was not valid at that time.
    #[error("its chain is not valid: an authority in it was not valid at that time")]
    Validity,
    /// More authorities in the chain than one of them allows.
    #[error("its chain is not valid: it is longer than an authority in it allows")]
    PathLength,
    /// The time is before 1970, where no chain can be checked.
    #[error("its validity began before 1970")]
    Before1970,
    /// Another fault.
    #[error("its chain is not valid ({0})")]
    Chain(Error),
}

impl ChainError {
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::UnknownIssuer => Self::UnknownIssuer,
            Error::InvalidSignatureForPublicKey => Self::Signature,
            Error::RequiredEkuNotFoundContext(_) => Self::Purpose,
            Error::CaUsedAsEndEntity => Self::Authority,
            Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Self::Validity,
            Error::PathLenConstraintViolated => Self::PathLength,
            other => Self::Chain(other.clone()),
        }
    }

    /// The closest error of `webpki`, which decides between the errors of several chains.
    pub(super) fn in_webpki(&self, time: UnixTime) -> Error {
        match self {
            Self::PathLength => Error::PathLenConstraintViolated,
            Self::Purpose => Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext {
                required: KeyUsage::required_if_present(ID_KP_CODE_SIGNING.as_bytes()),
                present: Vec::new(),
            }),
            _ => Error::CertExpired { time, not_after: time },
        }
    }
}
