//! What can be searched for in an index.

use std::fmt;

use tiles_spec::Hash;

use crate::key::LookupKey;

/// A search term: the key under which an index lists the entries that match, and whether an entry
/// does. Displayed in messages.
///
/// Invariant: an entry that matches has the term's key, by itself or by its attestation.
pub trait Sought: Clone + fmt::Display {
    /// The key. An index may list other entries under it too.
    fn key(&self) -> LookupKey;

    /// Whether an entry, with its leaf hash, matches.
    fn matches(&self, leaf: &Hash, entry: &[u8]) -> bool;

    /// Whether all entries under the key match, unless two values have it by chance.
    fn has_its_key_alone(&self) -> bool {
        true
    }

    /// Whether an entry can match by its attestation: what was signed, kept beside the entry.
    fn can_be_attested(&self) -> bool {
        false
    }

    /// Whether an entry matches by this attestation.
    fn is_attested(&self, _entry: &[u8], _attestation: &[u8]) -> bool {
        false
    }

    /// The SHA-256 of the attestation that may be kept beside an entry.
    fn attestation_of(_entry: &[u8]) -> Option<Hash> {
        None
    }

    /// The further keys of an entry that has this attestation: sorted and distinct. `None` if it is
    /// not the entry's.
    fn attested_keys(_entry: &[u8], _attestation: &[u8]) -> Option<Vec<LookupKey>> {
        None
    }

    /// All keys under which an index lists an entry by itself: sorted, distinct, and including the
    /// leaf's own key.
    fn keys_of(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey>;
}
