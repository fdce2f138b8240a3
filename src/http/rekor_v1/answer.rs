//! Answers in Rekor v1's JSON: members in order, and a newline at the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fasti_client::search;
use fasti_grow::TreeId;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::{Value, json};
use tiles_spec::{Hash, TreeHead, TreeSize};

use super::entry_id::entry_id;
use super::media::JSON;
use super::vouch::{Logged, Vouched, Voucher};
use crate::problem::HttpResponse;

/// The size of the tree that a list of entry IDs covers.
const LOG_SIZE: HeaderName = HeaderName::from_static("fasti-log-size");
/// In a list that lacks some: the leaf index from which on to ask for them.
const NEXT: HeaderName = HeaderName::from_static("fasti-next");
/// Whether a list of entry IDs is complete.
const COMPLETE: HeaderName = HeaderName::from_static("fasti-complete");

/// Creates an answer of this content type, which changes as the log grows.
pub(super) fn answer(body: impl Into<Bytes>, content_type: &'static str) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

pub(super) fn json_answer(body: &Value) -> HttpResponse {
    answer(format!("{body}\n"), JSON)
}

/// An array of entry IDs, newest first. Headers say what v1 has no place for: the size of the tree
/// that was searched, whether the array has all matching entries, and where to go on.
pub(super) fn ids(tree: TreeId, found: &search::Answer) -> HttpResponse {
    let newest_first = found.entries.iter().rev();
    let ids: Vec<_> = newest_first.map(|found| entry_id(tree, &found.entry.leaf)).collect();
    let mut answer = id_list(&ids, found.searched(), found.complete);
    if found.is_cut {
        answer.headers_mut().insert(NEXT, found.until.get().into());
    }
    answer
}

/// The answer to a question without conditions, which nothing in a tree of this size matches.
pub(super) fn no_ids(size: TreeSize) -> HttpResponse {
    id_list(&[], size, true)
}

fn id_list(ids: &[String], searched: TreeSize, is_complete: bool) -> HttpResponse {
    let mut answer = json_answer(&json!(ids));
    let headers = answer.headers_mut();
    headers.insert(LOG_SIZE, searched.get().into());
    let complete = if is_complete { "true" } else { "false" };
    headers.insert(COMPLETE, HeaderValue::from_static(complete));
    answer
}

/// The same for the oldest matches of a tree, and the newest `count`.
pub(super) fn ids_of_both(
    tree: TreeId,
    mut oldest: search::Answer,
    mut newest: search::Answer,
    count: usize,
) -> HttpResponse {
    let surplus = newest.entries.len().saturating_sub(count);
    newest.entries.drain(..surplus);
    let last = oldest.entries.last().map(|found| found.entry.index);
    newest.entries.retain(|found| Some(found.entry.index) > last);
    oldest.entries.extend(newest.entries);
    ids(tree, &oldest)
}

/// v1's `LogEntry`: an object with one member, whose name is the entry ID. Without a known time,
/// the time is 0; without that or a key there is no signed timestamp.
pub(super) fn entry(voucher: &Voucher, entry: &Logged<'_>, vouched: &Vouched) -> Value {
    let index = entry.index.get();
    let mut verification = json!({"inclusionProof": {
        "checkpoint": *vouched.checkpoint,
        "hashes": hashes(entry.proof),
        "logIndex": index,
        "rootHash": entry.head.root.to_string(),
        "treeSize": entry.head.size.get(),
    }});
    if let Some(timestamp) = &vouched.timestamp {
        verification["signedEntryTimestamp"] = STANDARD.encode(timestamp).into();
    }
    let mut answer = json!({
        "body": STANDARD.encode(entry.body),
        "integratedTime": vouched.time.map_or(0, fasti_objects::IntegratedTime::get),
        "logID": hex::encode(voucher.log_id()),
        "logIndex": index,
        "verification": verification,
    });
    if let Some(attestation) = &entry.attestation {
        answer["attestation"] = json!({"data": STANDARD.encode(attestation.bytes())});
    }
    json!({entry_id(voucher.tree(), &entry.leaf): answer})
}

/// v1's `LogInfo`.
pub(super) fn info(tree: TreeId, head: TreeHead, checkpoint: &str) -> Value {
    json!({
        "inactiveShards": null,
        "rootHash": head.root.to_string(),
        "signedTreeHead": checkpoint,
        "treeID": tree.to_string(),
        "treeSize": head.size.get(),
    })
}

/// v1's `ConsistencyProof`, with the newest root, as in v1.
pub(super) fn consistency(newest: TreeHead, proof: &[Hash]) -> Value {
    json!({"hashes": hashes(proof), "rootHash": newest.root.to_string()})
}

fn hashes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(Hash::to_string).collect()
}
