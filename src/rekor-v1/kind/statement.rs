//! The digests in a statement, as Rekor's search index has them.

pub(super) use fasti_entry::STATEMENT_TYPE as PAYLOAD_TYPE;
use fasti_entry::{StatedDigest, stated_digests, subject_digests};

/// The digests of the subjects and the materials, each as `algorithm:value`.
pub(super) fn digests(payload: &[u8]) -> impl Iterator<Item = String> {
    stated_digests(payload).into_iter().map(text)
}

/// The digests of the subjects.
pub(super) fn subjects(payload: &[u8]) -> impl Iterator<Item = String> {
    subject_digests(payload).into_iter().map(text)
}

fn text((algorithm, value): StatedDigest) -> String {
    format!("{algorithm}:{value}")
}
