//! Checks the log against its answers: each index given once, and each entry at its index.
//!
//! Reads the published files as any client would (C2SP tlog-tiles: `checkpoint`,
//! `tile/entries/<N>[.p/<W>]`, where a bundle is 256 times length and bytes). It checks the bytes
//! in bundles; `fasti fsck` checks signatures and proofs.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::entries::Entries;
use crate::fetch;
use crate::target::Target;

/// An acknowledgement: an entry and the index it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The entry's number in the run.
    pub number: u64,
    /// Its index in the log.
    pub index: u64,
}

/// Where to read the log.
pub enum Source {
    /// Over HTTP.
    Http(Target),
    /// From a directory.
    Directory(PathBuf),
}

/// What was found in the bundles.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// How many entries were compared.
    pub checked: u64,
    /// How many of them were not what was submitted.
    pub wrong: u64,
    /// The tree size that was read.
    pub tree_size: u64,
    /// The first wrong index, and what is wrong with it.
    pub first_wrong: Option<String>,
}

/// Counts the indices that were given to more than one entry; sorts the indices.
pub fn indices_given_twice(indices: &mut [u64]) -> u64 {
    indices.sort_unstable();
    indices.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

impl Source {
    /// A URL or the path of a directory.
    pub fn parse(text: &str) -> Result<Self> {
        if text.contains("://") {
            Ok(Self::Http(Target::parse(text)?))
        } else {
            Ok(Self::Directory(PathBuf::from(text)))
        }
    }

    /// Compares the sampled entries with the log's bundles. Waits for a checkpoint that covers
    /// the sample for at most `patience`.
    pub fn compare(
        &self,
        entries: &Entries,
        mut sample: Vec<Acknowledged>,
        patience: Duration,
    ) -> Result<Found> {
        sample.sort_unstable_by_key(|acknowledged| acknowledged.index);
        let highest = sample.last().map_or(0, |acknowledged| acknowledged.index);
        let tree_size = self.wait_for_size(highest.saturating_add(1), patience)?;
        let checked = sample.len() as u64;
        let mut found = Found { checked, wrong: 0, tree_size, first_wrong: None };
        for group in sample.chunk_by(|a, b| a.index / BUNDLE_WIDTH == b.index / BUNDLE_WIDTH) {
            let tile = group[0].index / BUNDLE_WIDTH;
            let bundle = self.bundle(tile, tree_size)?;
            for acknowledged in group {
                let position = acknowledged.index % BUNDLE_WIDTH;
                let problem = match entry_at(&bundle, position) {
                    Some(held) if held == entries.leaf(acknowledged.number) => continue,
                    Some(_) => "has other bytes",
                    None => "is not in its bundle",
                };
                found.wrong += 1;
                let first = format!("index {} {problem}", acknowledged.index);
                found.first_wrong.get_or_insert(first);
            }
        }
        Ok(found)
    }

    fn wait_for_size(&self, size_wanted: u64, patience: Duration) -> Result<u64> {
        let deadline = Instant::now() + patience;
        loop {
            let size = self.tree_size()?;
            if size >= size_wanted {
                return Ok(size);
            }
            if Instant::now() >= deadline {
                bail!(
                    "the checkpoint has size {size}, but index {} was acknowledged",
                    size_wanted - 1
                );
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn tree_size(&self) -> Result<u64> {
        let checkpoint = self.read("/checkpoint")?.context("there is no checkpoint")?;
        let text = String::from_utf8_lossy(&checkpoint);
        let size = text.lines().nth(1).and_then(|line| line.parse().ok());
        size.context("the checkpoint has no size on its second line")
    }

    fn bundle(&self, tile: u64, tree_size: u64) -> Result<Vec<u8>> {
        let path = format!("/tile/entries/{}", tile_path(tile));
        let width = tree_size - tile * BUNDLE_WIDTH;
        if width < BUNDLE_WIDTH {
            // A partial bundle may be gone once the full one exists.
            if let Some(bundle) = self.read(&format!("{path}.p/{width}"))? {
                return Ok(bundle);
            }
        }
        self.read(&path)?.with_context(|| format!("{path} is missing"))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Http(target) => match fetch::get(target, path, Duration::from_secs(10))? {
                (200, body) => Ok(Some(body)),
                (404, _) => Ok(None),
                (status, _) => bail!("GET {path} answered status {status}"),
            },
            Self::Directory(directory) => {
                let path = directory.join(path.trim_start_matches('/'));
                match fs::read(&path) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error).with_context(|| path.display().to_string()),
                }
            }
        }
    }
}

/// Returns the entry at a position of a bundle, if the bundle is long enough.
fn entry_at(mut bundle: &[u8], position: u64) -> Option<&[u8]> {
    for _ in 0..position {
        bundle = split_entry(bundle)?.1;
    }
    split_entry(bundle).map(|(entry, _)| entry)
}

fn split_entry(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Groups of three digits, all but the last with an x: `x001/x234/067`.
fn tile_path(mut tile: u64) -> String {
    let mut path = format!("{:03}", tile % 1000);
    while tile >= 1000 {
        tile /= 1000;
        path = format!("x{:03}/{path}", tile % 1000);
    }
    path
}

/// Entries in a full bundle.
const BUNDLE_WIDTH: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::Opaque;

    #[test]
    fn tile_paths_follow_the_specification() {
        assert_eq!(tile_path(5), "005");
        assert_eq!(tile_path(1_234_067), "x001/x234/067");
        assert_eq!(tile_path(1000), "x001/000");
    }

    #[test]
    fn repeated_indices_are_counted() {
        assert_eq!(indices_given_twice(&mut []), 0);
        assert_eq!(indices_given_twice(&mut [5, 1, 3]), 0);
        assert_eq!(indices_given_twice(&mut [5, 1, 5, 1, 5]), 3);
    }

    #[test]
    fn a_directory_is_compared_entry_by_entry() {
        let directory = tempfile::tempdir().unwrap();
        let entries = Entries::Opaque(Opaque::new(1, 40));
        let bundle = |numbers: std::ops::Range<u64>| -> Vec<u8> {
            let framed = |n| [40u16.to_be_bytes().as_slice(), &entries.leaf(n)].concat();
            numbers.flat_map(framed).collect()
        };
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("tile/entries/001.p")).unwrap();
        fs::write(at("checkpoint"), "o\n260\nroot\n\n- s\n").unwrap();
        fs::write(at("tile/entries/000"), bundle(0..256)).unwrap();
        fs::write(at("tile/entries/001.p/4"), bundle(256..260)).unwrap();

        let source = Source::Directory(directory.path().to_owned());
        let ack = |number, index| Acknowledged { number, index };
        let good = [0, 255, 256, 259, 77].map(|n| ack(n, n)).to_vec();
        let compare = |sample| source.compare(&entries, sample, Duration::ZERO);
        let found = compare(good).unwrap();
        assert_eq!((found.checked, found.wrong, found.tree_size), (5, 0, 260));
        let found = compare(vec![ack(1, 1), ack(8, 9)]).unwrap();
        assert_eq!(
            (found.wrong, found.first_wrong.as_deref()),
            (1, Some("index 9 has other bytes"))
        );
        assert!(compare(vec![ack(260, 260)]).unwrap_err().to_string().contains("size 260"));
        fs::write(at("tile/entries/001.p/4"), bundle(256..258)).unwrap();
        assert_eq!(compare(vec![ack(259, 259)]).unwrap().wrong, 1);
    }
}
