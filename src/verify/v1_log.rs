//! Logs of Rekor v1, and what they sign: promises and checkpoints.
//!
//! A promise, Rekor's "signed entry timestamp", is the log's signature over an entry, its index,
//! and the time at which the log took it, as RFC 8785 JSON. A checkpoint is a C2SP signed note
//! whose first line is the log's host and the number of a tree, as in `rekor.example - 1234`: a log
//! has several trees, its shards. Its key signs all of them, and the line's name is the host alone.
//!
//! Both name the log by the SHA-256 of its `SubjectPublicKeyInfo`. Whatever the key, ECDSA and RSA
//! sign SHA-256 digests, and Ed25519 signs the text itself.

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
    pub(super) fn expect_promise(
        &self,
        entry: &TransparencyLogEntry,
        promise: &[u8],
    ) -> Result<(), Refusal> {
        let signed = EntryTimestamp::of(entry);
        let valid = self.key.verify_v1(signed.as_str().as_bytes(), promise).is_ok();
        if valid { Ok(()) } else { Err(Refusal::BadPromise { log: self.name.clone() }) }
    }

    /// Opens a checkpoint of one of the log's trees.
    pub(super) fn open(&self, note: &[u8]) -> Result<Checkpoint, Refusal> {
        let untrusted = |error: CheckpointError| CheckpointRefusal::from(error);
        let signed = SignedCheckpoint::parse(note).map_err(untrusted)?;
        let origin = &signed.checkpoint().origin;
        let host = host(origin).ok_or_else(|| Refusal::NoTreeId { origin: origin.clone() })?;
        let mut opened = false;
        for line in signed.note().signatures() {
            let hint = line.key_id();
            // Lines of unknown keys do not count. One that claims to be by this key must be.
            if line.name().as_str() != host || hint.as_bytes()[..] != self.log_id[..4] {
                continue;
            }
            if self.key.verify_v1(signed.note().text().as_bytes(), line.bytes()).is_err() {
                let bad = NoteError::BadSignature { name: line.name().clone(), key_id: hint };
                return Err(untrusted(bad.into()).into());
            }
            opened = true;
        }
        if !opened {
            return Err(untrusted(NoteError::NoKnownSignature.into()).into());
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

/// The host in the first line of a checkpoint, if the number of a tree follows.
fn host(origin: &str) -> Option<&str> {
    let (host, tree) = origin.rsplit_once(" - ")?;
    let number: u64 = tree.parse().ok()?;
    (number > 0 && number.to_string() == tree).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_numbered() {
        assert_eq!(host("rekor.test - 1193050959916656506"), Some("rekor.test"));
        for origin in ["rekor.test", "rekor.test - ", "a - 01", "a - 0", "a - +1", "a - 1 ", "a-1"]
        {
            assert_eq!(host(origin), None, "{origin}");
        }
    }
}
