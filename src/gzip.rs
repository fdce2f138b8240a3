//! Gzip, with compressors that are used again.
//!
//! A compressor is several hundred KiB of aligned memory. Made anew for each object, it would cost
//! more than the compression of a small one, and general allocators do not find the gaps that
//! aligned pieces leave: the process would grow with every object. So they are kept. The same bytes
//! are packed into the same bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};

/// How much work is put into packing. Somebody waits for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For what is soon needed no more, or is packed for a stranger.
    Quick,
    /// For what stays: between speed and size.
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

/// The largest window there is, as a power of two.
const WINDOW_BITS: u8 = 15;
/// Most compressors that are kept while they are not needed.
const KEPT_MAX: usize = 32;

static KEPT: [Mutex<Vec<Compress>>; 2] = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];

fn kept(effort: Effort) -> MutexGuard<'static, Vec<Compress>> {
    KEPT[effort as usize].lock().unwrap_or_else(PoisonError::into_inner)
}

/// `bytes`, packed.
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

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
                let mut unpacked = Vec::new();
                GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("gzip");
                assert!(unpacked == bytes, "{} bytes", bytes.len());
                assert_eq!(gzip(bytes, effort), packed);
            }
        }
    }
}
