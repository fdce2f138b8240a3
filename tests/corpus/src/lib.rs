//! Large logs of made-up Rekor entries, written straight into tiles: what a writer would have
//! published, without the hours that submitting it would take.
//!
//! | module | what |
//! |---|---|
//! | [`draw`] | numbers and bytes that depend on a seed and a place alone |
//! | [`distribution`] | whose keys and artifacts the entries are of, and how often each occurs |
//! | [`keys`] | P-256 public keys, quickly |
//! | [`certificates`] | certificates like Fulcio's |
//! | [`entries`] | entry `n` of a corpus, as the log stores it |
//! | [`tiles`] | bundles, tiles, checkpoint and `log.json` of a whole log |
//! | [`census`] | how often each key of several entries occurs |
//! | [`questions`] | known keys, with the true lengths of their lists |
//!
//! **What is real and what is not.** The entries are of kind hashedrekord 0.0.2 in their canonical
//! form, their public keys are points of the curve, the certificates can be read, and tiles, root and
//! checkpoint are right. Signatures are random bytes in the shape of DER: a corpus is about size,
//! lookup and reading, and `fasti fsck --verify-signatures` refuses it.
//!
//! Invariants: the same settings give the same bytes; entry `n` can be made without those before it;
//! memory grows by a hash for each 256 entries, and by two counters for each key of several entries.

pub mod census;
pub mod certificates;
pub mod distribution;
pub mod draw;
pub mod entries;
pub mod keys;
pub mod questions;
pub mod tiles;
