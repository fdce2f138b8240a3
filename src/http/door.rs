//! The door: what [`crate::admit`] has to know of a request before anything is done for it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{Extensions, HeaderMap, request};

use super::App;
use super::connection::Connection;
use super::problem::Problem;
use super::shares::Place;
use crate::admit::Client;

/// The address at the other end of a request's connection; one of the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

/// The address that somebody has whose address is not known.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Where a request comes from.
pub fn place_of(head: &request::Parts) -> Place {
    let unknown = || Place { client: Client::at(UNKNOWN), connection: u64::MAX };
    head.extensions.get().copied().unwrap_or_else(unknown)
}

impl App {
    /// Notes where a request comes from: from whom, by what trusted proxies say, and over which
    /// connection.
    pub(super) fn note_place(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        let connection = extensions.get::<Arc<Connection>>().map(|one| one.place().connection);
        let place = Place {
            client: self.config.admission.client(peer(extensions), headers),
            connection: connection.unwrap_or(u64::MAX),
        };
        extensions.insert(place);
    }

    /// Whether a submission with this head is in time, by the limits of the rates. To be asked once for
    /// each, before its body is read. Those whose address is not known count as one client.
    pub(super) fn pace(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Problem> {
        Ok(self.config.admission.pace(peer(extensions), headers, announced(headers))?)
    }

    /// Whether the body of such a submission, which has been read, is in time as far as it is longer
    /// than was announced.
    pub(super) fn pace_body(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        body: &[u8],
    ) -> Result<(), Problem> {
        let more = (body.len() as u64).saturating_sub(announced(headers));
        Ok(self.config.admission.pace_bytes(peer(extensions), headers, more)?)
    }
}

fn peer(extensions: &Extensions) -> IpAddr {
    extensions.get().map_or(UNKNOWN, |PeerAddress(address)| *address)
}

/// How many bytes a body is to have, as far as is said.
fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}
