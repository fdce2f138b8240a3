//! The URL at which the log's other writers reach this one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use anyhow::bail;

/// The value of --advertise with which the writer finds its address itself.
const AUTO: &str = "auto";

/// Addresses to which nothing is sent (RFC 5737, RFC 3849): only the route there is looked up.
const OUTSIDE: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9),
];

/// Refuses a flag that is no URL.
pub fn check(flag: Option<&str>) -> anyhow::Result<()> {
    match flag {
        None | Some(AUTO) => Ok(()),
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(()),
        Some(other) => {
            bail!("--advertise {other}: the URL must begin with http:// or https://, or be `auto`")
        }
    }
}

/// The URL that the flag says, or else that of the address listened on. `has_peers` says whether
/// there can be other writers.
pub fn url(
    flag: Option<&str>,
    scheme: &str,
    listening: SocketAddr,
    has_peers: bool,
) -> anyhow::Result<String> {
    let own = || format!("{scheme}://{listening}");
    match flag {
        Some(AUTO) => {
            let found = choose(listening, OUTSIDE.map(own_address).into_iter().flatten())?;
            Ok(format!("{scheme}://{}", SocketAddr::new(found, listening.port())))
        }
        Some(url) => Ok(url.to_owned()),
        None if listening.ip().is_unspecified() && has_peers => bail!(
            "other writers cannot reach this one at {listening}: give its address with --advertise \
             {}, or let it be found with --advertise {AUTO}",
            example(scheme, "ADDRESS", listening)
        ),
        None => Ok(own()),
    }
}

/// The address from which this machine would send to `outside`.
fn own_address(outside: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match outside {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(outside).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

/// The address at which others reach what listens here, among the machine's own.
fn choose(listening: SocketAddr, own: impl Iterator<Item = IpAddr>) -> anyhow::Result<IpAddr> {
    if !listening.ip().is_unspecified() {
        return Ok(listening.ip());
    }
    // Who listens on all of IPv6 mostly listens on all of IPv4 too.
    let fits = |own: &IpAddr| is_reachable(*own) && (own.is_ipv4() || listening.is_ipv6());
    let found: Vec<IpAddr> = own.filter(fits).collect();
    match found[..] {
        [only] => Ok(only),
        [] => bail!(
            "--advertise {AUTO}: this machine has no route to the outside that would tell its \
             address; name the address with --advertise {}",
            example("http", "ADDRESS", listening)
        ),
        [first, second, ..] => bail!(
            "--advertise {AUTO}: this machine has several addresses, {first} and {second}; name \
             one with --advertise {}, or listen on one of them with --listen {}",
            example("http", &first.to_string(), listening),
            SocketAddr::new(first, listening.port())
        ),
    }
}

/// Whether other machines can reach this address.
fn is_reachable(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !is_link_local
}

fn example(scheme: &str, host: &str, listening: SocketAddr) -> String {
    format!("{scheme}://{host}:{}", listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(listening: &str, own: &[&str]) -> Result<String, String> {
        let own = own.iter().map(|address| address.parse().expect("an address"));
        let found = choose(listening.parse().expect("an address"), own);
        found.map(|found| found.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_address_that_others_can_reach_is_found() {
        let both = ["10.0.0.7", "2001:db8::7"];
        assert_eq!(chosen("0.0.0.0:3000", &both), Ok("10.0.0.7".into()));
        assert_eq!(chosen("[::]:3000", &both[1..]), Ok("2001:db8::7".into()));
        assert_eq!(chosen("[::]:3000", &["10.0.0.7", "fe80::1"]), Ok("10.0.0.7".into()));
        for specific in ["127.0.0.1", "192.0.2.9", "2001:db8::9"] {
            let listening = SocketAddr::new(specific.parse().expect("an address"), 3000);
            assert_eq!(chosen(&listening.to_string(), &both), Ok(specific.into()));
        }
        let said = chosen("[::]:3000", &both).expect_err("there are two");
        assert!(said.contains("--advertise http://10.0.0.7:3000"), "{said}");
        assert!(said.contains("--listen 10.0.0.7:3000"), "{said}");
        for none in [&[][..], &["127.0.0.1", "169.254.7.7"], &["2001:db8::7"]] {
            let said = chosen("0.0.0.0:3000", none).expect_err("none can be reached");
            assert!(said.contains("--advertise http://ADDRESS:3000"), "{said}");
        }
    }

    #[test]
    fn an_address_of_ipv6_is_in_brackets() {
        let listening = "[2001:db8::7]:3000".parse().expect("an address");
        let found = url(Some("auto"), "https", listening, true).expect("it is specific");
        assert_eq!(found, "https://[2001:db8::7]:3000");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        let everywhere = "0.0.0.0:3000".parse().expect("an address");
        let said = check(Some("10.0.0.7:3000")).expect_err("it has no scheme").to_string();
        assert!(said.contains("must begin with http://"), "{said}");
        let said = url(None, "http", everywhere, true).expect_err("it is not one").to_string();
        assert!(said.contains("--advertise http://ADDRESS:3000"), "{said}");
        assert_eq!(url(None, "http", everywhere, false).expect("alone"), "http://0.0.0.0:3000");
    }
}
