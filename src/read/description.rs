//! What a log says about itself in `log.json`. This is not a source of trust: it is where the log's
//! operator says whether the log was frozen, with which tree, and whether it keeps attestations.

use serde::Deserialize;
use tiles_spec::{Hash, TreeHead, TreeSize};

/// The members of `log.json` that readers use. Anything unreadable is ignored.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Description {
    frozen: Option<LastTree>,
    #[serde(default)]
    attestations: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LastTree {
    tree_size: u64,
    root_hash: String,
}

impl Description {
    /// Reads `log.json`.
    pub fn parse(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// Whether the log keeps attestations beside its entries, or kept some once.
    pub fn keeps_attestations(&self) -> bool {
        self.attestations
    }

    /// The tree that the log ended with, if it was frozen.
    pub fn last_tree(&self) -> Option<TreeHead> {
        let LastTree { tree_size, root_hash } = self.frozen.as_ref()?;
        let size = TreeSize::new(*tree_size)?;
        Some(TreeHead { size, root: Hash::from_base64(root_hash).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_frozen_and_keeps_attestations_only_where_it_says_so_properly() {
        let root = TreeHead::EMPTY.root.to_base64();
        let frozen = format!(r#"{{"origin":"x","frozen":{{"treeSize":0,"rootHash":"{root}"}}}}"#);
        assert_eq!(Description::parse(frozen.as_bytes()).last_tree(), Some(TreeHead::EMPTY));
        assert!(!Description::parse(frozen.as_bytes()).keeps_attestations());
        let keeps = br#"{"origin":"x","attestations":true}"#;
        assert!(Description::parse(keeps).keeps_attestations());
        let odd = frozen.replace(&root, "AAAA");
        for json in ["", "{}", r#"{"frozen":null}"#, r#"{"frozen":true}"#, &odd] {
            assert_eq!(Description::parse(json.as_bytes()).last_tree(), None, "{json}");
        }
    }
}
