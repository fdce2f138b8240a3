//! The files of a log that change, as they were read at one time.
//!
//! The checkpoint is read last, so it is no older than the index and whatever else is here.

use std::collections::BTreeMap;

use bytes::Bytes;
use fasti_lookup_spec::LookupPath;
use fasti_objects::{HeadsPath, Published};
use tiles_spec::{ResourcePath, TreeHead};

/// The files that change, except for the checkpoint. A log can lack each of them.
pub(super) const CHANGING: [Published; 4] = [
    Published::Lookup(LookupPath::Latest),
    Published::Lookup(LookupPath::Log(ResourcePath::Checkpoint)),
    Published::Heads(HeadsPath::Latest),
    Published::Description,
];

/// The files that change, with the tree of their checkpoint.
#[derive(Debug)]
pub(super) struct Snapshot {
    head: TreeHead,
    newest: Newest,
}

/// The files that change, before the checkpoint was verified.
#[derive(Clone, Debug, Default)]
pub(super) struct Newest {
    checkpoint: Bytes,
    others: BTreeMap<Published, Bytes>,
}

impl Newest {
    pub fn new(checkpoint: Bytes, others: BTreeMap<Published, Bytes>) -> Self {
        Self { checkpoint, others }
    }

    pub fn checkpoint(&self) -> &Bytes {
        &self.checkpoint
    }

    /// With the tree that the verified checkpoint is of.
    pub fn of(self, head: TreeHead) -> Snapshot {
        Snapshot { head, newest: self }
    }
}

impl Snapshot {
    /// That of no log: nothing is there.
    pub fn empty() -> Self {
        Newest::default().of(TreeHead::EMPTY)
    }

    pub fn head(&self) -> TreeHead {
        self.head
    }

    pub fn checkpoint(&self) -> &Bytes {
        &self.newest.checkpoint
    }

    /// One of the files, if it was there.
    pub fn get(&self, object: &Published) -> Option<&Bytes> {
        if *object == Published::CHECKPOINT {
            return Some(&self.newest.checkpoint);
        }
        self.newest.others.get(object)
    }
}
