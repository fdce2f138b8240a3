//! Search terms of Rekor entries, as a search of an index sees them.

use fasti_lookup_spec::{LookupKey, Sought};
use tiles_spec::Hash;

use super::attestation::{attestation_hash, is_attestation_of};
use super::attested::attested_keys;
use super::lookup::{LookupTerm, lookup_keys};

impl Sought for LookupTerm {
    fn key(&self) -> LookupKey {
        self.key()
    }

    fn matches(&self, leaf: &Hash, entry: &[u8]) -> bool {
        self.matches(leaf, entry)
    }

    fn has_its_key_alone(&self) -> bool {
        !matches!(self, Self::IdentityOfKind { .. })
    }

    fn can_be_attested(&self) -> bool {
        matches!(self, Self::Digest(_))
    }

    fn is_attested(&self, entry: &[u8], attestation: &[u8]) -> bool {
        self.is_attested(entry, attestation)
    }

    fn attestation_of(entry: &[u8]) -> Option<Hash> {
        attestation_hash(entry)
    }

    fn attested_keys(entry: &[u8], attestation: &[u8]) -> Option<Vec<LookupKey>> {
        is_attestation_of(entry, attestation).then(|| attested_keys(entry, attestation))
    }

    fn keys_of(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey> {
        lookup_keys(leaf, entry)
    }
}
