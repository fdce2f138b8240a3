//! Rekor v1's read API, for tools written for it: what v2 dropped, served from the lookup index.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/v1/index/retrieve` | entry IDs by email, subject, public key, digest |
//! | `GET /api/v1/log/entries/{entryUUID}`, `?logIndex=` | an entry with its inclusion proof |
//! | `POST /api/v1/log/entries/retrieve` | up to ten of them |
//! | `GET /api/v1/log`, `/log/publicKey`, `/log/proof` | checkpoint, key, consistency |
//!
//! `question` parses requests, `refusal` has their errors, `answer` writes v1's JSON, `tree_id`
//! names entries. Everything is read and verified as by any client ([`OwnFiles`]), with the log's
//! own key.
//!
//! Unlike in v1, entries have no signed timestamp and the time 0, because a v2 log attests no time,
//! and checkpoints are those of v2. An incomplete answer says so in a header (`answer`), or is an
//! error. The number of questions in progress is bounded, and so is the number waiting (I12).

mod answer;
mod question;
mod refusal;
mod tree_id;

use std::sync::Arc;

use bytes::Bytes;
use http::request;
use hyper::body::Body;
use pem_rfc7468::LineEnding;
use serde_json::Value;
use tiles_spec::{Hash, LeafIndex, TreeSize};
use tokio::sync::Semaphore;

use fasti_client::fetch::{Fetch, OwnFiles};
use fasti_client::reader::{ReadError, View};
use fasti_client::search::{self, Operator, Question, SearchError, search};
use fasti_client::trust::Trust;
use fasti_entry::LookupTerm;
use fasti_log::Log;
pub use refusal::Refusal;

use super::body::ReadBody;
use super::problem::{Answer, Problem};
use super::{App, READ, SUBMIT, expect};
use answer::{V1Log, answer, json_answer};
use question::{number, parameter, required, search_index, search_log_query};
use tree_id::TreeId;

/// The prefix of all paths of v1.
pub const PREFIX: &str = "/api/v1/";

/// Maximum number of entry IDs in an answer: the newest.
const IDS_MAX: usize = 1000;
/// Maximum bytes of a request's body.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Maximum number of requests in progress, each with entries in memory.
const TURNS: usize = 4;
/// Maximum number of requests in progress or waiting.
const PLACES: usize = 64;

/// The log as v1's clients see it.
pub struct RekorV1 {
    files: Arc<dyn Fetch>,
    trust: Trust,
    log: V1Log,
    public_key: String,
    places: Semaphore,
    turns: Semaphore,
}

impl App {
    /// Answers a request below [`PREFIX`].
    pub(super) async fn rekor_v1<B>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let path = head.uri.path();
        let Some(route) = Route::find(path) else {
            return Err(Problem::NotFound(path.to_owned()));
        };
        let body = if route.is_asked_in_body() {
            expect(&head.method, SUBMIT)?;
            Some(self.read_body(head, body, BODY_BYTES_MAX, &self.pools.questions).await?)
        } else {
            expect(&head.method, READ)?;
            None
        };
        let asked = body.as_ref().map_or(&[][..], ReadBody::bytes);
        self.v1.answer(route, head.uri.query(), asked).await
    }
}

/// The routes of the API.
#[derive(Clone, Copy)]
enum Route<'a> {
    SearchIndex,
    Log,
    PublicKey,
    Proof,
    EntryByIndex,
    Entries,
    Entry(&'a str),
}

impl<'a> Route<'a> {
    fn find(path: &'a str) -> Option<Self> {
        match path {
            "/api/v1/index/retrieve" => Some(Self::SearchIndex),
            "/api/v1/log" => Some(Self::Log),
            "/api/v1/log/publicKey" => Some(Self::PublicKey),
            "/api/v1/log/proof" => Some(Self::Proof),
            "/api/v1/log/entries" => Some(Self::EntryByIndex),
            "/api/v1/log/entries/retrieve" => Some(Self::Entries),
            _ => {
                let id = path.strip_prefix("/api/v1/log/entries/")?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Entry(id))
            }
        }
    }

    fn is_asked_in_body(self) -> bool {
        matches!(self, Self::SearchIndex | Self::Entries)
    }
}

impl RekorV1 {
    /// The log of this writer.
    pub fn new(log: &Log) -> Self {
        let key = log.signer().verifier_key();
        let log_id = key.log_id();
        let spki = key.public_key().to_spki_der().unwrap_or_default();
        let pem = pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, &spki);
        Self {
            files: Arc::new(OwnFiles(log.objects().clone())),
            trust: Trust::in_keys([key.clone()]),
            log: V1Log { tree: TreeId::of(&log_id), log_id },
            public_key: pem.expect("the label is PEM's"),
            places: Semaphore::new(PLACES),
            turns: Semaphore::new(TURNS),
        }
    }

    async fn answer(
        &self,
        route: Route<'_>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, Problem> {
        let _place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| Problem::Busy)?;
        match route {
            Route::SearchIndex => self.search_index(body).await,
            Route::Log => Ok(json_answer(&self.log.info(self.view().await?.checkpoint()))),
            Route::PublicKey => self.public_key(query),
            Route::Proof => self.proof(query).await,
            Route::EntryByIndex => self.entry_by_index(query).await,
            Route::Entries => self.entries(body).await,
            Route::Entry(id) => self.entry(id).await,
        }
    }

    async fn view(&self) -> Result<View, ReadError> {
        View::open(self.files.clone(), &self.trust).await
    }

    async fn ask(&self, question: &Question) -> Result<search::Answer, SearchError> {
        search(self.files.clone(), &self.trust, question).await
    }

    async fn search_index(&self, body: &[u8]) -> Result<Answer, Problem> {
        let question = search_index(body, IDS_MAX)?;
        Ok(self.log.ids(&self.ask(&question).await?))
    }

    fn public_key(&self, query: Option<&str>) -> Result<Answer, Problem> {
        self.expect_tree(query)?;
        Ok(answer(self.public_key.clone(), "application/x-pem-file"))
    }

    async fn proof(&self, query: Option<&str>) -> Result<Answer, Problem> {
        self.expect_tree(query)?;
        let first = number(query, "firstSize", 1)?.unwrap_or(1);
        let last = required("lastSize", number(query, "lastSize", 1)?)?;
        if first > last {
            return Err(Refusal::Backwards { first, last }.into());
        }
        let mut view = self.view().await?;
        let observable = view.head().size;
        let size = |size| TreeSize::new(size).filter(|size| *size <= observable);
        let beyond = Refusal::Beyond { wanted: last, observable };
        let (Some(first), Some(last)) = (size(first), size(last)) else {
            return Err(beyond.into());
        };
        let proof = view.consistency(first, last).await?.proof;
        Ok(json_answer(&answer::consistency(view.checkpoint(), &proof)))
    }

    fn expect_tree(&self, query: Option<&str>) -> Result<(), Refusal> {
        self.log.tree.expect(parameter(query, "treeID")?.as_deref())
    }

    async fn entry_by_index(&self, query: Option<&str>) -> Result<Answer, Problem> {
        let wanted = required("logIndex", number(query, "logIndex", 0)?)?;
        let mut view = self.view().await?;
        let size = view.head().size;
        let index = LeafIndex::new(wanted).filter(|index| index.get() < size.get());
        let index = index.ok_or(Refusal::NoIndex { index: wanted, size })?;
        let entry = view.entry(index).await?;
        Ok(json_answer(&self.log.entry(&entry, view.checkpoint())))
    }

    async fn entry(&self, id: &str) -> Result<Answer, Problem> {
        let leaf = self.log.tree.leaf(id, "entryUUID", "path")?;
        let found = match leaf {
            Some(leaf) => self.by_leaves(&[leaf]).await?.pop(),
            None => None,
        };
        Ok(json_answer(&found.ok_or_else(|| Refusal::NoEntry(id.to_owned()))?))
    }

    async fn entries(&self, body: &[u8]) -> Result<Answer, Problem> {
        let wanted = search_log_query(body)?;
        let leaf = |id: &String| self.log.tree.leaf(id, "entryUUIDs", "body").transpose();
        let leaves = wanted.ids.iter().filter_map(leaf).collect::<Result<Vec<_>, _>>()?;
        let mut found = self.by_leaves(&leaves).await?;
        let mut view = self.view().await?;
        let size = view.head().size.get();
        for index in wanted.indices.into_iter().filter(|index| *index < size) {
            let Some(index) = LeafIndex::new(index) else { continue };
            let entry = view.entry(index).await?;
            found.push(self.log.entry(&entry, view.checkpoint()));
        }
        Ok(json_answer(&found.into()))
    }

    /// Returns the entries with these leaf hashes that are in the log, in the order of the hashes.
    /// The others are certain not to be in the log.
    async fn by_leaves(&self, leaves: &[Hash]) -> Result<Vec<Value>, Problem> {
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let terms = leaves.iter().copied().map(LookupTerm::Leaf);
        let question = Question::new(terms, Operator::Or);
        let answer = self.ask(&question).await?;
        let mut found = Vec::new();
        for leaf in leaves {
            match answer.entries.iter().find(|found| found.entry.leaf == *leaf) {
                Some(one) => found.push(self.log.entry(&one.entry, &answer.log)),
                None if answer.unsearched > 0 => {
                    return Err(Refusal::Unsearched(answer.unsearched).into());
                }
                None => {}
            }
        }
        Ok(found)
    }
}
