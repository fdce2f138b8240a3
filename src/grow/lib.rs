//! How a tree grows: what a log and its lookup index both stand on.
//!
//! | module | what it is |
//! |---|---|
//! | [`integrate`] | a batch of leaves becomes tiles, bundles and a root; pure |
//! | [`guard`] | reads back what was written, proves that the tree has only grown, and signs |
//! | [`cosigners`] | has a signed tree cosigned by witnesses |
//! | [`forward_only`] | publishes a signed tree; what is published only moves forward |
//! | [`write_once`](mod@write_once) | creates objects that never change |
//! | [`tree`] | reads parts of a stored tree, and proves them |
//! | [`rekor_v1`] | signs what clients of Rekor v1 get |
//! | [`virtual_index`] | the indices that they know, over all shards; pure |
//! | [`growth`] | tells others when a log has grown, and who is in charge of it |
//!
//! Invariants: only [`guard`] and [`rekor_v1`] reach a signer (I16); the root is computed twice, by
//! different code from different bytes (I6); a checkpoint is never replaced by that of a smaller
//! tree (I2).

pub mod cosigners;
pub mod forward_only;
pub mod growth;
pub mod guard;
pub mod integrate;
pub mod rekor_v1;
pub mod tree;
pub mod virtual_index;
pub mod write_once;

pub use cosigners::{CosignError, Cosigned, Cosigners, Growth, LateLines};
pub use forward_only::{ForwardOnly, Found};
pub use growth::{GrowthWatch, Leadership};
pub use guard::{GuardError, SigningGuard};
pub use integrate::{Edge, EdgeError, Integrated, Leaf};
pub use rekor_v1::{RekorV1Guard, RekorV1GuardError, TreeId};
pub use tree::TreeError;
pub use virtual_index::{ShardRanges, VirtualIndex};
pub use write_once::{Holds, create, write_once};
