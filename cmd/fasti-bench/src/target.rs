//! The target of requests: `http://host[:port][/prefix]`, resolved once.
//!
//! Plain HTTP only: with TLS the generator would measure itself.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, bail, ensure};

/// A server and the path prefix of every resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The first address the host resolves to.
    pub address: SocketAddr,
    /// `host[:port]` as written, for the Host field.
    pub authority: String,
    /// Empty, or a path that starts with a slash and does not end with one.
    pub prefix: String,
}

impl Target {
    /// Parses and resolves the URLs of several servers of the same log.
    pub fn parse_all(urls: &[String]) -> Result<Vec<Self>> {
        let targets: Vec<Self> = urls.iter().map(|url| Self::parse(url)).collect::<Result<_>>()?;
        let same = targets.windows(2).all(|pair| pair[0].prefix == pair[1].prefix);
        ensure!(same, "{}: the paths must be the same", urls.join(", "));
        Ok(targets)
    }

    /// Parses and resolves a URL.
    pub fn parse(url: &str) -> Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!("{url}: only http:// is supported");
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let plain = |b: u8| b.is_ascii_graphic() && b != b'?' && b != b'#' && b != b'@';
        if authority.is_empty() || !rest.bytes().all(plain) {
            bail!("{url}: expected http://host[:port][/prefix]");
        }
        let with_port = |port: &str| format!("{authority}{port}").to_socket_addrs();
        let has_port = authority.rsplit(':').next().is_some_and(|p| p.parse::<u16>().is_ok());
        let bare_ipv6 = authority.ends_with(']');
        let address = with_port(if has_port && !bare_ipv6 { "" } else { ":80" })
            .with_context(|| format!("resolving {authority}"))?
            .next()
            .with_context(|| format!("{authority} has no address"))?;
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self { address, authority: authority.to_owned(), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_split_into_address_and_prefix() {
        let target = Target::parse("http://127.0.0.1:3000/").unwrap();
        assert_eq!(target.address, "127.0.0.1:3000".parse().unwrap());
        assert_eq!((&*target.authority, &*target.prefix), ("127.0.0.1:3000", ""));
        let target = Target::parse("http://127.0.0.1/logs/a/").unwrap();
        assert_eq!((target.address.port(), &*target.prefix), (80, "/logs/a"));
        assert_eq!(Target::parse("http://[::1]:81").unwrap().address.port(), 81);
        assert_eq!(Target::parse("http://[::1]").unwrap().address.port(), 80);
    }

    #[test]
    fn other_urls_are_refused() {
        for bad in ["https://a", "127.0.0.1:1", "http://", "http:///x", "http://a b", "http://a?x"]
        {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
