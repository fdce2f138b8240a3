//! Egress: the HTTP clients of the programs, which go where they are told and nowhere else.
//!
//! Clients that carry credentials or secrets (for key services, stores, other writers) are
//! [`direct`]: they follow no redirect and use no proxy from the environment. AWS's own library,
//! used for AWS KMS and for finding credentials, is not built here: it follows no redirects either,
//! but uses the proxy. Clients that only read logs, and verify all that they read, are built by
//! [`for_reading`]: they follow a redirect within the named origin, and use the environment's
//! proxy, except for this machine.

use std::net::IpAddr;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Url, redirect};

/// Most redirects of one request.
const REDIRECTS_MAX: usize = 3;

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
#[error("it redirects to {0}, which is another origin; use that URL if it is the right one")]
struct Elsewhere(String);

/// A client that follows no redirects and uses no proxies.
pub fn direct() -> ClientBuilder {
    Client::builder().redirect(Policy::none()).no_proxy()
}

/// A client for reading what is below `base`, which sends nothing secret.
pub fn for_reading(base: &Url) -> ClientBuilder {
    let client = Client::builder().redirect(Policy::custom(stay));
    if is_loopback(base) { client.no_proxy() } else { client }
}

/// Whether this is an address of this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Follows redirects within the origin (scheme, host and port) of the request.
fn stay(attempt: Attempt) -> redirect::Action {
    let asked = attempt.previous().first().map(Url::origin);
    if asked != Some(attempt.url().origin()) {
        let place = attempt.url().origin().ascii_serialization();
        return attempt.error(Elsewhere(place));
    }
    if attempt.previous().len() > REDIRECTS_MAX {
        return attempt.stop();
    }
    attempt.follow()
}
