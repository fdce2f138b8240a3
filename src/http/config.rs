//! The configuration of the server.

use std::collections::BTreeSet;
use std::sync::Arc;

use fasti_admit::Admission;
use fasti_grow::RekorV1Guard;
use fasti_seams::tracer::Tracer;

use super::cors::site::Site;
use super::limits::Limits;
use super::rekor_v1::inactive::InactiveShards;
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

/// Which kinds of entries are taken.
#[derive(Debug, Clone, Default)]
pub struct EntryKinds(Option<BTreeSet<String>>);

impl EntryKinds {
    /// Only these.
    pub fn only(kinds: impl IntoIterator<Item = String>) -> Self {
        Self(Some(kinds.into_iter().collect()))
    }

    /// Whether entries of this kind are taken.
    pub fn allow(&self, kind: &str) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(kind))
    }
}

/// What clients of Rekor v1 get.
#[derive(Clone)]
pub struct RekorV1Config {
    /// What to do with duplicates.
    pub duplicates: Duplicates,
    /// Signs for them; by default with the log's own key.
    pub guard: Option<Arc<RekorV1Guard>>,
    /// The logs before this one, in which they can read too.
    pub shards: InactiveShards,
}

/// As Rekor v1 does.
impl Default for RekorV1Config {
    fn default() -> Self {
        Self { duplicates: Duplicates::Reject, guard: None, shards: InactiveShards::default() }
    }
}

/// The configuration of the HTTP server.
#[derive(Clone, Default)]
pub struct HttpConfig {
    /// Whether `POST /add` accepts arbitrary bytes.
    pub accept_opaque: bool,
    /// What to do with duplicates.
    pub duplicates: Duplicates,
    /// Which kinds of entries are taken, by either API.
    pub kinds: EntryKinds,
    /// What clients of Rekor v1 get.
    pub rekor_v1: RekorV1Config,
    /// Maximum bytes of an attestation that is kept beside its entry; by default none are kept.
    pub attestation_bytes_max: Option<usize>,
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
    /// Traces requests, if any are traced.
    pub tracer: Option<Tracer>,
    /// Maximum bytes of compressed bundles that are kept [default: 64 MiB].
    pub packed_bytes_max: Option<usize>,
}
