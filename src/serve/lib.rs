//! An HTTP server whose clients share its resources fairly, within limits. What it serves is a
//! [`Service`].
//!
//! | module | what it is |
//! |---|---|
//! | [`serve`] | accepts connections, with or without [`tls`], until told to stop |
//! | [`service`] | what answers requests |
//! | [`limits`] | how much there is of each resource, and how slow a client can be |
//! | [`connection`] | what is in progress on a connection; closes idle ones |
//! | [`shares`] | who gets how much, and who gives way |
//! | [`hogs`] | clients that took too much, and get few new connections for a while |
//! | [`body`], [`request_body`] | bodies of requests; [`refused`]: of those that were refused |
//! | [`streamed`] | bodies that are worked on while they arrive |
//! | [`reading`], [`body_error`] | how slow a body can be, and why it was not read |
//! | [`delivery`] | answers, until they are taken |
//! | [`place`] | where a request comes from; [`identified`]: its ID |
//! | [`metrics`] | what is counted |
//!
//! Clients that are too slow are cut off ([`fasti_seams::least_rate`]).
//!
//! Invariants: every resource is bounded, and nobody can use up the last quarter of it (I12). No
//! two modules import each other, directly or through others.

mod body;
mod body_error;
mod connection;
mod delivery;
mod hogs;
mod identified;
mod limits;
pub mod metrics;
mod place;
mod reading;
mod refused;
mod request_body;
mod serve;
mod service;
mod shares;
mod streamed;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "tls/left_out.rs"]
mod tls;

pub use body::{ReadBody, discard, read_body};
pub use body_error::BodyError;
pub use connection::{Connection, OpenRequest};
pub use delivery::AccountedFor;
pub use identified::parent;
pub use limits::{Limits, Pools, bytes_pool, lasting_pool};
pub use metrics::{HttpMetrics, SharesMetrics};
pub use place::{PeerAddress, peer, place_of};
pub use refused::leave;
pub use request_body::RequestBody;
pub use serve::{Server, ServerParts};
pub use service::{Answered, Service};
pub use shares::{Full, Place, Share, Shares};
pub use streamed::StreamedBody;
pub use tls::{Tls, TlsError};
