//! The hosts that a client was told of, by its user or by a redirect, and their addresses.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::public_address::is_public;

/// The most hosts that redirects can name to one client.
const LED_TO_MAX: usize = 64;

/// The hosts that a client was told of.
#[derive(Debug)]
pub(super) struct Places {
    /// The host that the user named.
    named: Option<String>,
    /// Whether it was found at public addresses alone.
    is_public: AtomicBool,
    /// The hosts that redirects named.
    led_to: Mutex<BTreeSet<String>>,
}

/// Resolves names, and withholds the addresses that a redirect must not lead to.
pub(super) struct Resolver(pub(super) Arc<Places>);

#[derive(Debug, thiserror::Error)]
#[error("{0} has no address that a redirect may lead to: only public ones are allowed")]
struct NoPublicAddress(String);

impl Places {
    pub(super) fn of(base: &Url) -> Self {
        let named = base.host_str().map(str::to_lowercase);
        Self { named, is_public: AtomicBool::new(false), led_to: Mutex::default() }
    }

    /// Notes that a redirect leads to this host. Returns whether it may.
    pub(super) fn may_be_led_to(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        if self.named.as_ref() == Some(&host) {
            return self.is_public.load(Ordering::Relaxed);
        }
        let Ok(mut led_to) = self.led_to.lock() else { return false };
        led_to.contains(&host) || led_to.len() < LED_TO_MAX && led_to.insert(host)
    }

    /// The addresses to which the client may connect for this host.
    fn allowed(&self, host: &str, mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let host = host.to_lowercase();
        let is_led_to = self.led_to.lock().map_or(true, |led_to| led_to.contains(&host));
        let is_named = self.named.as_ref() == Some(&host);
        if is_led_to || is_named && self.is_public.load(Ordering::Relaxed) {
            addresses.retain(|address| is_public(address.ip()));
        } else if is_named && addresses.iter().all(|address| is_public(address.ip())) {
            self.is_public.store(!addresses.is_empty(), Ordering::Relaxed);
        }
        addresses
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let places = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = places.allowed(name.as_str(), found.collect());
            if allowed.is_empty() {
                let refused: Box<dyn Error + Send + Sync> =
                    NoPublicAddress(name.as_str().to_owned()).into();
                return Err(refused);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(url: &str) -> Places {
        Places::of(&url.parse().unwrap())
    }

    fn at(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn what_a_redirect_names_is_at_public_addresses() {
        let places = places("https://log.example/");
        assert!(places.may_be_led_to("CDN.example"));
        assert_eq!(places.allowed("cdn.example", at(&["10.0.0.1", "::1"])), []);
        assert_eq!(places.allowed("cdn.example", at(&["10.0.0.1", "8.8.8.8"])), at(&["8.8.8.8"]));
        // A proxy is named by nobody but the environment.
        assert_eq!(places.allowed("proxy", at(&["10.0.0.1"])), at(&["10.0.0.1"]));
        for n in 0..LED_TO_MAX + 10 {
            assert_eq!(places.may_be_led_to(&format!("{n}.example")), n < LED_TO_MAX - 1);
        }
    }

    #[test]
    fn what_the_user_names_is_where_it_is() {
        let private = places("https://log.internal/");
        assert_eq!(private.allowed("log.internal", at(&["10.0.0.1"])), at(&["10.0.0.1"]));
        assert!(!private.may_be_led_to("log.internal"));
        assert_eq!(private.allowed("log.internal", at(&["10.0.0.1"])), at(&["10.0.0.1"]));
        // A host that was public does not lead to this machine later.
        let public = places("https://log.example/");
        assert_eq!(public.allowed("log.example", at(&["8.8.8.8"])), at(&["8.8.8.8"]));
        assert!(public.may_be_led_to("log.example"));
        assert_eq!(public.allowed("log.example", at(&["127.0.0.1"])), []);
        assert_eq!(public.allowed("log.example", at(&["8.8.4.4"])), at(&["8.8.4.4"]));
    }
}
