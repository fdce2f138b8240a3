//! Scratch: the postings of a run by part, written to an unnamed file if they do not fit into
//! memory.
//!
//! Invariant: at most [`HELD_MAX`] postings are in memory, in addition to those of the part taken
//! last.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use fasti_lookup_spec::{KeySlice, LookupKey, Posting};
use tiles_spec::LeafIndex;

/// The most postings in memory; 48 MB.
const HELD_MAX: usize = 2_000_000;
/// The size of a posting in the file: a key, and a leaf index in eight bytes.
const POSTING_BYTES: usize = 24;

/// Postings, to be taken out again part by part.
pub(super) struct Scratch<'a> {
    directory: &'a Path,
    bits: u8,
    parts: Vec<Laid>,
    held: usize,
    count: u64,
    held_max: usize,
    file: Option<File>,
    /// The number of bytes in the file.
    end: u64,
}

/// The postings of one part.
#[derive(Default)]
struct Laid {
    held: Vec<Posting>,
    /// The offsets of the other postings in the file, with the number at each.
    places: Vec<(u64, usize)>,
}

impl<'a> Scratch<'a> {
    /// A scratch for a run of `2^bits` parts. The file is created in `directory` when needed.
    pub(super) fn new(bits: u8, directory: &'a Path) -> Self {
        Self::holding(HELD_MAX, bits, directory)
    }

    fn holding(held_max: usize, bits: u8, directory: &'a Path) -> Self {
        let parts = (0..1usize << bits).map(|_| Laid::default()).collect();
        Self { directory, bits, parts, held: 0, count: 0, held_max, file: None, end: 0 }
    }

    /// The number of postings added.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a posting, which must not have been added before.
    pub(super) fn add(&mut self, posting: Posting) -> io::Result<()> {
        let slice = KeySlice::of(self.bits, &posting.key).expect("a slice for each key");
        self.parts[slice.index() as usize].held.push(posting);
        (self.held, self.count) = (self.held + 1, self.count + 1);
        if self.held > self.held_max { self.lay_aside() } else { Ok(()) }
    }

    /// Takes the postings of a part, sorted. Can be called once per part.
    pub(super) fn take(&mut self, part: u32) -> io::Result<Vec<Posting>> {
        let Laid { mut held, places } = std::mem::take(&mut self.parts[part as usize]);
        self.held -= held.len();
        held.reserve_exact(places.iter().map(|(_, count)| count).sum());
        for (offset, count) in places {
            let file = self.file.as_ref().expect("there is a file if postings were written to it");
            let mut bytes = vec![0; count * POSTING_BYTES];
            file.read_exact_at(&mut bytes, offset)?;
            for posting in bytes.as_chunks().0 {
                held.push(decode(posting).ok_or(io::ErrorKind::InvalidData)?);
            }
        }
        held.sort_unstable();
        Ok(held)
    }

    fn lay_aside(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(self.directory)?,
        };
        for laid in self.parts.iter_mut().filter(|laid| !laid.held.is_empty()) {
            let bytes: Vec<u8> = laid.held.iter().flat_map(encode).collect();
            file.write_all_at(&bytes, self.end)?;
            laid.places.push((self.end, laid.held.len()));
            laid.held = Vec::new();
            self.end += bytes.len() as u64;
        }
        self.held = 0;
        self.file = Some(file);
        Ok(())
    }
}

fn encode(posting: &Posting) -> [u8; POSTING_BYTES] {
    let mut bytes = [0; POSTING_BYTES];
    bytes[..16].copy_from_slice(posting.key.as_bytes());
    bytes[16..].copy_from_slice(&posting.index.get().to_be_bytes());
    bytes
}

fn decode(bytes: &[u8; POSTING_BYTES]) -> Option<Posting> {
    let (key, index) = bytes.split_first_chunk::<16>()?;
    let index = LeafIndex::new(u64::from_be_bytes(*index.first_chunk()?))?;
    Some(Posting { key: LookupKey::from(*key), index })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_laid_aside_comes_back_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let all: Vec<Posting> = (0..5000u64)
            .map(|n| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
                Posting { key: key.into(), index: LeafIndex::new(n).unwrap() }
            })
            .collect();
        for (bits, held_max) in [(0, 10_000), (0, 300), (3, 300), (6, 1), (6, 4999)] {
            let mut scratch = Scratch::holding(held_max, bits, directory.path());
            for posting in &all {
                scratch.add(*posting).unwrap();
            }
            assert_eq!(scratch.count(), 5000);
            assert_eq!(scratch.file.is_some(), held_max < 5000);
            let mut taken = Vec::new();
            for part in 0..1 << bits {
                let postings = scratch.take(part).unwrap();
                let slice = KeySlice::new(bits, part).unwrap();
                assert!(postings.iter().all(|posting| slice.contains(&posting.key)));
                taken.extend(postings);
            }
            let mut sorted = all.clone();
            sorted.sort_unstable();
            assert!(taken == sorted, "{bits} {held_max}");
            assert!(directory.path().read_dir().unwrap().next().is_none(), "it has no name");
        }
    }
}
