//! Names of entries in Rekor v1: an entry ID is a tree ID followed by a leaf hash, and the leaf
//! hash alone, the UUID, is a name too.

use std::borrow::Cow;

use fasti_grow::TreeId;
use tiles_spec::Hash;

use super::error::{FormFault, V1Error};

const TREE_DIGITS: usize = 16;
const UUID_DIGITS: usize = 64;

/// The pattern that v1 names in its refusals.
const PATTERN: &str = "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$";

/// The entry ID of the entry with this leaf hash: 80 hexadecimal digits.
pub(super) fn entry_id(tree: TreeId, leaf: &Hash) -> String {
    format!("{:016x}{leaf}", tree.get())
}

/// Where an entry can be read. Like v1, keeps the query of the request, except for `apiKey`.
pub fn location(id: &str, query: Option<&str>) -> String {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let kept = pairs.filter(|pair| pair.split('=').next() != Some("apiKey"));
    let kept = kept.collect::<Vec<_>>().join("&");
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("/api/v1/log/entries/{id}{mark}{kept}")
}

/// Whether this is the entry ID of an entry, with its tree, and not just a UUID.
pub(super) fn names_a_tree(id: &str) -> bool {
    id.len() == TREE_DIGITS + UUID_DIGITS
}

/// Returns the leaf hash in an entry ID or a UUID; `Ok(None)` for an entry of another tree.
pub(super) fn leaf_of(
    tree: TreeId,
    id: &str,
    name: impl Into<Cow<'static, str>>,
    place: &'static str,
) -> Result<Option<Hash>, V1Error> {
    let fault = FormFault::Pattern(PATTERN);
    let malformed = V1Error::Form { name: name.into(), place, fault };
    let digits = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits || ![UUID_DIGITS, TREE_DIGITS + UUID_DIGITS].contains(&id.len()) {
        return Err(malformed);
    }
    let (asked, uuid) = id.split_at(id.len() - UUID_DIGITS);
    if !asked.is_empty() {
        let number = u64::from_str_radix(asked, 16).ok();
        let asked = number.and_then(TreeId::new);
        match asked.ok_or_else(|| V1Error::TreeIdRange(id[..TREE_DIGITS].to_owned()))? {
            asked if asked == tree => {}
            _ => return Ok(None),
        }
    }
    uuid.to_ascii_lowercase().parse().map(Some).map_err(|_| malformed)
}

/// Whether a request that may name a tree by its decimal ID is for this tree.
pub(super) fn is_for(tree: TreeId, asked: Option<&str>) -> Result<bool, V1Error> {
    match asked {
        None | Some("") => Ok(true),
        Some(asked) if asked.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(asked.parse() == Ok(tree.get()))
        }
        Some(_) => {
            let fault = FormFault::Pattern("^[0-9]+$");
            Err(V1Error::Form { name: "treeID".into(), place: "query", fault })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(id: u64) -> TreeId {
        TreeId::new(id).expect("in range")
    }

    fn leaf(id: &str) -> Result<Option<Hash>, String> {
        leaf_of(tree(7), id, "entryUUID", "path").map_err(|error| error.to_string())
    }

    #[test]
    fn entry_ids_are_read_back() {
        let hash = Hash::from([0xab; 32]);
        let id = entry_id(tree(7), &hash);
        assert_eq!(id, format!("0000000000000007{}", "ab".repeat(32)));
        for id in [&id, &id.to_uppercase(), &id[16..]] {
            assert_eq!(leaf(id), Ok(Some(hash)));
        }
        assert_eq!(leaf(&entry_id(tree(8), &hash)), Ok(None));
        for bad in
            ["", "ab", &id[1..], &format!("{id}0"), &id.replace('7', "x"), &"\u{e4}".repeat(32)]
        {
            assert!(leaf(bad).unwrap_err().starts_with("entryUUID in path should match"));
        }
        for out_of_range in ["0000000000000000", "8000000000000000"] {
            let refused = leaf(&format!("{out_of_range}{hash}")).unwrap_err();
            assert!(refused.contains(out_of_range), "{refused}");
        }
    }

    #[test]
    fn locations_keep_the_query_but_no_api_key() {
        for (query, kept) in [
            (None, ""),
            (Some(""), ""),
            (Some("apiKey=secret"), ""),
            (Some("apiKey=secret&x=1&apiKey"), "?x=1"),
            (Some("x=1&y=a%20b&apiKeys=2"), "?x=1&y=a%20b&apiKeys=2"),
        ] {
            assert_eq!(location("ab", query), format!("/api/v1/log/entries/ab{kept}"));
        }
    }

    #[test]
    fn no_tree_id_is_this_tree() {
        let is_for = |asked| is_for(tree(7), asked).map_err(|error| error.to_string());
        assert!([None, Some(""), Some("7")].into_iter().all(|id| is_for(id) == Ok(true)));
        assert_eq!(is_for(Some("8")), Ok(false));
        assert_eq!(is_for(Some("99999999999999999999")), Ok(false));
        assert_eq!(is_for(Some("x")), Err("treeID in query should match '^[0-9]+$'".to_owned()));
    }
}
