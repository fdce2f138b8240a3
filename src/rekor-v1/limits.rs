//! What bounds the work and the memory of a proposal, and what the verdict on it depends on.

/// The bounds of a log, with Rekor's own defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size of each file of metadata in a package or an archive, inflated.
    pub metadata_bytes_max: usize,
    /// Maximum size of everything that one proposal inflates to. Contents beyond the metadata are
    /// hashed piece by piece and never kept.
    pub inflated_bytes_max: u64,
    /// Maximum number of files in a package or an archive.
    pub files_max: usize,
    /// Maximum size of an attestation that is kept; larger ones are left out.
    pub attestation_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            metadata_bytes_max: 1 << 20,
            inflated_bytes_max: 256 << 20,
            files_max: 10_000,
            attestation_bytes_max: 100 << 10,
        }
    }
}

/// What a verdict depends on, beside the proposal itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The bounds.
    pub limits: Limits,
    /// The time, in seconds since 1970: metadata of TUF must not have expired.
    pub now: u64,
}
