//! The entropy seam: the only place that asks the system for random bytes.
//!
//! Three things need them: new keys, the nonce that makes the bytes of each commit record unique,
//! and pauses that keep rivals apart. The latter two go through [`Entropy`], so that a simulation
//! can supply its own.

use std::time::Duration;

use rand_core::{CryptoRng, OsRng, RngCore};

/// A source of nonces.
pub trait Entropy: Send + Sync + 'static {
    /// Returns sixteen bytes that were never returned before.
    fn nonce(&self) -> [u8; 16];

    /// A random time below `limit`.
    fn below(&self, limit: Duration) -> Duration {
        let [first, second, ..] = self.nonce();
        limit * u32::from(u16::from_be_bytes([first, second])) / (1 << 16)
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        OsRng.fill_bytes(&mut nonce);
        nonce
    }
}

impl RngCore for OsEntropy {
    fn next_u32(&mut self) -> u32 {
        OsRng.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        OsRng.next_u64()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        OsRng.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        OsRng.try_fill_bytes(dest)
    }
}

impl CryptoRng for OsEntropy {}
