//! What is wrong with a key or a signature, in the words of the library that Rekor uses.

use std::borrow::Cow;

use thiserror::Error;

use crate::error::{KindError, invalid};

/// Text of a fault.
pub(super) type Text = Cow<'static, str>;

/// Why something is refused, or, for some of these, why a packet is skipped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Fault {
    /// There is no packet, or no more.
    #[error("EOF")]
    End,
    /// A packet is cut off.
    #[error("unexpected EOF")]
    Cut,
    /// Armor with something else in it than base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// Packets that cannot be told apart.
    #[error("openpgp: invalid data: {0}")]
    Framing(&'static str),
    /// A packet, or an order of packets, that makes no sense.
    #[error("openpgp: invalid data: {0}")]
    Structure(Text),
    /// A packet that is skipped.
    #[error("openpgp: unsupported feature: {0}")]
    Unsupported(Text),
    /// A packet of a type that must not be skipped.
    #[error("openpgp: unknown critical packet type: {0}")]
    CriticalPacket(u8),
    /// A signature that does not fit its key.
    #[error("openpgp: invalid argument: {0}")]
    Argument(&'static str),
    /// A signature that the key did not make, or that demands what nobody knows.
    #[error("openpgp: invalid signature: {0}")]
    Signature(Text),
    /// No key can have made any of the signatures.
    #[error("openpgp: signature made by unknown entity")]
    UnknownIssuer,
    /// The key was revoked when it signed.
    #[error("openpgp: signature made by revoked key")]
    KeyRevoked,
    /// The key had expired when it signed.
    #[error("openpgp: key expired")]
    KeyExpired,
    /// What makes the key a signer's key had expired when it signed.
    #[error("openpgp: signature expired")]
    SignatureExpired,
    /// Private keys.
    #[error("no PGP public keys could be read")]
    Private,
    /// Signatures of a kind that Rekor verifies and this log cannot.
    #[error("this log cannot verify signatures {0}")]
    Unverifiable(Text),
    /// More than this log takes.
    #[error("{what} exceeds the maximum of {limit}")]
    Limit { what: &'static str, limit: u64 },
}

impl Fault {
    pub fn structure(text: impl Into<Text>) -> Self {
        Self::Structure(text.into())
    }

    pub fn unsupported(text: impl Into<Text>) -> Self {
        Self::Unsupported(text.into())
    }

    pub fn signature(text: impl Into<Text>) -> Self {
        Self::Signature(text.into())
    }

    /// Whether the fault is the log's own: then it is said alone, and nothing is done without the
    /// packet that has it.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Private | Self::Unverifiable(_) | Self::Limit { .. })
    }

    /// The fault in a packet that makes the whole key senseless.
    pub fn in_key(self, what: &str) -> Self {
        if self.is_own() { self } else { Self::structure(format!("{what}: {self}")) }
    }

    /// The refusal, after saying what was being done.
    pub fn during(self, what: &str) -> KindError {
        if self.is_own() { self.into() } else { invalid(format!("{what}: {self}")) }
    }
}

impl From<Fault> for KindError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Limit { what, limit } => Self::Limit { what, limit },
            other => invalid(other.to_string()),
        }
    }
}
