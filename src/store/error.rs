//! Why an operation on a store failed.

use super::path::ObjectPath;

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An immutable object exists with other bytes (invariant I5): two histories have met, or the
    /// stored bytes are damaged. Nothing was overwritten.
    #[error(
        "{path} already exists with other bytes; nothing was overwritten. If the file is damaged, \
         move it away and start again: it is rebuilt from the commit records. If it is not, it \
         belongs to another history: do not continue"
    )]
    Conflict {
        /// The object.
        path: ObjectPath,
    },
    /// Stored bytes are not what was written (I14).
    #[error("{path} is damaged: {reason}")]
    Corrupt {
        /// The object or file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The write may or may not have taken effect.
    #[error("no definite answer to the write of {path}")]
    Ambiguous {
        /// The object.
        path: String,
        /// What happened instead of an answer.
        #[source]
        source: std::io::Error,
    },
    /// The store keeps saying that another write of the object is in progress. This write had no
    /// effect.
    #[error(
        "the store has said {times} times in {} seconds (409) that another write of {path} is in \
         progress", .time.as_secs()
    )]
    Contended {
        /// The object.
        path: String,
        /// How often.
        times: u32,
        /// For how long.
        time: std::time::Duration,
    },
    /// The store refused or failed, and the write had no effect.
    #[error("cannot {action} {path}")]
    Io {
        /// The operation.
        action: &'static str,
        /// The object or file.
        path: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// An earlier failure left the store in doubt about what is durable; it accepts no more writes
    /// until it is reopened.
    #[error("the store has failed before and must be reopened: {reason}")]
    Poisoned {
        /// The earlier failure.
        reason: String,
    },
}

impl StoreError {
    /// An object is shorter than a part of it that was requested.
    pub(crate) fn ends_before(path: &str, end: u64, length: Option<u64>) -> Self {
        let reason = match length {
            Some(length) => format!("it has {length} bytes, but byte {} was requested", end - 1),
            None => format!("it ends before byte {}, which was requested", end - 1),
        };
        Self::Corrupt { path: path.to_owned(), reason }
    }

    /// Whether it may succeed next time: the store was unreachable, busy or slow. Any other failure
    /// is a fault in memory, disk or program, and is not ignored.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Ambiguous { .. } | Self::Io { .. } | Self::Contended { .. })
    }
}
