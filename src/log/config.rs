//! The limits of a log.

use std::time::Duration;

use tiles_spec::TreeSize;

/// The limits of a log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Most entries in one batch.
    pub batch_entries_max: usize,
    /// Most bytes of entries in one batch.
    pub batch_bytes_max: usize,
    /// Most entries that wait for a batch.
    pub pool_entries_max: usize,
    /// Most bytes of entries that wait for a batch.
    pub pool_bytes_max: usize,
    /// How often the checkpoint of an idle log is signed and published again.
    pub republish_interval: Duration,
    /// The address at which other writers reach this one; it is part of its records.
    pub writer_address: String,
    /// How often a follower asks the leader for its status.
    pub ping_interval: Duration,
    /// A leader that was silent for this long is considered gone.
    pub takeover_after: Duration,
    /// How long a submission waits for its answer at most.
    pub answer_time_max: Duration,
    /// Least time between two batches, for stores that limit the rate of writes to one name.
    pub batch_pace: Duration,
    /// How many bytes of unfinished bundles are rewritten per second, in addition to those that new
    /// entries allow.
    pub rewrite_rate: u64,
    /// Whether writers keep attestations beside the entries, for `log.json` to say.
    pub keeps_attestations: bool,
    /// The operator states that the log had at least this size; a smaller one is refused.
    pub size_seen: Option<TreeSize>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            batch_entries_max: 4096,
            batch_bytes_max: 16 << 20,
            pool_entries_max: 16_384,
            pool_bytes_max: 64 << 20,
            republish_interval: Duration::from_hours(1),
            writer_address: String::new(),
            ping_interval: Duration::from_millis(500),
            takeover_after: Duration::from_secs(2),
            answer_time_max: Duration::from_mins(1),
            batch_pace: Duration::ZERO,
            rewrite_rate: 128 << 20,
            keeps_attestations: false,
            size_seen: None,
        }
    }
}
