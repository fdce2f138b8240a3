//! The formats of a transparency log as pure functions: bytes in, bytes or a verdict out.
//!
//! Nothing here reads a clock, a file or a socket. Everything is bounded, and no input causes a
//! panic. In reading order, each module building on those before it:
//!
//! | module | content | specification |
//! |---|---|---|
//! | [`size`] | the numbers of a log, one type each | tlog-tiles |
//! | [`hash`] | hashes of leaves and nodes | RFC 6962 |
//! | [`tree`] | the right edge of a growing tree | RFC 6962 |
//! | [`tile`] | tiles: places, paths, hashes | tlog-tiles |
//! | [`bundle`] | entry bundles | tlog-tiles |
//! | [`proof`] | proofs: verified, and built from tiles | RFC 6962 |
//! | [`note`] | signed notes and their keys | signed-note |
//! | [`cosignature`] | what witnesses sign | tlog-cosignature |
//! | [`checkpoint`] | signed tree heads | tlog-checkpoint |
//! | [`policy`] | whose signatures and cosignatures are enough | tlog-policy |
//! | [`witness`] | requests to witnesses, and what they decide | tlog-witness |
//! | [`mirror`] | uploads to mirrors, and what they decide | tlog-mirror |
//! | [`tlog_proof`] | an entry's proof and checkpoint in one file | tlog-proof |
//!
//! A log of three entries, its signed checkpoint, and the proof of one entry:
//!
//! ```
//! use tiles_spec::{
//!     Checkpoint, Frontier, LeafIndex, Note, NoteSigningKey, leaf_hash, node_hash,
//!     open_checkpoint, verify_inclusion,
//! };
//!
//! let leaves = ["one", "two", "three"].map(|entry| leaf_hash(entry.as_bytes()));
//! let mut tree = Frontier::new();
//! for leaf in leaves {
//!     tree.push(leaf)?;
//! }
//!
//! let key = NoteSigningKey::from_seed("log.example".parse()?, &[7; 32]);
//! let (origin, head) = ("log.example".to_owned(), tree.head());
//! let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
//! let mut note = Note::unsigned(text.as_str())?;
//! note.append(key.sign(&text))?;
//!
//! // A reader trusts the key, and needs nothing else.
//! let checkpoint =
//!     open_checkpoint(&note.to_bytes(), "log.example", &[key.verifier_key().clone()])?;
//! let third = LeafIndex::new(2).expect("it is small");
//! verify_inclusion(&leaves[2], third, &checkpoint.head, &[node_hash(&leaves[0], &leaves[1])])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod mirror;
pub mod note;
pub mod policy;
pub mod proof;
pub mod size;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod witness;

pub use bundle::{BUNDLE_BYTES_MAX, BundleError, ENTRY_BYTES_MAX, EntryBundle, append_entry};
pub use checkpoint::{
    CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointError, NewOriginError, Origin, OriginError,
    OriginFault, SignedCheckpoint, open_checkpoint,
};
pub use cosignature::tree::{CosignError, TreeCosigningKey, cosign_subtree, cosign_tree};
pub use cosignature::{CosigningKey, SignedSubtree, TimeError, cosign, cosignature_time};
pub use hash::{EMPTY_ROOT, Hash, HashError, leaf_hash, node_hash};
pub use note::{
    EcdsaSigningKey, KeyError, KeyId, KeyName, Note, NoteError, NoteSignature, NoteSigningKey,
    PublicKey, VerifierKey,
};
pub use policy::{Cosigner, Policy, PolicyError, PolicyRefusal};
pub use proof::subtree::{Subtree, SubtreeError, verify_subtree_consistency};
pub use proof::{
    ProofError, ProofPlan, TileMap, TileSource, plan_consistency, plan_inclusion, plan_root,
    plan_subtree_consistency, verify_consistency, verify_inclusion,
};
pub use size::{
    HASH_BYTES, LeafIndex, Level, NumberError, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize,
};
pub use tile::{BundleCoord, HashTile, PathError, ResourcePath, Slot, TileCoord, TileError};
pub use tlog_proof::{TLOG_PROOF_BYTES_MAX, TlogProof, TlogProofError};
pub use tree::{Frontier, FrontierMismatch, SizeOverflow, TreeHead};
