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

    /// The trace ID in the value of a `traceparent` field, if that is valid.
    pub fn of_traceparent(value: &str) -> Option<Self> {
        let mut parts = value.split('-');
        let version = digits::<1>(parts.next()?)?;
        let trace = digits::<16>(parts.next()?)?;
        let parent = digits::<8>(parts.next()?)?;
        let _flags = digits::<1>(parts.next()?)?;
        // Later versions may add parts; 255 will never be one.
        let is_known = version == [0] && parts.next().is_none() || ![0, 255].contains(&version[0]);
        (is_known && trace != [0; 16] && parent != [0; 8]).then_some(Self(trace))
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

/// Bytes in lower-case hexadecimal digits.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::entropy::OsEntropy;
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_valid_traceparent_names_the_request() {
        for value in [
            format!("00-{TRACE}-b7ad6b7169203331-01"),
            format!("01-{TRACE}-b7ad6b7169203331-00"),
            format!("cc-{TRACE}-b7ad6b7169203331-01-what-the-future-will-be-like"),
        ] {
            let id = RequestId::of_traceparent(&value).expect(&value);
            assert_eq!(id.to_string(), TRACE);
        }
        let zero = "0".repeat(32);
        for value in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b7169203331-01-more"),
            format!("00-{TRACE}-b7ad6b7169203331-01-"),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("0-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{zero}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{}-b7ad6b7169203331-01", &TRACE[1..]),
            format!("00-{TRACE}-b7ad6b716920333g-01"),
            format!(" 00-{TRACE}-b7ad6b7169203331-01"),
        ] {
            assert_eq!(RequestId::of_traceparent(&value), None, "{value}");
        }
    }

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
