//! The real writer in its own process: killed at any moment, on damaged and copied directories, and
//! on a full disk.
//!
//! The oracle of the disk tests derives what it leaves again from the files.

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
