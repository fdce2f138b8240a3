//! How to open a directory.

use super::file_system::FileSystemKind;

/// How to open a directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct DirectoryOptions {
    /// Accept a directory that was copied or restored from a backup. Safe only if the caller then
    /// makes sure that it holds the newest state of its log.
    pub accept_copy: bool,
    /// Begin a new segment after this many bytes; 0 for the default of 16 MiB.
    pub segment_bytes_max: u64,
    /// A kind of file system to trust, although it is not known to have working locks and flushes.
    pub trusted_file_system: Option<FileSystemKind>,
    /// Keep superseded partial files for this many records; `None` for the default of 256.
    pub keep_partials: Option<u64>,
}
