//! Fetches a log's files from a URL, a bucket or a directory (C2SP tlog-tiles "APIs"). URLs and
//! stores are features of this crate.
//!
//! Invariants: no more of an object is read than its path allows it to hold, compressed or not.
//! What is fetched is not trusted, only passed on.

#[cfg(feature = "store")]
mod bucket;
mod directory;
mod elsewhere;
mod error;
#[cfg(feature = "http")]
mod http;
mod interface;
mod limits;
#[cfg(feature = "store")]
mod location;
mod lookup_log;
mod part_fault;
#[cfg(feature = "store")]
mod store;

#[cfg(feature = "store")]
pub use bucket::BucketFetch;
pub use directory::DirectoryFetch;
pub use elsewhere::IndexElsewhere;
pub use error::FetchError;
#[cfg(feature = "http")]
pub use fasti_seams::egress::Redirects;
#[cfg(feature = "http")]
pub use http::HttpFetch;
#[cfg(feature = "http")]
pub(super) use http::{Patience, client, retry_after, send};
pub use interface::Fetch;
pub use limits::{PART_BYTES_MAX, bytes_max};
#[cfg(feature = "store")]
pub use location::Location;
pub use lookup_log::LookupLog;
pub use part_fault::PartFault;
#[cfg(feature = "store")]
pub use store::StoreFetch;
