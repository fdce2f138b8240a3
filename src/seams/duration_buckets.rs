//! The buckets of all histograms of durations.

/// Upper bounds in seconds: from a flush of a good disk to the longest that anybody waits. The
/// targets for answers, 1 s from a directory and 2 s from a bucket, are bounds themselves, so what
/// is counted against them is exact. Between 5 ms and 2 s neighbours differ by a factor of at most
/// 2.5, so a quantile that is interpolated between them is wrong by no more than that.
pub const DURATION_BUCKETS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
