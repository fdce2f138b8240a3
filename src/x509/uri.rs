//! URIs and host names in certificates, as Go reads them: anything that its `net/url` can parse,
//! with no empty label in the host. That is both more and less than RFC 3986 allows.

use std::net::Ipv6Addr;

use super::element::Fault;

const FAULT: Fault = "a URI among its names cannot be parsed";
/// Bytes that can appear in a host besides letters and digits.
const HOST: &[u8] = b"!\"$&'()*+,-.:;<=>[]_~";
/// Bytes that can appear before the host, besides letters and digits.
const USER: &[u8] = b"-._:~!$&'()*+,;=%@";

/// Checks that the text, which is ASCII, is a URI or a relative reference.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let host = host(text).ok_or(FAULT)?;
    if is_domain(&host) { Ok(()) } else { Err("a URI among its names has an invalid host") }
}

/// Whether no label is empty, no dot is at the end, and all characters are printable. The empty
/// host counts as a domain.
pub(super) fn is_domain(host: &[u8]) -> bool {
    let is_label = |label: &[u8]| !label.is_empty() && label.iter().all(u8::is_ascii_graphic);
    host.is_empty() || host.split(|byte| *byte == b'.').all(is_label)
}

/// The host with the port, or an empty string without a host; `None` if this is no URI.
pub(super) fn host(text: &str) -> Option<Vec<u8>> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    if text.bytes().any(|byte| byte.is_ascii_control()) || !is_escaped(fragment) {
        return None;
    }
    let (scheme, rest) = split_scheme(text)?;
    let (rest, _query) = rest.split_once('?').unwrap_or((rest, ""));
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            // Such as urn:example; the rest is not parsed.
            return Some(Vec::new());
        }
        let segment = rest.split('/').next().unwrap_or_default();
        if segment.contains(':') {
            return None;
        }
    }
    let (host, path) = match rest.strip_prefix("//") {
        Some(authority) if !scheme.is_empty() || !authority.starts_with('/') => {
            let (authority, path) =
                authority.split_at(authority.find('/').unwrap_or(authority.len()));
            (host_of_authority(scheme, authority)?, path)
        }
        _ => (Vec::new(), rest),
    };
    is_escaped(path).then_some(host)
}

/// The scheme, if any, and the text after its colon. Only an empty scheme before a colon is an
/// error.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let end = text.bytes().position(|byte| !is_of_scheme(byte)).unwrap_or(text.len());
    let (scheme, rest) = text.split_at(end);
    match rest.strip_prefix(':') {
        Some(_) if scheme.is_empty() => None,
        Some(rest) if scheme.as_bytes()[0].is_ascii_alphabetic() => Some((scheme, rest)),
        _ => Some(("", text)),
    }
}

fn host_of_authority(scheme: &str, authority: &str) -> Option<Vec<u8>> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_of_user = |byte: u8| byte.is_ascii_alphanumeric() || USER.contains(&byte);
    if !user.bytes().all(is_of_user) || !is_escaped(user) {
        return None;
    }
    match host.rfind('[') {
        Some(0) => return bracketed(host),
        Some(_) => return None,
        None => {}
    }
    // Other schemes can have several hosts with ports here, so the port is checked only for these.
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let port = if is_web { host.find(':') } else { host.rfind(':') };
    if !is_port(port.map_or("", |at| &host[at..])) {
        return None;
    }
    unescaped(host, is_escape_in_host)
}

/// An IPv6 address followed by a port.
fn bracketed(host: &str) -> Option<Vec<u8>> {
    let (address, port) = host.strip_prefix('[')?.rsplit_once(']')?;
    let (address, zone) = address.split_at(address.find("%25").unwrap_or(address.len()));
    let address =
        [unescaped(address, is_escape_in_host)?, unescaped(zone, is_escape_in_zone)?].concat();
    let text = std::str::from_utf8(&address).ok()?;
    let (number, zone) = text.split_once('%').unwrap_or((text, "-"));
    if zone.is_empty() || number.parse::<Ipv6Addr>().is_err() || !is_port(port) {
        return None;
    }
    Some([b"[", &address[..], b"]", port.as_bytes()].concat())
}

fn is_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether two hexadecimal digits follow each percent sign.
fn is_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Removes the escapes from the text of a host. `may_escape` says which bytes can be escaped.
fn unescaped(text: &str, may_escape: fn(u8) -> bool) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = u8::from_str_radix(part.get(..2)?, 16).ok()?;
        if !may_escape(byte) || !part.as_bytes()[0].is_ascii_hexdigit() {
            return None;
        }
        bytes.push(byte);
        bytes.extend(&part.as_bytes()[2..]);
    }
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || HOST.contains(&byte);
    text.bytes().all(|byte| byte == b'%' || is_of_host(byte)).then_some(bytes)
}

fn is_escape_in_host(byte: u8) -> bool {
    byte >= 0x80 || byte == b'%'
}

fn is_escape_in_zone(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || HOST.contains(&byte) || b" %".contains(&byte)
}
