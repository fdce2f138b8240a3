//! The lookup index against brute force, for keys as they come and as somebody would choose them to
//! do harm; and every bit of it flipped.
//!
//! A client's way is walked without I/O: the newest revision's file is verified, then each run is
//! probed. What comes out is the true list, or an error that names what is wrong.

mod brute_force;
mod choices;
mod flips;
mod long_lists;
mod revisions;
