//! Search terms of Rekor entries, as a search of an index sees them.

use fasti_lookup_spec::{LookupKey, Sought};
use tiles_spec::Hash;

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

    fn keys_of(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey> {
        lookup_keys(leaf, entry)
    }
}
