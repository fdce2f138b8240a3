//! Who a client is, and how much it may ask for.
//!
//! | module | what it is |
//! |---|---|
//! | [`client`] | a client, by its network, also behind proxies |
//! | [`rate`] | rates of requests and of bytes, for all clients together and for each |
//! | [`bucket`] | what refills at such a rate |
//! | [`clients`] | one bucket for each client, in a table of bounded size |
//! | [`limit`] | which limit was reached, and for how long |
//! | [`limiter`] | the limiter of `governor`, with the injected clock |
//!
//! Invariants: pure but for the injected clock; every table is bounded (I12).

mod bucket;
mod client;
mod clients;
mod limit;
mod limiter;
mod rate;

pub use bucket::Bucket;
pub use client::{Block, Client, Network, Proxies, ProxyHeader};
pub use limit::{Limit, TooMany, seconds};
pub use rate::{ByteRate, Pace, Rate, Rates};
