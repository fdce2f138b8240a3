//! Evidence that a log has contradicted itself: two checkpoints that one key signed, and what shows
//! that they cannot both be of one growing tree (`src/docs/formats.md`, "Evidence").
//!
//! Two heads of one size with different roots contradict each other by themselves. Two heads of
//! different sizes do not: that takes the root X that the larger tree had at the smaller size. A
//! consistency proof from X to the larger root (RFC 6962, section 2.1.2) shows that X follows from
//! what the log signed. If X is not the root that the log signed at that size, the larger tree does
//! not begin with the smaller one.
//!
//! Invariants: a log that only ever signed heads of one growing tree is not convicted by anything,
//! unless SHA-256 has collisions. Whoever keeps evidence proves nothing: all is judged again, with
//! the key alone. Two trees of which one begins with the other convict nobody, in whatever order
//! they were shown.

use serde::{Deserialize, Serialize};
use tiles_spec::proof::PROOF_HASHES_MAX;
use tiles_spec::{
    Checkpoint, CheckpointError, Hash, SignedCheckpoint, TreeHead, TreeSize, VerifierKey,
    open_checkpoint, verify_consistency,
};

/// The largest file with evidence, in bytes: two checkpoints with many cosignatures.
pub const EVIDENCE_BYTES_MAX: usize = 1 << 20;

/// The value of `format`.
const FORMAT: &str = "fasti/evidence/v1";

/// Two signed checkpoints, and how the larger tree began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The signed notes, the smaller tree first.
    notes: [Vec<u8>; 2],
    beginning: Option<Beginning>,
}

/// How the larger of two trees began: at the size of the smaller one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Its root then.
    pub root: Hash,
    /// The consistency proof from that root to the larger tree's.
    pub proof: Vec<Hash>,
}

/// What the evidence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The log has signed what no growing tree can have.
    Convicts(Conviction),
    /// It does not show that.
    Acquits(Acquittal),
}

/// What the log has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// It signed two roots for one size.
    TwoRoots {
        /// The heads.
        heads: [TreeHead; 2],
    },
    /// It signed a tree that does not begin with the smaller one that it signed.
    NotItsBeginning {
        /// The heads, the smaller one first.
        heads: [TreeHead; 2],
        /// The root that the larger tree had at the size of the smaller one.
        root: Hash,
    },
}

/// Why the log is not convicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquittal {
    /// Both are of one tree.
    SameTree(TreeHead),
    /// The larger tree is proved to begin with the smaller one.
    Grown([TreeHead; 2]),
    /// The sizes differ, and how the larger tree began is missing. The checkpoints may be those of
    /// a log that grew.
    Unproved([TreeHead; 2]),
    /// How the larger tree is said to have begun does not follow from its root.
    WrongProof([TreeHead; 2]),
}

/// Why bytes are no evidence at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The file is too long.
    #[error("evidence has at most {EVIDENCE_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON of this form.
    #[error("it is not a file with evidence")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("its format is not {FORMAT}")]
    Format,
    /// A hash is not 32 bytes in base64.
    #[error("{0} is not 32 bytes in base64")]
    Hash(&'static str),
    /// A root without a proof, or the other way round.
    #[error("rootAtSmallerSize and proof are there together or not at all")]
    HalfProof,
    /// The proof is too long.
    #[error("its proof has more than {PROOF_HASHES_MAX} hashes")]
    ProofTooLong,
    /// The checkpoints are of two trees, and cannot contradict each other.
    #[error("the checkpoints are of two trees, {:?} and {:?}", origins[0], origins[1])]
    TwoTrees {
        /// The first lines of the checkpoints.
        origins: [String; 2],
    },
    /// A note is not a checkpoint that the key signed.
    #[error("note {number} is not a checkpoint that this key signed")]
    Note {
        /// 1 or 2.
        number: usize,
        /// Why not.
        #[source]
        source: CheckpointError,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Json {
    format: String,
    notes: [String; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root_at_smaller_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<String>>,
}

impl Evidence {
    /// The evidence in two checkpoints, in any order, and in how the larger tree began.
    pub fn new(
        one: &SignedCheckpoint,
        other: &SignedCheckpoint,
        beginning: Option<Beginning>,
    ) -> Self {
        let mut both = [one, other];
        both.sort_by_key(|signed| signed.checkpoint().head.size);
        Self { notes: both.map(SignedCheckpoint::to_bytes), beginning }
    }

    /// Reads a file. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > EVIDENCE_BYTES_MAX {
            return Err(EvidenceError::TooLong);
        }
        let json: Json = serde_json::from_slice(bytes)?;
        if json.format != FORMAT {
            return Err(EvidenceError::Format);
        }
        let beginning = match (json.root_at_smaller_size, json.proof) {
            (None, None) => None,
            (Some(root), Some(proof)) => {
                if proof.len() > PROOF_HASHES_MAX {
                    return Err(EvidenceError::ProofTooLong);
                }
                let hashes = proof.iter().map(|text| hash(text, "a hash of the proof"));
                let proof = hashes.collect::<Result<_, _>>()?;
                Some(Beginning { root: hash(&root, "rootAtSmallerSize")?, proof })
            }
            _ => return Err(EvidenceError::HalfProof),
        };
        Ok(Self { notes: json.notes.map(String::into_bytes), beginning })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let beginning = self.beginning.as_ref();
        let json = Json {
            format: FORMAT.to_owned(),
            // A checkpoint is text.
            notes: [0, 1].map(|at| String::from_utf8_lossy(&self.notes[at]).into_owned()),
            root_at_smaller_size: beginning.map(|beginning| beginning.root.to_base64()),
            proof: beginning.map(|beginning| beginning.proof.iter().map(Hash::to_base64).collect()),
        };
        let mut bytes = serde_json::to_vec_pretty(&json).expect("texts are JSON");
        bytes.push(b'\n');
        bytes
    }

    /// How the larger tree began, if that is known.
    pub const fn beginning(&self) -> Option<&Beginning> {
        self.beginning.as_ref()
    }

    /// Judges the log whose key this is. Both checkpoints must be signed by it.
    pub fn judge(&self, key: &VerifierKey) -> Result<Verdict, EvidenceError> {
        let (origin, keys) = (key.name().as_str(), std::slice::from_ref(key));
        self.judge_by(|note| open_checkpoint(note, origin, keys))
    }

    /// Judges the log whose checkpoints are opened by this function. Both must be of one tree: a
    /// key of Rekor v1 signs for several.
    pub fn judge_by(
        &self,
        open: impl Fn(&[u8]) -> Result<Checkpoint, CheckpointError>,
    ) -> Result<Verdict, EvidenceError> {
        let [one, other] = [0, 1].map(|at| {
            open(&self.notes[at]).map_err(|source| EvidenceError::Note { number: at + 1, source })
        });
        let (one, other) = (one?, other?);
        if one.origin != other.origin {
            return Err(EvidenceError::TwoTrees { origins: [one.origin, other.origin] });
        }
        let mut heads = [one.head, other.head];
        heads.sort_by_key(|head| head.size);
        Ok(self.compare(heads))
    }

    /// Compares two heads that the log signed, the smaller one first.
    fn compare(&self, heads: [TreeHead; 2]) -> Verdict {
        let [smaller, larger] = heads;
        if smaller.size == larger.size {
            return if smaller.root == larger.root {
                Verdict::Acquits(Acquittal::SameTree(smaller))
            } else {
                Verdict::Convicts(Conviction::TwoRoots { heads })
            };
        }
        let Some(Beginning { root, proof }) = &self.beginning else {
            return Verdict::Acquits(Acquittal::Unproved(heads));
        };
        let began = TreeHead { size: smaller.size, root: *root };
        // Every tree begins with the empty one: such a proof says nothing about the larger root.
        let is_empty = smaller.size == TreeSize::ZERO;
        Verdict::Acquits(match verify_consistency(&began, &larger, proof) {
            Err(_) => Acquittal::WrongProof(heads),
            Ok(()) if *root == smaller.root || is_empty => Acquittal::Grown(heads),
            Ok(()) => {
                return Verdict::Convicts(Conviction::NotItsBeginning { heads, root: *root });
            }
        })
    }
}

impl Verdict {
    /// Whether the log is convicted.
    pub const fn convicts(&self) -> bool {
        matches!(self, Self::Convicts(_))
    }
}

fn hash(text: &str, what: &'static str) -> Result<Hash, EvidenceError> {
    Hash::from_base64(text).map_err(|_| EvidenceError::Hash(what))
}

#[cfg(test)]
mod tests;
