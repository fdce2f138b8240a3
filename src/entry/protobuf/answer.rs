//! The messages of the log's answer, as defined in `sigstore_rekor.proto`.

use super::wire::{put_bytes, put_number};
use crate::transparency_log_entry::TransparencyLogEntry;

/// A message being written, field by field in the order of their tags.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// A number below 2^63. Zero is the default, which proto3 leaves out.
    fn int64(mut self, tag: u32, number: u64) -> Self {
        if number != 0 {
            put_number(tag, number, &mut self.0);
        }
        self
    }

    /// A string or bytes. Empty is the default, which proto3 leaves out.
    fn bytes(self, tag: u32, bytes: &[u8]) -> Self {
        if bytes.is_empty() { self } else { self.item(tag, bytes) }
    }

    /// A message within, or one of several bytes: present even if it is empty.
    fn item(mut self, tag: u32, bytes: &[u8]) -> Self {
        put_bytes(tag, bytes, &mut self.0);
        self
    }
}

impl TransparencyLogEntry {
    /// The protobuf encoding of the log's answer.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let log_id = Message::default().bytes(1, &self.log_id);
        let kind_version = Message::default().bytes(1, self.kind.as_bytes());
        let kind_version = kind_version.bytes(2, self.version.as_bytes());
        let mut message = Message::default()
            .int64(1, self.log_index)
            .item(2, &log_id.0)
            .item(3, &kind_version.0)
            .int64(4, self.integrated_time);
        if let Some(promise) = &self.inclusion_promise {
            message = message.item(5, &Message::default().bytes(1, promise).0);
        }
        if let Some(proof) = &self.inclusion_proof {
            let mut inner = Message::default()
                .int64(1, proof.log_index)
                .bytes(2, &proof.root_hash)
                .int64(3, proof.tree_size);
            for hash in &proof.hashes {
                inner = inner.item(4, hash);
            }
            let checkpoint = Message::default().bytes(1, proof.checkpoint.as_bytes());
            message = message.item(6, &inner.item(5, &checkpoint.0).0);
        }
        message.bytes(7, &self.canonicalized_body).0
    }
}
