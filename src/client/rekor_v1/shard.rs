//! The trees of a log of Rekor v1 (`LogInfo` of its API): inactive shards, oldest first, and the
//! active one, which grows.
//!
//! Indices are counted over all of them, in this order. Invariants: a [`Shard`] states one size and
//! one root, in its checkpoint and beside it; the head of an [`OpenedShard`] was signed with a
//! trusted key. Where a shard begins is only what the log says: its entries prove it.

use std::num::NonZeroU64;

use fasti_read::{CheckpointRefusal, TrustedLog};
use fasti_verify::{Refusal, TrustedRoot, V1Log, numbered_tree};
use serde::Deserialize;
use tiles_spec::{
    CheckpointError, Hash, NoteError, PublicKey, SignedCheckpoint, TreeHead, TreeSize, VerifierKey,
};

use super::entry::V1Fault;

/// The most shards.
const SHARDS_MAX: usize = 256;

/// A tree of a log.
#[derive(Clone, Debug)]
pub struct Shard {
    /// The number of the tree.
    pub tree: NonZeroU64,
    /// The index of its first entry, over all shards.
    pub first: u64,
    /// Whether it is the one that grows.
    pub is_active: bool,
    /// Its head, as it is signed; nothing is verified yet.
    pub signed: SignedCheckpoint,
}

/// A tree whose head was signed with a trusted key.
///
/// It is known by host, number and key. A log that publishes tiles, and for which nobody signs any
/// more in v1's form, has its own form of checkpoints; they are of the same tree.
#[derive(Clone, Debug)]
pub struct OpenedShard {
    /// The tree.
    pub shard: Shard,
    /// The log that signed.
    pub log: V1Log,
    host: String,
}

/// Why the head of a tree is not trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardRefusal {
    /// None of the trusted keys signed it.
    #[error("none of the trusted keys signed the head of the tree {tree} ({origin:?})")]
    UnknownKey {
        /// The number of the tree.
        tree: NonZeroU64,
        /// The first line of its checkpoint.
        origin: String,
    },
    /// It is not what a trusted key signed.
    #[error("the head of the tree {tree} is refused")]
    Bad {
        /// The number of the tree.
        tree: NonZeroU64,
        /// Why.
        #[source]
        source: Box<Refusal>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    root_hash: String,
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    tree_size: u64,
    inactive_shards: Option<Vec<Wire>>,
}

impl Shard {
    /// Reads all shards, of which the active one is the last.
    pub fn read_all(json: &[u8]) -> Result<Vec<Self>, V1Fault> {
        let mut active: Wire = serde_json::from_slice(json).map_err(V1Fault::Form)?;
        let mut trees = active.inactive_shards.take().unwrap_or_default();
        if trees.len() >= SHARDS_MAX {
            return Err(V1Fault::Member("list of shards"));
        }
        let count = trees.len();
        trees.push(active);
        let mut shards: Vec<Self> = Vec::with_capacity(trees.len());
        let mut first = TreeSize::ZERO;
        for (number, tree) in trees.into_iter().enumerate() {
            let shard = Self::of(&tree, first.get(), number == count)?;
            if shards.iter().any(|other| other.tree == shard.tree) {
                return Err(V1Fault::Member("list of shards"));
            }
            first = first.checked_add(tree.tree_size).ok_or(V1Fault::Member("tree size"))?;
            shards.push(shard);
        }
        Ok(shards)
    }

    fn of(wire: &Wire, first: u64, is_active: bool) -> Result<Self, V1Fault> {
        let tree = wire.tree_id.parse().map_err(|_| V1Fault::Member("tree ID"))?;
        let signed = SignedCheckpoint::parse(wire.signed_tree_head.as_bytes())?;
        let size = TreeSize::new(wire.tree_size).ok_or(V1Fault::Member("tree size"))?;
        let root: Hash = wire.root_hash.parse().map_err(|_| V1Fault::Member("root hash"))?;
        let stated = signed.checkpoint();
        let is_numbered = numbered_tree(&stated.origin).is_none_or(|(_, number)| number == tree);
        if stated.head != (TreeHead { size, root }) || !is_numbered {
            return Err(V1Fault::OtherHead);
        }
        Ok(Self { tree, first, is_active, signed })
    }

    /// The size and root hash that the log states.
    pub fn head(&self) -> TreeHead {
        self.signed.checkpoint().head
    }

    /// The first line of its checkpoint.
    pub fn origin(&self) -> &str {
        &self.signed.checkpoint().origin
    }

    /// Verifies who signed the head.
    pub fn open(self, trusted: &TrustedRoot) -> Result<OpenedShard, ShardRefusal> {
        match self.signer(trusted) {
            Ok(Some((log, host))) => Ok(OpenedShard { shard: self, log, host }),
            Ok(None) => Err(ShardRefusal::UnknownKey {
                tree: self.tree,
                origin: self.origin().chars().take(200).collect(),
            }),
            Err(refusal) => Err(ShardRefusal::Bad { tree: self.tree, source: Box::new(refusal) }),
        }
    }

    fn signer(&self, trusted: &TrustedRoot) -> Result<Option<(V1Log, String)>, Refusal> {
        let note = self.signed.to_bytes();
        if let Some((host, _)) = numbered_tree(self.origin()) {
            for log in &trusted.rekor_v1 {
                match log.open(&note) {
                    Ok(_) => return Ok(Some((log.clone(), host.to_owned()))),
                    Err(Refusal::Checkpoint(CheckpointRefusal::Checkpoint(
                        CheckpointError::Note(NoteError::NoKnownSignature),
                    ))) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
            return Ok(None);
        }
        match trusted.trust.open(&note) {
            Ok(opened) => Ok(v1_log(opened.log()).map(|log| (log, self.origin().to_owned()))),
            Err(CheckpointRefusal::UnknownLog { .. } | CheckpointRefusal::OtherKey { .. }) => {
                Ok(None)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// A log as clients of Rekor v1 know it, if they can.
fn v1_log(log: &TrustedLog) -> Option<V1Log> {
    let spki = log.key.public_key().to_spki_der()?;
    V1Log::new(log.origin().to_owned(), &spki, log.in_use).ok()
}

impl OpenedShard {
    /// The size and root hash that were signed.
    pub fn head(&self) -> TreeHead {
        self.shard.head()
    }

    /// The first line of its checkpoints in v1's form.
    pub fn name(&self) -> String {
        format!("{} - {}", self.host, self.shard.tree)
    }

    /// Opens another checkpoint of this tree by the same key, in either form.
    pub fn reopen(&self, note: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        let signed = SignedCheckpoint::parse(note)?;
        let found = signed.checkpoint().origin.clone();
        let expected = if numbered_tree(&found).is_some() {
            self.log.open_checkpoint(note)?;
            self.name()
        } else {
            signed.verify(&self.verifier_key().into_iter().collect::<Vec<_>>())?;
            self.host.clone()
        };
        if found == expected {
            Ok(signed)
        } else {
            Err(CheckpointError::Origin { expected, found })
        }
    }

    /// The key with which the log would sign checkpoints in its own form.
    fn verifier_key(&self) -> Option<VerifierKey> {
        let key = PublicKey::from_spki_der(self.log.key().spki_der()).ok()?;
        VerifierKey::new(self.host.parse().ok()?, key).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tiles_spec::Checkpoint;

    use super::*;
    use crate::testing::signing_key;

    fn tree(number: u64, origin: &str, size: u64) -> Value {
        let root = tiles_spec::leaf_hash(&size.to_be_bytes());
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root };
        let text = Checkpoint { origin: origin.to_owned(), head, extensions: Vec::new() }.to_text();
        json!({
            "rootHash": root.to_string(),
            "signedTreeHead": format!("{text}\n{}", signing_key().sign(&text)),
            "treeID": number.to_string(),
            "treeSize": size,
            "inactiveShards": null,
        })
    }

    fn shards(info: &Value) -> Result<Vec<Shard>, String> {
        Shard::read_all(info.to_string().as_bytes()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn shards_come_one_after_another() {
        let mut info = tree(3, "log.test - 3", 7);
        info["inactiveShards"] = json!([tree(9, "old.test", 5), tree(2, "log.test - 2", 0)]);
        let found = shards(&info).unwrap();
        let found = found.iter().map(|it| (it.tree.get(), it.first, it.is_active));
        assert_eq!(found.collect::<Vec<_>>(), [(9, 0, false), (2, 5, false), (3, 5, true)]);
        assert_eq!(shards(&tree(1, "a", 4)).unwrap().len(), 1);
    }

    #[test]
    fn a_list_that_contradicts_itself_is_refused() {
        for (pointer, value, words) in [
            ("/treeSize", json!(8), "of another tree head"),
            ("/rootHash", json!("ab".repeat(32)), "of another tree head"),
            ("/treeID", json!("4"), "of another tree head"),
            ("/treeID", json!("0"), "tree ID is malformed"),
            ("/treeSize", json!(u64::MAX), "tree size is malformed"),
            ("/signedTreeHead", json!("x"), "checkpoint is malformed"),
            ("/rootHash", json!("x"), "root hash is malformed"),
            ("/inactiveShards", json!([tree(3, "log.test - 3", 1)]), "list of shards"),
            ("/inactiveShards", json!(vec![tree(1, "a", 1); SHARDS_MAX]), "list of shards"),
            ("/inactiveShards", json!([tree(1, "a", i64::MAX as u64)]), "tree size"),
            ("/treeID", json!(3), "not in the form of Rekor v1"),
        ] {
            let mut info = tree(3, "log.test - 3", 7);
            *info.pointer_mut(pointer).unwrap() = value;
            let refused = shards(&info).unwrap_err();
            assert!(refused.contains(words), "{pointer}: {refused}");
        }
    }
}
