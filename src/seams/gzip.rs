//! Gzip: packing with reusable compressors, and unpacking to a bounded length, at once or in
//! pieces.
//!
//! A compressor takes several hundred KiB of aligned memory. Creating one for each object would
//! cost more than compressing a small object, and general allocators do not reuse the gaps between
//! aligned pieces: the process would grow with every object. So they are kept. The same bytes
//! always compress to the same bytes.

use std::io::{self, Read as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::read::MultiGzDecoder;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// How much work goes into packing. A client waits either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For data that is soon obsolete, or packed for one request.
    Quick,
    /// For data that is kept: a balance of speed and size.
    Thorough,
}

impl Effort {
    fn level(self) -> Compression {
        match self {
            Self::Quick => Compression::new(1),
            Self::Thorough => Compression::new(4),
        }
    }
}

/// The largest possible window, as a power of two.
const WINDOW_BITS: u8 = 15;
/// Most idle compressors that are kept.
const KEPT_MAX: usize = 32;

static KEPT: [Mutex<Vec<Compress>>; 2] = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];

fn kept(effort: Effort) -> MutexGuard<'static, Vec<Compress>> {
    KEPT[effort as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compresses `bytes`.
pub fn gzip(bytes: &[u8], effort: Effort) -> Vec<u8> {
    let spare = kept(effort).pop();
    let mut compressor = spare.unwrap_or_else(|| Compress::new_gzip(effort.level(), WINDOW_BITS));
    let packed = pack(&mut compressor, bytes);
    compressor.reset();
    let mut kept = kept(effort);
    if kept.len() < KEPT_MAX {
        kept.push(compressor);
    }
    packed
}

fn pack(compressor: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    const IN_MEMORY: &str = "packing into memory does not fail";
    let mut packed = Vec::with_capacity(bytes.len() / 2 + 64);
    loop {
        let taken = usize::try_from(compressor.total_in()).expect("no more than there is");
        let finish = FlushCompress::Finish;
        match compressor.compress_vec(&bytes[taken..], &mut packed, finish).expect(IN_MEMORY) {
            Status::StreamEnd => return packed,
            Status::Ok | Status::BufError => packed.reserve(packed.len().max(64)),
        }
    }
}

/// Why bytes could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum GunzipError {
    /// They unpack to more than what was allowed.
    #[error("it is longer than the allowed {max} bytes")]
    TooLong {
        /// The most bytes that were allowed.
        max: usize,
    },
    /// They are not gzip, or are damaged.
    #[error("it is not valid gzip")]
    Invalid(#[from] io::Error),
}

/// Decompresses to at most `max` bytes, and never holds more than one beyond.
pub fn gunzip(packed: &[u8], max: usize) -> Result<Vec<u8>, GunzipError> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max { Err(GunzipError::TooLong { max }) } else { Ok(bytes) }
}

/// Unpacks what arrives in pieces, a little at a time.
#[derive(Debug)]
pub struct Gunzip {
    unpacker: Decompress,
    is_over: bool,
}

impl Default for Gunzip {
    fn default() -> Self {
        Self { unpacker: Decompress::new_gzip(WINDOW_BITS), is_over: false }
    }
}

impl Gunzip {
    /// Unpacks from `packed`, which is left with what was not needed, at most `max` bytes behind
    /// those in `into`.
    pub fn unpack(
        &mut self,
        packed: &mut &[u8],
        into: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), GunzipError> {
        if self.is_over && !packed.is_empty() {
            // One may follow the other.
            *self = Self::default();
        }
        let start = into.len();
        into.resize(start + max, 0);
        let unpacker = &mut self.unpacker;
        let before = (unpacker.total_in(), unpacker.total_out());
        let status = unpacker.decompress(packed, &mut into[start..], FlushDecompress::None);
        let since = |now: u64, before: u64| usize::try_from(now - before).expect("a length");
        into.truncate(start + since(unpacker.total_out(), before.1));
        *packed = &packed[since(unpacker.total_in(), before.0)..];
        self.is_over |= status.map_err(io::Error::other)? == Status::StreamEnd;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_unpacked_beyond_what_is_allowed() {
        let packed = gzip(&vec![7; 100_000], Effort::Thorough);
        assert_eq!(gunzip(&packed, 100_000).unwrap(), vec![7; 100_000]);
        let two = [&packed[..], &packed].concat();
        assert_eq!(gunzip(&two, 200_000).unwrap(), vec![7; 200_000]);
        for (bytes, max) in [(&packed, 99_999), (&two, 199_999), (&packed, 0)] {
            assert!(matches!(gunzip(bytes, max), Err(GunzipError::TooLong { .. })));
        }
        for bytes in [&packed[..40], b"not gzip", b""] {
            assert!(matches!(gunzip(bytes, 100_000), Err(GunzipError::Invalid(_))));
        }
    }

    #[test]
    fn pieces_are_unpacked_a_little_at_a_time() {
        let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        let (first, second) = bytes.split_at(1000);
        let packed = [gzip(first, Effort::Quick), gzip(second, Effort::Quick)].concat();
        for (piece, max) in [(1, 1000), (1000, 1), (77, 4096), (packed.len(), 10_000)] {
            let (mut gunzip, mut unpacked, mut held) = (Gunzip::default(), Vec::new(), Vec::new());
            for mut part in packed.chunks(piece) {
                loop {
                    let (before, left) = (held.len(), part.len());
                    gunzip.unpack(&mut part, &mut held, max).unwrap();
                    assert!(held.len() - before <= max);
                    if part.len() == left && held.len() == before {
                        break;
                    }
                    unpacked.append(&mut held);
                }
            }
            assert!(unpacked == bytes, "{piece} and {max}");
        }
        let mut noise = &b"not gzip, whatever follows"[..];
        assert!(Gunzip::default().unpack(&mut noise, &mut Vec::new(), 100).is_err());
    }

    #[test]
    fn what_is_packed_can_be_unpacked_and_is_the_same_each_time() {
        let mut noise = 1_u32;
        let noise = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(300_000).collect();
        for bytes in [&b""[..], b"a", &noise, &noise[..7], &vec![7; 100_000], &noise] {
            for effort in [Effort::Quick, Effort::Thorough] {
                let packed = gzip(bytes, effort);
                let unpacked = gunzip(&packed, bytes.len()).expect("gzip");
                assert!(unpacked == bytes, "{} bytes", bytes.len());
                assert_eq!(gzip(bytes, effort), packed);
            }
        }
    }
}
