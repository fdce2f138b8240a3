//! The names that a log can have, which its trusted root does not say.

use super::error::{TrustedRootError, malformed};

/// The possible names of a log at this URL, most likely first.
pub(super) fn names(base_url: &str) -> Result<Vec<String>, TrustedRootError> {
    let bad = |reason: &str| malformed("baseUrl", reason);
    // It can lack the scheme (`sigstore_trustroot.proto`).
    let (scheme, whole) = base_url.split_once("://").unwrap_or(("", base_url));
    let authority = whole.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    // The colons within an IPv6 address are between brackets.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("its host is not written in ASCII, or is missing"));
    }
    let host = host.to_ascii_lowercase();
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    let mut names = vec![host.clone()];
    let port = port.filter(|port| !port.is_empty() && *port != default);
    names.extend(port.map(|port| format!("{host}:{port}")));
    names.push(whole.trim_end_matches('/').to_owned());
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_log_follow_from_its_url() {
        for (url, expected) in [
            ("https://log.example", &["log.example", "log.example"][..]),
            ("https://Log.Example/", &["log.example", "Log.Example"]),
            ("https://log.example:443/a/", &["log.example", "log.example:443/a"]),
            ("http://u@log.example:443", &["log.example", "log.example:443", "u@log.example:443"]),
            ("https://[::1]/a?b", &["[::1]", "[::1]/a?b"]),
            ("https://[::1]:9/a", &["[::1]", "[::1]:9", "[::1]:9/a"]),
            ("log.example", &["log.example", "log.example"]),
            ("log.example:80/a", &["log.example", "log.example:80", "log.example:80/a"]),
            ("log.example:443/a", &["log.example", "log.example:443", "log.example:443/a"]),
        ] {
            assert_eq!(names(url).unwrap(), expected, "{url}");
        }
        for bad in ["", "/a", "https://", "https:///a", "https://:9", "https://l\u{f6}g.example"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }
}
