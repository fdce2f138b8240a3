//! The real writer in a process of its own: killed at any moment, on damaged and copied
//! directories, on a full disk.
//!
//! What it leaves is derived again from the files by the oracle of the disk tests.

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
#[allow(dead_code)] // Not all of it is needed here.
mod seeded;
#[allow(dead_code)] // Some is for several writers.
mod writer;
