//! What the two forms of cosignatures sign, and their verification.
//!
//! Stands below the keys, which verify with it.

use ed25519_dalek::VerifyingKey as Ed25519Key;
use ml_dsa::{MlDsa44, Signature as MlDsaSignature, VerifyingKey as MlDsaKey};

use super::time::split;
use crate::checkpoint::text::Checkpoint;
use crate::hash::Hash;
use crate::note::ed25519;
use crate::note::name::KeyName;
use crate::proof::subtree::Subtree;
use crate::size::TreeSize;
use crate::tree::TreeHead;

/// Size in bytes of an Ed25519 signature.
pub(super) const TEXT_SIGNATURE_BYTES: usize = 64;

/// Size in bytes of an ML-DSA-44 signature.
pub(super) const TREE_SIGNATURE_BYTES: usize = 2420;

/// A time that claims nothing.
pub(super) const NO_TIME: u64 = 0;

const TREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// Whether the bytes of a signature line are a cosignature of the text.
pub(crate) fn verify_text(key: &Ed25519Key, text: &str, bytes: &[u8]) -> bool {
    split(bytes, TEXT_SIGNATURE_BYTES).is_some_and(|(time, signature)| {
        ed25519::verify(key, text_message(time, text).as_bytes(), signature)
    })
}

/// Whether the bytes of a signature line are a cosignature of the tree in a checkpoint's text.
pub(crate) fn verify_tree(
    key: &MlDsaKey<MlDsa44>,
    name: &KeyName,
    text: &str,
    bytes: &[u8],
) -> bool {
    let Some((time, signature)) = split(bytes, TREE_SIGNATURE_BYTES) else { return false };
    let Ok(signature) = MlDsaSignature::<MlDsa44>::try_from(signature) else { return false };
    let checkpoint = Checkpoint::parse_text(text).ok();
    checkpoint
        .and_then(|checkpoint| tree_message(name, time, &checkpoint))
        .is_some_and(|message| key.verify_with_context(&message, &[], &signature))
}

/// Whether the bytes of a signature line are a cosignature of a part of a log's tree, without a
/// time.
pub(crate) fn verify_subtree(
    key: &MlDsaKey<MlDsa44>,
    name: &KeyName,
    signed: &SignedSubtree<'_>,
    bytes: &[u8],
) -> bool {
    let Some((NO_TIME, signature)) = split(bytes, TREE_SIGNATURE_BYTES) else { return false };
    let Ok(signature) = MlDsaSignature::<MlDsa44>::try_from(signature) else { return false };
    subtree_message(name, NO_TIME, signed)
        .is_some_and(|message| key.verify_with_context(&message, &[], &signature))
}

/// A part of a log's tree, as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedSubtree<'a> {
    /// The origin of the log.
    pub origin: &'a str,
    /// The leaves.
    pub subtree: Subtree,
    /// The root hash of these leaves.
    pub hash: Hash,
}

/// The message to sign.
pub(super) fn text_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The message to sign; `None` if it cannot be expressed.
pub(super) fn tree_message(name: &KeyName, time: u64, checkpoint: &Checkpoint) -> Option<Vec<u8>> {
    if !checkpoint.extensions.is_empty() {
        return None;
    }
    let TreeHead { size, root } = checkpoint.head;
    message_of(name, time, &checkpoint.origin, [TreeSize::ZERO, size], &root)
}

/// The message to sign for a part of a tree; `None` if it cannot be expressed.
pub(super) fn subtree_message(
    name: &KeyName,
    time: u64,
    signed: &SignedSubtree<'_>,
) -> Option<Vec<u8>> {
    let SignedSubtree { origin, subtree, hash } = signed;
    message_of(name, time, origin, [subtree.start(), subtree.end()], hash)
}

fn message_of(
    name: &KeyName,
    time: u64,
    origin: &str,
    [start, end]: [TreeSize; 2],
    root: &Hash,
) -> Option<Vec<u8>> {
    let mut message = TREE_LABEL.to_vec();
    let mut put_string = |text: &str, after: u64| {
        message.push(u8::try_from(text.len()).ok()?);
        message.extend_from_slice(text.as_bytes());
        message.extend_from_slice(&after.to_be_bytes());
        Some(())
    };
    put_string(name.as_str(), time)?;
    put_string(origin, start.get())?;
    message.extend_from_slice(&end.get().to_be_bytes());
    message.extend_from_slice(root.as_bytes());
    Some(message)
}
