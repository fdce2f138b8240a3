//! Admission: who may write, and how much. By default anyone may write anything.
//!
//! | module | what it is |
//! |---|---|
//! | [`admission`] | the writer's check, which asks all others |
//! | [`keys`] | keys that may write, by their [`fingerprint`]s |
//! | [`identities`] | certificates that may write: rules ([`pattern`]) on what they say ([`holder`]) and who issued them ([`authorities`]) |
//! | [`tokens`] | tokens for opaque entries |
//! | [`error`] | errors in a list, and reasons for refusing a submission |
//!
//! How much each client may write is counted by [`fasti_rate`].
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
mod error;
mod fingerprint;
mod holder;
mod identities;
mod keys;
pub mod metrics;
mod pattern;
mod pem;
mod tokens;

#[cfg(test)]
mod testing;

pub use admission::{Admission, Lists};
pub use authorities::Authorities;
pub use error::{AdmissionRefusal, IdentityReason, ListError, ListProblem};
pub use fasti_rate::{
    Block, ByteRate, Client, Limit, Network, Pace, Proxies, ProxyHeader, Rate, Rates, TooMany,
    seconds,
};
pub use fingerprint::Fingerprint;
pub use identities::{IdentityList, Policy};
pub use keys::KeyList;
pub use tokens::TokenList;
