//! What can be searched for in an index.

use std::fmt;

use tiles_spec::Hash;

use crate::key::LookupKey;

/// A search term: the key under which an index lists the entries that match, and whether an entry
/// does. Displayed in messages.
///
/// Invariant: an entry that matches has the term's key.
pub trait Sought: Clone + fmt::Display {
    /// The key. An index may list other entries under it too.
    fn key(&self) -> LookupKey;

    /// Whether an entry, with its leaf hash, matches.
    fn matches(&self, leaf: &Hash, entry: &[u8]) -> bool;

    /// Whether all entries under the key match, unless two values have it by chance.
    fn has_its_key_alone(&self) -> bool {
        true
    }

    /// All keys under which an index lists an entry: sorted, distinct, and including the leaf's own
    /// key.
    fn keys_of(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey>;
}
