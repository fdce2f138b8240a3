//! A verified entry, as the log stores it.

use fasti_entry::Attestation;

use super::draft::{Draft, Signer};
use super::kind::Kind;

/// A verified entry.
#[derive(Debug)]
pub struct Accepted {
    kind: Kind,
    version: &'static str,
    body: Vec<u8>,
    signers: Vec<Signer>,
    index_keys: Vec<String>,
    attestation: Option<Attestation>,
}

impl Accepted {
    /// An entry with this body, which was made of the draft.
    pub(crate) fn new(kind: Kind, version: &'static str, body: Vec<u8>, draft: Draft) -> Self {
        let Draft { spec: _, signers, index_keys, attestation } = draft;
        let mut index_keys: Vec<_> = index_keys.iter().map(|key| key.to_lowercase()).collect();
        index_keys.sort_unstable();
        index_keys.dedup();
        Self { kind, version, body, signers, index_keys, attestation }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its version.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The canonical body: the bytes of the leaf.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The bytes of the leaf.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The bytes of the leaf, and what may be kept beside it.
    pub fn into_parts(self) -> (Vec<u8>, Option<Attestation>) {
        (self.body, self.attestation)
    }

    /// Who signed it.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The keys under which Rekor's own search index lists the entry: lower case, sorted, distinct.
    pub fn index_keys(&self) -> &[String] {
        &self.index_keys
    }

    /// What was signed, if the entry has only its hash and it is not too long to be kept. Rekor
    /// keeps it beside `intoto` and `cose`; here `dsse` has it too.
    pub fn attestation(&self) -> Option<&Attestation> {
        self.attestation.as_ref()
    }
}
