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

/// The name of an entry as a client gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryName {
    /// The tree, if it is an entry ID and not just a UUID.
    pub tree: Option<TreeId>,
    pub leaf: Hash,
}

impl EntryName {
    /// Reads an entry ID or a UUID, which the client gave as `name` in `place`.
    pub fn read(
        id: &str,
        name: impl Into<Cow<'static, str>>,
        place: &'static str,
    ) -> Result<Self, V1Error> {
        let fault = FormFault::Pattern(PATTERN);
        let malformed = V1Error::Form { name: name.into(), place, fault };
        let digits = id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits || ![UUID_DIGITS, TREE_DIGITS + UUID_DIGITS].contains(&id.len()) {
            return Err(malformed);
        }
        let (asked, uuid) = id.split_at(id.len() - UUID_DIGITS);
        let tree = if asked.is_empty() {
            None
        } else {
            let tree = u64::from_str_radix(asked, 16).ok().and_then(TreeId::new);
            Some(tree.ok_or_else(|| V1Error::TreeIdRange(asked.to_owned()))?)
        };
        let leaf = uuid.to_ascii_lowercase().parse().map_err(|_| malformed)?;
        Ok(Self { tree, leaf })
    }
}

/// The tree that a request asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It does not say.
    Any,
    /// This one.
    Tree(TreeId),
    /// None that there can be.
    Nowhere,
}

impl Asked {
    /// Reads a decimal tree ID, if there is one.
    pub fn read(tree: Option<&str>) -> Result<Self, V1Error> {
        match tree {
            None | Some("") => Ok(Self::Any),
            Some(tree) if tree.bytes().all(|byte| byte.is_ascii_digit()) => {
                let tree = tree.parse().ok().and_then(TreeId::new);
                Ok(tree.map_or(Self::Nowhere, Self::Tree))
            }
            Some(_) => {
                let fault = FormFault::Pattern("^[0-9]+$");
                Err(V1Error::Form { name: "treeID".into(), place: "query", fault })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(id: u64) -> TreeId {
        TreeId::new(id).expect("in range")
    }

    fn name(id: &str) -> Result<EntryName, String> {
        EntryName::read(id, "entryUUID", "path").map_err(|error| error.to_string())
    }

    #[test]
    fn entry_ids_are_read_back() {
        let leaf = Hash::from([0xab; 32]);
        let id = entry_id(tree(7), &leaf);
        assert_eq!(id, format!("0000000000000007{}", "ab".repeat(32)));
        for id in [&id, &id.to_uppercase()] {
            assert_eq!(name(id), Ok(EntryName { tree: Some(tree(7)), leaf }));
        }
        assert_eq!(name(&id[16..]), Ok(EntryName { tree: None, leaf }));
        for bad in
            ["", "ab", &id[1..], &format!("{id}0"), &id.replace('7', "x"), &"\u{e4}".repeat(32)]
        {
            assert!(name(bad).unwrap_err().starts_with("entryUUID in path should match"));
        }
        for out_of_range in ["0000000000000000", "8000000000000000"] {
            let refused = name(&format!("{out_of_range}{leaf}")).unwrap_err();
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
    fn a_request_may_ask_about_a_tree() {
        let asked = |tree| Asked::read(tree).map_err(|error| error.to_string());
        assert!([None, Some("")].into_iter().all(|tree| asked(tree) == Ok(Asked::Any)));
        assert!(["7", "07"].into_iter().all(|id| asked(Some(id)) == Ok(Asked::Tree(tree(7)))));
        for nowhere in ["0", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(asked(Some(nowhere)), Ok(Asked::Nowhere), "{nowhere}");
        }
        assert_eq!(asked(Some("x")), Err("treeID in query should match '^[0-9]+$'".to_owned()));
    }
}
