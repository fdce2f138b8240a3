//! Entry packages: the entries of an upload in one bundle, and the proof that the tree has them.
//!
//! ```text
//! (u16 length, entry)* | u8 count of hashes, hashes
//! ```
//!
//! The entries are encoded as in a bundle. The proof is of all entries of the bundle up to the end
//! of the package, also of those before it, which the mirror has.
//!
//! Invariant: a reader takes no byte beyond the end of its package, and holds no more than one.

use thiserror::Error;

use super::upload::UploadHead;
use crate::bundle::BUNDLE_BYTES_MAX;
use crate::hash::Hash;
use crate::proof::subtree::{Subtree, verify_subtree_consistency};
use crate::proof::{PROOF_HASHES_MAX, ProofError};
use crate::size::{HASH_BYTES, TileIndex, TreeSize};
use crate::tile::BundleCoord;
use crate::tree::{TreeHead, root_of};

/// How many packages a client should send in one request.
pub const PACKAGES_MAX: usize = 32;

/// Maximum size of a package in bytes.
pub const PACKAGE_BYTES_MAX: usize = BUNDLE_BYTES_MAX + 1 + PROOF_HASHES_MAX * HASH_BYTES;

/// Which entries a package holds: those of one bundle, from a start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageRange {
    start: TreeSize,
    bundle: BundleCoord,
    slot: usize,
    end: TreeSize,
}

impl PackageRange {
    /// The package that begins at `start`, in an upload up to `end`; `None` after the last.
    pub fn at(start: TreeSize, end: TreeSize) -> Option<Self> {
        let first = start.next_leaf()?;
        let bundle = BundleCoord::holding(first, end)?;
        Some(Self { start, bundle, slot: first.slot(), end: bundle.end()? })
    }

    /// How many entries come before it.
    pub const fn start(&self) -> TreeSize {
        self.start
    }

    /// The size of the tree that ends with it.
    pub const fn end(&self) -> TreeSize {
        self.end
    }

    /// How many entries it has.
    pub const fn entries(&self) -> usize {
        self.bundle.width.as_usize() - self.slot
    }

    /// The bundle that its entries are in.
    pub const fn tile_index(&self) -> TileIndex {
        self.bundle.index
    }

    /// Where they begin in the bundle: how many entries of it come before them.
    pub const fn slot(&self) -> usize {
        self.slot
    }

    /// What the package's proof is about: the bundle's entries up to the end of the package.
    pub fn subtree(&self) -> Subtree {
        let first = self.bundle.start_leaf().expect("a leaf of it is known");
        Subtree::new(first.tree_size_before(), self.end).expect("bundles are aligned")
    }

    /// Verifies the entries, given the leaf hashes of all of the bundle up to the package's end.
    pub fn verify(
        &self,
        leaves: &[Hash],
        head: &TreeHead,
        proof: &[Hash],
    ) -> Result<(), ProofError> {
        debug_assert_eq!(leaves.len(), self.bundle.width.as_usize());
        verify_subtree_consistency(self.subtree(), &root_of(leaves), head, proof)
    }
}

/// The packages of an upload, in order.
pub fn packages(head: &UploadHead) -> impl Iterator<Item = PackageRange> + use<> {
    let (start, end) = (head.start, head.end);
    std::iter::successors(PackageRange::at(start, end), move |last| PackageRange::at(last.end, end))
}

/// An entry package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPackage {
    /// The entries, each after its length, as in a bundle.
    pub entries: Vec<u8>,
    /// The proof, at most 63 hashes.
    pub proof: Vec<Hash>,
}

/// A package is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a package has a proof of {0} hashes, more than {PROOF_HASHES_MAX}")]
pub struct PackageError(pub u8);

impl EntryPackage {
    /// Appends the encoded package.
    ///
    /// # Panics
    /// If the proof is longer than any can be.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        assert!(self.proof.len() <= PROOF_HASHES_MAX, "no proof has so many hashes");
        bytes.extend_from_slice(&self.entries);
        bytes.push(u8::try_from(self.proof.len()).expect("at most 63"));
        for hash in &self.proof {
            bytes.extend_from_slice(hash.as_bytes());
        }
    }
}

/// A package on its way.
#[derive(Clone, Debug)]
pub struct PackageReader {
    bytes: Vec<u8>,
    /// How many bytes there must be to go on.
    wanted: usize,
    step: Step,
}

/// What `wanted` ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The length of an entry; holds how many entries are left.
    Length(usize),
    /// An entry.
    Entry(usize),
    /// The number of hashes.
    Count,
    /// The hashes; holds where the entries end.
    Proof(usize),
}

impl PackageReader {
    /// Reads the package of this range.
    pub const fn new(range: &PackageRange) -> Self {
        Self { bytes: Vec::new(), wanted: 2, step: Step::Length(range.entries()) }
    }

    /// How many bytes it holds.
    pub const fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Takes from `input` what belongs to the package. Returns what does not; only a package that
    /// is whole leaves any.
    pub fn take<'i>(&mut self, mut input: &'i [u8]) -> Result<&'i [u8], PackageError> {
        loop {
            let missing = self.wanted - self.bytes.len();
            let (now, rest) = input.split_at(missing.min(input.len()));
            self.bytes.extend_from_slice(now);
            input = rest;
            if now.len() < missing || matches!(self.step, Step::Proof(_)) {
                return Ok(input);
            }
            self.go_on()?;
        }
    }

    /// Looks at what `wanted` ended with, all of which is there.
    fn go_on(&mut self) -> Result<(), PackageError> {
        let at = self.wanted;
        match self.step {
            Step::Length(left) => {
                let length = u16::from_be_bytes([self.bytes[at - 2], self.bytes[at - 1]]);
                self.wanted += usize::from(length);
                self.step = Step::Entry(left - 1);
            }
            Step::Entry(0) => {
                self.wanted += 1;
                self.step = Step::Count;
            }
            Step::Entry(left) => {
                self.wanted += 2;
                self.step = Step::Length(left);
            }
            Step::Count => {
                let count = self.bytes[at - 1];
                if usize::from(count) > PROOF_HASHES_MAX {
                    return Err(PackageError(count));
                }
                self.wanted += usize::from(count) * HASH_BYTES;
                self.step = Step::Proof(at - 1);
            }
            Step::Proof(_) => {}
        }
        Ok(())
    }

    /// The package, if it is whole.
    pub fn package(mut self) -> Option<EntryPackage> {
        let Step::Proof(end) = self.step else { return None };
        if self.bytes.len() < self.wanted {
            return None;
        }
        let (hashes, _) = self.bytes[end + 1..].as_chunks::<HASH_BYTES>();
        let proof = hashes.iter().copied().map(Hash::from).collect();
        self.bytes.truncate(end);
        Some(EntryPackage { entries: self.bytes, proof })
    }

    /// Whether it is.
    pub const fn is_whole(&self) -> bool {
        matches!(self.step, Step::Proof(_)) && self.bytes.len() == self.wanted
    }
}
