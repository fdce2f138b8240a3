//! A damaged copy of a document, and how much of a document is damaged.

use super::json::Json;

/// A damaged copy.
pub struct Mutant {
    /// What was damaged.
    pub place: String,
    /// How.
    pub damage: &'static str,
    /// The document.
    pub json: Json,
}

/// How much is damaged.
#[derive(Clone, Copy)]
pub struct Thoroughness {
    /// How many bytes of a value; all of shorter ones.
    pub bytes: usize,
    /// Whether the elements inside DER are damaged.
    pub elements: bool,
}

impl Thoroughness {
    /// Where to damage one of `length` bytes, and which bit.
    pub fn positions(self, length: usize) -> impl Iterator<Item = (usize, u8)> {
        let step = length.div_ceil(self.bytes).max(1);
        // The first and last byte are among them, and another bit each time.
        let regular = (0..length).step_by(step).chain(length.checked_sub(1));
        regular.map(|at| (at, 1 << ((at * 5 + at / 8) % 8)))
    }
}
