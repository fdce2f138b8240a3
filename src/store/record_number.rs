//! The numbers of commit records.

/// The number of a commit record: the first of a log is 1, and there are no gaps. It is below 2^63,
/// so that every record can have a next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber(u64);

impl RecordNumber {
    /// The first record of every log.
    pub const FIRST: Self = Self(1);

    /// Record number `n`; there is no record 0, and none from 2^63 on.
    pub fn new(n: u64) -> Option<Self> {
        (n > 0 && i64::try_from(n).is_ok()).then_some(Self(n))
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number before this one; `None` before the first.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl std::fmt::Display for RecordNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
