//! The lookup index compared with brute force, for ordinary keys and for maliciously chosen ones;
//! with every bit flipped; and a frozen index, byte for byte.
//!
//! The steps of a client are taken without I/O: the newest revision's file is verified, then each
//! run is probed. The result is the correct list, or an error that names the fault.

mod brute_force;
mod choices;
mod flips;
mod golden;
mod long_lists;
mod revisions;
