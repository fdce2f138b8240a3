//! The door: what [`crate::admit`] has to know of a request before anything is done for it.

use std::net::{IpAddr, Ipv4Addr};

use http::{Extensions, HeaderMap};

use super::App;
use super::problem::Problem;

/// The address at the other end of a request's connection; one of the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

impl App {
    /// Whether a submission with this head is in time, by the limits of the rates. To be asked once for
    /// each, before its body is read. Those whose address is not known count as one client.
    pub(super) fn pace(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Problem> {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer = extensions.get().map_or(unknown, |PeerAddress(address)| *address);
        Ok(self.config.admission.pace(peer, headers)?)
    }
}
