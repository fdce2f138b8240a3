//! What a mirror decides about an upload before it reads any entry.
//!
//! The checks are in the order of the specification. That the origin is known (404) is the caller's
//! check, since the caller looks up the sizes by it.

use thiserror::Error;

use crate::size::TreeSize;

/// How many entries that the mirror has an upload may begin with: eight bundles.
pub const EXCESS_MAX: u64 = 8 * 256;

/// What a mirror has of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorSizes {
    /// The size of the checkpoint that it cosigned last; `None` before the first.
    pub mirror: Option<TreeSize>,
    /// The size of the checkpoint that it learned last; `None` before the first.
    pub pending: Option<TreeSize>,
    /// How many entries it has, without a gap.
    pub next: TreeSize,
}

/// Which checkpoint an upload leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadTarget {
    /// The pending one.
    Pending,
    /// The mirror's own.
    Mirror,
    /// That of the ticket.
    Ticket,
}

/// Why an upload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UploadRefusal {
    /// Nothing is known of the log yet.
    #[error("no checkpoint of this log was added yet")]
    NoPending,
    /// The client has to go on elsewhere: from the mirror's next entry to this checkpoint.
    #[error("the upload is not from where the mirror is, or not to a checkpoint that it knows")]
    Elsewhere(UploadTarget),
}

impl UploadRefusal {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NoPending => 422,
            Self::Elsewhere(_) => 409,
        }
    }
}

/// Judges an upload from `start` to `end`. `ticket` is the size of the checkpoint that a ticket of
/// this mirror vouches for.
pub fn judge_upload(
    start: TreeSize,
    end: TreeSize,
    sizes: &MirrorSizes,
    ticket: Option<TreeSize>,
) -> Result<UploadTarget, UploadRefusal> {
    let pending = sizes.pending.ok_or(UploadRefusal::NoPending)?;
    let elsewhere = Err(UploadRefusal::Elsewhere(UploadTarget::Pending));
    let target = if end == pending {
        UploadTarget::Pending
    } else if Some(end) == sizes.mirror {
        UploadTarget::Mirror
    } else if Some(end) == ticket {
        UploadTarget::Ticket
    } else {
        return elsewhere;
    };
    if sizes.mirror.is_some_and(|mirror| end < mirror) {
        return elsewhere;
    }
    let excess = sizes.next.min(end).get().saturating_sub(start.get());
    if start > sizes.next || excess > EXCESS_MAX {
        // If the mirror has all of them, its next entry is nowhere to begin an upload to the end.
        let target = if sizes.next > end { UploadTarget::Pending } else { target };
        return Err(UploadRefusal::Elsewhere(target));
    }
    Ok(target)
}
