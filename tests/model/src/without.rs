//! The guards of the protocol that can be removed, to see the purpose of each.

/// The protocol without one of its guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// After the takeover record, `checkpoint` is not read again.
    SecondRead,
    /// A record is removed although its tree is the published one.
    TrimBelow,
    /// The first record of a term is removed.
    TrimKeepsFirst,
    /// The newest record is removed.
    TrimKeepsNewest,
    /// Replay reads `checkpoint` first and then chooses its candidate.
    RecordsFirst,
    /// Replay continues with a candidate that does not meet the checkpoint.
    Meeting,
    /// Record k + 2 is sent before k + 1 is known to be ours.
    OneInFlight,
    /// A fenced leader answers as soon as the published size is large enough.
    Inclusion,
    /// A taken slot is believed to hold our record.
    Comparison,
    /// After a timeout, a read that finds nothing is believed, and another record is sent.
    Repetition,
    /// `checkpoint` is replaced without naming a version.
    Version,
    /// A checkpoint is signed and published before its tiles are written.
    Apply,
    /// Submitters are answered as soon as the checkpoint is sent.
    Publication,
    /// The first checkpoint of a log overwrites an existing one.
    CreateOnly,
    /// A takeover does not raise the epoch, by which trimming recognises first records.
    Epoch,
    /// Two takeover records with the same number and predecessor have the same bytes.
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
