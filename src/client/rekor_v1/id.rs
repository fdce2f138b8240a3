//! Names of entries: an entry ID is a tree ID followed by a leaf hash, and the leaf hash alone, the
//! UUID, is a name too.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use tiles_spec::Hash;

const TREE_DIGITS: usize = 16;
const UUID_DIGITS: usize = 64;

/// The name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId {
    /// The tree ID, if the name has it.
    pub tree: Option<NonZeroU64>,
    /// The leaf hash.
    pub leaf: Hash,
}

/// Not the name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry has a UUID of 64 hexadecimal digits, or an ID of 80 that begins with its tree")]
pub struct InvalidEntryId;

impl EntryId {
    /// The name without a tree.
    pub const fn of_leaf(leaf: Hash) -> Self {
        Self { tree: None, leaf }
    }

    /// Whether this name can be for the entry with that full one.
    pub fn is_for(&self, full: &Self) -> bool {
        let is_tree = self.tree.is_none() || full.tree.is_none() || self.tree == full.tree;
        is_tree && self.leaf == full.leaf
    }
}

impl FromStr for EntryId {
    type Err = InvalidEntryId;

    fn from_str(text: &str) -> Result<Self, InvalidEntryId> {
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidEntryId);
        }
        let tree = match text.len() {
            UUID_DIGITS => None,
            length if length == TREE_DIGITS + UUID_DIGITS => {
                let number = u64::from_str_radix(&text[..TREE_DIGITS], 16).ok();
                let number = number.filter(|number| i64::try_from(*number).is_ok());
                Some(number.and_then(NonZeroU64::new).ok_or(InvalidEntryId)?)
            }
            _ => return Err(InvalidEntryId),
        };
        let leaf = text[text.len() - UUID_DIGITS..].to_ascii_lowercase();
        Ok(Self { tree, leaf: leaf.parse().map_err(|_| InvalidEntryId)? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tree) = self.tree {
            write!(f, "{tree:016x}")?;
        }
        self.leaf.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_a_tree() {
        let uuid = "ab".repeat(32);
        let full = format!("00000000000000ff{uuid}");
        let [short, long] = [&uuid, &full].map(|text| text.parse::<EntryId>().unwrap());
        assert_eq!((short.to_string(), long.to_string()), (uuid.clone(), full.clone()));
        assert_eq!(full.to_uppercase().parse(), Ok(long));
        assert!(short.is_for(&long) && long.is_for(&long) && long.is_for(&short));
        let other: EntryId = format!("00000000000000fe{uuid}").parse().unwrap();
        assert!(!other.is_for(&long));
        for bad in [
            String::new(),
            uuid[1..].to_owned(),
            format!("0000000000000000{uuid}"),
            format!("8000000000000000{uuid}"),
            full.replace('f', "g"),
            "\u{e4}".repeat(32),
        ] {
            assert_eq!(bad.parse::<EntryId>(), Err(InvalidEntryId), "{bad}");
        }
    }
}
