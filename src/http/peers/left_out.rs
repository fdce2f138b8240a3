//! The other writers, for a program that was built without clouds: a directory has no others.

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_log::peers::{PeerAnswer, PeerError, PeerStatus, Peers};
use fasti_log::record::Epoch;

use super::secret::PeerSecret;

/// Reaches writers at addresses that are URLs. No program without clouds has one.
#[derive(Debug)]
pub struct HttpPeers(Infallible);

/// The program was built without clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program was built without clouds, so a log has one writer")]
pub struct NoPeers;

impl HttpPeers {
    /// Refuses.
    pub fn new(_secret: PeerSecret, _authorities: Option<&[u8]>) -> Result<Self, NoPeers> {
        Err(NoPeers)
    }
}

#[async_trait]
impl Peers for HttpPeers {
    async fn status(&self, _: &str, _: Epoch) -> Result<PeerStatus, PeerError> {
        match self.0 {}
    }

    async fn forward(&self, _: &str, _: Epoch, _: &[Bytes]) -> Result<Vec<PeerAnswer>, PeerError> {
        match self.0 {}
    }
}
