//! How repairing a log can fail.

use std::io;

use fasti_client::fetch::FetchError;
use fasti_objects::Published;
use fasti_store::StoreError;

/// Why a log could not be repaired. What was written so far stays, and is right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The log cannot be read.
    #[error("cannot read the log")]
    Fetch(#[from] FetchError),
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The bucket failed.
    #[error("cannot write {object}")]
    Store {
        /// The object.
        object: Published,
        /// Why not.
        #[source]
        source: StoreError,
    },
    /// An object has changed since it was looked at.
    #[error("{object} was changed by somebody else meanwhile: check the log again")]
    Changed {
        /// The object.
        object: Published,
    },
    /// What the object must hold cannot be found any more.
    #[error("{object} cannot be made as it was planned: check the log again")]
    Unplanned {
        /// The object.
        object: Published,
    },
}
