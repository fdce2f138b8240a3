//! Answers Rekor v1's questions as a client of the log's own files. A writer signs for what it
//! answers.

use std::sync::Arc;

use fasti_client::attestations::{ReadAttestationError, attestation};
use fasti_client::description::Description;
use fasti_client::fetch::{Fetch, StoreFetch};
use fasti_client::proven::ProvenEntry;
use fasti_client::reader::{ReadError, View};
use fasti_client::search::{self, Operator, Order, Question, SearchError, search};
use fasti_client::trust::Trust;
use fasti_entry::{Attestation, LookupTerm, attestation_hash};
use fasti_log::Acknowledged;
use http::HeaderMap;
use pem_rfc7468::LineEnding;
use serde_json::Value;
use tiles_spec::{Hash, LeafIndex, TreeSize};
use tokio::sync::{OnceCell, Semaphore};

use super::answer::{self, answer, consistency, ids, ids_of_both, json_answer, no_ids};
use super::entry_id::{entry_id, is_for, leaf_of, names_a_tree};
use super::error::V1Error;
use super::media::{JSON, PEM, expect_to_be_taken, takes};
use super::question::{number, parameter, required, search_index, search_log_query};
use super::vouch::{Logged, Voucher};
use crate::problem::{HttpResponse, Problem};
use crate::served::Served;

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
    served: Served,
    files: Arc<dyn Fetch>,
    trust: Trust,
    voucher: Voucher,
    public_key: String,
    /// Whether the log keeps attestations, if that is known.
    keeps_attestations: OnceCell<bool>,
    places: Semaphore,
    turns: Semaphore,
}

impl RekorV1 {
    /// The log that is served; the voucher signs for v1's clients, if it can. `keeps_attestations`
    /// says that this server writes them.
    pub fn new(served: Served, voucher: Voucher, keeps_attestations: bool) -> Self {
        let pem = pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, voucher.public_key());
        Self {
            files: Arc::new(StoreFetch::new(served.objects().clone())),
            trust: served.trust(),
            served,
            voucher,
            keeps_attestations: OnceCell::new_with(keeps_attestations.then_some(true)),
            public_key: pem.expect("the label is PEM's"),
            places: Semaphore::new(PLACES),
            turns: Semaphore::new(TURNS),
        }
    }

    /// Waits for a turn to answer a question, if not too many others wait.
    pub(super) async fn turn(&self) -> Result<impl Sized + '_, Problem> {
        let place = self.places.try_acquire().map_err(|_| Problem::Busy)?;
        let turn = self.turns.acquire().await.map_err(|_| Problem::Busy)?;
        Ok((place, turn))
    }

    async fn view(&self) -> Result<View, ReadError> {
        View::open(self.files.clone(), &self.trust).await
    }

    async fn ask(&self, question: &Question) -> Result<search::Answer, SearchError> {
        search(self.files.clone(), &self.trust, question).await
    }

    /// Answers `SearchIndex`.
    pub(super) async fn search_index(
        &self,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<HttpResponse, Problem> {
        let Some(question) = search_index(body, IDS_MAX)? else {
            return Ok(no_ids(self.served.published().0.size));
        };
        let tree = self.voucher.tree();
        let from = |since| Question { since, order: Order::OldestFirst, ..question.clone() };
        if let Some(since) = number(query, "since", 0)? {
            let since = TreeSize::new(since).unwrap_or(TreeSize::MAX);
            return Ok(ids(tree, &self.ask(&from(since)).await?));
        }
        let newest = self.ask(&question).await?;
        if !newest.is_cut {
            return Ok(ids(tree, &newest));
        }
        let half = Question { limit: IDS_MAX / 2, ..from(TreeSize::ZERO) };
        let oldest = self.ask(&half).await?;
        Ok(ids_of_both(tree, oldest, newest, IDS_MAX / 2))
    }

    /// Answers with the log's newest tree.
    pub(super) async fn info(&self) -> Result<HttpResponse, Problem> {
        let (head, published) = self.served.published();
        let checkpoint = self.voucher.checkpoint(&published).await?;
        Ok(json_answer(&answer::info(self.voucher.tree(), head, &checkpoint)))
    }

    /// Answers with the key that v1's clients know.
    pub(super) fn public_key(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Problem> {
        let asked = parameter(query, "treeID")?;
        if !is_for(self.voucher.tree(), asked.as_deref())? {
            return Err(V1Error::NoKey.into());
        }
        if takes(headers, PEM) {
            return Ok(answer(self.public_key.clone(), PEM));
        }
        if takes(headers, JSON) {
            return Ok(json_answer(&self.public_key.clone().into()));
        }
        Err(V1Error::NotAcceptable(PEM).into())
    }

    /// Proves that one tree of the log extends another.
    pub(super) async fn proof(&self, query: Option<&str>) -> Result<HttpResponse, Problem> {
        let asked = parameter(query, "treeID")?;
        if !is_for(self.voucher.tree(), asked.as_deref())? {
            return Err(V1Error::NoTree(asked.unwrap_or_default()).into());
        }
        let first = number(query, "firstSize", 1)?.unwrap_or(1);
        let last = required("lastSize", number(query, "lastSize", 1)?)?;
        if first > last {
            return Err(V1Error::Backwards { first, last }.into());
        }
        let mut view = self.view().await?;
        let observable = view.head().size;
        let size = |size| TreeSize::new(size).filter(|size| *size <= observable);
        let (Some(first), Some(last)) = (size(first), size(last)) else {
            return Err(V1Error::Beyond { wanted: last, observable }.into());
        };
        let proof = view.consistency(first, last).await?.proof;
        Ok(json_answer(&consistency(view.head(), &proof)))
    }

    /// Answers with the entry at an index.
    pub(super) async fn entry_by_index(
        &self,
        query: Option<&str>,
    ) -> Result<HttpResponse, Problem> {
        let wanted = required("logIndex", number(query, "logIndex", 0)?)?;
        let mut view = self.view().await?;
        let index = LeafIndex::new(wanted).filter(|index| view.head().size.contains(*index));
        let index = index.ok_or(V1Error::NoEntry)?;
        Ok(json_answer(&self.entry_at(&mut view, index).await?))
    }

    /// Answers with the entry of an entry ID or a UUID.
    pub(super) async fn entry(&self, id: &str) -> Result<HttpResponse, Problem> {
        let leaf = leaf_of(self.voucher.tree(), id, "entryUUID", "path")?;
        let mut view = self.view().await?;
        let found = match leaf {
            Some(leaf) => self.by_leaves(&mut view, &[leaf]).await?.pop(),
            None => None,
        };
        Ok(json_answer(&found.ok_or(V1Error::NoEntry)?))
    }

    /// Answers with up to ten entries: those asked for by entry ID, then by UUID, then by proposal,
    /// then by index, as v1 does. `proposed` has the leaf hashes of the proposals.
    pub(super) async fn entries(
        &self,
        body: &[u8],
        proposed: Vec<Hash>,
    ) -> Result<HttpResponse, Problem> {
        let wanted = search_log_query(body)?;
        let tree = self.voucher.tree();
        let (mut of_trees, mut bare) = (Vec::new(), Vec::new());
        for (place, id) in wanted.ids.iter().enumerate() {
            let leaf = leaf_of(tree, id, format!("entryUUIDs.{place}"), "body");
            let leaf = leaf.map_err(|error| match error {
                V1Error::TreeIdRange(_) => V1Error::EntryId(id.clone()),
                error => error,
            })?;
            if names_a_tree(id) { of_trees.extend(leaf) } else { bare.extend(leaf) }
        }
        let mut view = self.view().await?;
        let mut found = self.by_leaves(&mut view, &[of_trees, bare, proposed].concat()).await?;
        for index in wanted.indices.into_iter().filter_map(LeafIndex::new) {
            if view.head().size.contains(index) {
                found.push(self.entry_at(&mut view, index).await?);
            }
        }
        Ok(json_answer(&found.into()))
    }

    async fn entry_at(&self, view: &mut View, index: LeafIndex) -> Result<Value, Problem> {
        let entry = view.entry(index).await?;
        self.vouched(view, &entry).await
    }

    async fn vouched(&self, view: &View, entry: &ProvenEntry) -> Result<Value, Problem> {
        let published = view.checkpoint().to_bytes();
        let logged = Logged {
            index: entry.index,
            leaf: entry.leaf,
            body: &entry.bytes,
            proof: &entry.proof,
            head: view.head(),
            published: &published,
            time: None,
            attestation: self.attestation_of(&entry.bytes).await?,
        };
        let vouched = logged.vouch(&self.voucher, &*self.files).await?;
        Ok(answer::entry(&self.voucher, &logged, &vouched))
    }

    /// What was signed, if the log keeps that beside its entries.
    async fn attestation_of(&self, entry: &[u8]) -> Result<Option<Attestation>, Problem> {
        let Some(sha256) = attestation_hash(entry) else { return Ok(None) };
        if !self.keeps_attestations().await? {
            return Ok(None);
        }
        Ok(attestation(&*self.files, &sha256).await?)
    }

    /// Whether it does. A writer that keeps none itself asks once whether others do, or did.
    async fn keeps_attestations(&self) -> Result<bool, ReadAttestationError> {
        if let Served::Followed(log) = &self.served {
            return Ok(log.description().keeps_attestations());
        }
        let ask = || async {
            let description = self.files.description().await?.unwrap_or_default();
            Ok(Description::parse(&description).keeps_attestations())
        };
        self.keeps_attestations.get_or_try_init(ask).await.copied()
    }

    /// Answers with an entry that was just submitted, and its entry ID.
    pub(super) async fn submitted(
        &self,
        acknowledged: &Acknowledged,
        body: &[u8],
    ) -> Result<(String, Value), Problem> {
        let published = &acknowledged.publication;
        let logged = Logged {
            index: acknowledged.index,
            leaf: acknowledged.leaf,
            body,
            proof: &acknowledged.proof()?,
            head: published.head,
            published: &published.checkpoint,
            time: published.time(acknowledged.index),
            // As in v1, who submits it has it.
            attestation: None,
        };
        let vouched = logged.vouch(&self.voucher, &*self.files).await?;
        Ok((self.id_of(&acknowledged.leaf), answer::entry(&self.voucher, &logged, &vouched)))
    }

    /// The entry ID of the entry with this leaf hash.
    pub(super) fn id_of(&self, leaf: &Hash) -> String {
        entry_id(self.voucher.tree(), leaf)
    }

    /// Returns the entries with these leaf hashes that are in the log, in the order of the hashes.
    /// What a writer knows of the log's newest leaves comes first, because the index lags behind
    /// them; the others are certain not to be in the log.
    async fn by_leaves(&self, view: &mut View, leaves: &[Hash]) -> Result<Vec<Value>, Problem> {
        let mut found: Vec<Option<Value>> = Vec::with_capacity(leaves.len());
        for (leaf, known) in leaves.iter().zip(self.served.find(leaves).await?) {
            let known = known.filter(|index| view.head().size.contains(*index));
            found.push(match known {
                // A hit counts only if the tree proves it (I13).
                Some(index) => match view.entry(index).await? {
                    entry if entry.leaf == *leaf => Some(self.vouched(view, &entry).await?),
                    _ => None,
                },
                None => None,
            });
        }
        let missing = leaves.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Hash> = missing.map(|(leaf, _)| *leaf).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        let terms = missing.into_iter().map(LookupTerm::Leaf);
        let answer = self.ask(&Question::new(terms, Operator::Or)).await?;
        for (leaf, found) in leaves.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            match answer.entries.iter().find(|found| found.entry.leaf == *leaf) {
                Some(one) => *found = Some(self.entry_at(view, one.entry.index).await?),
                None if answer.unsearched > 0 => {
                    return Err(V1Error::Unsearched(answer.unsearched).into());
                }
                None => {}
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// Refuses to answer a client that takes no JSON, except where there is something else.
pub(super) fn expect_taken(headers: &HeaderMap, is_key: bool) -> Result<(), Problem> {
    if is_key { Ok(()) } else { Ok(expect_to_be_taken(headers)?) }
}
