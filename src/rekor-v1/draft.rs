//! An entry on its way from a kind's file to the log: verified, and not yet written out.

use fasti_entry::{Attestation, KeyMaterial};

/// What a kind makes of a proposal whose signatures it verified.
#[derive(Debug)]
pub(crate) struct Draft {
    /// `spec` of the canonical body.
    pub spec: serde_json::Value,
    /// Who signed.
    pub signers: Vec<Signer>,
    /// What Rekor writes to its search index for the entry, in any order, perhaps in upper case.
    pub index_keys: Vec<String>,
    /// What was signed, if the entry has only its hash and it is not too long to be kept.
    pub attestation: Option<Attestation>,
}

/// Who signed an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A public key or a certificate of X.509.
    X509(KeyMaterial),
    /// A key of another family, in its canonical form.
    Other(Vec<u8>),
}
