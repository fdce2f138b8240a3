//! Answers Rekor v1's requests as a client of the log's own files.

use std::sync::Arc;

use fasti_client::fetch::{Fetch, StoreFetch};
use fasti_client::reader::{ReadError, View};
use fasti_client::search::{self, Operator, Order, Question, SearchError, search};
use fasti_client::trust::Trust;
use fasti_entry::LookupTerm;
use fasti_log::Log;
use pem_rfc7468::LineEnding;
use serde_json::Value;
use tiles_spec::{Hash, LeafIndex, TreeSize};
use tokio::sync::Semaphore;

use super::answer::{V1Log, answer, consistency, json_answer};
use super::error::V1Error;
use super::question::{number, parameter, required, search_index, search_log_query};
use super::route::Route;
use super::tree_id::TreeId;
use crate::problem::{HttpResponse, Problem};

/// Maximum number of entry IDs in an answer. If there are more matches, it has the oldest half and
/// the newest half, so that nobody can hide an entry by logging others only before or only after
/// it; the rest can be asked for (`since`).
const IDS_MAX: usize = 1000;
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

impl RekorV1 {
    /// The log of this writer.
    pub fn new(log: &Log) -> Self {
        let key = log.signer().verifier_key();
        let log_id = key.log_id();
        let spki = key.public_key().to_spki_der().unwrap_or_default();
        let pem = pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, &spki);
        Self {
            files: Arc::new(StoreFetch::new(log.objects().clone())),
            trust: Trust::in_keys([key.clone()]),
            log: V1Log { tree: TreeId::of(&log_id), log_id },
            public_key: pem.expect("the label is PEM's"),
            places: Semaphore::new(PLACES),
            turns: Semaphore::new(TURNS),
        }
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        route: Route<'_>,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<HttpResponse, Problem> {
        let _place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| Problem::Busy)?;
        match route {
            Route::SearchIndex => self.search_index(query, body).await,
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

    async fn search_index(
        &self,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<HttpResponse, Problem> {
        let question = search_index(body, IDS_MAX)?;
        let from = |since| Question { since, order: Order::OldestFirst, ..question.clone() };
        if let Some(since) = number(query, "since", 0)? {
            let since = TreeSize::new(since).unwrap_or(TreeSize::MAX);
            return Ok(self.log.ids(&self.ask(&from(since)).await?));
        }
        let newest = self.ask(&question).await?;
        if !newest.is_cut {
            return Ok(self.log.ids(&newest));
        }
        let half = Question { limit: IDS_MAX / 2, ..from(TreeSize::ZERO) };
        let oldest = self.ask(&half).await?;
        Ok(self.log.ids_of_both(oldest, newest, IDS_MAX / 2))
    }

    fn public_key(&self, query: Option<&str>) -> Result<HttpResponse, Problem> {
        self.expect_tree(query)?;
        Ok(answer(self.public_key.clone(), "application/x-pem-file"))
    }

    async fn proof(&self, query: Option<&str>) -> Result<HttpResponse, Problem> {
        self.expect_tree(query)?;
        let first = number(query, "firstSize", 1)?.unwrap_or(1);
        let last = required("lastSize", number(query, "lastSize", 1)?)?;
        if first > last {
            return Err(V1Error::Backwards { first, last }.into());
        }
        let mut view = self.view().await?;
        let observable = view.head().size;
        let size = |size| TreeSize::new(size).filter(|size| *size <= observable);
        let beyond = V1Error::Beyond { wanted: last, observable };
        let (Some(first), Some(last)) = (size(first), size(last)) else {
            return Err(beyond.into());
        };
        let proof = view.consistency(first, last).await?.proof;
        Ok(json_answer(&consistency(view.checkpoint(), &proof)))
    }

    fn expect_tree(&self, query: Option<&str>) -> Result<(), V1Error> {
        self.log.tree.expect(parameter(query, "treeID")?.as_deref())
    }

    async fn entry_by_index(&self, query: Option<&str>) -> Result<HttpResponse, Problem> {
        let wanted = required("logIndex", number(query, "logIndex", 0)?)?;
        let mut view = self.view().await?;
        let size = view.head().size;
        let index = LeafIndex::new(wanted).filter(|index| index.get() < size.get());
        let index = index.ok_or(V1Error::NoIndex { index: wanted, size })?;
        let entry = view.entry(index).await?;
        Ok(json_answer(&self.log.entry(&entry, view.checkpoint())))
    }

    async fn entry(&self, id: &str) -> Result<HttpResponse, Problem> {
        let leaf = self.log.tree.leaf(id, "entryUUID", "path")?;
        let found = match leaf {
            Some(leaf) => self.by_leaves(&[leaf]).await?.pop(),
            None => None,
        };
        Ok(json_answer(&found.ok_or_else(|| V1Error::NoEntry(id.to_owned()))?))
    }

    async fn entries(&self, body: &[u8]) -> Result<HttpResponse, Problem> {
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
                    return Err(V1Error::Unsearched(answer.unsearched).into());
                }
                None => {}
            }
        }
        Ok(found)
    }
}
