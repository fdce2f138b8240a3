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

/// What a piece is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whole {
    Entries,
    Times,
    /// The hashes of a level of tiles.
    Hashes(u32),
}

impl Whole {
    /// How many bits the index of a leaf has more than that of its piece's element.
    fn shift(self) -> u32 {
        if let Self::Hashes(level) = self { 8 * level } else { 0 }
    }
}

/// A tile, a bundle, or the times of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub whole: Whole,
    pub index: usize,
    pub width: usize,
}

impl Piece {
    /// Everything that a tree of `size` implies.
    pub fn all(size: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        for whole in [Whole::Entries, Whole::Times].into_iter().chain((0..).map(Whole::Hashes)) {
            let count = size >> whole.shift();
            if count == 0 {
                break;
            }
            pieces.extend((0..count.div_ceil(256)).map(|index| {
                let width = (count - index * 256).min(256);
                Self { whole, index, width }
            }));
        }
        pieces
    }

    /// The path, by the specification.
    pub fn path(self) -> String {
        let place = match self.whole {
            Whole::Entries => "tile/entries".to_owned(),
            Whole::Times => "time".to_owned(),
            Whole::Hashes(level) => format!("tile/{level}"),
        };
        assert!(self.index < 1000, "a simulated log is small");
        let part = if self.width == 256 { String::new() } else { format!(".p/{}", self.width) };
        format!("{place}/{:03}{part}", self.index)
    }

    /// The piece at a path; `None` if the path is of none.
    pub fn at(path: &str) -> Option<Self> {
        let (whole, rest) = match path.strip_prefix("time/") {
            Some(rest) => (Whole::Times, rest),
            None => match path.strip_prefix("tile/")?.split_once('/')? {
                ("entries", rest) => (Whole::Entries, rest),
                (level, rest) => (Whole::Hashes(level.parse().ok()?), rest),
            },
        };
        let (index, width) = rest.split_once(".p/").unwrap_or((rest, "256"));
        let piece = Self { whole, index: index.parse().ok()?, width: width.parse().ok()? };
        (piece.path() == path).then_some(piece)
    }

    pub fn full(self) -> Self {
        Self { width: 256, ..self }
    }

    /// The number of elements up to the end of this piece.
    pub fn end(self) -> usize {
        self.index * 256 + self.width
    }

    /// The number of leaves of the smallest tree that has this piece.
    pub fn leaves(self) -> usize {
        self.end() << self.whole.shift()
    }

    /// Whether a tree of this size has the whole piece.
    pub fn is_in(self, size: usize) -> bool {
        size >> self.whole.shift() >= self.end()
    }

    /// Reports whether a tree that grows from `before` to `after` leaves writes this piece.
    pub fn follows_from(self, before: usize, after: usize) -> bool {
        let (before, after) = (before >> self.whole.shift(), after >> self.whole.shift());
        before < self.end()
            && if self.width == 256 { self.end() <= after } else { self.end() == after }
    }
}
