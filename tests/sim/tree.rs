//! The Merkle tree by the textbook: RFC 6962's recursion over all leaves, and the tiles it implies.
//!
//! Nothing here depends on the code under test. Roots of complete subtrees are cached, since the
//! leaves of a log never change.

use std::collections::BTreeMap;

use tiles_spec::{EMPTY_ROOT, Hash, leaf_hash, node_hash};

/// Subtrees of this size and larger are cached.
const REMEMBERED_LEAVES: usize = 16;

/// The leaves of a log, in order, and their hashes.
#[derive(Default)]
pub struct Tree {
    leaves: Vec<Hash>,
    remembered: BTreeMap<(usize, usize), Hash>,
}

impl Tree {
    pub fn push(&mut self, entry: &[u8]) {
        self.leaves.push(leaf_hash(entry));
    }

    /// The root of the first `size` leaves.
    pub fn root(&mut self, size: usize) -> Hash {
        if size == 0 { EMPTY_ROOT } else { self.subtree(0, size) }
    }

    /// The Merkle tree hash of `length` leaves from `start`.
    fn subtree(&mut self, start: usize, length: usize) -> Hash {
        if length == 1 {
            return self.leaves[start];
        }
        let is_complete = length.is_power_of_two() && start.is_multiple_of(length);
        if let Some(hash) = self.remembered.get(&(start, length)).filter(|_| is_complete) {
            return *hash;
        }
        let left = length.next_power_of_two() / 2;
        let hash =
            node_hash(&self.subtree(start, left), &self.subtree(start + left, length - left));
        if is_complete && length >= REMEMBERED_LEAVES {
            self.remembered.insert((start, length), hash);
        }
        hash
    }

    /// The expected content of hash tile `level`/`index` with `width` hashes.
    pub fn tile(&mut self, level: u32, index: usize, width: usize) -> Vec<u8> {
        let span = 256_usize.pow(level);
        let hashes = (index * 256..index * 256 + width).map(|n| self.subtree(n * span, span));
        hashes.flat_map(|hash| *hash.as_bytes()).collect()
    }
}

/// A tile or bundle: `level` is `None` for bundles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub level: Option<u32>,
    pub index: usize,
    pub width: usize,
}

impl Piece {
    /// Everything that a tree of `size` implies.
    pub fn all(size: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        for level in std::iter::once(None).chain((0..).map(Some)) {
            let count = size >> (8 * level.unwrap_or(0));
            if count == 0 {
                break;
            }
            pieces.extend((0..count.div_ceil(256)).map(|index| {
                let width = (count - index * 256).min(256);
                Self { level, index, width }
            }));
        }
        pieces
    }

    /// The path, by the specification.
    pub fn path(self) -> String {
        let level = self.level.map_or("entries".to_owned(), |level| level.to_string());
        assert!(self.index < 1000, "a simulated log is small");
        let part = if self.width == 256 { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{level}/{:03}{part}", self.index)
    }

    /// The tile or bundle at a path; `None` if the path is of neither.
    pub fn at(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (index, width) = rest.split_once(".p/").unwrap_or((rest, "256"));
        let level = if level == "entries" { None } else { Some(level.parse().ok()?) };
        let piece = Self { level, index: index.parse().ok()?, width: width.parse().ok()? };
        (piece.path() == path).then_some(piece)
    }

    pub fn full(self) -> Self {
        Self { width: 256, ..self }
    }

    /// The number of hashes at this level up to the end of this piece.
    pub fn end(self) -> usize {
        self.index * 256 + self.width
    }

    /// The number of leaves of the smallest tree that has this piece.
    pub fn leaves(self) -> usize {
        self.end() << (8 * self.level.unwrap_or(0))
    }

    /// Reports whether a tree that grows from `before` to `after` leaves writes this piece.
    pub fn follows_from(self, before: usize, after: usize) -> bool {
        let level = 8 * self.level.unwrap_or(0);
        let (before, after) = (before >> level, after >> level);
        before < self.end()
            && if self.width == 256 { self.end() <= after } else { self.end() == after }
    }
}
