//! What the server needs of the body of a request, whichever protocol it came by.

use std::fmt::Display;

use bytes::Bytes;
use hyper::body::Body;

/// The body of a request.
pub trait RequestBody: Body<Data = Bytes, Error: Display> + Unpin {}

impl<B: Body<Data = Bytes, Error: Display> + Unpin> RequestBody for B {}
