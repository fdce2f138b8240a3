//! Answers in Rekor v1's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fasti_client::proven::ProvenEntry;
use fasti_client::search;
use fasti_client::trust::OpenedCheckpoint;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::{Value, json};
use tiles_spec::Hash;

use super::tree_id::TreeId;
use crate::problem::HttpResponse;

/// The size of the tree that a list of entry IDs covers.
const LOG_SIZE: HeaderName = HeaderName::from_static("fasti-log-size");
/// In a list that lacks some: the leaf index from which on to ask for them.
const NEXT: HeaderName = HeaderName::from_static("fasti-next");
/// Whether a list of entry IDs is complete.
const COMPLETE: HeaderName = HeaderName::from_static("fasti-complete");

/// How v1 names this log.
pub(super) struct V1Log {
    pub(super) tree: TreeId,
    pub(super) log_id: [u8; 32],
}

/// Creates an answer of this content type, which changes as the log grows.
pub(super) fn answer(body: impl Into<Bytes>, content_type: &'static str) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

pub(super) fn json_answer(body: &Value) -> HttpResponse {
    answer(body.to_string(), "application/json")
}

impl V1Log {
    /// An array of entry IDs, newest first. Headers say what v1 has no place for: the size of the
    /// tree that was searched, whether the array has all matching entries, and where to go on.
    pub(super) fn ids(&self, found: &search::Answer) -> HttpResponse {
        let newest_first = found.entries.iter().rev();
        let ids: Vec<_> = newest_first.map(|found| self.tree.entry_id(&found.entry.leaf)).collect();
        let mut answer = json_answer(&json!(ids));
        let headers = answer.headers_mut();
        headers.insert(LOG_SIZE, found.searched().get().into());
        let complete = if found.complete { "true" } else { "false" };
        headers.insert(COMPLETE, HeaderValue::from_static(complete));
        if found.is_cut {
            headers.insert(NEXT, found.until.get().into());
        }
        answer
    }

    /// The same for the oldest matches of a tree, and the newest `count`.
    pub(super) fn ids_of_both(
        &self,
        mut oldest: search::Answer,
        mut newest: search::Answer,
        count: usize,
    ) -> HttpResponse {
        let surplus = newest.entries.len().saturating_sub(count);
        newest.entries.drain(..surplus);
        let last = oldest.entries.last().map(|found| found.entry.index);
        newest.entries.retain(|found| Some(found.entry.index) > last);
        oldest.entries.extend(newest.entries);
        self.ids(&oldest)
    }

    /// v1's `LogEntry`: an object with one member, whose name is the entry ID.
    pub(super) fn entry(&self, entry: &ProvenEntry, checkpoint: &OpenedCheckpoint) -> Value {
        let (head, index) = (checkpoint.head(), entry.index.get());
        json!({self.tree.entry_id(&entry.leaf): {
            "body": STANDARD.encode(&entry.bytes),
            "integratedTime": 0,
            "logID": hex::encode(self.log_id),
            "logIndex": index,
            "verification": {"inclusionProof": {
                "checkpoint": text(checkpoint),
                "hashes": hashes(&entry.proof),
                "logIndex": index,
                "rootHash": head.root.to_string(),
                "treeSize": head.size.get(),
            }},
        }})
    }

    /// v1's `LogInfo`.
    pub(super) fn info(&self, checkpoint: &OpenedCheckpoint) -> Value {
        json!({
            "rootHash": checkpoint.head().root.to_string(),
            "treeSize": checkpoint.head().size.get(),
            "signedTreeHead": text(checkpoint),
            "treeID": self.tree.to_string(),
            "inactiveShards": [],
        })
    }
}

/// v1's `ConsistencyProof`, with the newest root, as in v1.
pub(super) fn consistency(newest: &OpenedCheckpoint, proof: &[Hash]) -> Value {
    json!({"rootHash": newest.head().root.to_string(), "hashes": hashes(proof)})
}

fn hashes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(Hash::to_string).collect()
}

/// The text of a checkpoint; an opened one is always UTF-8.
fn text(checkpoint: &OpenedCheckpoint) -> String {
    String::from_utf8_lossy(&checkpoint.to_bytes()).into_owned()
}
