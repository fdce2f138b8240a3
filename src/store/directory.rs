//! The directory store: a log in a local directory, for one writer.
//!
//! ```text
//! checkpoint  tile/...  log.json     for readers; any static file server can serve them
//! _writer/                           mode 0700
//!   lock                             held while a writer runs; names the segment (identity.rs)
//!   commit/<first record>.segment    the commit records (records.rs, segment.rs, new_segment.rs)
//!   torn                             what was last cut off from the end of a segment
//!   tmp/                             temporary files, before they are moved into place
//! ```
//! **Durability.** A commit record is written after the last one and flushed: the only flush per
//! batch. Tiles, bundles and `checkpoint` are renamed into place without a flush, because the
//! records imply them (objects.rs). When a segment has grown enough, [`CommitLog::settle`] flushes
//! the whole file system once and begins a new segment, whose header says up to which size
//! everything is safe. When the store is opened, recovery gets that size, and writes everything
//! after it again.
//!
//! **Nothing waits for background work**: partial tiles and bundles that were replaced by a full
//! one are removed one directory at a time, without a lock (superseded.rs). Most are removed before
//! they reach the disk, so a flush of the whole file system finds little to do.
//!
//! **After a failed flush** nothing that the page cache returns can be trusted, so the store is
//! poisoned and accepts no more writes (poison.rs). Opening it again copies the records to a new
//! file and flushes that.

mod error;
mod file_system;
mod files;
mod housekeeping;
mod identity;
mod new_segment;
mod objects;
mod options;
mod poison;
mod records;
mod segment;
mod store;
mod superseded;
#[cfg(feature = "testing")]
pub mod testing;
mod trusted_file_system;

pub use error::DirectoryError;
pub use file_system::{FileSystemKind, UnknownFileSystem};
pub use files::{FileIdentity, FileSystem, Files, InPlaceFile, OsFiles};
pub use options::DirectoryOptions;
pub use store::DirectoryStore;
pub use trusted_file_system::refuse_untrusted;
