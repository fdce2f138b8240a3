//! The formats of transparency logs as pure functions: bytes in, bytes or a verdict out.
//!
//! | module | what it is | specification |
//! |---|---|---|
//! | [`size`] | sizes, indices, levels and widths, each a type | |
//! | [`hash`] | leaf and node hashes | RFC 6962 section 2.1 |
//! | [`tree`] | tree heads, and the frontier that grows a tree | RFC 6962 section 2.1 |
//! | [`proof`] | inclusion and consistency, built from tiles and verified | RFC 6962, RFC 9162 |
//! | [`tile`] | coordinates, paths, contents, growth | C2SP tlog-tiles |
//! | [`bundle`] | entry bundles | C2SP tlog-tiles |
//! | [`note`] | signed notes and their keys | C2SP signed-note |
//! | [`checkpoint`] | origins and checkpoints | C2SP tlog-checkpoint |
//!
//! There is no input or output here, no clock and no runtime, and nothing panics on any bytes.

pub mod bundle;
pub mod checkpoint;
pub mod hash;
pub mod note;
pub mod proof;
pub mod size;
pub mod tile;
pub mod tree;

pub use bundle::{BUNDLE_BYTES_MAX, BundleError, ENTRY_BYTES_MAX, EntryBundle, append_entry};
pub use checkpoint::{
    CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointError, Origin, SignedCheckpoint, open_checkpoint,
};
pub use hash::{EMPTY_ROOT, HASH_BYTES, Hash, leaf_hash, node_hash};
pub use note::{
    KeyId, KeyName, Note, NoteError, NoteSignature, NoteSigningKey, PublicKey, VerifierKey,
};
pub use proof::{
    ProofError, ProofPlan, TileMap, TileSource, inclusion_proof_len, plan_consistency,
    plan_inclusion, plan_root, root_from_inclusion, verify_consistency, verify_inclusion,
};
pub use size::{LeafIndex, Level, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize};
pub use tile::{
    BundleCoord, HashTile, ResourcePath, TileCoord, bundles_at, bundles_for_growth, edge_bundle,
    edge_tiles, tiles_at, tiles_for_growth,
};
pub use tree::{Frontier, TreeHead};
