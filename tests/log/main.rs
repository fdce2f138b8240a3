//! The log as a whole: real pool, commit, recovery and publication on real and faulty stores.
//!
//! After every step the oracle of the kit derives the whole store again. It shares no code with the
//! log.

mod amplification;
mod astray;
mod faults;
mod faulty;
mod freezing;
mod harness;
mod lifecycle;
mod refusals;
mod standstill;
mod times;
mod witnesses;
mod writers;
