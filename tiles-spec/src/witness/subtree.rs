//! `sign-subtree`: the body, and what a witness decides about it.
//!
//! The witness cosigned the checkpoint below, which is all that it needs to know: no state is read.

use thiserror::Error;

use super::request::{Body, RequestError};
use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::SignedSubtree;
use crate::hash::Hash;
use crate::note::{NoteError, VerifierKey};
use crate::proof::ProofError;
use crate::proof::subtree::{Subtree, verify_subtree_consistency};

/// A request to cosign a part of a tree. Nothing in it is verified but that the part lies inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignSubtree {
    /// The leaves.
    pub subtree: Subtree,
    /// Their root hash.
    pub hash: Hash,
    /// The proof that the tree has them.
    pub proof: Vec<Hash>,
    /// The tree, as the witness cosigned it.
    pub checkpoint: SignedCheckpoint,
}

/// Why a part of a tree is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubtreeRefusal {
    /// The witness did not cosign the checkpoint, or a line that claims so does not verify.
    #[error("the checkpoint is not cosigned by this witness")]
    Signature(#[source] NoteError),
    /// The tree is not proved to have the subtree.
    #[error("the subtree is not proved to be a part of the checkpoint's tree")]
    Inconsistent(#[source] ProofError),
}

impl SubtreeRefusal {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Signature(_) => 403,
            Self::Inconsistent(_) => 422,
        }
    }
}

impl SignSubtree {
    /// Parses a body.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut body = Body::open(bytes)?;
        let bounds = body.lines.next().and_then(|line| line.strip_prefix("subtree "));
        let bounds = bounds.and_then(|bounds| bounds.split_once(' '));
        let (start, end) = bounds.ok_or(RequestError::NoSubtree)?;
        let bound = |text: &str| text.parse().map_err(RequestError::Bound);
        let subtree = Subtree::new(bound(start)?, bound(end)?)?;
        let hash = Hash::from_base64(body.lines.next().ok_or(RequestError::NoSubtree)?);
        let hash = hash.map_err(RequestError::Hash)?;
        let (proof, checkpoint) = body.proof_and_checkpoint()?;
        let size = checkpoint.checkpoint().head.size;
        if subtree.end() > size {
            return Err(RequestError::Beyond { end: subtree.end(), size });
        }
        Ok(Self { subtree, hash, proof, checkpoint })
    }

    /// Encodes the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = [self.hash].into_iter().chain(self.proof.iter().copied());
        let hashes: String = hashes.map(|hash| hash.to_base64() + "\n").collect();
        let (start, end) = (self.subtree.start(), self.subtree.end());
        let head = format!("subtree {start} {end}\n{hashes}\n");
        [head.into_bytes(), self.checkpoint.to_bytes()].concat()
    }

    /// What is signed.
    pub fn signed(&self) -> SignedSubtree<'_> {
        let origin = &self.checkpoint.checkpoint().origin;
        SignedSubtree { origin, subtree: self.subtree, hash: self.hash }
    }
}

/// Judges a request to the witness with these keys. Returns those that have cosigned the
/// checkpoint; there is at least one.
pub fn judge_subtree<'k>(
    request: &SignSubtree,
    keys: &'k [VerifierKey],
) -> Result<Vec<&'k VerifierKey>, SubtreeRefusal> {
    let SignSubtree { subtree, hash, proof, checkpoint } = request;
    let signers = checkpoint.verify(keys).map_err(SubtreeRefusal::Signature)?;
    verify_subtree_consistency(*subtree, hash, &checkpoint.checkpoint().head, proof)
        .map_err(SubtreeRefusal::Inconsistent)?;
    Ok(signers)
}

#[cfg(test)]
mod tests {
    use fasti_kit::oracle;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::cosignature::tree::{TreeCosigningKey, cosign_subtree, cosign_tree};
    use crate::cosignature::{CosigningKey, cosign, cosignature_time};
    use crate::note::Note;
    use crate::proof::plan::tests::head;
    use crate::size::TreeSize;
    use crate::tree::tests::leaves;

    fn size(size: usize) -> TreeSize {
        TreeSize::new(size as u64).unwrap()
    }

    fn key(seed: u8) -> TreeCosigningKey {
        TreeCosigningKey::from_seed("w.example".parse().unwrap(), &[seed; 32]).unwrap()
    }

    fn request(start: usize, end: usize, n: u64) -> SignSubtree {
        let leaves = leaves(n);
        let origin = "log.example".to_owned();
        let text = Checkpoint { origin, head: head(&leaves), extensions: vec![] }.to_text();
        let mut note = Note::unsigned(text.as_str()).unwrap();
        note.append(cosign_tree(&key(1), &text, 5).unwrap()).unwrap();
        SignSubtree {
            subtree: Subtree::new(size(start), size(end)).unwrap(),
            hash: oracle::root(&leaves[start..end]),
            proof: oracle::subtree_consistency(start, end, &leaves),
            checkpoint: SignedCheckpoint::parse(&note.to_bytes()).unwrap(),
        }
    }

    #[test]
    fn parts_are_cosigned_without_a_time() {
        let keys = [key(1).verifier_key().clone(), key(2).verifier_key().clone()];
        for (start, end) in [(8, 13), (0, 14), (0, 8), (4, 5), (12, 14)] {
            let made = request(start, end, 14);
            let read = SignSubtree::parse(&made.to_bytes()).unwrap();
            assert_eq!(read, made);
            assert_eq!(judge_subtree(&read, &keys), Ok(vec![&keys[0]]));
            let line = cosign_subtree(&key(1), &read.signed()).unwrap();
            assert_eq!(cosignature_time(&line), Some(0));
            assert!(keys[0].verify_subtree(&read.signed(), line.bytes()));
            assert!(!keys[1].verify_subtree(&read.signed(), line.bytes()));
            let other = request(0, 1, 14);
            assert!(!keys[0].verify_subtree(&other.signed(), line.bytes()));
            // A timestamped cosignature does not count for a part of the tree.
            let timed = &read.checkpoint.note().signatures()[0];
            assert!(!keys[0].verify_subtree(&request(0, 14, 14).signed(), timed.bytes()));
        }
        let ed25519 = CosigningKey::from_seed("w.example".parse().unwrap(), &[1; 32]);
        let line = cosign(&ed25519, "x\n", 5).unwrap();
        assert!(!ed25519.verifier_key().verify_subtree(&request(0, 1, 2).signed(), line.bytes()));
    }

    #[test]
    fn what_is_malformed() {
        let body = String::from_utf8(request(8, 13, 14).to_bytes()).unwrap();
        for (from, to, words) in [
            ("subtree 8 13", "subtree 8", "does not begin"),
            ("subtree 8 13", "old 8", "does not begin"),
            ("subtree 8 13", "subtree 08 13", "malformed bound"),
            ("subtree 8 13", "subtree 8  13", "malformed bound"),
            ("subtree 8 13", "subtree 8 13 ", "malformed bound"),
            ("subtree 8 13", "subtree 4 13", "are not a subtree"),
            ("subtree 8 13", "subtree 8 8", "are not a subtree"),
            ("subtree 8 13", "subtree 8 15", "beyond the checkpoint"),
            ("13\n", "13\n!\n", "malformed hash"),
            ("\n\n", "\n", "malformed hash"),
        ] {
            let error = SignSubtree::parse(body.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(words), "{to}: {error}");
        }
        let hash = body.lines().nth(1).unwrap();
        let cut = body.replacen(&format!("{hash}\n"), "", 1);
        assert!(judge_subtree(&SignSubtree::parse(cut.as_bytes()).unwrap(), &[]).is_err());
    }

    #[test]
    fn who_did_not_cosign_the_checkpoint_signs_no_part_of_it() {
        let good = request(8, 13, 14);
        let stranger = [key(2).verifier_key().clone()];
        assert_eq!(judge_subtree(&good, &stranger).unwrap_err().status(), 403);
        let keys = [key(1).verifier_key().clone()];
        let wrong = SignSubtree { hash: oracle::root(&leaves(1)), ..good.clone() };
        assert_eq!(judge_subtree(&wrong, &keys).unwrap_err().status(), 422);
        let unproved = SignSubtree { proof: vec![], ..good };
        assert_eq!(judge_subtree(&unproved, &keys).unwrap_err().status(), 422);
    }
}
