//! Answers Rekor v1's questions: reads them, asks the shards, and writes what they answer.

use fasti_grow::VirtualIndex;
use http::HeaderMap;
use serde_json::Value;
use tiles_spec::Hash;
use tokio::sync::Semaphore;

use super::answer::{self, answer, consistency, json_answer};
use super::entry_id::{Asked, EntryName};
use super::error::V1Error;
use super::inactive::InactiveShards;
use super::media::{JSON, PEM, expect_to_be_taken, takes};
use super::question::{number, parameter, required, search_index, search_log_query};
use super::shard::Shard;
use super::shards::Shards;
use super::vouch::Voucher;
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
    shards: Shards,
    places: Semaphore,
    turns: Semaphore,
}

impl RekorV1 {
    /// The log that is served, after the inactive shards; the voucher signs for v1's clients, if it
    /// can. `keeps_attestations` says that this server writes them.
    pub fn new(
        served: Served,
        voucher: Voucher,
        inactive: &InactiveShards,
        keeps_attestations: bool,
    ) -> Self {
        Self {
            shards: Shards::new(served, voucher, inactive, keeps_attestations),
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

    /// The log that is served.
    pub(super) fn active(&self) -> &Shard {
        self.shards.active()
    }

    /// Answers `SearchIndex`.
    pub(super) async fn search_index(
        &self,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<HttpResponse, Problem> {
        let shards = &self.shards;
        let (question, since) = (search_index(body, IDS_MAX)?, number(query, "since", 0)?);
        let Some(question) = question else {
            return Ok(shards.nothing().answer());
        };
        if let Some(since) = since.map(VirtualIndex::new) {
            return Ok(shards.oldest(&question, since, IDS_MAX).await?.answer());
        }
        let newest = shards.newest(&question, IDS_MAX).await?;
        if !newest.is_cut {
            return Ok(newest.answer());
        }
        let oldest = shards.oldest(&question, VirtualIndex::default(), IDS_MAX / 2).await?;
        Ok(oldest.and_newest(newest, IDS_MAX / 2).answer())
    }

    /// Answers with the log's newest tree, and the last ones of inactive shards.
    pub(super) async fn info(&self) -> Result<HttpResponse, Problem> {
        let mut trees = Vec::new();
        for number in self.shards.numbers() {
            trees.push(self.shards.shard(number).await?.newest_tree().await?);
        }
        Ok(json_answer(&answer::info(&trees)))
    }

    /// Answers with the key by which v1's clients know a shard.
    pub(super) async fn public_key(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<HttpResponse, Problem> {
        let asked = Asked::read(parameter(query, "treeID")?.as_deref())?;
        let which = self.shards.asked(asked).ok_or(V1Error::NoKey)?;
        let key = self.shards.shard(which).await?.public_key();
        if takes(headers, PEM) {
            return Ok(answer(key.to_owned(), PEM));
        }
        if takes(headers, JSON) {
            return Ok(json_answer(&key.into()));
        }
        Err(V1Error::NotAcceptable(PEM).into())
    }

    /// Proves that one tree of a shard extends another.
    pub(super) async fn proof(&self, query: Option<&str>) -> Result<HttpResponse, Problem> {
        let asked = parameter(query, "treeID")?;
        let which = self.shards.asked(Asked::read(asked.as_deref())?);
        let which = which.ok_or_else(|| V1Error::NoTree(asked.unwrap_or_default()))?;
        let first = number(query, "firstSize", 1)?.unwrap_or(1);
        let last = required("lastSize", number(query, "lastSize", 1)?)?;
        if first > last {
            return Err(V1Error::Backwards { first, last }.into());
        }
        let shard = self.shards.shard(which).await?;
        let (newest, proof) =
            self.shards.needing(which, Box::pin(shard.proof(first, last))).await?;
        Ok(json_answer(&consistency(newest, &proof)))
    }

    /// Answers with the entry at an index, counted over all shards.
    pub(super) async fn entry_by_index(
        &self,
        query: Option<&str>,
    ) -> Result<HttpResponse, Problem> {
        let wanted = required("logIndex", number(query, "logIndex", 0)?)?;
        let found = self.shards.views().at(VirtualIndex::new(wanted)).await?;
        Ok(json_answer(&found.ok_or(V1Error::NoEntry)?))
    }

    /// Answers with the entry of an entry ID or a UUID.
    pub(super) async fn entry(&self, id: &str) -> Result<HttpResponse, Problem> {
        let name = EntryName::read(id, "entryUUID", "path")?;
        let found = self.shards.views().named(&[name]).await?.pop().flatten();
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
        let (mut of_trees, mut bare) = (Vec::new(), Vec::new());
        for (place, id) in wanted.ids.iter().enumerate() {
            let name = EntryName::read(id, format!("entryUUIDs.{place}"), "body");
            let name = name.map_err(|error| match error {
                V1Error::TreeIdRange(_) => V1Error::EntryId(id.clone()),
                error => error,
            })?;
            if name.tree.is_some() { of_trees.push(name) } else { bare.push(name) }
        }
        bare.extend(proposed.into_iter().map(|leaf| EntryName { tree: None, leaf }));
        let mut views = self.shards.views();
        let named = views.named(&[of_trees, bare].concat()).await?;
        let mut found: Vec<Value> = named.into_iter().flatten().collect();
        for index in wanted.indices {
            found.extend(views.at(VirtualIndex::new(index)).await?);
        }
        Ok(json_answer(&found.into()))
    }
}

/// Refuses to answer a client that takes no JSON, except where there is something else.
pub(super) fn expect_taken(headers: &HeaderMap, is_key: bool) -> Result<(), Problem> {
    if is_key { Ok(()) } else { Ok(expect_to_be_taken(headers)?) }
}
