//! Proofs about a tree: of entries, and of growth.
//!
//! Invariants: an entry is returned only after its hash matched the one in its tile, and its
//! inclusion proof led to the root. Each tile and each bundle is read only once for all entries
//! that are asked for together. The number of bundles in flight is bounded.

use std::collections::BTreeMap;

use tiles_spec::{
    BundleCoord, Frontier, Hash, LeafIndex, ProofError, ProofPlan, ResourcePath, Subtree, TreeHead,
    TreeSize, leaf_hash, plan_consistency, plan_inclusion, plan_root, plan_subtree_consistency,
    verify_consistency, verify_inclusion,
};

use crate::bundle::{decode, not_its_leaf};
use crate::proven::ProvenEntry;
use crate::reading::{Fault, Piece, Pieces, Reading, RequestId, Want};
use crate::tree::{Loading, Tree};

/// The number of entries whose tiles are requested together.
const TOGETHER: usize = 64;
/// The number of bundles in flight at once.
const BUNDLES: usize = 8;

/// The proof that a later tree extends an earlier one.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The earlier tree.
    pub old: TreeHead,
    /// The later tree.
    pub new: TreeHead,
    /// RFC 6962 section 2.1.2.
    pub proof: Vec<Hash>,
}

/// The proof that a tree contains a leaf.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The tree.
    pub head: TreeHead,
    /// RFC 6962 section 2.1.1. The tree that was read has vouched for all of its hashes.
    pub proof: Vec<Hash>,
}

/// Entries from anywhere in a log, on their way.
#[derive(Debug)]
pub struct Entries<'a> {
    tree: &'a mut Tree,
    reading: ReadingEntries,
}

/// The same without the tree, which is passed to each step.
#[derive(Debug)]
pub(crate) struct ReadingEntries {
    indices: Vec<LeafIndex>,
    /// The number of entries that are proven.
    done: usize,
    step: Step,
    /// The entries that are asked for now, as far as they are proven.
    together: BTreeMap<LeafIndex, ProvenEntry>,
    proven: Vec<ProvenEntry>,
}

/// How far the entries are that are asked for together.
#[derive(Debug)]
enum Step {
    Tiles(Loading, BTreeMap<BundleCoord, Vec<LeafIndex>>),
    Bundles(Pieces, BTreeMap<BundleCoord, Vec<LeafIndex>>),
    Done,
}

impl Tree {
    /// Reads entries, verified, with their inclusion proofs, in the order of `indices`.
    pub fn entries(&mut self, indices: Vec<LeafIndex>) -> Result<Entries<'_>, Fault> {
        let reading = ReadingEntries::new(self, indices)?;
        Ok(Entries { tree: self, reading })
    }

    /// The inclusion proof of a leaf in an earlier tree of this log, with that tree's head.
    pub fn inclusion(
        &mut self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<impl Reading<Outcome = Inclusion, Fault = Fault> + Send + '_, Fault> {
        self.expect_reaches(size)?;
        let (plan, root) = (plan_inclusion(index, size)?, plan_root(size));
        let tiles: Vec<_> = [&plan, &root].map(ProofPlan::tiles).concat();
        self.with_tiles(tiles, move |tree| {
            let proof = plan.build(tree.tiles())?;
            Ok(Inclusion { head: tree.head_from(&root, size)?, proof })
        })
    }

    /// The consistency proof between two trees of this log, neither larger than this one.
    pub fn consistency(
        &mut self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<impl Reading<Outcome = Consistency, Fault = Fault> + Send + '_, Fault> {
        self.expect_reaches(new)?;
        let plan = plan_consistency(old, new)?;
        let (before, after) = (plan_root(old), plan_root(new));
        let tiles: Vec<_> = [&plan, &before, &after].map(ProofPlan::tiles).concat();
        self.with_tiles(tiles, move |tree| {
            let proof = plan.build(tree.tiles())?;
            let (old, new) = (tree.head_from(&before, old)?, tree.head_from(&after, new)?);
            verify_consistency(&old, &new, &proof)?;
            Ok(Consistency { old, new, proof })
        })
    }

    /// The proof that this tree has a subtree (C2SP tlog-mirror).
    pub fn subtree_proof(
        &mut self,
        part: Subtree,
    ) -> Result<impl Reading<Outcome = Vec<Hash>, Fault = Fault> + Send + '_, Fault> {
        let plan = plan_subtree_consistency(part, self.head().size)?;
        let tiles = plan.tiles().to_vec();
        self.with_tiles(tiles, move |tree| Ok(plan.build(tree.tiles())?))
    }

    /// The right edge that the log's tree had at an earlier size.
    pub fn frontier_at(
        &mut self,
        size: TreeSize,
    ) -> Result<impl Reading<Outcome = Frontier, Fault = Fault> + Send + '_, Fault> {
        self.expect_reaches(size)?;
        let plan = plan_root(size);
        let tiles = plan.tiles().to_vec();
        self.with_tiles(tiles, move |tree| tree.frontier_from(&plan, size))
    }

    /// The head that the log's tree had at an earlier size.
    pub fn head_at(
        &mut self,
        size: TreeSize,
    ) -> Result<impl Reading<Outcome = TreeHead, Fault = Fault> + Send + '_, Fault> {
        self.expect_reaches(size)?;
        let plan = plan_root(size);
        let tiles = plan.tiles().to_vec();
        self.with_tiles(tiles, move |tree| tree.head_from(&plan, size))
    }

    pub(crate) fn head_from(&self, plan: &ProofPlan, size: TreeSize) -> Result<TreeHead, Fault> {
        Ok(self.frontier_from(plan, size)?.head())
    }

    fn frontier_from(&self, plan: &ProofPlan, size: TreeSize) -> Result<Frontier, Fault> {
        let frontier = Frontier::from_nodes(size, plan.build(self.tiles())?);
        Ok(frontier.expect("a plan yields the frontier of its size"))
    }

    fn expect_reaches(&self, size: TreeSize) -> Result<(), ProofError> {
        let whole = self.head().size;
        if size > whole { Err(ProofError::Shrunk { old: size, new: whole }) } else { Ok(()) }
    }

    /// Proves some of the entries of a bundle.
    fn prove(
        &self,
        piece: Piece,
        bytes: Vec<u8>,
        bundle: BundleCoord,
        indices: &[LeafIndex],
    ) -> Result<Vec<ProvenEntry>, Fault> {
        let entries = decode(piece, bytes)?;
        let expected = self.hashes(bundle.tile())?;
        let head = self.head();
        let prove = |&index: &LeafIndex| {
            let bytes = entries.entry(index.slot()).expect("the slot is below the width").to_vec();
            let leaf = leaf_hash(&bytes);
            if leaf != expected[index.slot()] {
                return Err(Fault::damaged(piece.read, not_its_leaf(index)));
            }
            let proof = plan_inclusion(index, head.size)?.build(self.tiles())?;
            verify_inclusion(&leaf, index, &head, &proof)?;
            Ok(ProvenEntry { index, bytes, leaf, proof })
        };
        indices.iter().map(prove).collect()
    }
}

impl ReadingEntries {
    pub(crate) fn new(tree: &mut Tree, indices: Vec<LeafIndex>) -> Result<Self, Fault> {
        let (together, proven) = (BTreeMap::new(), Vec::with_capacity(indices.len()));
        let mut this = Self { indices, done: 0, step: Step::Done, together, proven };
        this.begin(tree)?;
        Ok(this)
    }

    /// Plans the next entries.
    fn begin(&mut self, tree: &mut Tree) -> Result<(), Fault> {
        let size = tree.head().size;
        let mut bundles: BTreeMap<BundleCoord, Vec<LeafIndex>> = BTreeMap::new();
        let mut tiles = Vec::new();
        for &index in self.indices.iter().skip(self.done).take(TOGETHER) {
            let bundle =
                BundleCoord::holding(index, size).ok_or(ProofError::NotInTree { index, size })?;
            tiles.push(bundle.tile());
            tiles.extend(plan_inclusion(index, size)?.tiles());
            bundles.entry(bundle).or_default().push(index);
        }
        if !bundles.is_empty() {
            self.step = Step::Tiles(tree.loading(tiles)?, bundles);
            self.go_on(tree)?;
        }
        Ok(())
    }

    /// Takes the next step if this one is complete.
    fn go_on(&mut self, tree: &mut Tree) -> Result<(), Fault> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Tiles(loading, bundles) if loading.is_done() => {
                let paths = bundles.keys().copied().map(ResourcePath::Bundle);
                self.step = Step::Bundles(Pieces::new(paths, BUNDLES), bundles);
                Ok(())
            }
            Step::Bundles(pieces, _) if pieces.is_done() => {
                let together = std::mem::take(&mut self.together);
                let asked = self.indices.iter().skip(self.done).take(TOGETHER);
                let before = self.proven.len();
                self.proven.extend(asked.filter_map(|index| together.get(index).cloned()));
                self.done += self.proven.len() - before;
                self.begin(tree)
            }
            step => {
                self.step = step;
                Ok(())
            }
        }
    }

    pub(crate) fn request(&mut self) -> Option<(RequestId, Want)> {
        match &mut self.step {
            Step::Tiles(loading, _) => loading.request(),
            Step::Bundles(pieces, _) => pieces.request(),
            Step::Done => None,
        }
    }

    pub(crate) fn answer(
        &mut self,
        id: RequestId,
        found: Option<Vec<u8>>,
        tree: &mut Tree,
    ) -> Result<(), Fault> {
        match &mut self.step {
            Step::Tiles(loading, _) => _ = loading.answer(id, found, tree)?,
            Step::Bundles(pieces, bundles) => {
                if let Some((piece, bytes)) = pieces.answer(id, found)?
                    && let ResourcePath::Bundle(bundle) = piece.exact
                {
                    let indices = bundles.get(&bundle).map(Vec::as_slice).unwrap_or_default();
                    let proven = tree.prove(piece, bytes, bundle, indices)?;
                    self.together.extend(proven.into_iter().map(|entry| (entry.index, entry)));
                }
            }
            Step::Done => {}
        }
        self.go_on(tree)
    }

    pub(crate) fn outcome(&mut self) -> Option<Vec<ProvenEntry>> {
        let is_done = matches!(self.step, Step::Done) && self.done == self.indices.len();
        is_done.then(|| std::mem::take(&mut self.proven))
    }
}

impl Reading for Entries<'_> {
    type Outcome = Vec<ProvenEntry>;
    type Fault = Fault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        self.reading.request()
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), Fault> {
        self.reading.answer(id, found, self.tree)
    }

    fn outcome(&mut self) -> Option<Vec<ProvenEntry>> {
        self.reading.outcome()
    }
}
