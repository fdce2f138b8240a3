//! The small languages of flags and of the files that they name: places, rates, networks, sites,
//! policies, and what proxies say.

use fasti::admit::{
    Authorities, ByteRate, KeyList, Network, Policy, Proxies, ProxyHeader, Rate, TokenList,
};
use fasti::client::fetch::Location;
use fasti::http::Site;
use fasti::signer::KeyLocation;
use fasti::store::{BucketLocation, FileSystemKind};
use http::{HeaderMap, HeaderValue};
use tiles_spec::Origin;

use crate::Seeds;

/// See the crate.
pub fn check(data: &[u8]) {
    proxies(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    places(text);
    if let Ok(Site::One(site)) = text.parse() {
        assert_eq!(site.parse(), Ok(Site::One(site.clone())));
        assert_eq!(site, site.to_ascii_lowercase());
        assert!(site.contains("://") && !site.ends_with('/'));
    }
    if let Ok(rate) = text.parse::<Rate>() {
        assert!(format!("{rate:?}").len() < 200);
        let _ = ByteRate::beside(rate);
    }
    let _ = text.parse::<ByteRate>();
    if let Ok(network) = text.parse::<Network>() {
        assert!(format!("{network:?}").len() < 200);
    }
    drop(text.parse::<FileSystemKind>());
    // A name that can be the origin of a new log can be the origin of a log.
    if let Ok(origin) = text.parse::<Origin>() {
        drop(origin.check_new());
        assert_eq!(origin.to_string(), text);
    }
    lists(text);
}

fn places(text: &str) {
    if let Ok(place) = text.parse::<Location>() {
        let shown = place.to_string();
        let again: Location = shown.parse().expect("what is shown can be given");
        assert_eq!(again.to_string(), shown);
    }
    if let Ok(place) = text.parse::<BucketLocation>() {
        assert!(BucketLocation::is_meant_by(text));
        assert_eq!(place.to_string().parse::<BucketLocation>().ok(), Some(place));
    }
    if let Ok(place) = text.parse::<KeyLocation>() {
        assert_eq!(place.to_string().parse(), Ok(place));
    }
}

/// The client is an address that a trusted proxy names, or the proxy itself.
fn proxies(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let peer = [192, 0, 2, 1].into();
    for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
        let mut headers = HeaderMap::new();
        for name in ["x-forwarded-for", "forwarded"] {
            headers.append(name, value.clone());
        }
        let direct = Proxies { networks: Vec::new(), header };
        let itself = direct.client(peer, &HeaderMap::new());
        assert_eq!(direct.client(peer, &headers), itself, "nobody is trusted");
        let networks = vec!["192.0.2.0/24".parse().expect("a network")];
        let trusting = Proxies { networks, header };
        let client = trusting.client(peer, &headers);
        assert_eq!(trusting.client(peer, &headers), client);
        assert!(format!("{client:?}").len() < 200);
    }
}

fn lists(text: &str) {
    if let Ok(policy) = Policy::parse(text) {
        assert!(!policy.roots.is_empty());
    }
    drop(KeyList::default().add(text));
    drop(Authorities::default().add(text));
    drop(TokenList::parse(text));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let policy = r#"roots = ["authority.pem"]
max_age_seconds = 600

[[allow]]
issuer = "https://accounts.example.com"
san = { regex = ".*@example\\.com" }
kind = "email"
"#;
    [
        ("url", "https://log.example:8443/one/"),
        ("directory", "file:///var/lib/log"),
        ("bucket", "s3://my.logs-1/a/b_2/"),
        ("key-aws", "awskms://localhost:4566/alias/the-log"),
        (
            "key-gcp",
            "gcpkms://projects/p-1/locations/eu/keyRings/r/cryptoKeys/k/cryptoKeyVersions/7",
        ),
        ("site", "HTTPS://UI.Example.org:443"),
        ("rate", "100/m:200"),
        ("byte-rate", "10MiB/s:1GiB"),
        ("network", "2001:db8::/32"),
        ("forwarded-for", "198.51.100.7, 192.0.2.9"),
        ("forwarded", "for=\"[2001:db8::7]:443\";proto=https, for=192.0.2.9"),
        ("policy", policy),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .into()
}
