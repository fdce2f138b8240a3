//! The log as a whole: real pool, commit, recovery and publication on real and faulty stores.
//!
//! After every step the whole store is derived again by `oracle`, which shares no code with the
//! log but the hash functions.

mod amplification;
mod astray;
mod faults;
mod faulty;
mod freezing;
mod harness;
mod lifecycle;
mod oracle;
mod refusals;
mod standstill;
mod writers;
