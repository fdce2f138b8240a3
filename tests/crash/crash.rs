//! The real writer in its own process: killed at any moment, on damaged and copied directories, and
//! on a full disk.
//!
//! The oracle of the disk tests derives what it leaves again from the files.

mod copying;
mod dump;
mod full_disk;
mod grown;
mod http;
mod kill;
mod noise;
#[path = "../disk/oracle.rs"]
mod oracle;
mod refusals;
mod rekor;
mod remembered;
mod restored;
mod restores;
mod scene;
#[path = "../disk/seeded.rs"]
#[allow(dead_code)] // Not everything is used here.
mod seeded;
#[allow(dead_code)] // Some of it is for several writers.
mod writer;
