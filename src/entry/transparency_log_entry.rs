//! The log's answer, `dev.sigstore.rekor.v1.TransparencyLogEntry`: a leaf, its index, and its
//! inclusion proof. Clients keep it in a bundle.
//!
//! Parsing is tolerant, because other software may have written the answer: it accepts unset and
//! null fields, unknown fields, and integers as numbers. Fields that are present must have the
//! right type and length. Nothing is verified here.

use serde::Serialize;

use super::error::EntryError;
use super::json::{self, Value};
use super::protojson::{Base64, Int64, Unknown, fields, optional, repeated, required};

/// A Merkle path has one hash per level of the tree.
const HASHES_MAX: usize = 64;

/// An entry of a log with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransparencyLogEntry {
    /// 0-based, below 2^63. In a Rekor v1 log with shards, counted over all shards.
    pub log_index: u64,
    /// The log's full key ID: 32 bytes.
    pub log_id: Vec<u8>,
    /// e.g. `hashedrekord`
    pub kind: String,
    /// e.g. `0.0.2`
    pub version: String,
    /// Unix seconds by a Rekor v1 log's clock; 0 from a Rekor v2 log, which does not claim a time.
    pub integrated_time: u64,
    /// A Rekor v1 log's signed promise to include the entry.
    pub inclusion_promise: Option<Vec<u8>>,
    /// The proof that the entry is included.
    pub inclusion_proof: Option<InclusionProof>,
    /// The leaf; empty if the reader must rebuild it.
    pub canonicalized_body: Vec<u8>,
}

/// A path from a leaf to the root of a tree, and the checkpoint that vouches for that root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Index in the tree, 0-based.
    pub log_index: u64,
    /// The tree's root.
    pub root_hash: [u8; 32],
    /// Number of leaves in the tree.
    pub tree_size: u64,
    /// From the leaf's sibling upward; at most 64.
    pub hashes: Vec<[u8; 32]>,
    /// The signed checkpoint, verbatim; empty in bundles of version 0.1 that rely on the promise.
    pub checkpoint: String,
}

impl TransparencyLogEntry {
    /// The JSON of the log's answer: every field is present, whether set or not.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Wire::from(self)).expect("strings and lists always serialize")
    }

    /// Parses the JSON of an answer. The caller bounds its length.
    pub fn parse(json: &[u8]) -> Result<Self, EntryError> {
        Self::from_json(json::parse(json)?)
    }

    pub(super) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = [
            "logIndex",
            "logId",
            "kindVersion",
            "integratedTime",
            "inclusionPromise",
            "inclusionProof",
            "canonicalizedBody",
        ];
        let [index, log_id, kind_version, time, promise, proof, body] =
            fields(value, names, Unknown::Ignore)?;
        let log_id = required(log_id, "logId", "the log's ID", |value| {
            let [key_id] = fields(value, ["keyId"], Unknown::Ignore)?;
            required(key_id, "keyId", "the log's key ID in base64", Value::nonempty_bytes)
        })?;
        let (kind, version) = required(kind_version, "kindVersion", "kind and version", |value| {
            let [kind, version] = fields(value, ["kind", "version"], Unknown::Ignore)?;
            let kind = required(kind, "kind", "the entry's kind", Value::string)?;
            Ok((kind, required(version, "version", "the kind's version", Value::string)?))
        })?;
        let inclusion_promise = optional(promise, "inclusionPromise", |value| {
            let [timestamp] = fields(value, ["signedEntryTimestamp"], Unknown::Ignore)?;
            required(timestamp, "signedEntryTimestamp", "a signature", Value::nonempty_bytes)
        })?;
        Ok(Self {
            log_index: optional(index, "logIndex", Value::integer)?.unwrap_or_default(),
            log_id,
            kind,
            version,
            integrated_time: optional(time, "integratedTime", Value::integer)?.unwrap_or_default(),
            inclusion_promise,
            inclusion_proof: optional(proof, "inclusionProof", InclusionProof::from_json)?,
            canonicalized_body: optional(body, "canonicalizedBody", Value::bytes)?
                .unwrap_or_default(),
        })
    }
}

impl InclusionProof {
    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"];
        let [index, root, size, hashes, checkpoint] = fields(value, names, Unknown::Ignore)?;
        let checkpoint = optional(checkpoint, "checkpoint", |value| {
            let [envelope] = fields(value, ["envelope"], Unknown::Ignore)?;
            optional(envelope, "envelope", Value::string)
        })?;
        Ok(Self {
            log_index: optional(index, "logIndex", Value::integer)?.unwrap_or_default(),
            root_hash: required(root, "rootHash", "the tree's root in base64", Value::hash)?,
            tree_size: required(size, "treeSize", "the tree's size", Value::integer)?,
            hashes: repeated(hashes, "hashes", HASHES_MAX, Value::hash)?,
            checkpoint: checkpoint.flatten().unwrap_or_default(),
        })
    }
}

/// The JSON shape.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire<'a> {
    log_index: Int64,
    log_id: LogId<'a>,
    kind_version: KindVersion<'a>,
    integrated_time: Int64,
    inclusion_promise: Option<Promise<'a>>,
    inclusion_proof: Option<Proof<'a>>,
    canonicalized_body: Base64<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId<'a> {
    key_id: Base64<'a>,
}

#[derive(Serialize)]
struct KindVersion<'a> {
    kind: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promise<'a> {
    signed_entry_timestamp: Base64<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof<'a> {
    log_index: Int64,
    root_hash: Base64<'a>,
    tree_size: Int64,
    hashes: Vec<Base64<'a>>,
    checkpoint: Checkpoint<'a>,
}

#[derive(Serialize)]
struct Checkpoint<'a> {
    envelope: &'a str,
}

impl<'a> From<&'a TransparencyLogEntry> for Wire<'a> {
    fn from(entry: &'a TransparencyLogEntry) -> Self {
        Self {
            log_index: Int64(entry.log_index),
            log_id: LogId { key_id: Base64(&entry.log_id) },
            kind_version: KindVersion { kind: &entry.kind, version: &entry.version },
            integrated_time: Int64(entry.integrated_time),
            inclusion_promise: entry
                .inclusion_promise
                .as_ref()
                .map(|promise| Promise { signed_entry_timestamp: Base64(promise) }),
            inclusion_proof: entry.inclusion_proof.as_ref().map(|proof| Proof {
                log_index: Int64(proof.log_index),
                root_hash: Base64(&proof.root_hash),
                tree_size: Int64(proof.tree_size),
                hashes: proof.hashes.iter().map(|hash| Base64(hash)).collect(),
                checkpoint: Checkpoint { envelope: &proof.checkpoint },
            }),
            canonicalized_body: Base64(&entry.canonicalized_body),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn entry() -> TransparencyLogEntry {
        TransparencyLogEntry {
            log_index: 735,
            log_id: vec![7; 32],
            kind: "hashedrekord".to_owned(),
            version: "0.0.2".to_owned(),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: 735,
                root_hash: [1; 32],
                tree_size: 736,
                hashes: vec![[2; 32], [0xff; 32]],
                checkpoint: "log.example\n736\nAQ==\n\n\u{2014} log.example AA==\n".to_owned(),
            }),
            canonicalized_body: b"{}".to_vec(),
        }
    }

    fn json() -> Json {
        let b64 = |byte: &str, last: &str| format!("{}{last}=", byte.repeat(10));
        json!({
            "logIndex": "735",
            "logId": {"keyId": b64("BwcH", "Bwc")},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": "735",
                "rootHash": b64("AQEB", "AQE"),
                "treeSize": "736",
                "hashes": [b64("AgIC", "AgI"), b64("////", "//8")],
                "checkpoint": {
                    "envelope": "log.example\n736\nAQ==\n\n\u{2014} log.example AA==\n",
                },
            },
            "canonicalizedBody": "e30=",
        })
    }

    #[test]
    fn writes_every_field() {
        let written: Json = serde_json::from_slice(&entry().to_json()).unwrap();
        assert_eq!(written, json());
        let empty = TransparencyLogEntry { inclusion_proof: None, ..entry() };
        let written: Json = serde_json::from_slice(&empty.to_json()).unwrap();
        assert_eq!(written["inclusionProof"], Json::Null);
    }

    #[test]
    fn reads_what_it_writes() {
        let promise = Some(vec![1, 2, 3]);
        for entry in [
            entry(),
            TransparencyLogEntry { inclusion_promise: promise, integrated_time: 9, ..entry() },
            TransparencyLogEntry { inclusion_proof: None, ..entry() },
        ] {
            assert_eq!(TransparencyLogEntry::parse(&entry.to_json()).unwrap(), entry);
        }
    }

    #[test]
    fn reads_what_others_write() {
        let unpopulated = json!({
            "logId": {"keyId": "BwcH"},
            "kindVersion": {"kind": "dsse", "version": "0.0.2"},
            "inclusionProof": {"rootHash": json()["inclusionProof"]["rootHash"], "treeSize": 1},
            "some_new_field": [1, 2],
        });
        let read = TransparencyLogEntry::parse(unpopulated.to_string().as_bytes()).unwrap();
        assert_eq!((read.log_index, read.integrated_time), (0, 0));
        assert_eq!(read.canonicalized_body, b"");
        let proof = read.inclusion_proof.unwrap();
        assert_eq!((proof.log_index, proof.tree_size, proof.hashes.len()), (0, 1, 0));
        assert_eq!(proof.checkpoint, "");
    }

    #[test]
    fn refusals() {
        for (pointer, value, field) in [
            ("/logIndex", json!("-1"), "logIndex"),
            ("/logIndex", json!(1_u64 << 63), "logIndex"),
            ("/logId", json!({}), "logId.keyId"),
            ("/kindVersion", json!(null), "kindVersion"),
            ("/kindVersion/kind", json!(null), "kindVersion.kind"),
            ("/inclusionPromise", json!({}), "inclusionPromise.signedEntryTimestamp"),
            ("/inclusionProof/rootHash", json!("AAAA"), "inclusionProof.rootHash"),
            ("/inclusionProof/treeSize", json!(null), "inclusionProof.treeSize"),
            ("/inclusionProof/hashes/1", json!("AAAA"), "inclusionProof.hashes[1]"),
            ("/inclusionProof/hashes", json!(vec!["AAAA"; 65]), "inclusionProof.hashes"),
            ("/inclusionProof/checkpoint/envelope", json!(1), "inclusionProof.checkpoint.envelope"),
            ("/canonicalizedBody", json!("!"), "canonicalizedBody"),
        ] {
            let mut json = json();
            *json.pointer_mut(pointer).unwrap() = value;
            let error = TransparencyLogEntry::parse(json.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.field(), Some(field), "{error}");
        }
    }
}
