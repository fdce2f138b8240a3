//! The directory store on a failing disk: every operation fails in every way, the power is cut, and
//! the page cache lies after a failed flush.
//!
//! The file system is an in-memory model ([`model`]) that keeps disk and cache contents apart;
//! [`faults`] puts it behind the store's seam and makes single operations fail. [`world`] runs the
//! real log on it, and the oracle of the kit derives the result again from the files. [`witness`]
//! has the state of a witness on it.

mod enumeration;
mod faults;
mod index;
mod lies;
mod model;
mod node;
mod poison;
mod power;
mod witness;
mod world;
