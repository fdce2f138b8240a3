//! What the log vouches for in an answer: an entry with its proof, a v1 checkpoint of the tree, and
//! the signed timestamp of an entry whose time is known.
//!
//! Everything is signed where the answer is made, as by v1 itself, and only by the guard. A server
//! without a key passes on the checkpoint that the log has published, and signs nothing.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::times::integrated_time;
use fasti_entry::Attestation;
use fasti_grow::{RekorV1Guard, TreeId, VirtualIndex};
use fasti_objects::IntegratedTime;
use sha2::{Digest as _, Sha256};
use tiles_spec::{Hash, LeafIndex, TreeHead, VerifierKey};

use crate::problem::Problem;

/// Who vouches for the log to v1's clients.
pub enum Voucher {
    /// The guard, which signs with the key that they know.
    Guard(Arc<RekorV1Guard>),
    /// Nobody here: they are told by which key the log signs its own checkpoints.
    Nobody {
        /// The log's tree ID.
        tree: TreeId,
        /// The DER `SubjectPublicKeyInfo` of its key.
        public_key: Vec<u8>,
        /// The SHA-256 of that.
        log_id: [u8; 32],
    },
}

impl Voucher {
    /// Nobody, for the log with this key.
    pub fn nobody(key: &VerifierKey, public_key: &[u8]) -> Self {
        Self::Nobody {
            tree: TreeId::of(&key.log_id()),
            public_key: public_key.to_vec(),
            log_id: Sha256::digest(public_key).into(),
        }
    }

    /// The log's tree ID.
    pub(super) fn tree(&self) -> TreeId {
        match self {
            Self::Guard(guard) => guard.tree(),
            Self::Nobody { tree, .. } => *tree,
        }
    }

    /// The DER `SubjectPublicKeyInfo` of the key that v1's clients know.
    pub(super) fn public_key(&self) -> &[u8] {
        match self {
            Self::Guard(guard) => guard.public_key(),
            Self::Nobody { public_key, .. } => public_key,
        }
    }

    /// The SHA-256 of that key.
    pub(super) fn log_id(&self) -> &[u8; 32] {
        match self {
            Self::Guard(guard) => guard.log_id(),
            Self::Nobody { log_id, .. } => log_id,
        }
    }

    /// The checkpoint for v1's clients of the tree of a published one.
    pub(super) async fn checkpoint(&self, published: &[u8]) -> Result<Arc<str>, Problem> {
        match self {
            Self::Guard(guard) => Ok(guard.checkpoint(published).await?),
            Self::Nobody { .. } => Ok(String::from_utf8_lossy(published).into()),
        }
    }
}

/// The newest tree of a shard.
pub(super) struct NewestTree {
    pub tree: TreeId,
    pub head: TreeHead,
    /// Its checkpoint for v1's clients.
    pub checkpoint: Arc<str>,
}

/// An entry of a published tree.
pub(super) struct Logged<'a> {
    /// Where its shard begins.
    pub first: VirtualIndex,
    pub index: LeafIndex,
    pub leaf: Hash,
    pub body: &'a [u8],
    pub proof: &'a [Hash],
    pub head: TreeHead,
    /// The log's own checkpoint of the tree.
    pub published: &'a [u8],
    /// When it entered the log, if that is known here.
    pub time: Option<IntegratedTime>,
    /// What was signed, if the log has kept it.
    pub attestation: Option<Attestation>,
}

/// What an answer says about an entry, beside the entry itself.
pub(super) struct Vouched {
    pub time: Option<IntegratedTime>,
    pub timestamp: Option<Vec<u8>>,
    pub checkpoint: Arc<str>,
}

impl Logged<'_> {
    /// Signs, if there is a key. An entry from before the log kept times gets no timestamp.
    pub async fn vouch(&self, voucher: &Voucher, files: &dyn Fetch) -> Result<Vouched, Problem> {
        let time = match self.time {
            Some(time) => Some(time),
            None => integrated_time(files, self.index, self.head.size).await?,
        };
        let timestamp = match (voucher, time) {
            (Voucher::Guard(guard), Some(time)) => {
                let entry = (self.index, self.body);
                Some(guard.timestamp(self.published, self.first, entry, self.proof, time).await?)
            }
            _ => None,
        };
        let checkpoint = voucher.checkpoint(self.published).await?;
        Ok(Vouched { time, timestamp, checkpoint })
    }
}
