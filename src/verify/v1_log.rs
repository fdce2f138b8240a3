//! Logs of Rekor v1, and what they sign: promises and checkpoints.
//!
//! A promise, Rekor's "signed entry timestamp", is the log's signature over an entry, its index,
//! and the time at which the log took it, as RFC 8785 JSON. A checkpoint is a C2SP signed note
//! whose first line is the log's host and the number of a tree, as in `rekor.example - 1234`: a log
//! has several trees, its shards. Its key signs all of them, and the line's name is the host alone.
//!
//! Both name the log by the SHA-256 of its `SubjectPublicKeyInfo`. Whatever the key, ECDSA and RSA
//! sign SHA-256 digests, and Ed25519 signs the text itself.

use std::num::NonZeroU64;

use fasti_entry::{
    ArtifactDigest, EntryTimestamp, HashAlgorithm, PublicKey, TransparencyLogEntry, X509Error,
};
use fasti_read::window::Window;
use fasti_read::{CheckpointRefusal, Trust};
use tiles_spec::{Checkpoint, CheckpointError, NoteError, SignedCheckpoint};

use super::refusal::Refusal;

/// A key that a log of Rekor v1 signs with.
#[derive(Clone, Debug)]
pub struct V1Log {
    /// The log's name, for messages.
    pub name: String,
    /// When the log signed with the key.
    pub in_use: Window,
    key: PublicKey,
    log_id: [u8; 32],
}

impl V1Log {
    /// A log with this key, a DER `SubjectPublicKeyInfo`.
    pub fn new(name: String, spki: &[u8], in_use: Window) -> Result<Self, X509Error> {
        let key = PublicKey::from_spki_der(spki)?;
        Ok(Self { name, in_use, key, log_id: log_id(spki) })
    }

    /// The logs of which these are the keys, if they are of Rekor v1.
    pub(super) fn of(trust: &Trust) -> Vec<Self> {
        let logs = trust.logs.iter().filter_map(|log| {
            let spki = log.key.public_key().to_spki_der()?;
            Self::new(log.origin().to_owned(), &spki, log.in_use).ok()
        });
        logs.collect()
    }

    /// The key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The log's ID: the SHA-256 of its key.
    pub const fn log_id(&self) -> [u8; 32] {
        self.log_id
    }

    /// The log that an entry names.
    pub(super) fn find<'l>(
        logs: &'l [Self],
        entry: &TransparencyLogEntry,
    ) -> Result<&'l Self, Refusal> {
        logs.iter().find(|log| log.log_id == entry.log_id[..]).ok_or_else(|| {
            let mut known: Vec<_> = logs.iter().map(|log| log.name.as_str()).collect();
            known.dedup();
            let known = if known.is_empty() { "no log".to_owned() } else { known.join(", ") };
            Refusal::UnknownLogId { stated: hex::encode(&entry.log_id), known }
        })
    }

    /// Checks that the log promised to log the entry.
    pub fn expect_promise(
        &self,
        entry: &TransparencyLogEntry,
        promise: &[u8],
    ) -> Result<(), Refusal> {
        let signed = EntryTimestamp::of(entry);
        let valid = self.key.verify_v1(signed.as_str().as_bytes(), promise).is_ok();
        if valid { Ok(()) } else { Err(Refusal::BadPromise { log: self.name.clone() }) }
    }

    /// Opens a checkpoint of one of the log's trees.
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, Refusal> {
        self.open_checkpoint(note).map_err(|error| match error {
            CheckpointError::Origin { found, .. } => Refusal::NoTreeId { origin: found },
            error => CheckpointRefusal::from(error).into(),
        })
    }

    /// Opens a checkpoint of one of the log's trees. One of no numbered tree has another origin.
    pub fn open_checkpoint(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let signed = SignedCheckpoint::parse(note)?;
        let origin = &signed.checkpoint().origin;
        let Some((host, _)) = numbered_tree(origin) else {
            let expected = format!("{} - a number", self.name);
            return Err(CheckpointError::Origin { expected, found: origin.clone() });
        };
        let mut opened = false;
        for line in signed.note().signatures() {
            let hint = line.key_id();
            // Lines of unknown keys do not count. One that claims to be by this key must be.
            if line.name().as_str() != host || hint.as_bytes()[..] != self.log_id[..4] {
                continue;
            }
            if self.key.verify_v1(signed.note().text().as_bytes(), line.bytes()).is_err() {
                let bad = NoteError::BadSignature { name: line.name().clone(), key_id: hint };
                return Err(bad.into());
            }
            opened = true;
        }
        if !opened {
            return Err(NoteError::NoKnownSignature.into());
        }
        Ok(signed.checkpoint().clone())
    }
}

/// The ID of a log with this key, a DER `SubjectPublicKeyInfo`.
pub(super) fn log_id(spki: &[u8]) -> [u8; 32] {
    let mut id = [0; 32];
    id.copy_from_slice(ArtifactDigest::of(HashAlgorithm::Sha256, spki).as_bytes());
    id
}

/// The host and the number of the tree in the first line of a checkpoint of Rekor v1; `None` for
/// other logs.
pub fn numbered_tree(origin: &str) -> Option<(&str, NonZeroU64)> {
    let (host, tree) = origin.rsplit_once(" - ")?;
    let number: NonZeroU64 = tree.parse().ok()?;
    (number.to_string() == tree).then_some((host, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_numbered() {
        let origin = "rekor.test - 1193050959916656506";
        let (host, tree) = numbered_tree(origin).unwrap();
        assert_eq!((host, tree.get()), ("rekor.test", 1_193_050_959_916_656_506));
        for origin in ["rekor.test", "rekor.test - ", "a - 01", "a - 0", "a - +1", "a - 1 ", "a-1"]
        {
            assert_eq!(numbered_tree(origin), None, "{origin}");
        }
    }
}
