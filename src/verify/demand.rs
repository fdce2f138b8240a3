//! What the caller brings besides the bundle or proof: demands on the signer, a detached signature.

use fasti_entry::{KeyMaterial, PublicKey};
use fasti_x509::{NamePattern, Pattern};

/// What the caller requires of the signer. If empty, any signer is accepted.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// This key and no other. Needed for bundles without a certificate.
    pub public_key: Option<PublicKey>,
    /// A certificate with such a name, from a trusted authority. It says little without the OIDC
    /// issuer that vouched for the name, so that must be demanded too.
    pub identity: Option<NamePattern>,
    /// A certificate in which a trusted authority recorded such an OIDC issuer; one without an
    /// issuer has the empty one.
    pub oidc_issuer: Option<Pattern>,
    /// An in-toto statement with a predicate of exactly this type.
    pub predicate_type: Option<String>,
    /// That trusted witnesses saw the entry in the log at this time or before, in POSIX seconds.
    pub logged_by: Option<u64>,
    /// Whether a certificate counts although no trusted party says that the signature was made
    /// while it was valid.
    pub allow_untimed_certificate: bool,
    /// Whether a certificate counts although no trusted certificate log promised to include it.
    pub allow_unlogged_certificate: bool,
}

/// A detached signature, for proofs that do not contain the entry.
#[derive(Clone, Debug)]
pub struct Detached {
    /// The raw signature.
    pub signature: Vec<u8>,
    /// The key or certificate that was logged with it.
    pub material: KeyMaterial,
}

impl Demand {
    pub(super) fn names_a_signer(&self) -> bool {
        self.public_key.is_some() || self.identity.is_some() || self.oidc_issuer.is_some()
    }
}
