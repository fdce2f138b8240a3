//! The names in a certificate as name constraints see them.

use std::net::IpAddr;

use super::alternative_name::AlternativeName;
use super::mailbox::Mailbox;
use super::uri::{self, is_domain};

/// The names that can be constrained.
#[derive(Clone, Debug, Default)]
pub(super) struct ConstrainedNames {
    pub(super) mailboxes: Vec<Mailbox>,
    pub(super) dns: Vec<String>,
    pub(super) uri_hosts: Vec<String>,
    /// 4 bytes or 16.
    pub(super) addresses: Vec<Vec<u8>>,
}

impl ConstrainedNames {
    /// Sorts names. `None` if one of them cannot be compared with constraints: an invalid email
    /// address or host name, or a URI whose host is missing or is an address.
    pub(super) fn of(names: &[AlternativeName<'_>]) -> Option<Self> {
        let mut sorted = Self::default();
        for name in names {
            match name {
                AlternativeName::Email(text) => sorted.mailboxes.push(Mailbox::read(text)?),
                AlternativeName::Dns(text) => {
                    sorted.dns.push(is_domain(text.as_bytes()).then(|| (*text).to_owned())?);
                }
                AlternativeName::Uri(text) => sorted.uri_hosts.push(domain_of(text)?),
                AlternativeName::Ip(bytes) => sorted.addresses.push(bytes.to_vec()),
                AlternativeName::Other(_) | AlternativeName::Unread => {}
            }
        }
        Some(sorted)
    }
}

/// The host of a URI without its port.
fn domain_of(text: &str) -> Option<String> {
    let host = String::from_utf8(uri::host(text)?).ok()?;
    if host.is_empty() || host.starts_with('[') {
        return None;
    }
    // A second colon is no part of a host.
    let (domain, port) = host.split_once(':').unwrap_or((&host, ""));
    let is_name = !port.contains(':') && domain.parse::<IpAddr>().is_err();
    (is_name && is_domain(domain.as_bytes())).then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_count_by_their_hosts() {
        for (uri, domain) in [
            ("https://Example.com/a", Some("Example.com")),
            ("spiffe://a.b:8080/c", Some("a.b")),
            ("https://user@a.b:/c", Some("a.b")),
            ("https://1.2.3.4/", None),
            ("https://[::1]:8/", None),
            ("urn:example:a", None),
            ("/relative", None),
            ("x://a:1,b:2/", None),
        ] {
            assert_eq!(domain_of(uri).as_deref(), domain, "{uri}");
        }
    }
}
