//! `traceparent`: how one party of a trace names it, and its own span, to the next (W3C Trace
//! Context).

use std::fmt;

use super::request_id::RequestId;

/// The ID of a span: not all zero, and used once in its trace.
pub type SpanId = [u8; 8];

/// What `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace's ID, which is also the ID of each request in it.
    pub trace: RequestId,
    /// The span that asks.
    pub parent: SpanId,
    /// Whether that span is recorded.
    pub is_sampled: bool,
}

impl TraceParent {
    /// Reads the value of a `traceparent` field; `None` if it is not valid.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('-');
        let version = digits::<1>(parts.next()?)?;
        let trace = digits::<16>(parts.next()?)?;
        let parent = digits::<8>(parts.next()?)?;
        let [flags] = digits::<1>(parts.next()?)?;
        // Later versions may add parts; 255 will never be one.
        let is_known = version == [0] && parts.next().is_none() || ![0, 255].contains(&version[0]);
        let is_sampled = flags & 1 == 1;
        let trace = RequestId::of_bytes(trace)?;
        (is_known && parent != [0; 8]).then_some(Self { trace, parent, is_sampled })
    }
}

/// The value of the field.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, parent, is_sampled } = self;
        write!(f, "00-{trace}-{}-{:02x}", hex::encode(parent), u8::from(*is_sampled))
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
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_valid_traceparent_names_the_request_and_who_asks() {
        for (value, is_sampled) in [
            (format!("00-{TRACE}-b7ad6b7169203331-01"), true),
            (format!("00-{TRACE}-b7ad6b7169203331-02"), false),
            (format!("01-{TRACE}-b7ad6b7169203331-00"), false),
            (format!("cc-{TRACE}-b7ad6b7169203331-03-what-the-future-will-be-like"), true),
        ] {
            let said = TraceParent::parse(&value).expect(&value);
            assert_eq!(said.trace.to_string(), TRACE);
            assert_eq!(
                (hex::encode(said.parent).as_str(), said.is_sampled),
                ("b7ad6b7169203331", is_sampled)
            );
            let ours = said.to_string();
            assert_eq!(TraceParent::parse(&ours), Some(said), "{ours}");
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
            assert_eq!(TraceParent::parse(&value), None, "{value}");
        }
    }
}
