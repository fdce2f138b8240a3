//! A log at one signed checkpoint (C2SP tlog-tiles, tlog-checkpoint), fetched from wherever it is.
//!
//! What is fetched is judged by [`fasti_read`]: no hash and no entry is used before it was verified
//! against the root of the checkpoint. This module fetches what it wants, and reads whole bundles
//! ahead ([`Bundles`]).

mod bundles;
mod error;
mod view;

pub use bundles::Bundles;
pub use error::ReadError;
pub use fasti_read::{Consistency, VerifiedBundle};
pub use view::View;

#[cfg(test)]
mod tests;
