//! One shard of the log as v1's clients see it: a tree, read as by any client of its files. The
//! active shard is the log that is served, and each inactive one a log that has ended.
//!
//! Invariant: what an inactive shard's files lack or get wrong is an error that names the shard,
//! never an answer without it.

use std::sync::Arc;

use fasti_client::attestations::{ReadAttestationError, attestation};
use fasti_client::description::Description;
use fasti_client::fetch::{Fetch, StoreFetch};
use fasti_client::proven::ProvenEntry;
use fasti_client::reader::View;
use fasti_client::search::{self, Operator, Question, SearchError, search};
use fasti_client::trust::Trust;
use fasti_entry::{Attestation, LookupTerm, attestation_hash};
use fasti_grow::{TreeId, VirtualIndex};
use fasti_log::Acknowledged;
use pem_rfc7468::LineEnding;
use serde_json::Value;
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize};
use tokio::sync::OnceCell;

use super::answer;
use super::entry_id::entry_id;
use super::error::V1Error;
use super::vouch::{Logged, NewestTree, Voucher};
use crate::problem::Problem;
use crate::served::Served;

/// A tree of the log.
pub(super) struct Shard {
    served: Served,
    files: Arc<dyn Fetch>,
    trust: Trust,
    voucher: Voucher,
    /// The index of its first entry over all shards.
    first: VirtualIndex,
    is_active: bool,
    public_key: String,
    /// Whether the log keeps attestations, if that is known.
    keeps_attestations: OnceCell<bool>,
}

impl Shard {
    /// The log that is served, whose first entry has this index. `keeps_attestations` says that
    /// this server writes them.
    pub fn active(
        served: Served,
        voucher: Voucher,
        first: VirtualIndex,
        keeps_attestations: bool,
    ) -> Self {
        let keeps_attestations = OnceCell::new_with(keeps_attestations.then_some(true));
        Self { keeps_attestations, ..Self::new(served, voucher, first, true) }
    }

    /// A log that has ended.
    pub fn inactive(served: Served, voucher: Voucher, first: VirtualIndex) -> Self {
        Self::new(served, voucher, first, false)
    }

    fn new(served: Served, voucher: Voucher, first: VirtualIndex, is_active: bool) -> Self {
        let pem = pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, voucher.public_key());
        Self {
            files: Arc::new(StoreFetch::new(served.objects().clone())),
            trust: served.trust(),
            served,
            public_key: pem.expect("the label is PEM's"),
            voucher,
            first,
            is_active,
            keeps_attestations: OnceCell::new(),
        }
    }

    /// Its tree ID.
    pub fn tree(&self) -> TreeId {
        self.voucher.tree()
    }

    /// The key that v1's clients know it by, as PEM.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The size of the tree that is shown.
    pub fn size(&self) -> TreeSize {
        self.served.published().0.size
    }

    /// The entry ID of the entry with this leaf hash.
    pub fn id_of(&self, leaf: &Hash) -> String {
        entry_id(self.tree(), leaf)
    }

    /// Its newest tree.
    pub async fn newest_tree(&self) -> Result<NewestTree, Problem> {
        let (head, published) = self.served.published();
        let checkpoint = self.voucher.checkpoint(&published).await;
        let checkpoint = checkpoint.map_err(|problem| self.at_fault(problem))?;
        Ok(NewestTree { tree: self.tree(), head, checkpoint })
    }

    /// Its files at their newest checkpoint.
    pub async fn view(&self) -> Result<View, Problem> {
        let view = View::open(self.files.clone(), &self.trust).await;
        view.map_err(|error| self.at_fault(error))
    }

    /// Searches it.
    pub async fn ask(&self, question: &Question) -> Result<search::Answer, Problem> {
        let answer = search(self.files.clone(), &self.trust, question).await;
        answer.map_err(|error: SearchError| self.at_fault(error))
    }

    /// Proves that one of its trees extends another, both of which it has. Also returns the newest.
    pub async fn proof(&self, first: u64, last: u64) -> Result<(TreeHead, Vec<Hash>), Problem> {
        let mut view = self.view().await?;
        let observable = view.head().size;
        let size = |size| TreeSize::new(size).filter(|size| *size <= observable);
        let (Some(first), Some(last)) = (size(first), size(last)) else {
            return Err(V1Error::Beyond { wanted: last, observable }.into());
        };
        let proof = view.consistency(first, last).await.map_err(|error| self.at_fault(error))?;
        Ok((view.head(), proof.proof))
    }

    /// The entry at an index, or `None` if the shard is not that large.
    pub async fn entry_at(
        &self,
        view: &mut View,
        index: LeafIndex,
    ) -> Result<Option<Value>, Problem> {
        if !view.head().size.contains(index) {
            return Ok(None);
        }
        let entry = view.entry(index).await.map_err(|error| self.at_fault(error))?;
        self.vouched(view, &entry).await.map(Some)
    }

    /// Returns, for each of these leaf hashes, the entry that has it. What a writer knows of the
    /// log's newest leaves comes first, because the index lags behind them; the others are certain
    /// not to be in the log.
    pub async fn by_leaves(
        &self,
        view: &mut View,
        leaves: &[Hash],
    ) -> Result<Vec<Option<Value>>, Problem> {
        let mut found: Vec<Option<Value>> = Vec::with_capacity(leaves.len());
        for (leaf, known) in leaves.iter().zip(self.served.find(leaves).await?) {
            let known = known.filter(|index| view.head().size.contains(*index));
            found.push(match known {
                // A hit counts only if the tree proves it (I13).
                Some(index) => match view.entry(index).await {
                    Ok(entry) if entry.leaf == *leaf => Some(self.vouched(view, &entry).await?),
                    Ok(_) => None,
                    Err(error) => return Err(self.at_fault(error)),
                },
                None => None,
            });
        }
        let missing = leaves.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<Hash> = missing.map(|(leaf, _)| *leaf).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let terms = missing.into_iter().map(LookupTerm::Leaf);
        let answer = self.ask(&Question::new(terms, Operator::Or)).await?;
        for (leaf, found) in leaves.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            match answer.entries.iter().find(|found| found.entry.leaf == *leaf) {
                Some(one) => *found = self.entry_at(view, one.entry.index).await?,
                None if answer.unsearched > 0 => {
                    return Err(self.at_fault(V1Error::Unsearched(answer.unsearched)));
                }
                None => {}
            }
        }
        Ok(found)
    }

    /// An entry that was just submitted, and its entry ID.
    pub async fn submitted(
        &self,
        acknowledged: &Acknowledged,
        body: &[u8],
    ) -> Result<(String, Value), Problem> {
        let published = &acknowledged.publication;
        let logged = Logged {
            first: self.first,
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

    async fn vouched(&self, view: &View, entry: &ProvenEntry) -> Result<Value, Problem> {
        let published = view.checkpoint().to_bytes();
        let logged = Logged {
            first: self.first,
            index: entry.index,
            leaf: entry.leaf,
            body: &entry.bytes,
            proof: &entry.proof,
            head: view.head(),
            published: &published,
            time: None,
            attestation: self.attestation_of(&entry.bytes).await?,
        };
        let vouched = logged.vouch(&self.voucher, &*self.files).await;
        let vouched = vouched.map_err(|problem| self.at_fault(problem))?;
        Ok(answer::entry(&self.voucher, &logged, &vouched))
    }

    /// What was signed, if the log keeps that beside its entries.
    async fn attestation_of(&self, entry: &[u8]) -> Result<Option<Attestation>, Problem> {
        let Some(sha256) = attestation_hash(entry) else { return Ok(None) };
        let kept = async {
            if !self.keeps_attestations().await? {
                return Ok(None);
            }
            attestation(&*self.files, &sha256).await
        };
        kept.await.map_err(|error: ReadAttestationError| self.at_fault(error))
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

    /// What to answer with after a problem with this shard. That of an inactive one names it; the
    /// server itself judges those of the log that it serves.
    fn at_fault(&self, problem: impl Into<Problem>) -> Problem {
        let problem = problem.into();
        if self.is_active {
            return problem;
        }
        Problem::Shard { tree: self.tree(), problem: Box::new(self.served.blame(problem)) }
    }
}
