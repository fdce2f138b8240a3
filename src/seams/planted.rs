//! Planted bugs: each is one line in the real code that does something wrong when it is enabled.
//! The simulator must find every one of them, or it would not find a real bug like it. What a
//! wrapper around the store, the random numbers or the peers can do wrong is not here, but in
//! `tests/sim/defect.rs`.
//!
//! Nothing is ever enabled except in a build with the feature `planted`, which only the test target
//! of that name uses. In all other builds [`planted`] is a constant, and the lines do not exist.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Our own commit record, found after a lost answer, is taken for another writer's.
    OwnExistsIsFenced,
    /// Submitters are answered before the checkpoint is published.
    AcknowledgeBeforePublish,
    /// Tiles and bundles are written before the record that implies them.
    ApplyBeforeCommit,
    /// A larger tree that another writer has published is replaced by ours.
    BackwardCheckpoint,
    /// `checkpoint` is not read again after the takeover record was created.
    NoSecondRead,
    /// `checkpoint` is read before the records, and never again.
    CheckpointBeforeRecords,
    /// What was seen, and what is remembered, is gathered after the records are read.
    SeenAfterRecords,
    /// Records that do not match the checkpoint are accepted.
    AcceptAnyReplay,
    /// The newest unfinished record is not finished.
    NewestForgotten,
    /// The takeover record has the previous leader's epoch.
    EpochNotRaised,
    /// A record is trimmed when its tree is published, although no larger one is.
    TrimPublished,
    /// The first record of an epoch is trimmed.
    TrimFirstOfEpoch,
    /// The newest record is trimmed.
    TrimNewest,
    /// A partial tile of width 255 passes for a full one when partial ones are removed.
    FullAt255,
    /// Partial objects are removed although their full one does not exist.
    PartialsRemovedEarly,
    /// The guard accepts although a leaf hash was damaged in memory.
    GuardSkipped,
    /// Equal entries in flight are not found.
    InFlightIgnored,
    /// What was in flight when a term ended still counts as assigned.
    InFlightKept,
    /// As above, and the hit is believed without a proof.
    HitBelieved,
    /// The deduplication index is filled with leaf hashes that were not checked.
    CatchUpUnchecked,
    /// A leader's answer is believed without its inclusion proof.
    PeerBelieved,
    /// A checkpoint in a leader's answer is believed without its signature.
    PeerCheckpointBelieved,
    /// Submitters whose batch was dropped are forgotten.
    WaitersForgotten,
    /// A follower that is asked to leave stays.
    FollowerStays,
    /// The last record of a frozen log is treated as that of a leader that is gone.
    EndPassedOver,
    /// What is remembered outside the store is overwritten without being checked.
    MemoryIgnored,
    /// A recovery does not check what this process has seen.
    SeenNotCompared,
    /// A leader does not notice a rollback of the store: neither that `checkpoint` is smaller, nor
    /// that the record on which it builds is gone.
    PutBackPassedOver,
    /// A leader takes a record that another leader has trimmed for a sign of a rollback.
    TrimmedIsGone,
    /// A checkpoint is published before the witnesses have cosigned it.
    PublishBeforeQuorum,
    /// A late cosignature replaces those that are there.
    LateLineReplaces,
    /// A tree that is signed again loses the cosignatures that it had.
    LinesForgotten,
    /// A writer that was overtaken in its recovery calls the store put back if a witness has seen
    /// more.
    OvertakenIsPutBack,
}

/// Whether a bug is enabled.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether a bug is enabled on this thread.
#[cfg(feature = "planted")]
pub fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Enables one bug on this thread, or disables all.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}
