//! The directory store on a disk that fails: every operation in every way, power cuts, and a page
//! cache that lies after a failed flush.
//!
//! The file system is a model in memory ([`model`]) that keeps what is on the disk apart from what
//! is in the cache; [`faults`] puts it behind the store's seam and makes single operations fail.
//! [`world`] runs the real log on it, and [`oracle`] derives the result again from the files.

mod enumeration;
mod faults;
mod index;
mod lies;
mod model;
mod node;
mod oracle;
mod poison;
mod power;
mod seeded;
mod world;
