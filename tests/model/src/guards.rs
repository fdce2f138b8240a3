//! Which invariant breaks without which guard, and the bounds of all checks.

use crate::properties::{CHAIN, I1, I2, I3, I4, I5, I8};
use crate::protocol::Bounds;
use crate::without::Without;

const fn bounds(writers: u8, slots: u8, attempts: u8) -> Bounds {
    Bounds { writers, slots, attempts }
}

/// The bounds of the full check.
pub const WIDE: [Bounds; 5] =
    [bounds(2, 4, 4), bounds(3, 4, 3), bounds(2, 5, 3), bounds(2, 6, 2), bounds(3, 5, 2)];

/// The bounds of the tests.
pub const NARROW: Bounds = bounds(2, 4, 3);

/// Guards that are removed together, and the effect.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// The guards.
    pub without: &'static [Without],
    /// The invariant that breaks. `None` if no schedule within the bounds breaks any.
    pub breaks: Option<&'static str>,
    /// The smallest bounds in which it breaks, or the bounds within which nothing does.
    pub bounds: Bounds,
}

const fn breaks(without: &'static [Without], name: &'static str, bounds: Bounds) -> Guard {
    Guard { without, breaks: Some(name), bounds }
}

const fn holds(without: &'static [Without]) -> Guard {
    Guard { without, breaks: None, bounds: bounds(2, 4, 2) }
}

/// Every guard, and pairs of guards that cover for each other.
pub const GUARDS: [Guard; 23] = [
    breaks(&[Without::SecondRead], I1, bounds(2, 4, 2)),
    holds(&[Without::RecordsFirst]),
    breaks(&[Without::RecordsFirst, Without::SecondRead], I1, bounds(2, 4, 2)),
    holds(&[Without::TrimBelow]),
    breaks(&[Without::TrimBelow, Without::SecondRead], I1, bounds(2, 4, 2)),
    holds(&[Without::TrimKeepsNewest]),
    breaks(&[Without::TrimKeepsNewest, Without::TrimBelow], I8, bounds(2, 3, 2)),
    breaks(&[Without::TrimKeepsFirst], I1, bounds(2, 3, 2)),
    breaks(&[Without::Epoch], I1, bounds(2, 3, 2)),
    breaks(&[Without::Meeting], CHAIN, bounds(2, 3, 2)),
    breaks(&[Without::Meeting], I5, bounds(2, 4, 2)),
    breaks(&[Without::OneInFlight], CHAIN, bounds(2, 3, 2)),
    breaks(&[Without::OneInFlight], I5, bounds(2, 4, 2)),
    breaks(&[Without::Comparison], I1, bounds(2, 3, 2)),
    breaks(&[Without::Nonce], I1, bounds(2, 3, 2)),
    breaks(&[Without::Repetition], I1, bounds(2, 4, 2)),
    breaks(&[Without::Version], I2, bounds(2, 3, 2)),
    breaks(&[Without::CreateOnly], I2, bounds(2, 2, 2)),
    breaks(&[Without::Apply], I3, bounds(2, 2, 2)),
    breaks(&[Without::Publication], I4, bounds(2, 2, 2)),
    breaks(&[Without::Inclusion], I4, bounds(2, 3, 2)),
    holds(&[Without::Root]),
    holds(&[Without::RecordsFirst, Without::TrimBelow, Without::Root]),
];
