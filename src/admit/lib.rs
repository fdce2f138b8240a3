//! Admission: who may write, and how much. By default anyone may write anything.
//!
//! | module | what it is |
//! |---|---|
//! | [`admission`] | the writer's check, which asks all others |
//! | [`keys`] | keys that may write, by their [`fingerprint`]s |
//! | [`identities`] | certificates that may write: rules ([`pattern`]) on what they say ([`holder`]) and who issued them ([`authorities`]) |
//! | [`tokens`] | tokens for opaque entries |
//! | [`rate`] | limits on submissions and bytes, overall and for each client ([`client`], [`clients`], [`limiter`]) |
//! | [`error`] | errors in a list, and reasons for refusing a submission |
//!
//! The HTTP server asks twice. [`Admission::pace`] runs on a request's head, before the body is
//! read (and [`Admission::pace_bytes`] runs after it, if the head did not announce the length).
//! [`Admission::judge`] runs when the submission is parsed, before its signatures are verified,
//! which costs more. A submission that passes both can still be refused for its content. Entries
//! forwarded by other writers were admitted there.
//!
//! Invariants:
//! - Pure: texts, addresses and times are arguments; no I/O, no runtime. The rates read the
//!   injected clock.
//! - Nothing is admitted by an unverified signature. What a certificate says counts only after its
//!   chain has been verified; [`fasti_entry`] then verifies that its key has signed.
//! - Every list, pattern and table is bounded (I12). Tokens are not stored (I16).

mod admission;
mod authorities;
mod client;
mod clients;
mod error;
mod fingerprint;
mod holder;
mod identities;
mod keys;
mod limiter;
pub mod metrics;
mod pattern;
mod pem;
mod rate;
mod tokens;

#[cfg(test)]
mod testing;

pub use admission::{Admission, Lists};
pub use authorities::Authorities;
pub use client::{Block, Client, Network, Proxies, ProxyHeader};
pub use error::{AdmissionRefusal, IdentityReason, Limit, ListError, ListProblem, seconds};
pub use fingerprint::Fingerprint;
pub use identities::{IdentityList, Policy};
pub use keys::KeyList;
pub use rate::{ByteRate, Pace, Rate, Rates};
pub use tokens::TokenList;
