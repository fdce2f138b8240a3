//! fasti.

pub mod entry;
