//! Large logs of made-up Rekor entries, written directly as tiles: what a writer would have
//! published, without the hours of submitting it.
//!
//! | module | content |
//! |---|---|
//! | [`draw`] | numbers and bytes that depend only on a seed and a place |
//! | [`distribution`] | the signer and the artifact of each entry, and how often each occurs |
//! | [`keys`] | P-256 public keys, made quickly |
//! | [`certificates`] | certificates like Fulcio's |
//! | [`entries`] | entry `n` of a corpus, as the log stores it |
//! | [`tiles`] | bundles, tiles, checkpoint and `log.json` of a whole log |
//! | [`census`] | how often each key of several entries occurs |
//! | [`questions`] | known keys, with the true lengths of their lists |
//!
//! **What is real and what is not.** The entries are of kind hashedrekord 0.0.2 in canonical form.
//! Their public keys are points on the curve, the certificates can be parsed, and tiles, root and
//! checkpoint are correct. Signatures are random bytes in the form of DER: a corpus is for
//! measuring size, lookup and reading, and `fasti fsck --verify-signatures` refuses it.
//!
//! Invariants: the same settings give the same bytes. Entry `n` can be made without earlier ones.
//! Memory grows by a hash per 256 entries, and by two counters per key of several entries.

pub mod census;
pub mod certificates;
pub mod distribution;
pub mod draw;
pub mod entries;
pub mod keys;
pub mod questions;
pub mod tiles;
