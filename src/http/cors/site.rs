//! The sites whose pages may submit.

use std::str::FromStr;

use http::Uri;

/// Pages that may submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// Pages of any site.
    Any,
    /// Pages of one site, as browsers name it in `Origin`: scheme, host, port.
    One(String),
}

/// The text does not name a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a site must be a scheme and host, such as https://ui.example.org, or `*` for all sites")]
pub struct SiteError;

impl FromStr for Site {
    type Err = SiteError;

    fn from_str(text: &str) -> Result<Self, SiteError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let uri: Uri = text.parse().map_err(|_| SiteError)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(SiteError);
        };
        let is_bare = uri.path() == "/" && uri.query().is_none();
        if !is_bare || authority.as_str().contains(['@', '*']) || authority.host().is_empty() {
            return Err(SiteError);
        }
        let after_host = authority.as_str().strip_prefix(authority.host()).ok_or(SiteError)?;
        let port = match after_host {
            "" => None,
            port => Some(read_port(port).ok_or(SiteError)?),
        };
        // Browsers omit the default port of a scheme.
        let own_port = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = port.filter(|port| Some(*port) != own_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self::One(format!("{scheme}://{}{port}", authority.host()).to_ascii_lowercase()))
    }
}

/// Reads a colon and a number.
fn read_port(text: &str) -> Option<u16> {
    let digits = text.strip_prefix(':')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl Site {
    pub(super) fn has(&self, page: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One(site) => site == page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_written_as_browsers_write_them() {
        let one = |text: &str| match text.parse() {
            Ok(Site::One(site)) => site,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!("*".parse(), Ok(Site::Any));
        for (text, site) in [
            ("https://ui.example.org", "https://ui.example.org"),
            ("https://ui.example.org/", "https://ui.example.org"),
            ("HTTPS://UI.Example.org:443", "https://ui.example.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://ui.example.org:80", "https://ui.example.org:80"),
        ] {
            assert_eq!(one(text), site);
        }
        for text in [
            "",
            "null",
            "ui.example.org",
            "//ui.example.org",
            "https://",
            "https://*",
            "https://:443",
            "https://ui.example.org:",
            "https://ui.example.org:!",
            "https://ui.example.org:+80",
            "https://ui[2001:db8::7]:80",
            "https://ui.example.org:65536",
            "https://*.example.org",
            "https://me@ui.example.org",
            "https://ui.example.org/page",
            "https://ui.example.org//",
            "https://ui.example.org?x",
            "https://ui.example.org, https://other.example.org",
        ] {
            assert_eq!(text.parse::<Site>(), Err(SiteError), "{text}");
        }
    }
}
