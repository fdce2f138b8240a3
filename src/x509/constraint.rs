//! Name constraints of authorities (RFC 5280, section 4.2.1.10), read and applied as Go does.
//!
//! Constraints apply to every certificate below the one that has them, to those of authorities too.
//! A domain stands for itself and all domains below it, in email addresses and URIs as well; a
//! leading dot leaves out the domain itself. A URI counts by its host, which must be a domain.
//! Names of other kinds cannot be constrained here, so constraints on them are not understood.
//!
//! One rule is stricter than Go's: the address of a network has no bits beyond its mask.

use std::net::IpAddr;

use super::alternative_name::ascii;
use super::constrained::ConstrainedNames;
use super::element::{CONTEXT, EXPLICIT, Elements, Fault, SEQUENCE};
use super::mailbox::Mailbox;
use super::uri::is_domain;

const FAULT: Fault = "its name constraints are not lists of names";
const INVALID: Fault = "a name constraint has an invalid value";

/// The constraints of one certificate.
#[derive(Clone, Debug)]
pub(super) struct NameConstraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

/// A list of constraints.
#[derive(Clone, Debug, Default)]
struct Subtrees {
    mailboxes: Vec<Mailbox>,
    mail_domains: Vec<String>,
    dns: Vec<String>,
    uris: Vec<String>,
    /// An address and a mask, together 8 bytes or 32.
    networks: Vec<Vec<u8>>,
    /// Whether there are constraints of other kinds.
    has_others: bool,
}

impl NameConstraints {
    /// Reads the value of the extension.
    pub(super) fn read(value: &[u8]) -> Result<Self, Fault> {
        let mut value = Elements::of(value);
        let mut lists = value.enter(SEQUENCE, FAULT)?;
        value.end(FAULT)?;
        let permitted = lists.optional(EXPLICIT, FAULT)?.unwrap_or_default();
        let excluded = lists.optional(EXPLICIT | 1, FAULT)?.unwrap_or_default();
        lists.end(FAULT)?;
        if permitted.is_empty() && excluded.is_empty() {
            return Err("its name constraints are empty");
        }
        Ok(Self { permitted: Subtrees::read(permitted)?, excluded: Subtrees::read(excluded)? })
    }

    /// Whether all of them are of kinds that can be applied.
    pub(super) fn are_understood(&self) -> bool {
        !self.permitted.has_others && !self.excluded.has_others
    }

    /// Whether a certificate with these names may stand below.
    pub(super) fn allow(&self, names: &ConstrainedNames) -> bool {
        let Self { permitted, excluded } = self;
        if !permitted.networks.iter().chain(&excluded.networks).all(|network| is_exact(network)) {
            return false;
        }
        names.mailboxes.iter().all(|mailbox| {
            let is_free = permitted.mailboxes.is_empty() && permitted.mail_domains.is_empty();
            let names_it = |list: &Subtrees| list.mailboxes.contains(mailbox);
            (is_free || names_it(permitted) || permits(&permitted.mail_domains, &mailbox.domain))
                && !names_it(excluded)
                && !excludes(&excluded.mail_domains, &mailbox.domain)
        }) && names.dns.iter().all(|host| {
            (permitted.dns.is_empty() || permits(&permitted.dns, host))
                && !excludes(&excluded.dns, host)
        }) && names.uri_hosts.iter().all(|host| {
            (permitted.uris.is_empty() || permits(&permitted.uris, host))
                && !excludes(&excluded.uris, host)
        }) && names.addresses.iter().all(|address| {
            let has = |list: &[Vec<u8>]| list.iter().any(|network| contains(network, address));
            (permitted.networks.is_empty() || has(&permitted.networks)) && !has(&excluded.networks)
        })
    }
}

impl Subtrees {
    fn read(list: &[u8]) -> Result<Self, Fault> {
        const EMAIL: u8 = CONTEXT | 1;
        const DNS: u8 = CONTEXT | 2;
        const URI: u8 = CONTEXT | 6;
        const IP: u8 = CONTEXT | 7;
        let mut read = Self::default();
        let mut list = Elements::of(list);
        while !list.is_empty() {
            let base = list.enter(SEQUENCE, FAULT)?.any().ok_or(FAULT)?;
            match base.tag {
                EMAIL => {
                    let text = ascii(base.content)?;
                    if text.contains('@') {
                        read.mailboxes.push(Mailbox::read(text).ok_or(INVALID)?);
                    } else {
                        read.mail_domains.push(domain(text)?);
                    }
                }
                DNS => read.dns.push(domain(ascii(base.content)?)?),
                URI => {
                    let host = ascii(base.content)?;
                    if host.parse::<IpAddr>().is_ok() {
                        return Err(INVALID);
                    }
                    read.uris.push(domain(host)?);
                }
                IP if is_network(base.content) => read.networks.push(base.content.to_vec()),
                IP => return Err(INVALID),
                _ => read.has_others = true,
            }
        }
        Ok(read)
    }
}

/// A leading dot means the subdomains of a domain.
fn domain(text: &str) -> Result<String, Fault> {
    let is_valid = match text.strip_prefix('.') {
        Some("") => false,
        domain => is_domain(domain.unwrap_or(text).as_bytes()),
    };
    if is_valid { Ok(text.to_owned()) } else { Err(INVALID) }
}

fn permits(domains: &[String], host: &str) -> bool {
    domains.iter().any(|domain| is_within(host, domain))
}

/// A wildcard is excluded already if one name that it stands for is.
fn excludes(domains: &[String], host: &str) -> bool {
    domains.iter().any(|domain| {
        let parent = |name: &str| name.find('.').map(|dot| name[dot..].to_ascii_lowercase());
        is_within(host, domain)
            || (host.starts_with('*') && parent(host).is_some_and(|it| Some(it) == parent(domain)))
    })
}

fn is_within(host: &str, domain: &str) -> bool {
    if domain.is_empty() {
        return true;
    }
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let is_suffix = host.as_bytes()[start..].eq_ignore_ascii_case(domain.as_bytes());
    let is_label = start == 0 || domain.starts_with('.') || host.as_bytes()[start - 1] == b'.';
    is_suffix && is_label
}

/// An address and a mask, whose one bits come first.
fn is_network(bytes: &[u8]) -> bool {
    let mask = match bytes.len() {
        8 => &bytes[4..],
        32 => &bytes[16..],
        _ => return false,
    };
    let mut rest = mask.iter().skip_while(|byte| **byte == 0xff);
    rest.next().is_none_or(|byte| byte.leading_ones() + byte.trailing_zeros() >= 8)
        && rest.all(|byte| *byte == 0)
}

fn is_exact(network: &[u8]) -> bool {
    let (address, mask) = network.split_at(network.len() / 2);
    address.iter().zip(mask).all(|(address, mask)| address & !mask == 0)
}

fn contains(network: &[u8], address: &[u8]) -> bool {
    let (base, mask) = network.split_at(network.len() / 2);
    let masked = address.iter().zip(mask).map(|(byte, mask)| byte & mask);
    base.len() == address.len() && base.iter().copied().eq(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (bytes, good) in [
            (&[10, 0, 0, 0, 255, 0, 0, 0][..], true),
            (&[10, 0, 0, 0, 255, 240, 0, 0], true),
            (&[10, 0, 0, 0, 0, 0, 0, 0], true),
            (&[10, 0, 0, 0, 255, 255, 255, 255], true),
            (&[10, 0, 0, 0, 255, 0, 255, 0], false),
            (&[10, 0, 0, 0, 255, 0xf7, 0, 0], false),
            (&[10, 0, 0, 0, 255, 0x7f, 0, 0], false),
            (&[10, 0, 0, 0, 254, 0x80, 0, 0], false),
            (&[10, 0, 0, 0], false),
            (&[0; 32], true),
            (&[0; 16], false),
        ] {
            assert_eq!(is_network(bytes), good, "{bytes:?}");
        }
        let network = [10, 1, 0, 0, 255, 255, 0, 0];
        assert!(is_exact(&network) && !is_exact(&[10, 1, 1, 0, 255, 255, 0, 0]));
        assert!(contains(&network, &[10, 1, 2, 3]) && !contains(&network, &[10, 2, 2, 3]));
        assert!(!contains(&network, &[0; 16]));
    }

    #[test]
    fn domains_stand_for_those_below_them() {
        for (host, domain, is_in) in [
            ("example.com", "example.com", true),
            ("a.EXAMPLE.com", "example.COM", true),
            ("anexample.com", "example.com", false),
            ("com", "example.com", false),
            ("example.com", ".example.com", false),
            ("a.example.com", ".example.com", true),
            ("anything", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(is_within(host, domain), is_in, "{host} in {domain}");
        }
        let excluded = ["a.example.com".to_owned()];
        assert!(excludes(&excluded, "*.Example.com") && !permits(&excluded, "*.example.com"));
        assert!(!excludes(&excluded, "*.com") && !excludes(&["com".to_owned()], "*"));
    }
}
