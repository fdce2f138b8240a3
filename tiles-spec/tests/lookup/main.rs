//! The lookup index compared with brute force, for ordinary keys and for maliciously chosen ones;
//! and with every bit flipped.
//!
//! The steps of a client are taken without I/O: the newest revision's file is verified, then each
//! run is probed. The result is the correct list, or an error that names the fault.

mod brute_force;
mod choices;
mod flips;
mod long_lists;
mod revisions;
