//! The guards of the protocol that can be taken away, to see what each is good for.

/// The protocol without one of its guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// After the takeover record, `checkpoint` is not read again.
    SecondRead,
    /// A record is removed although the tree with it is the published one.
    TrimBelow,
    /// The first record of a term is removed.
    TrimKeepsFirst,
    /// The newest record is removed.
    TrimKeepsNewest,
    /// Replay reads `checkpoint` first and chooses its candidate then.
    RecordsFirst,
    /// Replay goes on with a candidate that does not meet the checkpoint.
    Meeting,
    /// Record k + 2 is sent before k + 1 is known to be ours.
    OneInFlight,
    /// A fenced leader answers as soon as the published size is large enough.
    Inclusion,
    /// A slot that is taken is believed to hold our record.
    Comparison,
    /// After a time-out a read that finds nothing is believed, and another record is sent.
    Repetition,
    /// `checkpoint` is replaced without naming a version.
    Version,
    /// A checkpoint is signed and published before its tiles are written.
    Apply,
    /// Submitters are answered when the checkpoint was sent.
    Publication,
    /// The first checkpoint of a log overwrites what is there.
    CreateOnly,
    /// A takeover does not raise the epoch, by which trimming tells first records.
    Epoch,
    /// Two takeover records of one number and predecessor are the same bytes.
    Nonce,
    /// Trees are compared by size alone, as if all entries were the same.
    Root,
}

impl Without {
    /// Every guard.
    pub const ALL: [Self; 17] = [
        Self::SecondRead,
        Self::TrimBelow,
        Self::TrimKeepsFirst,
        Self::TrimKeepsNewest,
        Self::RecordsFirst,
        Self::Meeting,
        Self::OneInFlight,
        Self::Inclusion,
        Self::Comparison,
        Self::Repetition,
        Self::Version,
        Self::Apply,
        Self::Publication,
        Self::CreateOnly,
        Self::Epoch,
        Self::Nonce,
        Self::Root,
    ];
}
