//! The messages of the log's answer, as defined in `sigstore_rekor.proto`.

use prost::Message as _;

use crate::transparency_log_entry as entry;

#[derive(Clone, PartialEq, prost::Message)]
struct TransparencyLogEntry {
    #[prost(int64, tag = "1")]
    log_index: i64,
    #[prost(message, optional, tag = "2")]
    log_id: Option<LogId>,
    #[prost(message, optional, tag = "3")]
    kind_version: Option<KindVersion>,
    #[prost(int64, tag = "4")]
    integrated_time: i64,
    #[prost(message, optional, tag = "5")]
    inclusion_promise: Option<InclusionPromise>,
    #[prost(message, optional, tag = "6")]
    inclusion_proof: Option<InclusionProof>,
    #[prost(bytes = "vec", tag = "7")]
    canonicalized_body: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LogId {
    #[prost(bytes = "vec", tag = "1")]
    key_id: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KindVersion {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InclusionPromise {
    #[prost(bytes = "vec", tag = "1")]
    signed_entry_timestamp: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InclusionProof {
    #[prost(int64, tag = "1")]
    log_index: i64,
    #[prost(bytes = "vec", tag = "2")]
    root_hash: Vec<u8>,
    #[prost(int64, tag = "3")]
    tree_size: i64,
    #[prost(bytes = "vec", repeated, tag = "4")]
    hashes: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "5")]
    checkpoint: Option<Checkpoint>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Checkpoint {
    #[prost(string, tag = "1")]
    envelope: String,
}

/// Encodes an answer.
pub fn encode(answer: &entry::TransparencyLogEntry) -> Vec<u8> {
    let message = TransparencyLogEntry {
        // Indices, sizes and times are below 2^63.
        log_index: answer.log_index.cast_signed(),
        log_id: Some(LogId { key_id: answer.log_id.clone() }),
        kind_version: Some(KindVersion {
            kind: answer.kind.clone(),
            version: answer.version.clone(),
        }),
        integrated_time: answer.integrated_time.cast_signed(),
        inclusion_promise: answer
            .inclusion_promise
            .clone()
            .map(|signed_entry_timestamp| InclusionPromise { signed_entry_timestamp }),
        inclusion_proof: answer.inclusion_proof.as_ref().map(|proof| InclusionProof {
            log_index: proof.log_index.cast_signed(),
            root_hash: proof.root_hash.to_vec(),
            tree_size: proof.tree_size.cast_signed(),
            hashes: proof.hashes.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: Some(Checkpoint { envelope: proof.checkpoint.clone() }),
        }),
        canonicalized_body: answer.canonicalized_body.clone(),
    };
    message.encode_to_vec()
}
