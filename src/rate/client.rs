//! Identifies a client by its network, also behind proxies.
//!
//! The client is the connection's peer address, unless that is a trusted proxy's. Then the
//! addresses that proxies have added count, from right to left: each trusted proxy vouches for the
//! address before it, and the first untrusted one is the client. Anything left of that could be
//! forged. Only one header is read, because the client itself could send the other one.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What counts as one client: an IPv4 address, or an IPv6 /64, the least that one subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// Returns the client at this address.
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                Self(Ipv6Addr::from_bits(network).into())
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }

    /// Returns the block of addresses that contains the client.
    pub fn block(self) -> Block {
        match self.0 {
            IpAddr::V6(address) => {
                let block = address.to_bits() >> 80 << 80;
                Block(Ipv6Addr::from_bits(block).into())
            }
            address @ IpAddr::V4(_) => Block(address),
        }
    }
}

/// What a client with many networks may hold: an IPv6 /48, which is what one site is assigned, or
/// an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block(IpAddr);

/// The header in which proxies name the client they forward for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For: ADDRESS, ADDRESS`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=ADDRESS;..., for=ADDRESS` (RFC 7239)
    Forwarded,
}

/// A network of trusted proxies: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| one());
        network.map(|network| Self(network.trunc())).map_err(|_| "a network must be ADDRESS/BITS")
    }
}

/// The proxies that are trusted, and where they write.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// Their networks.
    pub networks: Vec<Network>,
    /// The header that the outermost proxy writes or appends to.
    pub header: ProxyHeader,
}

impl Proxies {
    /// Returns the client that sent a request with these headers over a connection from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut nearest = peer.to_canonical();
        if self.trusts(nearest) {
            let name = match self.header {
                ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
                ProxyHeader::Forwarded => FORWARDED,
            };
            let fields = headers.get_all(name).iter().rev();
            let hops = fields.flat_map(|field| field.to_str().unwrap_or("?").rsplit(','));
            for hop in hops {
                // A trusted proxy that writes no address counts as the client itself.
                let Some(address) = self.address(hop) else { break };
                nearest = address;
                if !self.trusts(address) {
                    break;
                }
            }
        }
        Client::at(nearest)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|Network(network)| network.contains(&address))
    }

    fn address(&self, hop: &str) -> Option<IpAddr> {
        match self.header {
            ProxyHeader::XForwardedFor => address(hop.trim()),
            ProxyHeader::Forwarded => hop.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let value = value.trim();
                let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                name.trim().eq_ignore_ascii_case("for").then(|| address(quoted.unwrap_or(value)))?
            }),
        }
    }
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &Proxies, peer: &str, fields: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).0.to_string()
    }

    fn trusting(networks: &[&str], header: ProxyHeader) -> Proxies {
        Proxies { networks: networks.iter().map(|text| text.parse().unwrap()).collect(), header }
    }

    #[test]
    fn an_ipv6_client_is_a_network() {
        for (address, client) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:3::", "2001:db8:1:3::"),
        ] {
            assert_eq!(Client::at(address.parse().unwrap()).0.to_string(), client);
        }
    }

    #[test]
    fn the_networks_of_a_site_are_one_block() {
        let block = |address: &str| Client::at(address.parse().unwrap()).block();
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:ffff::1"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:2:2::1"));
        assert_eq!(block("192.0.2.7"), block("::ffff:192.0.2.7"));
        assert_ne!(block("192.0.2.7"), block("192.0.2.8"));
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let nobody = Proxies::default();
        let chain = trusting(&["10.0.0.0/8", "2001:db8::1", "127.0.0.1"], ProxyHeader::default());
        for (proxies, peer, fields, expected) in [
            (&nobody, "127.0.0.1", &["192.0.2.1"][..], "127.0.0.1"),
            (&chain, "192.0.2.9", &["192.0.2.1"], "192.0.2.9"),
            (&chain, "10.1.1.1", &[], "10.1.1.1"),
            (&chain, "10.1.1.1", &["192.0.2.1"], "192.0.2.1"),
            (&chain, "::ffff:10.1.1.1", &["192.0.2.1"], "192.0.2.1"),
            (&chain, "2001:db8::1", &["2001:db8:5:6:7::8"], "2001:db8:5:6::"),
            (&chain, "2001:db8::2", &["192.0.2.1"], "2001:db8::"),
            // Addresses left of the client can be forged.
            (&chain, "10.1.1.1", &["203.0.113.5, 192.0.2.1"], "192.0.2.1"),
            (&chain, "10.1.1.1", &["10.9.9.9, 192.0.2.1, 10.2.2.2"], "192.0.2.1"),
            (&chain, "10.1.1.1", &["203.0.113.5", "192.0.2.1,10.2.2.2"], "192.0.2.1"),
            (&chain, "10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            // A trusted proxy that cannot name its client counts as the client.
            (&chain, "10.1.1.1", &["192.0.2.1, unknown"], "10.1.1.1"),
            (&chain, "10.1.1.1", &["192.0.2.1, , 10.2.2.2"], "10.2.2.2"),
            (&chain, "10.1.1.1", &["192.0.2.1:443"], "192.0.2.1"),
            (&chain, "10.1.1.1", &["[2001:db8:5:6::8]:443"], "2001:db8:5:6::"),
            (&chain, "10.1.1.1", &["[2001:db8:5:6::8]"], "2001:db8:5:6::"),
        ] {
            let fields: Vec<_> = fields.iter().map(|value| ("x-forwarded-for", *value)).collect();
            assert_eq!(client(proxies, peer, &fields), expected, "{peer} {fields:?}");
        }
    }

    #[test]
    fn the_other_header_is_the_clients_own() {
        let both = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2")];
        let old = trusting(&["10.0.0.0/8"], ProxyHeader::XForwardedFor);
        let new = trusting(&["10.0.0.0/8"], ProxyHeader::Forwarded);
        assert_eq!(client(&old, "10.1.1.1", &both), "192.0.2.1");
        assert_eq!(client(&new, "10.1.1.1", &both), "192.0.2.2");
        assert_eq!(client(&new, "10.1.1.1", &both[..1]), "10.1.1.1");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let proxies = trusting(&["10.0.0.0/8"], ProxyHeader::Forwarded);
        for (value, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("proto=https ; For=\"192.0.2.60:4711\"", "192.0.2.60"),
            ("for=203.0.113.5, for=\"[2001:db8:cafe:17::17]:4711\"", "2001:db8:cafe:17::"),
            ("for=192.0.2.43, for=10.0.0.2;by=10.0.0.1", "192.0.2.43"),
            ("for=192.0.2.43, for=_hidden", "10.1.1.1"),
            ("for=192.0.2.43, proto=https", "10.1.1.1"),
        ] {
            assert_eq!(client(&proxies, "10.1.1.1", &[("forwarded", value)]), expected, "{value}");
        }
    }

    #[test]
    fn networks_are_written_as_usual() {
        for good in ["10.0.0.0/8", "10.1.2.3/8", "::1", "2001:db8::/32", "192.0.2.1"] {
            assert!(good.parse::<Network>().is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "example.com", "10.0.0/8", "*"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
