//! The submissions: entry number `n` of a run, as a request and as the leaf that the log must have.
//!
//! Invariants: an entry depends only on its number (and on the seed, or the signatures made before
//! the clock started), so a retry, a repeat and the check after the run all build the same bytes,
//! and nothing needs to be kept; different numbers give different entries.

use crate::submissions::{Api, Submissions};
use crate::target::Target;

/// The supply of a run.
pub enum Entries {
    /// Random-looking bytes for `POST /add`.
    Opaque(Opaque),
    /// Signed submissions for `POST /api/v2/log/entries`, or that of v1.
    Hashedrekord(Submissions),
}

impl Entries {
    /// How many distinct entries there are.
    pub fn limit(&self) -> u64 {
        match self {
            Self::Opaque(_) => u64::MAX,
            Self::Hashedrekord(submissions) => submissions.count(),
        }
    }

    /// The leaf that the log must have for entry `number`.
    pub fn leaf(&self, number: u64) -> Vec<u8> {
        let mut leaf = Vec::new();
        match self {
            Self::Opaque(opaque) => opaque.append(number, &mut leaf),
            Self::Hashedrekord(submissions) => submissions.append_leaf(number, &mut leaf),
        }
        leaf
    }
}

/// Requests for one target: everything but the number is formatted beforehand.
pub struct Requests<'a> {
    entries: &'a Entries,
    head: String,
}

impl<'a> Requests<'a> {
    /// Requests for `entries` to the write path of `target`.
    pub fn new(entries: &'a Entries, target: &Target) -> Self {
        let (path, fields) = match entries {
            Entries::Opaque(_) => ("/add", ""),
            Entries::Hashedrekord(submissions) => {
                let path = match submissions.api() {
                    Api::V1 => "/api/v1/log/entries",
                    Api::V2 => "/api/v2/log/entries",
                };
                (path, "Content-Type: application/json\r\n")
            }
        };
        let Target { authority, prefix, .. } = target;
        let head = format!(
            "POST {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\n{fields}Content-Length: "
        );
        Self { entries, head }
    }

    /// Replaces `request` with the complete request for entry `number`.
    pub fn write(&self, number: u64, request: &mut Vec<u8>) {
        let length = match self.entries {
            Entries::Opaque(opaque) => opaque.bytes,
            Entries::Hashedrekord(submissions) => submissions.body_length(number),
        };
        request.clear();
        request.extend_from_slice(self.head.as_bytes());
        append_decimal(length, request);
        request.extend_from_slice(b"\r\n\r\n");
        match self.entries {
            Entries::Opaque(opaque) => opaque.append(number, request),
            Entries::Hashedrekord(submissions) => submissions.append_body(number, request),
        }
    }
}

/// Entries of one size whose bytes look random and depend only on a seed and the number.
pub struct Opaque {
    key: u64,
    bytes: usize,
}

impl Opaque {
    /// Creates entries of `bytes` bytes, at least [`OPAQUE_BYTES_MIN`].
    pub fn new(seed: u64, bytes: usize) -> Self {
        assert!(bytes >= OPAQUE_BYTES_MIN, "shorter entries would repeat");
        Self { key: mix(seed), bytes }
    }

    fn append(&self, number: u64, out: &mut Vec<u8>) {
        // The first word is a bijection of the number, so no two entries of a run are equal.
        let first = mix(self.key.wrapping_add(number.wrapping_mul(GAMMA)));
        let start = out.len();
        out.resize(start + self.bytes, 0);
        let mut state = first;
        let mut word = first;
        for chunk in out[start..].chunks_mut(8) {
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
            state = state.wrapping_add(GAMMA);
            word = mix(state);
        }
    }
}

/// The SplitMix64 finaliser: a bijection that scatters.
pub fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A SplitMix64 sequence, for choices that need no good randomness.
pub struct Random(u64);

impl Random {
    /// Creates the sequence for a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Returns a number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        let product = u128::from(mix(self.0)) * u128::from(bound);
        u64::try_from(product >> 64).expect("the high half of a product of 64-bit numbers")
    }
}

fn append_decimal(mut number: usize, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Room for the word that makes every entry different.
pub const OPAQUE_BYTES_MIN: usize = 8;
/// The increment of SplitMix64: odd, so that multiples of it do not repeat.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn opaque(seed: u64, bytes: usize) -> Entries {
        Entries::Opaque(Opaque::new(seed, bytes))
    }

    #[test]
    fn opaque_entries_depend_on_seed_and_number_alone() {
        let distinct: HashSet<_> = (0..10_000).map(|n| opaque(1, 8).leaf(n)).collect();
        assert_eq!(distinct.len(), 10_000);
        assert_eq!(opaque(1, 1021).leaf(77), opaque(1, 1021).leaf(77));
        assert_eq!(opaque(1, 1021).leaf(77).len(), 1021);
        assert_ne!(opaque(1, 1021).leaf(77), opaque(2, 1021).leaf(77));
    }

    #[test]
    fn a_request_is_head_and_leaf() {
        let target = Target::parse("http://127.0.0.1:9/log").unwrap();
        let entries = opaque(3, 100);
        let mut request = b"left over".to_vec();
        Requests::new(&entries, &target).write(5, &mut request);
        let mut expected =
            b"POST /log/add HTTP/1.1\r\nHost: 127.0.0.1:9\r\nContent-Length: 100\r\n\r\n".to_vec();
        expected.extend_from_slice(&entries.leaf(5));
        assert_eq!(request, expected);
    }

    #[test]
    fn random_numbers_stay_below_their_bound() {
        let mut random = Random::new(9);
        let seen: HashSet<_> = (0..1000).map(|_| random.below(7)).collect();
        assert_eq!(seen, (0..7).collect());
    }

    #[test]
    fn decimals_of_any_length() {
        for number in [0, 9, 10, 1024, 65_535, usize::MAX] {
            let mut out = Vec::new();
            append_decimal(number, &mut out);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
