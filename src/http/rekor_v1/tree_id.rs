//! Names of logs and entries in Rekor v1: a tree ID, and an entry ID, which is a tree ID followed
//! by a leaf hash.
//!
//! A v2 log has no tree ID. Here it is the first eight bytes of the log ID as a number, without the
//! highest bit, because tree IDs are positive. Anyone who knows the log's key can derive it.

use std::fmt;

use tiles_spec::Hash;

use super::error::V1Error;

/// A tree ID: positive, below 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeId(u64);

const TREE_DIGITS: usize = 16;
const UUID_DIGITS: usize = 64;

/// The pattern that v1 names in its refusals.
const PATTERN: &str = "should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";

impl TreeId {
    /// The tree ID of the log with this ID.
    pub fn of(log_id: &[u8; 32]) -> Self {
        let [head @ .., _, _, _, _, _, _, _, _] = log_id;
        let first = u64::from_be_bytes(*head.first_chunk().expect("there are 24"));
        Self((first & (u64::MAX >> 1)).max(1))
    }

    /// The entry ID: 80 hexadecimal digits.
    pub fn entry_id(self, leaf: &Hash) -> String {
        format!("{:016x}{leaf}", self.0)
    }

    /// Returns the leaf hash of an entry ID or a UUID; `Ok(None)` for an entry of another tree.
    pub fn leaf(
        self,
        id: &str,
        name: &'static str,
        place: &'static str,
    ) -> Result<Option<Hash>, V1Error> {
        let bad = || V1Error::Form { name, place, reason: PATTERN.to_owned() };
        let digits = id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits || ![UUID_DIGITS, TREE_DIGITS + UUID_DIGITS].contains(&id.len()) {
            return Err(bad());
        }
        let (tree, uuid) = id.split_at(id.len() - UUID_DIGITS);
        if !tree.is_empty() && u64::from_str_radix(tree, 16) != Ok(self.0) {
            return Ok(None);
        }
        uuid.to_ascii_lowercase().parse().map(Some).map_err(|_| bad())
    }

    /// Refuses a request for another tree.
    pub fn expect(self, asked: Option<&str>) -> Result<(), V1Error> {
        match asked {
            Some(asked) if !asked.is_empty() && asked != self.to_string() => {
                Err(V1Error::TreeId(asked.chars().take(40).collect(), self.to_string()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(tree: TreeId, id: &str) -> Result<Option<Hash>, String> {
        tree.leaf(id, "entryUUID", "path").map_err(|error| error.to_string())
    }

    #[test]
    fn a_tree_id_is_positive_and_comes_from_the_log_id() {
        assert_eq!(TreeId::of(&[0; 32]), TreeId(1));
        assert_eq!(TreeId::of(&[0xff; 32]), TreeId(i64::MAX as u64));
        let mut id = [0; 32];
        id[..8].copy_from_slice(&[0x81, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(TreeId::of(&id), TreeId(0x0102_0304_0506_0708));
        assert_eq!(TreeId::of(&id).to_string(), "72623859790382856");
    }

    #[test]
    fn entry_ids_are_read_back() {
        let (tree, hash) = (TreeId(7), Hash::from([0xab; 32]));
        let id = tree.entry_id(&hash);
        assert_eq!(id, format!("0000000000000007{}", "ab".repeat(32)));
        for id in [&id, &id.to_uppercase(), &id[16..]] {
            assert_eq!(leaf(tree, id), Ok(Some(hash)));
        }
        assert_eq!(leaf(TreeId(8), &id), Ok(None));
        for bad in
            ["", "ab", &id[1..], &format!("{id}0"), &id.replace('7', "x"), &"\u{e4}".repeat(32)]
        {
            assert!(leaf(tree, bad).unwrap_err().starts_with("entryUUID in path should match"));
        }
    }

    #[test]
    fn no_tree_id_is_this_tree() {
        let tree = TreeId(7);
        assert!([None, Some(""), Some("7")].into_iter().all(|id| tree.expect(id).is_ok()));
        let error = tree.expect(Some("8")).unwrap_err().to_string();
        assert_eq!(error, "invalid tree ID specified: 8; this log's is 7");
    }
}
