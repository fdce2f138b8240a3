//! Answers in Rekor v1's JSON: members in order, and a newline at the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body_util::Full;
use serde_json::{Value, json};
use tiles_spec::{Hash, TreeHead};

use super::entry_id::entry_id;
use super::media::JSON;
use super::vouch::{Logged, NewestTree, Vouched, Voucher};
use crate::problem::HttpResponse;

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
        "logIndex": entry.first.of_leaf(entry.index).get(),
        "verification": verification,
    });
    if let Some(attestation) = &entry.attestation {
        answer["attestation"] = json!({"data": STANDARD.encode(attestation.bytes())});
    }
    json!({entry_id(voucher.tree(), &entry.leaf): answer})
}

/// v1's `LogInfo` of all shards, of which the active one is the last; with null for no others.
pub(super) fn info(trees: &[NewestTree]) -> Value {
    let mut shards: Vec<_> = trees.iter().map(shard_info).collect();
    let mut info = shards.pop().unwrap_or_default();
    info["inactiveShards"] = if shards.is_empty() { Value::Null } else { shards.into() };
    info
}

fn shard_info(shard: &NewestTree) -> Value {
    json!({
        "rootHash": shard.head.root.to_string(),
        "signedTreeHead": *shard.checkpoint,
        "treeID": shard.tree.to_string(),
        "treeSize": shard.head.size.get(),
    })
}

/// v1's `ConsistencyProof`, with the newest root, as in v1.
pub(super) fn consistency(newest: TreeHead, proof: &[Hash]) -> Value {
    json!({"hashes": hashes(proof), "rootHash": newest.root.to_string()})
}

fn hashes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(Hash::to_string).collect()
}
