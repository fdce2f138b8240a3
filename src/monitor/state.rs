//! How far a log was checked, and how its tree began up to there (`src/docs/formats.md`, "State of
//! a monitor").
//!
//! A file next to the log's remembered checkpoint, with the ending `monitor`. Invariants: the file
//! is replaced whole; one that was changed in any byte is refused; what it says is compared with
//! the tree that the log has signed before anything is built on it.

use std::io;
use std::path::{Path, PathBuf};

use fasti_client::replace::replace;
use fasti_seams::summed_text;
use tiles_spec::{Frontier, Hash, TreeSize};

use super::left_out::LeftOut;

/// The first line.
const TITLE: &str = "fasti monitor state 1";
/// Why a line is refused.
const LINE: &str = "a line is missing or malformed";
/// The largest file, in bytes: 63 nodes and 16 ranges.
pub const STATE_BYTES_MAX: usize = 16 << 10;

/// How far a log was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The tree of the entries that were checked and reported.
    pub checked: Frontier,
    /// The largest tree that the log has shown.
    pub shown: TreeSize,
    /// When that tree was first seen, in seconds since 1970.
    pub grown: u64,
    /// The last integrated time; 0 if no entry had one.
    pub time: u64,
    /// Entries of the round that is under way that were left out of its reports.
    pub left_out: LeftOut,
}

/// Why a state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An I/O error.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Not what was written there.
    #[error(
        "{} is damaged ({reason}): move it away to begin again with --from, and expect reports \
         that were made before", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

impl State {
    /// Reads the state from a file; `None` if the file does not exist.
    pub fn load(path: &Path) -> Result<Option<Self>, StateError> {
        match std::fs::metadata(path) {
            Ok(found) if found.len() > STATE_BYTES_MAX as u64 => {
                return Err(damaged(path, "it is too long"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::Io { path: path.to_owned(), source }),
        }
        let bytes = std::fs::read(path)
            .map_err(|source| StateError::Io { path: path.to_owned(), source })?;
        Self::parse(&bytes).map(Some).map_err(|reason| damaged(path, reason))
    }

    /// Notes the size that the log shows now.
    pub(crate) fn show(&mut self, size: TreeSize, now: u64) {
        if size > self.shown {
            (self.shown, self.grown) = (size, now);
        }
    }

    /// Replaces the state in a file.
    pub fn save(&self, path: &Path) -> Result<(), StateError> {
        replace(path, &self.to_bytes())
            .map_err(|source| StateError::Io { path: path.to_owned(), source })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { checked, shown, grown, time, left_out } = self;
        let mut lines = vec![
            TITLE.to_owned(),
            format!("checked {}", checked.size()),
            format!("shown {shown}"),
            format!("grown {grown}"),
            format!("time {time}"),
        ];
        lines.extend(checked.nodes().iter().map(|node| format!("node {}", node.to_base64())));
        lines.push(format!("left-out {}", left_out.count));
        let ranges = left_out.ranges.iter();
        lines.extend(ranges.map(|(first, last)| format!("range {first} {last}")));
        let text = lines.join("\n") + "\n";
        summed_text::finish(text)
    }

    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut lines = summed_text::lines(bytes, TITLE, STATE_BYTES_MAX)?.peekable();
        let number = |line: Option<&str>, name: &str| {
            let (found, number) = line?.split_once(' ')?;
            (found == name).then(|| number.parse::<u64>().ok()).flatten()
        };
        let size = |number: Option<u64>| number.and_then(TreeSize::new).ok_or(LINE);
        let checked = size(number(lines.next(), "checked"))?;
        let shown = size(number(lines.next(), "shown"))?;
        let grown = number(lines.next(), "grown").ok_or(LINE)?;
        let time = number(lines.next(), "time").ok_or(LINE)?;
        let mut nodes = Vec::new();
        while let Some(node) = lines.peek().and_then(|line| line.strip_prefix("node ")) {
            nodes.push(Hash::from_base64(node).map_err(|_| "a node is no hash")?);
            lines.next();
        }
        let checked = Frontier::from_nodes(checked, nodes).map_err(|_| "nodes are missing")?;
        let count = number(lines.next(), "left-out").ok_or(LINE)?;
        let range = |line: &str| {
            let (first, last) = line.strip_prefix("range ")?.split_once(' ')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        };
        let ranges = lines.map(range).collect::<Option<Vec<_>>>().ok_or(LINE)?;
        let this = Self { checked, shown, grown, time, left_out: LeftOut { count, ranges } };
        // One state has one file.
        if this.to_bytes() == bytes { Ok(this) } else { Err("it is written in another way") }
    }
}

fn damaged(path: &Path, reason: &'static str) -> StateError {
    StateError::Damaged { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let mut checked = Frontier::new();
        for n in 0..7 {
            checked.push(tiles_spec::leaf_hash(&[n])).unwrap();
        }
        let left_out = LeftOut { count: 5, ranges: vec![(0, 0), (2, 5)] };
        let shown = TreeSize::new(300).unwrap();
        State { checked, shown, grown: 1_800_000_000, time: 1_799_999_999, left_out }
    }

    /// The format of the first release, which later ones must read.
    #[test]
    fn the_format_is_frozen() {
        let golden = include_bytes!("../../tests/data/monitor/state");
        assert_eq!(String::from_utf8_lossy(&state().to_bytes()), String::from_utf8_lossy(golden));
        assert_eq!(State::parse(golden), Ok(state()));
    }

    #[test]
    fn a_change_of_any_byte_is_found() {
        for state in [state(), State::default()] {
            let bytes = state.to_bytes();
            assert_eq!(State::parse(&bytes), Ok(state));
            for at in 0..bytes.len() {
                for flip in [0x01, 0x20, 0x80] {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    State::parse(&changed).unwrap_err();
                }
                State::parse(&bytes[..at]).unwrap_err();
            }
        }
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("below/a.monitor");
        assert_eq!(State::load(&path).unwrap(), None);
        state().save(&path).unwrap();
        assert_eq!(State::load(&path).unwrap(), Some(state()));
        std::fs::write(&path, "").unwrap();
        assert!(matches!(State::load(&path), Err(StateError::Damaged { .. })));
        std::fs::write(&path, vec![b'x'; STATE_BYTES_MAX + 1]).unwrap();
        assert!(matches!(State::load(&path), Err(StateError::Damaged { .. })));
    }
}
