//! Manifests: all runs of an index under one hash, with the tree that they index.
//!
//! ```text
//! fasti/lookup-manifest/v2
//! <origin of the log>
//! <tree size>
//! <root hash in base64>
//! times <hash in base64> ...
//! run <end> <postings>
//! part <postings> <records> <homes> <directory pages> <pages> <root hash in base64>
//! ...
//! ```
//! A `run` begins where the previous one ends. It is followed by its `part`s, whose number follows
//! from its postings. Every line ends in a newline; numbers are decimal.
//!
//! `times` commits to the integrated times of the log's entries: they are the leaves of a tree (RFC
//! 6962), each of eight bytes, and the line has the hashes of its largest complete subtrees, from
//! left to right. A manifest of a log that keeps no times lacks this line, and has `v1` in its
//! first.
//!
//! Invariants: a parsed manifest prints as the text it was parsed from. The runs tile the leaves
//! from 0 to the tree size. Impossible counts are refused.

use std::fmt::Write as _;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tiles_spec::checkpoint::{Origin, OriginError};
use tiles_spec::hash::{Hash, HashError};
use tiles_spec::size::{TreeSize, parse_decimal};
use tiles_spec::tree::TreeHead;

use crate::key::LookupKey;
use crate::part::Part;
use crate::range::LeafRange;
use crate::slice::{KeySlice, slice_bits};

/// Maximum size of a manifest in bytes.
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

const HEADER: &str = "fasti/lookup-manifest/v2";
const TIMELESS_HEADER: &str = "fasti/lookup-manifest/v1";
const LEAF_HEADER: &str = "fasti/lookup-revision/v1";
/// Maximum number of runs: the runs of a tree, and some that a merge in progress is replacing.
const RUNS_SHOWN_MAX: usize = 64;

/// The index of a log at a certain tree size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The log.
    pub origin: Origin,
    /// The tree head that it indexes.
    pub head: TreeHead,
    /// The frontier of the tree of the log's integrated times, of the same size, if the log keeps
    /// times.
    pub times: Option<Vec<Hash>>,
    /// The runs, from leaf 0 on.
    pub runs: Vec<Run>,
}

/// All postings of a leaf range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The leaves.
    pub range: LeafRange,
    /// Pairs of a key and a leaf; at least one for each leaf.
    pub postings: u64,
    /// One for each slice of the key space; `postings` implies how many.
    pub parts: Vec<Part>,
}

/// Why bytes are not a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// Longer than the maximum.
    #[error("manifest of {0} bytes, more than {MANIFEST_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8, or the last line has no newline.
    #[error("manifest is not UTF-8 or its last line has no newline")]
    Text,
    /// Another format or version.
    #[error("manifest does not begin with {HEADER:?} or {TIMELESS_HEADER:?}")]
    Header,
    /// The origin is not valid.
    #[error("malformed origin in the manifest")]
    Origin(#[source] OriginError),
    /// An unexpected line.
    #[error("line {line} of the manifest is not {expected}")]
    Line {
        /// The line number, counted from 1.
        line: usize,
        /// The expected content.
        expected: &'static str,
    },
    /// A root hash is malformed.
    #[error("malformed root hash in line {line} of the manifest")]
    Root {
        /// The line number.
        line: usize,
        /// The fault.
        #[source]
        source: HashError,
    },
    /// The runs do not cover the tree.
    #[error("the runs in the manifest end at {end}, but the tree at {size}")]
    Uncovered {
        /// End of the last run.
        end: TreeSize,
        /// The tree size.
        size: TreeSize,
    },
    /// More runs than an index can have.
    #[error("manifest has more than {RUNS_SHOWN_MAX} runs")]
    TooManyRuns,
    /// Counts that contradict each other.
    #[error("contradictory counts in the manifest's run that ends at {end}: {reason}")]
    Counts {
        /// End of the run.
        end: TreeSize,
        /// The contradiction.
        reason: &'static str,
    },
}

impl Run {
    /// The part to which a key belongs, and its slice.
    pub fn part_of(&self, key: &LookupKey) -> (KeySlice, &Part) {
        let slice = KeySlice::of(self.bits(), key).expect("a run has a slice for each key");
        (slice, &self.parts[slice.index() as usize])
    }

    /// The number of leading key bits that select a part.
    pub fn bits(&self) -> u8 {
        slice_bits(self.postings)
    }

    /// The parts with their slices, in order.
    pub fn slices(&self) -> impl Iterator<Item = (KeySlice, &Part)> {
        let slices = (0..).map_while(|index| KeySlice::new(self.bits(), index));
        slices.zip(&self.parts)
    }

    /// Makes a run of parts that hold all its postings. Returns an error if the counts contradict
    /// each other.
    pub fn new(range: LeafRange, postings: u64, parts: Vec<Part>) -> Result<Self, ManifestError> {
        let run = Self { range, postings, parts };
        run.check().map_err(|reason| ManifestError::Counts { end: range.end(), reason })?;
        Ok(run)
    }

    fn check(&self) -> Result<(), &'static str> {
        let sum =
            |count: fn(&Part) -> u64| self.parts.iter().map(count).try_fold(0u64, u64::checked_add);
        if self.parts.len() != 1 << self.bits() {
            return Err("its number of parts is not the one that its postings imply");
        }
        if sum(|part| part.postings) != Some(self.postings) {
            return Err("the postings of its parts do not add up to its own");
        }
        if self.postings < self.range.len() {
            return Err("it has fewer postings than leaves");
        }
        for part in &self.parts {
            let pages = part.homes..=part.pages;
            if part.homes == 0 || !pages.contains(&part.directory) {
                return Err("the page counts of a part contradict each other");
            }
            if part.records > part.postings || (part.records == 0) != (part.postings == 0) {
                return Err("a part has more keys than postings, or only one of them is zero");
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// Parses a manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Text)?;
        let text = text.strip_suffix('\n').ok_or(ManifestError::Text)?;
        let mut lines = Lines { lines: text.split('\n'), number: 0 };
        let has_times = match lines.next() {
            Some(HEADER) => true,
            Some(TIMELESS_HEADER) => false,
            _ => return Err(ManifestError::Header),
        };
        let origin = lines.next().unwrap_or_default().parse().map_err(ManifestError::Origin)?;
        let size = lines.next().and_then(|line| line.parse().ok());
        let size = size.ok_or(lines.is_not("a tree size"))?;
        let root = lines.next().unwrap_or_default();
        let root = Hash::from_base64(root)
            .map_err(|source| ManifestError::Root { line: lines.number, source })?;
        let times = if has_times { Some(read_times(size, &mut lines)?) } else { None };
        let (mut runs, mut start) = (Vec::new(), TreeSize::ZERO);
        while let Some(line) = lines.next() {
            if runs.len() == RUNS_SHOWN_MAX {
                return Err(ManifestError::TooManyRuns);
            }
            let run = read_run(line, start, &mut lines)?;
            start = run.range.end();
            runs.push(run);
        }
        if start != size {
            return Err(ManifestError::Uncovered { end: start, size });
        }
        Ok(Self { origin, head: TreeHead { size, root }, times, runs })
    }

    /// Encodes the manifest as text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let TreeHead { size, root } = self.head;
        let header = if self.times.is_some() { HEADER } else { TIMELESS_HEADER };
        let mut text = format!("{header}\n{}\n{size}\n{}\n", self.origin, root.to_base64());
        if let Some(times) = &self.times {
            text.push_str("times");
            for node in times {
                text.push(' ');
                text.push_str(&node.to_base64());
            }
            text.push('\n');
        }
        for Run { range, postings, parts } in &self.runs {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "run {} {postings}", range.end());
            for Part { postings, records, homes, directory, pages, root } in parts {
                let root = root.to_base64();
                let _ =
                    writeln!(text, "part {postings} {records} {homes} {directory} {pages} {root}");
            }
        }
        text.into_bytes()
    }

    /// SHA-256 of the text.
    pub fn hash(&self) -> Hash {
        Hash::from(<[u8; 32]>::from(Sha256::digest(self.to_bytes())))
    }

    /// The leaf of the lookup log for this manifest: one line each for the format, the log's
    /// origin, tree size and root hash, and the manifest's hash.
    pub fn revision_entry(&self) -> Vec<u8> {
        let TreeHead { size, root } = self.head;
        let (root, hash) = (root.to_base64(), self.hash().to_base64());
        format!("{LEAF_HEADER}\n{}\n{size}\n{root}\n{hash}\n", self.origin).into_bytes()
    }
}

struct Lines<'a> {
    lines: std::str::Split<'a, char>,
    /// The number of the line read last, counted from 1.
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        self.lines.next()
    }

    fn is_not(&self, expected: &'static str) -> ManifestError {
        ManifestError::Line { line: self.number, expected }
    }
}

/// Reads the frontier of the tree of times, which has a node for each bit of the size that is set.
fn read_times(size: TreeSize, lines: &mut Lines<'_>) -> Result<Vec<Hash>, ManifestError> {
    let is_not = |lines: &Lines<'_>| lines.is_not("the frontier of the tree of times");
    let mut fields = lines.next().unwrap_or_default().split(' ');
    if fields.next() != Some("times") {
        return Err(is_not(lines));
    }
    let nodes = fields.map(|node| {
        Hash::from_base64(node).map_err(|source| ManifestError::Root { line: lines.number, source })
    });
    let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
    let is_whole = nodes.len() == size.get().count_ones() as usize;
    if is_whole { Ok(nodes) } else { Err(is_not(lines)) }
}

fn read_run(line: &str, start: TreeSize, lines: &mut Lines<'_>) -> Result<Run, ManifestError> {
    let read = || {
        let (end, postings) = line.strip_prefix("run ")?.split_once(' ')?;
        let range = LeafRange::new(start, end.parse().ok()?)?;
        Some((range, parse_decimal(postings).ok()?))
    };
    let (range, postings) = read().ok_or(lines.is_not("a run that follows the one before it"))?;
    let mut parts = Vec::new();
    for _ in 0..1u32 << slice_bits(postings) {
        let line = lines.next().unwrap_or_default();
        parts.push(read_part_line(line, lines)?);
    }
    Run::new(range, postings, parts)
}

fn read_part_line(line: &str, lines: &Lines<'_>) -> Result<Part, ManifestError> {
    let is_not = || lines.is_not("a part with its counts and its root hash");
    let fields: Vec<&str> = line.strip_prefix("part ").ok_or_else(is_not)?.splitn(6, ' ').collect();
    let &[postings, records, homes, directory, pages, root] = &fields[..] else {
        return Err(is_not());
    };
    let pages_of = |text| number::<u32>(text).ok_or_else(is_not);
    Ok(Part {
        postings: number(postings).ok_or_else(is_not)?,
        records: number(records).ok_or_else(is_not)?,
        homes: pages_of(homes)?,
        directory: pages_of(directory)?,
        pages: pages_of(pages)?,
        root: Hash::from_base64(root)
            .map_err(|source| ManifestError::Root { line: lines.number, source })?,
    })
}

/// Parses a canonical decimal.
fn number<N: FromStr>(text: &str) -> Option<N> {
    parse_decimal(text).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests;
