//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use fasti_rate::Client;
use http::{Extensions, request};

use super::shares::Place;

/// The peer address of a request's connection; an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

/// Stands for an unknown address.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Where a request comes from.
pub fn place_of(head: &request::Parts) -> Place {
    let unknown = || Place { client: Client::at(UNKNOWN), connection: u64::MAX };
    head.extensions.get().copied().unwrap_or_else(unknown)
}

/// The address of the other end of a request's connection.
pub fn peer(extensions: &Extensions) -> IpAddr {
    extensions.get().map_or(UNKNOWN, |PeerAddress(address)| *address)
}
