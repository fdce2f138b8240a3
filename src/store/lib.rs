//! Where a log is stored: the contracts for stores, and the stores that implement them.
//!
//! A log needs two things of a store. [`Store`] holds the objects that readers see (tiles, entry
//! bundles, `checkpoint`); [`CommitLog`] holds the numbered commit records, each written once by
//! one writer. Both work on whole objects; callers never append to anything or change it in place.
//!
//! | store | objects | commit records |
//! |---|---|---|
//! | [`DirectoryStore`] | files, renamed into place | one segment file, one fdatasync each |
//! | [`BucketStore`] | objects of S3, GCS or Azure, for any number of writers | one object each |
//! | [`MemoryStore`] | a map | a map |
//!
//! Every implementation must pass the suite in [`contract`]. [`probe`] checks whether a store that
//! is run by others keeps the contract.

mod bucket;
mod commit_log;
pub mod contract;
mod directory;
mod error;
mod housekeeping;
mod location;
mod measured;
mod memory;
pub mod metrics;
mod object;
mod path;
mod prefix_store;
pub mod probe;
mod record_number;
mod store;
mod stores;

#[cfg(feature = "buckets")]
pub use bucket::Clients;
pub use bucket::{
    BucketError, BucketLocation, BucketOptions, BucketStore, Cloud, Encryption, KeyPair, Requests,
};
pub use commit_log::CommitLog;
#[cfg(feature = "testing")]
pub use directory::testing;
pub use directory::{
    DirectoryError, DirectoryOptions, DirectoryStore, FileIdentity, FileSystem, FileSystemKind,
    Files, InPlaceFile, OsFiles, UnknownFileSystem, refuse_untrusted,
};
pub use error::StoreError;
pub use housekeeping::Housekeeping;
pub use location::{
    InvalidStoreLocation, OpenStoreError, OpenedStore, StoreLocation, StoreOptions,
};
pub use memory::MemoryStore;
pub use object::{Attempt, Created, NewObject, Object, Replaced, Version};
pub use path::{InvalidPath, ObjectPath};
pub use prefix_store::PrefixStore;
pub use record_number::RecordNumber;
pub use store::Store;
pub use stores::Stores;
