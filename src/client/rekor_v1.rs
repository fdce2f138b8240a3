//! Rekor v1's API, of a writer or of Rekor itself: proposes entries and reads them
//! (`/api/v1/log/entries`), asks for the log's key (`/api/v1/log/publicKey`), and for its trees and
//! proofs that they grow (`/api/v1/log`, `/api/v1/log/proof`).
//!
//! | module | what it is |
//! |---|---|
//! | `id` | names of entries |
//! | `entry` | an entry as the API gives it, with what can be checked without keys |
//! | `shard` | the trees of a log, and who signed their heads |
//! | `follow` | all entries of a tree, page by page, and proofs that it grows |
//!
//! A proposal can safely be sent again, because it is logged only once. So temporary failures are
//! retried. That the log signed what it answers is for the caller to check; see
//! [`check_entry_v1`](fasti_verify::check_entry_v1).

mod entry;
mod follow;
mod id;
mod shard;

use std::time::Duration;

use fasti_entry::PublicKey;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use tiles_spec::LeafIndex;

use super::attempts::{Answer, ask, message};
use super::fetch::{FetchError, Patience, Redirects, client};
use super::keys::read_public_key;

pub use entry::{V1Entry, V1Fault};
pub use id::{EntryId, InvalidEntryId};
pub use shard::{OpenedShard, Shard, ShardRefusal};

/// A batch of the log, its commit and its checkpoint can take a while.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many bytes of a proposal can be sent in a second more.
const BYTES_A_SECOND: usize = 64 << 10;
/// The maximum size of an answer: an entry, an attestation and a proof.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// How many entries a log gives at once.
pub const PAGE: u64 = 10;
/// Where entries are.
const ENTRIES: &str = "/api/v1/log/entries";
/// Where the log's key is.
const KEY: &str = "/api/v1/log/publicKey";

/// Rekor v1's API of a log.
#[derive(Clone, Debug)]
pub struct RekorV1 {
    client: Client,
    base: String,
}

/// The log's answer to a proposal.
#[derive(Clone, Debug)]
pub enum Proposed {
    /// The entry is logged.
    Created(Box<V1Entry>),
    /// The log had it, under this name.
    Exists(EntryId),
}

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RekorV1Error {
    /// No answer, or an unreadable one.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The log refuses.
    #[error("the log refuses ({status}): {message}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The log's message.
        message: String,
    },
    /// The log is busy, or its answers get lost.
    #[error("{place} is busy; it may or may not have done it. Try again later")]
    Busy {
        /// The URL.
        place: String,
    },
    /// An answer that no log should give.
    #[error("the answer of {place} is not in order")]
    Answer {
        /// The URL.
        place: String,
        /// What is wrong with it.
        #[source]
        source: V1Fault,
    },
}

impl RekorV1Error {
    /// Whether the log refuses, or contradicts itself, rather than being out of reach.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused { status, .. } => status.is_client_error(),
            Self::Answer { source, .. } => source.is_contradiction(),
            Self::Fetch(_) | Self::Busy { .. } => false,
        }
    }
}

impl RekorV1 {
    /// The API below this URL.
    pub fn new(base: &Url, redirects: Redirects) -> Result<Self, FetchError> {
        let client = client(base, redirects)?;
        Ok(Self { client, base: base.as_str().trim_end_matches('/').to_owned() })
    }

    /// Where an entry can be read.
    pub fn place_of(&self, id: &EntryId) -> String {
        format!("{}{}", self.base, Self::path_of(id))
    }

    /// The same, below the URL of the log.
    pub fn path_of(id: &EntryId) -> String {
        format!("{ENTRIES}/{id}")
    }

    /// Proposes an entry (JSON) and waits until it is logged.
    pub async fn propose(&self, proposal: &[u8]) -> Result<Proposed, RekorV1Error> {
        let place = format!("{}{ENTRIES}", self.base);
        let seconds = u64::try_from(proposal.len() / BYTES_A_SECOND).unwrap_or(u64::MAX);
        let patience = PATIENCE.saturating_add(Duration::from_secs(seconds));
        let request = || {
            let request = self.client.post(&place).header(CONTENT_TYPE, "application/json");
            request.body(proposal.to_vec())
        };
        let answer = answer(request, patience, ANSWER_BYTES_MAX, &place).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::OK => {
                Ok(Proposed::Created(Box::new(V1Entry::read(&answer.body).map_err(at(&place))?)))
            }
            StatusCode::CONFLICT => {
                let id = location(&answer).ok_or(V1Fault::Location).map_err(at(&place))?;
                Ok(Proposed::Exists(id))
            }
            _ => Err(refused(&answer)),
        }
    }

    /// The entry with this name; `None` if the log has none.
    pub async fn by_id(&self, id: &EntryId) -> Result<Option<V1Entry>, RekorV1Error> {
        let place = self.place_of(id);
        let Some(entry) = self.get(&place).await? else { return Ok(None) };
        if !id.is_for(&entry.id) {
            return Err(at(&place)(V1Fault::OtherEntry));
        }
        Ok(Some(entry))
    }

    /// The entry at this index, counted over all trees of the log; `None` if the log is shorter.
    pub async fn by_index(&self, index: LeafIndex) -> Result<Option<V1Entry>, RekorV1Error> {
        let place = format!("{}{ENTRIES}?logIndex={index}", self.base);
        let Some(entry) = self.get(&place).await? else { return Ok(None) };
        if entry.entry.log_index != index.get() {
            return Err(at(&place)(V1Fault::OtherEntry));
        }
        Ok(Some(entry))
    }

    /// The key by which clients of this API know the log. Nothing but the connection proves it.
    pub async fn public_key(&self) -> Result<PublicKey, RekorV1Error> {
        let place = format!("{}{KEY}", self.base);
        let request = || self.client.get(&place);
        let answer = answer(request, PATIENCE, ANSWER_BYTES_MAX, &place).await?;
        if answer.status != StatusCode::OK {
            return Err(refused(&answer));
        }
        let key = read_public_key(&answer.body).map_err(V1Fault::Key);
        key.map_err(at(&place))
    }

    async fn get(&self, place: &str) -> Result<Option<V1Entry>, RekorV1Error> {
        let request = || self.client.get(place);
        let answer = answer(request, PATIENCE, ANSWER_BYTES_MAX, place).await?;
        match answer.status {
            StatusCode::OK => V1Entry::read(&answer.body).map(Some).map_err(at(place)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(&answer)),
        }
    }
}

async fn answer(
    request: impl Fn() -> RequestBuilder,
    patience: Duration,
    max: usize,
    place: &str,
) -> Result<Answer, RekorV1Error> {
    let patience = Patience { answer: patience, ..Patience::FILES };
    let answer = ask(request, patience, max, place).await?;
    answer.ok_or_else(|| RekorV1Error::Busy { place: place.to_owned() })
}

fn refused(answer: &Answer) -> RekorV1Error {
    RekorV1Error::Refused { status: answer.status, message: message(&answer.body) }
}

fn at(place: &str) -> impl FnOnce(V1Fault) -> RekorV1Error {
    move |source| RekorV1Error::Answer { place: place.to_owned(), source }
}

/// The entry that the header `Location` names.
fn location(answer: &Answer) -> Option<EntryId> {
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    path.rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    #[test]
    fn a_location_names_an_entry() {
        let leaf = "ab".repeat(32);
        for (text, is_good) in [
            (format!("/api/v1/log/entries/{leaf}"), true),
            (format!("https://log.example/api/v1/log/entries/0000000000000007{leaf}?a=b"), true),
            ("/api/v1/log/entries/".to_owned(), false),
            (format!("/api/v1/log/entries/{leaf}/"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, text.parse().unwrap());
            let answer = Answer { status: StatusCode::CONFLICT, headers, body: Vec::new() };
            assert_eq!(location(&answer).is_some(), is_good, "{text}");
        }
    }
}
