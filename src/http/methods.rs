//! The methods that resources allow.

use http::Method;

use super::problem::Problem;

/// The methods of resources that are only read.
pub(super) const READ: (&[Method], &str) = (&[Method::GET, Method::HEAD], "GET, HEAD");
/// The methods of resources that accept submissions.
pub(super) const SUBMIT: (&[Method], &str) = (&[Method::POST], "POST");

/// Refuses every other method.
pub(super) fn expect(
    method: &Method,
    (methods, allowed): (&[Method], &'static str),
) -> Result<(), Problem> {
    if methods.contains(method) {
        return Ok(());
    }
    Err(Problem::Method { method: method.to_string(), allowed })
}
