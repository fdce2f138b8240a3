//! The real writer in its own process: killed at any moment, on damaged and copied directories, and
//! on a full disk.
//!
//! What it leaves is read back from the files, and derived again by the oracle of the kit.

mod copying;
mod dump;
mod full_disk;
mod grown;
mod kill;
mod noise;
mod refusals;
mod remembered;
mod restored;
mod restores;
mod scene;
#[allow(dead_code)] // Some of it is for several writers.
mod writer;
