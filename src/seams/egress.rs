//! Egress: the HTTP clients of the programs, which go where they are told and nowhere else.
//!
//! Clients that carry credentials or secrets (for key services, stores, other writers) are
//! [`direct`]: they follow no redirect and use no proxy from the environment. AWS's own library,
//! used for AWS KMS and for finding credentials, is not built here: it follows no redirects either,
//! but uses the proxy. Clients that only read logs, and verify all that they read, are built by
//! [`for_reading`]: they follow a redirect within the named origin, and use the environment's
//! proxy, except for this machine.
//!
//! If asked, the latter follow redirects to other places too ([`Redirects::ToPublic`]). Invariants:
//! such a place is at an https URL, and every address that its name has, whenever it is resolved,
//! is public. A named host whose addresses were public is not followed to others. Behind a proxy,
//! it is the proxy that resolves names.

mod places;

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder, Url, redirect};

use crate::public_address::is_public;
use places::{Places, Resolver};

/// Most redirects of one request.
const REDIRECTS_MAX: usize = 5;

/// Where redirects may lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// Only to where the request went: the same scheme, host and port.
    #[default]
    WithinOrigin,
    /// Also to https URLs at public addresses.
    ToPublic,
}

/// A redirect that is not followed.
#[derive(Debug, thiserror::Error)]
enum NotFollowed {
    #[error("it redirects to {0}, which is another origin; use that URL if it is the right one")]
    Elsewhere(String),
    #[error("it redirects to {0}, which is not an https URL of a public place")]
    NotPublic(String),
}

/// A client that follows no redirects and uses no proxies.
pub fn direct() -> ClientBuilder {
    Client::builder().redirect(Policy::none()).no_proxy()
}

/// A client for reading what is below `base`, which sends nothing secret.
pub fn for_reading(base: &Url, redirects: Redirects) -> ClientBuilder {
    let places = Arc::new(Places::of(base));
    let resolver = Resolver(places.clone());
    let policy = Policy::custom(move |attempt| follow(&places, redirects, attempt));
    let client = Client::builder().redirect(policy).dns_resolver(Arc::new(resolver));
    if is_loopback(base) { client.no_proxy() } else { client }
}

/// Whether this is an address of this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || address(url).is_some_and(|address| address.is_loopback())
}

/// The address that a URL has in place of a name.
fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Follows redirects within the origin (scheme, host and port) of the request, and elsewhere if
/// that is allowed.
fn follow(places: &Places, redirects: Redirects, attempt: Attempt) -> redirect::Action {
    let is_here = |url: &Url| Some(url.origin()) == attempt.previous().first().map(Url::origin);
    let place = || attempt.url().origin().ascii_serialization();
    if !attempt.previous().iter().chain([attempt.url()]).all(is_here) {
        if redirects == Redirects::WithinOrigin {
            let refused = NotFollowed::Elsewhere(place());
            return attempt.error(refused);
        }
        if !may_lead_to(places, attempt.url()) {
            let refused = NotFollowed::NotPublic(place());
            return attempt.error(refused);
        }
    }
    if attempt.previous().len() > REDIRECTS_MAX { attempt.stop() } else { attempt.follow() }
}

/// Whether a redirect may lead there, as far as the URL tells; of a name, the resolver looks at the
/// addresses.
fn may_lead_to(places: &Places, url: &Url) -> bool {
    let Some(host) = url.host_str().filter(|_| url.scheme() == "https") else { return false };
    match address(url) {
        Some(address) => is_public(address),
        None => places.may_be_led_to(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_places() {
        let places = Places::of(&"https://log.example/".parse().unwrap());
        for (url, expected) in [
            ("https://cdn.example/x", true),
            ("https://8.8.8.8/x", true),
            ("https://[2606:4700::1111]/x", true),
            ("http://cdn.example/x", false),
            ("https://127.0.0.1/x", false),
            ("https://0x7f.1/x", false),
            ("https://[::ffff:a9fe:a9fe]/x", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("https://[fd00:ec2::254]/x", false),
            // The named host, before it was resolved.
            ("https://log.example:8443/x", false),
        ] {
            assert_eq!(may_lead_to(&places, &url.parse().unwrap()), expected, "{url}");
        }
    }
}
