//! An entry as Rekor v1's API gives it (`LogEntry`).
//!
//! Invariant: a [`V1Entry`] does not contradict itself. Its ID ends with the leaf hash of its body,
//! and its proof leads from there to the root in its checkpoint. If it states the hash of its
//! attestation, the attestation has that hash. Whose signatures these are is not
//! known here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{InclusionProof, TransparencyLogEntry, attestation_hash, is_attestation_of};
use serde::Deserialize;
use serde_json::Value;
use tiles_spec::{
    CheckpointError, Hash, LeafIndex, ProofError, SignedCheckpoint, TreeHead, TreeSize, leaf_hash,
    verify_inclusion,
};

use super::super::keys::KeysError;
use super::id::EntryId;

/// A Merkle path has one hash per level of the tree.
const HASHES_MAX: usize = 64;

/// An entry of a log of Rekor v1.
#[derive(Clone, Debug)]
pub struct V1Entry {
    /// Its full name.
    pub id: EntryId,
    /// The entry, its index over all trees of the log, its promise, and its proof.
    pub entry: TransparencyLogEntry,
    /// Its index in its tree.
    pub index: LeafIndex,
    /// The tree to which the proof leads.
    pub head: TreeHead,
    /// What was signed, if the log keeps it beside the entry.
    pub attestation: Option<Vec<u8>>,
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum V1Fault {
    /// Not the JSON of an entry.
    #[error("it is not an entry of Rekor v1: {0}")]
    Json(#[from] serde_json::Error),
    /// Not the JSON of something else that was asked for.
    #[error("it is not in the form of Rekor v1: {0}")]
    Form(#[source] serde_json::Error),
    /// It has no entry, or several.
    #[error("it has {0} entries instead of one")]
    Count(usize),
    /// A member has another form.
    #[error("its {0} is malformed")]
    Member(&'static str),
    /// No name of the entry that exists.
    #[error("it says that the entry exists, but not where")]
    Location,
    /// Not the key of a log.
    #[error("it is not a key that a log can have")]
    Key(#[source] KeysError),
    /// The entry is not the one that was asked for.
    #[error("it is not the entry that was asked for")]
    OtherEntry,
    /// The ID is not that of the body.
    #[error("the entry has the leaf hash {actual}, but its ID is {stated}")]
    OtherLeaf {
        /// The leaf hash of the body.
        actual: Hash,
        /// The ID.
        stated: EntryId,
    },
    /// An entry that the log has, by the size of its tree, does not come.
    #[error("it lacks the entry with the index {0}, which the tree has")]
    Absent(u64),
    /// The proof does not lead to the root.
    #[error("its inclusion proof is not good")]
    Proof(#[from] ProofError),
    /// The proof does not lead from one tree to the other.
    #[error("its consistency proof is not good")]
    Consistency(#[source] ProofError),
    /// A tree head is not the one in its checkpoint.
    #[error("its checkpoint is of another tree head than the one beside it")]
    OtherHead,
    /// The checkpoint cannot be read.
    #[error("its checkpoint is malformed")]
    Checkpoint(#[from] CheckpointError),
    /// The attestation is not the one whose hash the entry has.
    #[error("its attestation has another hash than the entry states")]
    OtherAttestation,
    /// The checkpoint is of another tree than the proof.
    #[error("its checkpoint is of another tree than its inclusion proof")]
    OtherTree,
}

impl V1Fault {
    /// Whether the log states what cannot be, rather than something that is not an entry at all.
    pub fn is_contradiction(&self) -> bool {
        !matches!(
            self,
            Self::Json(_) | Self::Form(_) | Self::Count(_) | Self::Location | Self::Key(_)
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    body: String,
    integrated_time: u64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
    attestation: Option<Attestation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Proof,
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

#[derive(Deserialize)]
struct Attestation {
    data: Option<String>,
}

impl V1Entry {
    /// Reads an answer with one entry.
    pub fn read(json: &[u8]) -> Result<Self, V1Fault> {
        Self::only(serde_json::from_slice(json)?)
    }

    fn only(entries: BTreeMap<String, Wire>) -> Result<Self, V1Fault> {
        let count = entries.len();
        match entries.into_iter().next() {
            Some((id, entry)) if count == 1 => Self::of(&id, entry),
            _ => Err(V1Fault::Count(count)),
        }
    }

    /// Reads an answer with several entries, `max` of them at most.
    pub fn read_all(json: &[u8], max: usize) -> Result<Vec<Self>, V1Fault> {
        let all: Vec<BTreeMap<String, Wire>> = serde_json::from_slice(json)?;
        if all.len() > max {
            return Err(V1Fault::OtherEntry);
        }
        all.into_iter().map(Self::only).collect()
    }

    fn of(id: &str, wire: Wire) -> Result<Self, V1Fault> {
        let id: EntryId = id.parse().map_err(|_| V1Fault::Member("ID"))?;
        let body = bytes(&wire.body, "body")?;
        let leaf = leaf_hash(&body);
        if leaf != id.leaf {
            return Err(V1Fault::OtherLeaf { actual: leaf, stated: id });
        }
        let Verification { inclusion_proof: proof, signed_entry_timestamp: promise } =
            wire.verification;
        let index = LeafIndex::new(proof.log_index).ok_or(V1Fault::Member("index"))?;
        let over_all = LeafIndex::new(wire.log_index).ok_or(V1Fault::Member("index"))?;
        let size = TreeSize::new(proof.tree_size).ok_or(V1Fault::Member("tree size"))?;
        let head = TreeHead { size, root: hash(&proof.root_hash)? };
        if proof.hashes.len() > HASHES_MAX {
            return Err(V1Fault::Member("inclusion proof"));
        }
        let hashes: Vec<_> =
            proof.hashes.iter().map(|text| hash(text)).collect::<Result<_, _>>()?;
        verify_inclusion(&leaf, index, &head, &hashes)?;
        let checkpoint = SignedCheckpoint::parse(proof.checkpoint.as_bytes())?;
        if checkpoint.checkpoint().head != head {
            return Err(V1Fault::OtherTree);
        }
        // An entry of no kind is in the log as well as any other.
        let (kind, version) = kind_of(&body).unwrap_or_default();
        let attestation = wire.attestation.and_then(|attestation| attestation.data);
        let entry = TransparencyLogEntry {
            log_index: over_all.get(),
            log_id: hex::decode(&wire.log_id).map_err(|_| V1Fault::Member("log ID"))?,
            kind,
            version,
            integrated_time: wire.integrated_time,
            inclusion_promise: promise
                .filter(|promise| !promise.is_empty())
                .map(|promise| bytes(&promise, "signed entry timestamp"))
                .transpose()?,
            inclusion_proof: Some(InclusionProof {
                log_index: proof.log_index,
                root_hash: *head.root.as_bytes(),
                tree_size: proof.tree_size,
                hashes: hashes.iter().map(|hash| *hash.as_bytes()).collect(),
                checkpoint: proof.checkpoint,
            }),
            canonicalized_body: body,
        };
        let attestation = attestation.map(|data| bytes(&data, "attestation")).transpose()?;
        if let Some(bytes) = &attestation
            && attestation_hash(&entry.canonicalized_body).is_some()
            && !is_attestation_of(&entry.canonicalized_body, bytes)
        {
            return Err(V1Fault::OtherAttestation);
        }
        Ok(Self { id, entry, index, head, attestation })
    }

    /// The checkpoint of the tree.
    pub fn checkpoint(&self) -> &str {
        self.entry.inclusion_proof.as_ref().map_or("", |proof| &proof.checkpoint)
    }

    /// The inclusion proof, from the leaf's sibling upward.
    pub fn hashes(&self) -> Vec<Hash> {
        let proof = self.entry.inclusion_proof.as_ref();
        proof
            .map(|proof| proof.hashes.iter().copied().map(Hash::from).collect())
            .unwrap_or_default()
    }
}

fn bytes(base64: &str, what: &'static str) -> Result<Vec<u8>, V1Fault> {
    STANDARD.decode(base64).map_err(|_| V1Fault::Member(what))
}

fn hash(hex: &str) -> Result<Hash, V1Fault> {
    hex.parse().map_err(|_| V1Fault::Member("inclusion proof"))
}

/// The kind and version of a body.
fn kind_of(body: &[u8]) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Some((text("kind")?, text("apiVersion")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tiles_spec::tree::root_of;
    use tiles_spec::{Checkpoint, node_hash};

    use super::*;
    use crate::testing::{ORIGIN, signing_key};

    const BODY: &[u8] = br#"{"apiVersion":"0.0.1","kind":"any","spec":{}}"#;

    fn id() -> String {
        format!("0000000000000007{}", leaf_hash(BODY))
    }

    /// The second of two entries.
    fn answer() -> Value {
        let (first, second) = (leaf_hash(b"first"), leaf_hash(BODY));
        let root = node_hash(&first, &second);
        assert_eq!(root, root_of(&[first, second]));
        let head = TreeHead { size: TreeSize::new(2).unwrap(), root };
        let text = Checkpoint { origin: ORIGIN.to_owned(), head, extensions: Vec::new() }.to_text();
        json!({id(): {
            "body": STANDARD.encode(BODY),
            "integratedTime": 1_700_000_000,
            "logID": "ab".repeat(32),
            "logIndex": 41,
            "attestation": {"data": STANDARD.encode("attested")},
            "verification": {
                "inclusionProof": {
                    "checkpoint": format!("{text}\n{}", signing_key().sign(&text)),
                    "hashes": [first.to_string()],
                    "logIndex": 1,
                    "rootHash": root.to_string(),
                    "treeSize": 2,
                },
                "signedEntryTimestamp": STANDARD.encode("signed"),
            },
        }})
    }

    fn read(answer: &Value) -> Result<V1Entry, String> {
        V1Entry::read(answer.to_string().as_bytes()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_entry_is_read_with_its_proof() {
        let entry = read(&answer()).unwrap();
        assert_eq!((entry.id.to_string(), entry.index.get()), (id(), 1));
        assert_eq!((entry.entry.log_index, entry.entry.integrated_time), (41, 1_700_000_000));
        assert_eq!((&*entry.entry.kind, &*entry.entry.version), ("any", "0.0.1"));
        assert_eq!(entry.entry.inclusion_promise.as_deref(), Some(&b"signed"[..]));
        assert_eq!(entry.attestation.as_deref(), Some(&b"attested"[..]));
        assert_eq!(entry.hashes(), [leaf_hash(b"first")]);
        assert!(entry.checkpoint().starts_with(ORIGIN));
    }

    #[test]
    fn an_entry_does_not_contradict_itself() {
        let proof = "/verification/inclusionProof";
        for (path, value, words) in [
            ("/body".to_owned(), json!(STANDARD.encode("{}")), "has the leaf hash"),
            ("/body".to_owned(), json!("!"), "its body is malformed"),
            ("/logID".to_owned(), json!("x"), "its log ID is malformed"),
            ("/logIndex".to_owned(), json!(-1), "not an entry of Rekor v1"),
            ("/logIndex".to_owned(), json!(u64::MAX), "its index is malformed"),
            (format!("{proof}/rootHash"), json!("ab".repeat(32)), "proof is not good"),
            (format!("{proof}/rootHash"), json!("ab"), "proof is malformed"),
            (format!("{proof}/logIndex"), json!(0), "proof is not good"),
            (format!("{proof}/hashes"), json!([]), "proof is not good"),
            (format!("{proof}/hashes"), json!(vec!["ab".repeat(32); 65]), "proof is malformed"),
            (format!("{proof}/checkpoint"), json!("x"), "its checkpoint is malformed"),
        ] {
            let mut answer = answer();
            *answer.pointer_mut(&format!("/{}{path}", id())).unwrap() = value;
            let refused = read(&answer).unwrap_err();
            assert!(refused.contains(words), "{path}: {refused}");
        }
        let mut other = answer();
        let checkpoint = format!("/{}{proof}/checkpoint", id());
        let text = other.pointer(&checkpoint).unwrap().as_str().unwrap().replace("\n2\n", "\n3\n");
        *other.pointer_mut(&checkpoint).unwrap() = text.into();
        assert!(read(&other).unwrap_err().contains("of another tree"));
        assert!(read(&json!({})).unwrap_err().contains("0 entries"));
        let mut two = answer();
        two["ab"] = two[id()].clone();
        assert!(read(&two).unwrap_err().contains("2 entries"));
    }
}
