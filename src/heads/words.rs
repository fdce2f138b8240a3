//! A kept head in words: the JSON beside its note, for people and scripts.
//!
//! The note is the evidence, and the JSON repeats what is in it. Only the time is new: when the
//! head was kept, by the clock of the writer that kept it.

use fasti_objects::{HeadNumber, IntegratedTime};
use serde::{Deserialize, Serialize};
use tiles_spec::{SignedCheckpoint, VerifierKey, cosignature_time};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Words<'a> {
    number: u64,
    origin: &'a str,
    tree_size: u64,
    root_hash: String,
    kept_at: String,
    kept_at_seconds: u64,
    log_key: String,
    signatures: Vec<Signature>,
    note: &'a str,
}

/// A signature line that is not the log's own. Its key is not known here, so it is not verified.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    name: String,
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cosigned_at_seconds: Option<u64>,
}

/// What is read back: the rest is in the note.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadBack {
    number: u64,
    tree_size: u64,
    kept_at_seconds: u64,
}

/// The JSON of a head, which was kept at this time.
pub fn head_in_words(
    number: HeadNumber,
    signed: &SignedCheckpoint,
    time: IntegratedTime,
    log_key: &VerifierKey,
) -> Vec<u8> {
    let checkpoint = signed.checkpoint();
    let note = signed.to_bytes();
    let note = String::from_utf8_lossy(&note);
    let signatures = signed.note().signatures().iter().filter(|line| !log_key.made(line));
    let words = Words {
        number: number.get(),
        origin: checkpoint.origin.as_str(),
        tree_size: checkpoint.head.size.get(),
        root_hash: checkpoint.head.root.to_base64(),
        kept_at: in_words(time),
        kept_at_seconds: time.get(),
        log_key: log_key.to_string(),
        signatures: signatures
            .map(|line| Signature {
                name: line.name().to_string(),
                key_id: line.key_id().to_string(),
                cosigned_at_seconds: cosignature_time(line).filter(|seconds| *seconds > 0),
            })
            .collect(),
        note: &note,
    };
    let mut json = serde_json::to_vec_pretty(&words).expect("it has text and numbers only");
    json.push(b'\n');
    json
}

fn in_words(time: IntegratedTime) -> String {
    let seconds = i64::try_from(time.get()).unwrap_or(i64::MAX);
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| time.get().to_string())
}

/// When a head was kept, if this is its JSON.
pub(super) fn read_time(
    json: &[u8],
    number: HeadNumber,
    signed: &SignedCheckpoint,
) -> Option<IntegratedTime> {
    let kept: ReadBack = serde_json::from_slice(json).ok()?;
    let size = signed.checkpoint().head.size.get();
    let is_it = kept.number == number.get() && kept.tree_size == size;
    IntegratedTime::new(kept.kept_at_seconds).filter(|_| is_it)
}
