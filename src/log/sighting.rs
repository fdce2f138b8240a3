//! Sighting: a tree of the log that was verified, and who or what has seen it.

use std::path::Path;

use bytes::Bytes;
use tiles_spec::TreeHead;

/// Who or what has seen a tree of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeenBy {
    /// The store's published checkpoint.
    Checkpoint,
    /// A file outside the store that remembers what was signed and verified.
    Memory(String),
    /// The operator's statement.
    Operator,
    /// This process has read it in the store.
    Read,
    /// This process has signed it.
    Signed,
    /// The writer at this address sent it, and its signature was verified.
    Peer(String),
    /// The witness of this name has cosigned it.
    Witness(String),
}

impl SeenBy {
    pub(super) fn memory(path: &Path) -> Self {
        Self::Memory(path.display().to_string())
    }
}

impl std::fmt::Display for SeenBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("the published checkpoint"),
            Self::Memory(path) => write!(f, "{path}, the memory of what was signed,"),
            Self::Operator => f.write_str("--restored-at"),
            Self::Read => f.write_str("`checkpoint`, as this writer read it before,"),
            Self::Signed => f.write_str("a checkpoint that this writer has signed"),
            Self::Peer(address) => write!(f, "a checkpoint that the writer at {address} has sent"),
            Self::Witness(name) => write!(f, "the witness {name}"),
        }
    }
}

/// A tree that was verified, with its signed checkpoint and its source.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub head: TreeHead,
    pub checkpoint: Bytes,
    pub seen_by: SeenBy,
}
