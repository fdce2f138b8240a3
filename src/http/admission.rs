//! Admission: tells [`fasti_admit`] what it must know about a request before any work is done for
//! it.

use std::sync::Arc;

use fasti_serve::{Connection, Place, peer};
use http::header::CONTENT_LENGTH;
use http::{Extensions, HeaderMap};

use super::app::App;
use super::problem::Problem;

impl App {
    /// Notes where a request comes from: from which client, according to trusted proxies, and over
    /// which connection.
    pub(super) fn note_place(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        let connection = extensions.get::<Arc<Connection>>().map(|one| one.place().connection);
        let place = Place {
            client: self.config.admission.client(peer(extensions), headers),
            connection: connection.unwrap_or(u64::MAX),
        };
        extensions.insert(place);
    }

    /// Checks a submission with this head against the rate limits. Call this once for each
    /// submission, before its body is read. Clients with unknown addresses count as one client.
    pub(super) fn pace(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Problem> {
        Ok(self.config.admission.pace(peer(extensions), headers, announced(headers))?)
    }

    /// Checks the body of such a submission, once read, against the rate limits, as far as it is
    /// longer than announced.
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

/// The announced length of a body; 0 if none is.
fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}
