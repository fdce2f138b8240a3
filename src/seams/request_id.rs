//! The ID of a request: in its answer, and in every message about it.
//!
//! A client that traces its requests names one itself, as the trace ID in `traceparent` (W3C Trace
//! Context). All others get a random ID of the same form. It says nothing about who asks, and
//! proves nothing: clients may use one twice.

use std::fmt;
use std::future::Future;

use super::entropy::Entropy;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The ID of a request: sixteen bytes, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// A new one.
    pub fn new(entropy: &impl Entropy) -> Self {
        Self(entropy.nonce())
    }

    /// The ID with these bytes; `None` if all are zero.
    pub fn of_bytes(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    /// Its bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The ID of the request that is being answered here.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }

    /// Does `work`, which is for this request.
    pub async fn within<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The same on another thread.
    pub fn within_here<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::entropy::OsEntropy;
    use super::*;

    #[tokio::test]
    async fn a_request_is_known_where_it_is_answered_and_nowhere_else() {
        let (one, other) = (RequestId::new(&OsEntropy), RequestId::new(&OsEntropy));
        assert_ne!(one, other);
        assert_eq!(RequestId::current(), None);
        let seen = one.within(async {
            let inner = other.within_here(RequestId::current);
            (RequestId::current(), inner)
        });
        assert_eq!(seen.await, (Some(one), Some(other)));
        assert_eq!(RequestId::current(), None);
    }
}
