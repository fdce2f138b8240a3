//! Planted bugs: each is one line in the real code that does something wrong when it is switched on.
//! The simulator has to find every one of them, or it would not find such a bug that is real.
//!
//! Nothing is ever switched on but in a build with the feature `planted`, which only the test target
//! of that name asks for. In all others [`planted`] is a constant, and the lines are not there.

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A commit record that exists is taken for ours, whatever it holds.
    ExistsIsOurs,
    /// Our own commit record, found after a lost answer, is taken for another writer's.
    OwnExistsIsFenced,
    /// A commit without a definite answer is taken for done.
    AmbiguousIsCommitted,
    /// A publication without a definite answer is taken for done.
    AmbiguousIsShown,
    /// The checkpoint is shown before tiles and bundles are written.
    PublishBeforeApply,
    /// Submitters are answered before the checkpoint is shown.
    AcknowledgeBeforePublish,
    /// Tiles and bundles are written before the record that implies them.
    ApplyBeforeCommit,
    /// Tiles and bundles that could not be written are passed over.
    FailureIgnored,
    /// `checkpoint` is replaced whatever its version is.
    UnconditionalCheckpoint,
    /// A larger tree that another writer has shown is replaced by ours.
    BackwardCheckpoint,
    /// `checkpoint` is not read again after the takeover record was created.
    NoSecondRead,
    /// `checkpoint` is read before the records, and never again.
    CheckpointBeforeRecords,
    /// Records that do not meet the checkpoint are gone on from, and the guard signs what was signed
    /// before.
    AcceptAnyReplay,
    /// The newest unfinished record is not finished.
    NewestForgotten,
    /// The takeover record has the epoch of the leader before.
    EpochNotRaised,
    /// Records have no random bytes.
    NonceReused,
    /// A record is trimmed when its tree is published, though no larger one is.
    TrimPublished,
    /// The first record of an epoch is trimmed.
    TrimFirstOfEpoch,
    /// The newest record is trimmed.
    TrimNewest,
    /// A partial tile of width 255 passes for a full one when partial ones are removed.
    FullAt255,
    /// Partial objects are removed whose full one is not there.
    PartialsRemovedEarly,
    /// The guard says yes, and a leaf hash was damaged in memory.
    GuardSkipped,
    /// Equal entries in flight are not found.
    InFlightIgnored,
    /// What was in flight when a term ended is still taken for assigned.
    InFlightKept,
    /// As before, and the hit is believed without a proof.
    HitBelieved,
    /// The deduplication index is filled with leaf hashes that were not checked.
    CatchUpUnchecked,
    /// A leader's answer is believed without its inclusion proof.
    PeerBelieved,
    /// A checkpoint in a leader's answer is believed without its signature.
    PeerCheckpointBelieved,
    /// Submitters whose batch was dropped are forgotten.
    WaitersForgotten,
    /// A silent leader is waited for for ever.
    NeverTakeOver,
    /// A follower that is asked to leave stays.
    FollowerStays,
    /// A bundle of 255 entries is closed.
    BundleFullAt255,
    /// The last record of a frozen log is taken for that of a leader that is gone.
    EndPassedOver,
    /// What is remembered outside the store is written over, and asked by nobody.
    MemoryIgnored,
    /// A recovery does not ask what this process has seen.
    SeenNotCompared,
    /// A leader does not notice that the store was put back: neither that `checkpoint` shows less, nor
    /// that the record that it stands on is gone.
    PutBackPassedOver,
    /// A leader takes a record that another one has trimmed for a sign that the store was put back.
    TrimmedIsGone,
}

/// Whether a bug is switched on.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether a bug is switched on, on this thread.
#[cfg(feature = "planted")]
pub fn planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Switches one bug on, on this thread, or all off.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}
