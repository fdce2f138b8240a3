//! Egress: the HTTP clients of the programs, which go where they are told and nowhere else.
//!
//! What carries credentials or secrets (key services, stores, other writers) follows no redirect and
//! takes no proxy from the environment: a [`direct`] client. AWS's own library, for AWS KMS and for finding
//! credentials, is not made here: it follows no redirects either, and heeds the proxy. What only reads logs, and verifies all
//! that it reads, follows a redirect within the place that was named, and takes the proxy that the
//! environment names, but not to this machine: [`for_reading`].

use std::net::IpAddr;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Url, redirect};

/// Most redirects of one request.
const REDIRECTS_MAX: usize = 3;

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
#[error("it redirects to {0}, which is another place; name that one if it is the right one")]
struct Elsewhere(String);

/// A client that follows no redirects and uses no proxies.
pub fn direct() -> ClientBuilder {
    Client::builder().redirect(Policy::none()).no_proxy()
}

/// A client for what is below `base`, which sends nothing secret.
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

/// Follows within the origin (scheme, host and port) of the request.
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
