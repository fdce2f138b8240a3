//! What clients upload: entries in packages, each proved and stored by itself.

use std::sync::Arc;

use bytes::Bytes;
use fasti_seams::offload::offload;
use tiles_spec::mirror::{
    EntryPackage, MirrorInfo, MirrorSizes, PackageRange, UploadHead, UploadRefusal, UploadTarget,
    judge_upload,
};
use tiles_spec::{EntryBundle, SignedCheckpoint, TileWidth, TreeSize};

use super::copy::leaf;
use super::cosigner::{Mirror, size_of};
use super::refusal::MirrorRefusal;
use crate::known_logs::KnownLog;

/// An upload that has begun.
pub struct Upload {
    mirror: Arc<Mirror>,
    log: Arc<KnownLog>,
    /// Up to which it goes.
    checkpoint: SignedCheckpoint,
    /// Up to where its packages were verified.
    at: TreeSize,
    /// Whether there were any.
    is_begun: bool,
}

/// How an upload that was not refused ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// Everything is there, and cosigned with these lines.
    Cosigned(String),
    /// Something is missing.
    GoOn(MirrorInfo),
}

impl Upload {
    /// Begins an upload, if it is one that leads on from what there is.
    pub async fn begin(mirror: &Arc<Mirror>, head: &UploadHead) -> Result<Self, MirrorRefusal> {
        let log = mirror.witness.logs().find(&head.origin).filter(|log| log.is_mirrored);
        let log = log.ok_or_else(|| MirrorRefusal::NotMirrored(head.origin.clone()))?;
        let mut turn = mirror.turn_with_copy(&log).await?;
        let (mirrored, next) = (turn.cosigned(), turn.copy().size());
        drop(turn);
        // Read last, because it is never behind.
        let pending = mirror.witness.pending(&log).await?;
        let sizes = MirrorSizes { mirror: mirrored, pending: pending.as_ref().map(size_of), next };
        if let (Some(mirrored), Some(pending)) = (mirrored, sizes.pending)
            && mirrored > pending
        {
            return Err(MirrorRefusal::RolledBack { mirrored, pending });
        }
        let ticket = mirror.tickets.read(&head.ticket, &head.origin);
        let judged = judge_upload(head.start, head.end, &sizes, ticket.as_ref().map(size_of));
        let (target, is_accepted) = match judged {
            Ok(target) => (target, true),
            Err(UploadRefusal::NoPending) => return Err(MirrorRefusal::NoPending),
            Err(UploadRefusal::Elsewhere(target)) => (target, false),
        };
        let checkpoint = match target {
            UploadTarget::Pending => pending,
            UploadTarget::Mirror => mirror.cosigned_by_log(&log).await?,
            UploadTarget::Ticket => ticket,
        };
        let checkpoint = checkpoint.ok_or(MirrorRefusal::NoPending)?;
        if !is_accepted {
            return Err(MirrorRefusal::Elsewhere(mirror.info(&checkpoint, sizes.next)));
        }
        let (mirror, at) = (mirror.clone(), head.start);
        Ok(Self { mirror, log, checkpoint, at, is_begun: false })
    }

    /// Which entries come next; `None` after the last.
    pub fn next_package(&self) -> Option<PackageRange> {
        PackageRange::at(self.at, size_of(&self.checkpoint))
    }

    /// Takes the next package: verifies it, and stores what is new.
    pub async fn take(&mut self, package: EntryPackage) -> Result<(), MirrorRefusal> {
        let Some(range) = self.next_package() else { return Ok(()) };
        let mut turn = self.mirror.turn_with_copy(&self.log).await?;
        if turn.copy().size() < range.start() {
            // What was there before was lost.
            drop(turn);
            let info = self.mirror.info_after(&self.log, &self.checkpoint).await?;
            return Err(MirrorRefusal::Elsewhere(info));
        }
        let mut leaves = turn.copy().leaves(range.tile_index(), range.slot()).await?;
        drop(turn);
        let head = self.checkpoint.checkpoint().head;
        let verified = offload(move || {
            let width = u16::try_from(range.entries()).ok().and_then(TileWidth::new);
            let width = width.expect("a package has 1 to 256 entries");
            let bytes = Bytes::from(package.entries);
            let bundle = EntryBundle::decode(bytes.clone(), width);
            let bundle = bundle.map_err(|_| MirrorRefusal::NoPackage)?;
            let hashes = bundle.leaf_hashes();
            leaves.extend_from_slice(&hashes);
            let proved = range.verify(&leaves, &head, &package.proof);
            let start = range.start();
            proved.map_err(|source| MirrorRefusal::Unproved { start, source })?;
            let leaves =
                bundle.entries().zip(hashes).map(|(entry, hash)| leaf(&bytes, entry, hash));
            Ok::<_, MirrorRefusal>(leaves.collect::<Vec<_>>())
        });
        let leaves = verified.await?;
        let mut turn = self.mirror.turn_with_copy(&self.log).await?;
        let size = turn.copy().size();
        let known = size.get().saturating_sub(range.start().get());
        let new = leaves.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
        // Another upload may have stored all of them by now.
        if !new.is_empty() && size >= range.start() {
            turn.copy().append(new).await?;
            self.mirror.witness.metrics().mirrored_entries.inc_by(new.len() as u64);
        }
        (self.at, self.is_begun) = (range.end(), true);
        Ok(())
    }

    /// Whether any package was taken.
    pub const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Ends the upload, after the last package or before. Cosigns the checkpoint if everything is
    /// there.
    pub async fn end(self) -> Result<Uploaded, MirrorRefusal> {
        let Self { mirror, log, checkpoint, at, is_begun } = self;
        if at == size_of(&checkpoint) {
            return Ok(Uploaded::Cosigned(mirror.cosign(&log, &checkpoint).await?));
        }
        if !is_begun {
            return Err(MirrorRefusal::NoPackage);
        }
        Ok(Uploaded::GoOn(mirror.info_after(&log, &checkpoint).await?))
    }
}
