//! Signed entry timestamps of Rekor v1, without their signatures: what a log signs to say when an
//! entry entered it, its "promise" to include it.
//!
//! The text is the RFC 8785 JSON of `body`, `integratedTime`, `logID` and `logIndex`. All values
//! are ASCII, and the numbers are whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::transparency_log_entry::TransparencyLogEntry;

/// What is signed of a signed entry timestamp: a JSON object without a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryTimestamp(String);

impl EntryTimestamp {
    /// The statement that the entry with this body, in the log with this ID and at this index,
    /// entered the log at this time, in seconds since 1970.
    pub fn new(body: &[u8], time: u64, log_id: &[u8], index: u64) -> Self {
        let (body, log_id) = (STANDARD.encode(body), hex::encode(log_id));
        Self(format!(
            r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":{index}}}"#
        ))
    }

    /// The statement whose signature is the promise in an entry.
    pub fn of(entry: &TransparencyLogEntry) -> Self {
        let TransparencyLogEntry { canonicalized_body, integrated_time, log_id, log_index, .. } =
            entry;
        Self::new(canonicalized_body, *integrated_time, log_id, *log_index)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_canonical_json_on_one_line() {
        let timestamp = EntryTimestamp::new(b"{\"a\"\n}", 1_780_000_000, &[0xab; 32], 7);
        let text = timestamp.as_str();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), text, "sorted, and without spaces");
        assert_eq!(value["body"], "eyJhIgp9");
        assert_eq!(value["integratedTime"], 1_780_000_000);
        assert_eq!(value["logID"], "ab".repeat(32));
        assert_eq!(value["logIndex"], 7);
        assert!(!text.contains('\n'));
    }
}
