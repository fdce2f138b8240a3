//! Gzip: packing with reusable compressors, and unpacking to a bounded length.
//!
//! A compressor takes several hundred KiB of aligned memory. Creating one for each object would
//! cost more than compressing a small object, and general allocators do not reuse the gaps between
//! aligned pieces: the process would grow with every object. So they are kept. The same bytes
//! always compress to the same bytes.

use std::io::{self, Read as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::read::MultiGzDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

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
