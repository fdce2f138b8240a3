//! Growth of the trees of a log of Rekor v1, which are known by their API alone: what was seen of
//! each is remembered, compared and kept as evidence like the checkpoints of a log of tiles.
//!
//! A tree is identified by the first line of its checkpoint in v1's form, which has its number, and
//! by the key.

use std::path::{Path, PathBuf};

use fasti_read::evidence::Beginning;
use fasti_verify::V1Log;
use tiles_spec::{Checkpoint, SignedCheckpoint, TreeHead};

use super::evidence::Contradiction;
use super::{Growth, Monitor, MonitorError, is_nothing, plain};
use crate::rekor_v1::{OpenedShard, RekorV1, RekorV1Error, V1Fault};
use crate::replace::replace;
use crate::trust::CheckpointRefusal;

/// The most files that are looked at.
const FILES_MAX: usize = 4096;

impl Monitor {
    /// The file for a tree.
    pub fn path_of_shard(&self, shard: &OpenedShard) -> PathBuf {
        let (name, id) = (shard.name(), hex::encode(shard.log.log_id()));
        self.named(&format!("{}+{}", plain(&name), &id[..8]), &format!("{name}+{id}"))
    }

    /// The head of a tree that was seen last.
    pub fn seen_of_shard(&self, shard: &OpenedShard) -> Result<Option<TreeHead>, MonitorError> {
        let seen = last(&self.path_of_shard(shard), shard)?;
        Ok(seen.map(|seen| seen.checkpoint().head))
    }

    /// Whether a tree of this log was seen before.
    pub fn has_seen(&self, log: &V1Log) -> bool {
        let key = format!("+{}-", &hex::encode(log.log_id())[..8]);
        let files = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let names = files.take(FILES_MAX).map(|file| file.file_name());
        names.into_iter().any(|name| name.to_string_lossy().contains(&key))
    }

    /// Compares a tree with the head seen last. Nothing is remembered yet.
    pub async fn compare_shard(
        &self,
        api: &RekorV1,
        shard: &OpenedShard,
    ) -> Result<Growth, MonitorError> {
        let path = self.path_of_shard(shard);
        let Some(seen) = last(&path, shard)? else { return Ok(Growth::First) };
        let (old, new) = (seen.checkpoint().head, shard.head());
        if old == new {
            return Ok(Growth::None);
        }
        let mut unproved = None;
        if old.size < new.size {
            match api.expect_growth(&shard.shard, old, new).await {
                Ok(_) => return Ok(Growth::Since(old)),
                Err(error) if is_disproof(&error) => unproved = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        let beginning = beginning(api, shard, old, new).await;
        let found = Contradiction::of(&path, &seen, &shard.shard.signed, beginning);
        // The two can be in different forms.
        let reopened = |note: &[u8]| {
            let signed = shard.reopen(note)?;
            Ok(Checkpoint { origin: shard.name(), ..signed.checkpoint().clone() })
        };
        let convicts = found.evidence.judge_by(reopened).is_ok_and(|verdict| verdict.convicts());
        Err(match unproved {
            _ if convicts => MonitorError::Fork(found),
            // The proof is bad, and the entries do not show that the log has forked.
            Some(error) => error.into(),
            None => MonitorError::Rollback(found),
        })
    }

    /// Remembers the head of a tree that was compared with what was seen before.
    pub fn remember_shard(&self, shard: &OpenedShard) -> Result<(), MonitorError> {
        let path = self.path_of_shard(shard);
        replace(&path, &shard.shard.signed.to_bytes())
            .map_err(|source| MonitorError::Io { path: path.display().to_string(), source })
    }
}

/// Whether the log's own proof shows that something is wrong.
fn is_disproof(error: &RekorV1Error) -> bool {
    matches!(error, RekorV1Error::Answer { source: V1Fault::Consistency(_), .. })
}

/// How the larger of two trees began, if the log still proves it.
async fn beginning(
    api: &RekorV1,
    shard: &OpenedShard,
    one: TreeHead,
    other: TreeHead,
) -> Option<Beginning> {
    let (smaller, larger) = if one.size < other.size { (one, other) } else { (other, one) };
    if smaller.size == larger.size {
        return None;
    }
    let began = api.frontier_at(&shard.shard, smaller.size).await.ok()?.head();
    let proof = api.expect_growth(&shard.shard, began, larger).await.ok()?;
    Some(Beginning { root: began.root, proof })
}

/// Reads the checkpoint in a file, and verifies it again, since others may have written the file.
fn last(path: &Path, shard: &OpenedShard) -> Result<Option<SignedCheckpoint>, MonitorError> {
    let name = || path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if is_nothing(&error) => return Ok(None),
        Err(source) => return Err(MonitorError::Io { path: name(), source }),
    };
    shard.reopen(&bytes).map(Some).map_err(|error| MonitorError::Memory {
        path: name(),
        source: CheckpointRefusal::from(error),
    })
}
