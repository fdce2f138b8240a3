//! fasti.
