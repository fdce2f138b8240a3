//! Why a key service cannot be used.

use tiles_spec::KeyError;

/// Why a key service cannot be used at the moment, or with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// The program was built without this service.
    #[error("this program was built without {scheme}://; the cargo feature {feature} adds it")]
    LeftOut {
        /// The service's scheme.
        scheme: &'static str,
        /// The feature that is missing.
        feature: &'static str,
    },
    /// An address that would expose what is sent.
    #[error(
        "the key service's address {0:?} is not https://; http:// is only for this machine (tests)"
    )]
    Endpoint(String),
    /// The region is not known.
    #[error("no AWS region: name the key by its ARN, or set AWS_REGION or a profile")]
    NoRegion,
    /// There are no credentials.
    #[error("{service}: no credentials ({reason})")]
    Credentials {
        /// The service.
        service: &'static str,
        /// What was tried.
        reason: String,
    },
    /// The service refused.
    #[error("{service} refuses to {task}: {status}: {message}")]
    Refused {
        /// The service.
        service: &'static str,
        /// The operation.
        task: &'static str,
        /// The service's status or error code.
        status: String,
        /// The service's message.
        message: String,
        /// Whether another attempt may succeed.
        may_pass: bool,
    },
    /// It did not answer properly.
    #[error("{service} does not {task}: {reason}")]
    NoAnswer {
        /// The service.
        service: &'static str,
        /// The operation.
        task: &'static str,
        /// What went wrong, with its causes.
        reason: String,
    },
    /// The request or the answer was damaged in transit.
    #[error("{service}: {what} does not match its checksum")]
    Damaged {
        /// The service.
        service: &'static str,
        /// What was damaged.
        what: &'static str,
    },
    /// A key that a log cannot use.
    #[error(
        "{service}: the key is of kind {kind}; a log needs an asymmetric signing key, {wanted}"
    )]
    Kind {
        /// The service.
        service: &'static str,
        /// Its kind.
        kind: String,
        /// The kinds that can be used.
        wanted: &'static str,
    },
    /// The service's answer is not a public key.
    #[error("{service}: the public key cannot be used")]
    PublicKey {
        /// The service.
        service: &'static str,
        /// The reason.
        #[source]
        source: KeyError,
    },
}

impl KmsError {
    /// Whether the same request may succeed in a moment.
    #[cfg(feature = "gcp-kms")]
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { may_pass, .. } => *may_pass,
            Self::NoAnswer { .. } | Self::Damaged { .. } | Self::Credentials { .. } => true,
            _ => false,
        }
    }
}
