//! The configuration of the server.

use std::sync::Arc;

use fasti_admit::Admission;

use super::cors::site::Site;
use super::limits::Limits;
use super::secret::PeerSecret;

/// What to do with an entry that is already in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Answer with the existing entry, as if it were new.
    #[default]
    Answer,
    /// Answer 409 with its index.
    Reject,
}

/// The configuration of the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// Whether `POST /add` accepts arbitrary bytes.
    pub accept_opaque: bool,
    /// What to do with duplicates.
    pub duplicates: Duplicates,
    /// The resources that clients can use.
    pub limits: Limits,
    /// Who may write, and how much.
    pub admission: Arc<Admission>,
    /// Sites whose pages may submit.
    pub submitting_sites: Vec<Site>,
    /// The secret shared by the writers of this log, if there can be several.
    pub peer_secret: Option<PeerSecret>,
    /// The address at which other writers reach this one. Only questions to it are answered.
    pub writer_address: String,
}
