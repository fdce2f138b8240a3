//! Names for new logs. C2SP tlog-checkpoint wants an origin to be a URL without its scheme, and
//! clients treat it as one: they compare it with the host that they talk to.
//!
//! [`Origin`] accepts more, because an existing log keeps its name forever, whatever it is.

use core::net::{Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use super::origin::Origin;

/// Maximum length of a host name, and of one of its labels (RFC 1035).
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Why a new log should not have this name, and what it could be called instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{fault}{}",
    .instead.as_ref().map(|origin| format!("; write {origin}")).unwrap_or_default()
)]
pub struct NewOriginError {
    /// The first fault found.
    pub fault: OriginFault,
    /// The name that was probably meant, if it can be guessed.
    pub instead: Option<Origin>,
}

/// What makes an origin differ from a URL without its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OriginFault {
    /// `https://` or the like.
    #[error("an origin is a URL without its scheme")]
    Scheme,
    /// Something before an `@`.
    #[error("an origin has no user name or password")]
    User,
    /// `?` or `#`.
    #[error("an origin has no query and no fragment")]
    Query,
    /// A slash at the end.
    #[error("an origin does not end in a slash")]
    Slash,
    /// Not 1 to 65535 in plain digits.
    #[error("the port of an origin is a number from 1 to 65535, without zeros before it")]
    Port,
    /// 80 or 443.
    #[error("an origin leaves out the port if it is the default of a URL scheme")]
    OwnPort,
    /// `Log.example.org`.
    #[error("the host of an origin is written in lower case")]
    Case,
    /// Anything else that is not a host.
    #[error("an origin begins with a host name or an IP address, IPv6 in brackets")]
    Host,
    /// Empty or dotted segments, and characters not allowed in URLs.
    #[error(
        "the path of an origin has no empty or dotted segments, and only characters allowed in the \
         path of a URL"
    )]
    Path,
}

impl Origin {
    /// Checks that a new log can have this name: a URL without scheme, such as `log.example.org` or
    /// `log.example.org:8443/2026`.
    pub fn check_new(&self) -> Result<(), NewOriginError> {
        let Some(fault) = fault(self.as_str()) else { return Ok(()) };
        let meant = meant(self.as_str()).parse::<Self>().ok();
        Err(NewOriginError {
            fault,
            instead: meant.filter(|meant| self::fault(meant.as_str()).is_none()),
        })
    }

    /// Whether it is only a host, as Sigstore's Go and Java clients require.
    pub fn is_host(&self) -> bool {
        fault(self.as_str()).is_none()
            && split_port(self.as_str()).is_some_and(|(_, port)| port.is_none())
            && !self.as_str().contains('/')
    }
}

fn fault(text: &str) -> Option<OriginFault> {
    if text.contains("://") || text.starts_with("//") {
        return Some(OriginFault::Scheme);
    }
    let (authority, path) = match text.split_once('/') {
        Some((authority, path)) => (authority, Some(path)),
        None => (text, None),
    };
    if authority.contains('@') {
        return Some(OriginFault::User);
    }
    if text.contains(['?', '#']) {
        return Some(OriginFault::Query);
    }
    let Some((host, port)) = split_port(authority) else { return Some(OriginFault::Host) };
    match port.map(|port| (is_port(port), port)) {
        Some((false, _)) => return Some(OriginFault::Port),
        Some((true, "80" | "443")) => return Some(OriginFault::OwnPort),
        _ => {}
    }
    if !is_host(&host.to_ascii_lowercase()) {
        return Some(OriginFault::Host);
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(OriginFault::Case);
    }
    match path {
        Some(path) if path.is_empty() || path.ends_with('/') => Some(OriginFault::Slash),
        Some(path) if !path.split('/').all(is_segment) => Some(OriginFault::Path),
        _ => None,
    }
}

/// Host and port; `None` if they cannot be told apart.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let end = if authority.starts_with('[') { authority.find(']')? + 1 } else { 0 };
    match authority[end..].split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((before, port)) => Some((&authority[..end + before.len()], Some(port))),
        None => Some((authority, None)),
    }
}

fn is_port(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_plain && text.parse::<u16>().is_ok()
}

/// Whether this is a host name in lower case, or an address.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    host.len() <= HOST_BYTES_MAX
        && host.split('.').all(is_label)
        && (!host.rsplit('.').next().is_some_and(is_numeric) || host.parse::<Ipv4Addr>().is_ok())
}

/// Whether this is a path segment (RFC 3986 section 3.3).
fn is_segment(segment: &str) -> bool {
    let escapes = segment.split('%').skip(1);
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*,;=:@%".contains(&byte);
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(is_plain)
        && escapes.into_iter().all(is_escape)
}

/// The name without the parts that do not belong in it.
fn meant(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest).trim_start_matches('/');
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let authority = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let (host, port) = split_port(&authority).unwrap_or((&authority, None));
    let host = host.strip_suffix('.').unwrap_or(host);
    let port = port.map(|port| port.trim_start_matches('0'));
    let port = port.filter(|port| !matches!(*port, "" | "80" | "443"));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut name = format!("{host}{port}");
    for segment in segments {
        name.push('/');
        name.push_str(segment);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_without_scheme_are_names() {
        for text in [
            "localhost",
            "log.example.org",
            "log.example.org:8443",
            "log.example.org/2026",
            "log.example.org/a/b%20c/~d",
            "my_log",
            "xn--bcher-kva.example",
            "127.0.0.1:3000",
            "[::1]:3000",
            "[2001:db8::1]/log",
            "1password.example",
            "example.com/behind-the-sofa",
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.check_new(), Ok(()), "{text}");
            let is_host = !text.contains('/') && !text.contains(":8") && !text.contains(":3");
            assert_eq!(origin.is_host(), is_host, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_name_is_said() {
        use OriginFault::{Case, Host, OwnPort, Path, Port, Query, Scheme, Slash, User};
        for (text, expected, instead) in [
            ("https://log.example.org", Scheme, "log.example.org"),
            ("https://me:secret@Log.Example.org:443/?x#y", Scheme, "log.example.org"),
            ("//log.example.org/2026/", Scheme, "log.example.org/2026"),
            ("me:secret@log.example.org", User, "log.example.org"),
            ("log.example.org?x", Query, "log.example.org"),
            ("log.example.org/2026#x", Query, "log.example.org/2026"),
            ("log.example.org/", Slash, "log.example.org"),
            ("log.example.org/2026/", Slash, "log.example.org/2026"),
            ("log.example.org:443", OwnPort, "log.example.org"),
            ("log.example.org:80/2026", OwnPort, "log.example.org/2026"),
            ("log.example.org:", Port, "log.example.org"),
            ("log.example.org:08443", Port, "log.example.org:8443"),
            ("log.example.org:0", Port, "log.example.org"),
            ("log.example.org:65536", Port, ""),
            ("log.example.org:x", Port, ""),
            ("Log.example.org", Case, "log.example.org"),
            ("LOG.example.org:8443/A", Case, "log.example.org:8443/A"),
            ("log.example.org.", Host, "log.example.org"),
            ("log..example.org", Host, ""),
            ("-log.example.org", Host, ""),
            ("log.exämple.org", Host, ""),
            ("::1", Host, ""),
            ("[::1", Host, ""),
            ("[::x]", Host, ""),
            ("1.2.3", Host, ""),
            ("256.0.0.1", Host, ""),
            ("/log", Host, "log"),
            ("log.example.org//2026", Path, "log.example.org/2026"),
            ("log.example.org/../x", Path, ""),
            ("log.example.org/a%2", Path, ""),
            ("log.example.org/a\\b", Path, ""),
            ("log.example.org/ü", Path, ""),
        ] {
            let origin: Origin = text.parse().unwrap();
            let error = origin.check_new().unwrap_err();
            let meant = error.instead.as_ref().map_or("", Origin::as_str);
            assert_eq!((error.fault, meant), (expected, instead), "{text}");
            assert!(!error.to_string().contains("secret") && !origin.is_host(), "{error}");
            assert_eq!(error.to_string().contains("; write "), !instead.is_empty());
        }
        let long: Origin = format!("{}.example", "a".repeat(64)).parse().unwrap();
        assert_eq!(long.check_new().unwrap_err().fault, Host);
    }
}
