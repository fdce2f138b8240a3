//! The manifest: which runs count, and which tree they cover.
//!
//! ```text
//! fasti deduplication index 1
//! covers 1000000 <root hash in hexadecimal>
//! next 12
//! run 11 0
//! run 8 1
//! <SHA-256 of all before it, in hexadecimal>
//! ```
//! Runs are listed from the newest to the oldest, each with its level. `next` is above the numbers
//! of all runs, including removed ones. The manifest is flushed and then replaced as a whole, after
//! the runs that it names were flushed.

use std::fmt::Write as _;

use fasti_seams::summed_text;
use tiles_spec::{Hash, TreeHead, TreeSize};

/// The name of the file.
pub(super) const NAME: &str = "index";
const FIRST_LINE: &str = "fasti deduplication index 1";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub covers: TreeHead,
    pub next: u64,
    /// Number and level of each run, newest first.
    pub runs: Vec<(u64, usize)>,
}

impl Manifest {
    pub fn encode(&self) -> Vec<u8> {
        let TreeHead { size, root } = &self.covers;
        let root = hex::encode(root.as_bytes());
        let mut text = format!("{FIRST_LINE}\ncovers {size} {root}\nnext {}\n", self.next);
        for (number, level) in &self.runs {
            writeln!(text, "run {number} {level}").expect("a string takes all");
        }
        summed_text::finish(text)
    }

    /// `None` for anything that was not made by `encode`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = summed_text::lines(bytes, FIRST_LINE, usize::MAX).ok()?;
        let (size, root) = lines.next()?.strip_prefix("covers ")?.split_once(' ')?;
        let size = TreeSize::new(size.parse().ok()?)?;
        let root = Hash::try_from(&hex::decode(root).ok()?[..]).ok()?;
        let next = lines.next()?.strip_prefix("next ")?.parse().ok()?;
        let run = |line: &str| {
            let (number, level) = line.strip_prefix("run ")?.split_once(' ')?;
            Some((number.parse().ok()?, level.parse().ok().filter(|level| *level < LEVELS_MAX)?))
        };
        let runs = lines.map(run).collect::<Option<_>>()?;
        Some(Self { covers: TreeHead { size, root }, next, runs })
    }
}

/// More than any log needs: each level has eight times as many keys as the one below it.
const LEVELS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written_and_nothing_else() {
        let size = TreeSize::new(7).expect("in range");
        let covers = TreeHead { size, root: Hash::from([3; 32]) };
        let manifest = Manifest { covers, next: 12, runs: vec![(11, 0), (8, 1)] };
        let bytes = manifest.encode();
        assert_eq!(Manifest::parse(&bytes), Some(manifest));
        for at in 0..bytes.len() {
            assert_eq!(Manifest::parse(&bytes[..at]), None, "cut at {at}");
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Manifest::parse(&damaged), None, "damaged at {at}");
        }
    }
}
