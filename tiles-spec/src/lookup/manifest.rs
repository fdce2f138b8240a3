//! Manifests: all runs of an index under one hash, with the tree that they index.
//!
//! ```text
//! fasti/lookup-manifest/v1
//! <origin of the log>
//! <tree size>
//! <root hash in base64>
//! run <end> <postings>
//! part <postings> <records> <homes> <directory pages> <pages> <root hash in base64>
//! ...
//! ```
//! A `run` begins where the one before it ends; below it are its `part`s, as many as its postings
//! imply. Every line ends in a newline, numbers are decimal.
//!
//! Invariants: what parses prints as the text it was parsed from. The runs tile the leaves from 0 to the
//! tree size. Counts that cannot be right are refused.

use std::fmt::Write as _;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::key::LookupKey;
use super::part::Part;
use super::range::LeafRange;
use super::slice::{KeySlice, slice_bits};
use crate::checkpoint::{Origin, OriginError};
use crate::hash::{Hash, HashError};
use crate::size::{TreeSize, parse_decimal};
use crate::tree::TreeHead;

/// Most bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

const HEADER: &str = "fasti/lookup-manifest/v1";
const LEAF_HEADER: &str = "fasti/lookup-revision/v1";
/// Most runs: those of a tree, and some of which a merge is under way.
const RUNS_SHOWN_MAX: usize = 64;

/// An index of a log at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The log.
    pub origin: Origin,
    /// Its tree.
    pub head: TreeHead,
    /// Which leaves have which keys, from leaf 0 on.
    pub runs: Vec<Run>,
}

/// All postings of a leaf range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The leaves.
    pub range: LeafRange,
    /// Pairs of a key and a leaf; at least one for each leaf.
    pub postings: u64,
    /// By slices of the key space: as many as `postings` implies.
    pub parts: Vec<Part>,
}

/// Why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// Longer than a manifest may be.
    #[error("manifest of {0} bytes, more than {MANIFEST_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8, or the last line has no newline.
    #[error("manifest is not made of lines of text")]
    Text,
    /// Another format or version.
    #[error("manifest does not begin with {HEADER:?}")]
    Header,
    /// The origin is not one.
    #[error("origin in manifest")]
    Origin(#[source] OriginError),
    /// A line is not what is due there.
    #[error("line {line} of the manifest is not {expected}")]
    Line {
        /// Which line, counted from 1.
        line: usize,
        /// What is due.
        expected: &'static str,
    },
    /// A root hash is malformed.
    #[error("root hash in line {line} of the manifest")]
    Root {
        /// Which line.
        line: usize,
        /// What is wrong.
        #[source]
        source: HashError,
    },
    /// The runs do not cover the tree.
    #[error("the runs in the manifest end at {end}, and the tree at {size}")]
    Uncovered {
        /// End of the last run.
        end: TreeSize,
        /// The tree size.
        size: TreeSize,
    },
    /// More runs than an index has.
    #[error("manifest has more than {RUNS_SHOWN_MAX} runs")]
    TooManyRuns,
    /// Counts that contradict each other.
    #[error("counts in the manifest's run that ends at {end}: {reason}")]
    Counts {
        /// End of the run.
        end: TreeSize,
        /// The contradiction.
        reason: &'static str,
    },
}

impl Run {
    /// The part that a key belongs to, and its slice.
    pub fn part_of(&self, key: &LookupKey) -> (KeySlice, &Part) {
        let slice = KeySlice::of(self.bits(), key).expect("a run has a slice for each key");
        (slice, &self.parts[slice.index() as usize])
    }

    /// How many bits of their keys tell the parts apart.
    pub fn bits(&self) -> u8 {
        slice_bits(self.postings)
    }

    /// The parts with their slices, in order.
    pub fn slices(&self) -> impl Iterator<Item = (KeySlice, &Part)> {
        let slices = (0..).map_while(|index| KeySlice::new(self.bits(), index));
        slices.zip(&self.parts)
    }

    /// A run of parts that tell all its postings; `None` where there are not as many as there should be.
    pub fn new(range: LeafRange, postings: u64, parts: Vec<Part>) -> Result<Self, ManifestError> {
        let run = Self { range, postings, parts };
        run.check().map_err(|reason| ManifestError::Counts { end: range.end(), reason })?;
        Ok(run)
    }

    fn check(&self) -> Result<(), &'static str> {
        let sum =
            |count: fn(&Part) -> u64| self.parts.iter().map(count).try_fold(0u64, u64::checked_add);
        if self.parts.len() != 1 << self.bits() {
            return Err("it has not as many parts as its postings imply");
        }
        if sum(|part| part.postings) != Some(self.postings) {
            return Err("its parts do not make its postings together");
        }
        if self.postings < self.range.len() {
            return Err("it has fewer postings than leaves");
        }
        for part in &self.parts {
            let pages = part.homes..=part.pages;
            if part.homes == 0 || !pages.contains(&part.directory) {
                return Err("a part has more pages of one kind than it has");
            }
            if part.records > part.postings || (part.records == 0) != (part.postings == 0) {
                return Err("a part has more keys than postings, or none");
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Text)?;
        let text = text.strip_suffix('\n').ok_or(ManifestError::Text)?;
        let mut lines = Lines { lines: text.split('\n'), number: 0 };
        if lines.next() != Some(HEADER) {
            return Err(ManifestError::Header);
        }
        let origin = lines.next().unwrap_or_default().parse().map_err(ManifestError::Origin)?;
        let size = lines.next().and_then(|line| line.parse().ok());
        let size = size.ok_or(lines.is_not("a tree size"))?;
        let root = lines.next().unwrap_or_default();
        let root = Hash::from_base64(root)
            .map_err(|source| ManifestError::Root { line: lines.number, source })?;
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
        Ok(Self { origin, head: TreeHead { size, root }, runs })
    }

    /// The text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let TreeHead { size, root } = self.head;
        let mut text = format!("{HEADER}\n{}\n{size}\n{}\n", self.origin, root.to_base64());
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

    /// The leaf of the lookup log that stands for this manifest: a line each for the format, the log's
    /// origin, tree size and root hash, and the manifest's hash.
    pub fn revision_entry(&self) -> Vec<u8> {
        let TreeHead { size, root } = self.head;
        let (root, hash) = (root.to_base64(), self.hash().to_base64());
        format!("{LEAF_HEADER}\n{}\n{size}\n{root}\n{hash}\n", self.origin).into_bytes()
    }
}

struct Lines<'a> {
    lines: std::str::Split<'a, char>,
    /// Of the line read last, counted from 1.
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

fn read_run(line: &str, start: TreeSize, lines: &mut Lines<'_>) -> Result<Run, ManifestError> {
    let read = || {
        let (end, postings) = line.strip_prefix("run ")?.split_once(' ')?;
        let range = LeafRange::new(start, end.parse().ok()?)?;
        Some((range, parse_decimal(postings).ok()?))
    };
    let (range, postings) = read().ok_or(lines.is_not("a run behind the one before it"))?;
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

/// A canonical decimal.
fn number<N: FromStr>(text: &str) -> Option<N> {
    parse_decimal(text).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests;
