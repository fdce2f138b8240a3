//! What the log vouches for in an answer: an entry with its proof, a v1 checkpoint of the tree, and
//! the signed timestamp of an entry whose time is known.
//!
//! Everything is signed where the answer is made, as by v1 itself, and only by the guard.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::times::integrated_time;
use fasti_grow::RekorV1Guard;
use fasti_objects::IntegratedTime;
use tiles_spec::{Hash, LeafIndex, TreeHead};

use crate::problem::Problem;

/// An entry of a published tree.
pub(super) struct Logged<'a> {
    pub index: LeafIndex,
    pub leaf: Hash,
    pub body: &'a [u8],
    pub proof: &'a [Hash],
    pub head: TreeHead,
    /// The log's own checkpoint of the tree.
    pub published: &'a [u8],
    /// When it entered the log, if that is known here.
    pub time: Option<IntegratedTime>,
}

/// What an answer says about an entry, beside the entry itself.
pub(super) struct Vouched {
    pub time: Option<IntegratedTime>,
    pub timestamp: Option<Vec<u8>>,
    pub checkpoint: Arc<str>,
}

impl Logged<'_> {
    /// Signs. An entry from before the log kept times gets no timestamp.
    pub async fn vouch(&self, guard: &RekorV1Guard, files: &dyn Fetch) -> Result<Vouched, Problem> {
        let time = match self.time {
            Some(time) => Some(time),
            None => integrated_time(files, self.index, self.head.size).await?,
        };
        let timestamp = match time {
            Some(time) => {
                let entry = (self.index, self.body);
                Some(guard.timestamp(self.published, entry, self.proof, time).await?)
            }
            None => None,
        };
        let checkpoint = guard.checkpoint(self.published).await?;
        Ok(Vouched { time, timestamp, checkpoint })
    }
}
