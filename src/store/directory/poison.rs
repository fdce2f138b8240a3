//! Poison: after a failed flush, nothing that the page cache returns can be trusted.
//!
//! The kernel may have dropped what it could not write and marked the same pages clean; a second
//! flush would succeed and mean nothing. So the first failure is remembered, and the store accepts
//! no more writes until it is reopened.

use std::sync::{Mutex, PoisonError};

use crate::StoreError;

/// The first failure that left in doubt what is durable.
#[derive(Debug, Default)]
pub(super) struct Poison {
    reason: Mutex<Option<String>>,
}

impl Poison {
    /// Remembers `error`, and returns it.
    pub fn put(&self, error: StoreError) -> StoreError {
        let reason = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        error
    }

    /// Fails if there was a failure.
    pub fn refuse(&self) -> Result<(), StoreError> {
        match &*self.reason.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(StoreError::Poisoned { reason: reason.clone() }),
            None => Ok(()),
        }
    }
}
