//! What it takes to follow a log through its API: its trees, proofs that they grow, and their
//! entries, page by page.
//!
//! Invariants: an answer has exactly the entries that were asked for, each of its shard and at its
//! index there; how much is read is bounded. That the entries are those of a signed tree is for the
//! caller to prove, by the tree that follows from them.

use std::ops::Range;
use std::time::Duration;

use fasti_seams::clock::{Clock as _, SystemClock};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tiles_spec::proof::{PROOF_HASHES_MAX, frontier_from_inclusion};
use tiles_spec::{Frontier, Hash, TreeHead, TreeSize, verify_consistency};

use super::entry::{V1Entry, V1Fault};
use super::shard::Shard;
use super::{ENTRIES, PATIENCE, RekorV1, RekorV1Error, answer, at, refused};
use crate::fetch::FetchError;

/// Where the trees are.
const INFO: &str = "/api/v1/log";
/// Where consistency proofs are.
const PROOF: &str = "/api/v1/log/proof";
/// The maximum size of an answer with several entries. If they are larger, each is asked for alone.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// The maximum size of an answer with one entry.
const ENTRY_BYTES_MAX: usize = super::ANSWER_BYTES_MAX;
/// The maximum size of an answer about trees.
const INFO_BYTES_MAX: usize = 1 << 20;
/// How long to wait for a server that does not have all entries yet.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Consistency {
    hashes: Vec<String>,
}

impl RekorV1 {
    /// The trees of the log, oldest first; the last one is active. Nothing is verified yet.
    pub async fn shards(&self) -> Result<Vec<Shard>, RekorV1Error> {
        let place = format!("{}{INFO}", self.base);
        let body = self.body(&place, INFO_BYTES_MAX).await?;
        Shard::read_all(&body).map_err(at(&place))
    }

    /// Whether there is such an API, as far as can be told.
    pub async fn is_there(&self) -> bool {
        self.shards().await.is_ok()
    }

    /// Has it proved that a tree begins with a smaller one.
    pub async fn expect_growth(
        &self,
        shard: &Shard,
        old: TreeHead,
        new: TreeHead,
    ) -> Result<Vec<Hash>, RekorV1Error> {
        let query = format!("firstSize={}&lastSize={}&treeID={}", old.size, new.size, shard.tree);
        let place = format!("{}{PROOF}?{query}", self.base);
        // There is nothing to ask about equal trees, and about empty ones Rekor cannot be asked.
        let hashes = if old.size.is_zero() || old.size >= new.size {
            Vec::new()
        } else {
            let body = self.body(&place, INFO_BYTES_MAX).await?;
            let proof: Consistency =
                serde_json::from_slice(&body).map_err(V1Fault::Form).map_err(at(&place))?;
            if proof.hashes.len() > PROOF_HASHES_MAX {
                return Err(at(&place)(V1Fault::Member("consistency proof")));
            }
            let hashes = proof.hashes.iter().map(|text| text.parse());
            let hashes = hashes.collect::<Result<Vec<Hash>, _>>();
            hashes.map_err(|_| at(&place)(V1Fault::Member("consistency proof")))?
        };
        let proved = verify_consistency(&old, &new, &hashes).map_err(V1Fault::Consistency);
        proved.map_err(at(&place))?;
        Ok(hashes)
    }

    /// The right edge that a tree had at this size, as the proof of its last entry shows it. It is
    /// still to be proved that a signed tree began so.
    pub async fn frontier_at(
        &self,
        shard: &Shard,
        size: TreeSize,
    ) -> Result<Frontier, RekorV1Error> {
        let Some(last) = size.last_leaf() else { return Ok(Frontier::new()) };
        let entry = self.entries(shard, last.get()..size.get()).await?.pop();
        let entry = entry.expect("as many as were asked for");
        let place = self.place_of(&entry.id);
        let frontier = frontier_from_inclusion(last, entry.head.size, &entry.hashes());
        let mut frontier = frontier.map_err(V1Fault::Proof).map_err(at(&place))?;
        frontier.push(entry.id.leaf).map_err(|_| at(&place)(V1Fault::Member("tree size")))?;
        Ok(frontier)
    }

    /// The entries of a shard with these indices in its tree, in order; at most a page.
    pub async fn entries(
        &self,
        shard: &Shard,
        leaves: Range<u64>,
    ) -> Result<Vec<V1Entry>, RekorV1Error> {
        let mut found = match self.page(shard, leaves.clone(), PAGE_BYTES_MAX).await {
            Err(RekorV1Error::Fetch(FetchError::TooLong { .. })) => {
                let mut found = Vec::new();
                for leaf in leaves.clone() {
                    found.extend(self.page(shard, leaf..leaf + 1, ENTRY_BYTES_MAX).await?);
                }
                found
            }
            // One server of several can be behind another.
            Ok(found) if found.len() < length(&leaves) => {
                SystemClock.sleep(PAUSE).await;
                self.page(shard, leaves.clone(), PAGE_BYTES_MAX).await?
            }
            read => read?,
        };
        found.sort_by_key(|entry| entry.index);
        let mut indices = found.iter().map(|entry| entry.index.get());
        let absent = leaves.clone().find(|leaf| indices.next() != Some(*leaf));
        match absent {
            Some(leaf) => Err(at(&self.retrieve())(V1Fault::Absent(shard.first + leaf))),
            None => Ok(found),
        }
    }

    /// Asks for a page. What comes is of the shard, and was asked for.
    async fn page(
        &self,
        shard: &Shard,
        leaves: Range<u64>,
        max: usize,
    ) -> Result<Vec<V1Entry>, RekorV1Error> {
        let place = self.retrieve();
        let indices: Vec<u64> = leaves.clone().map(|leaf| shard.first + leaf).collect();
        let asked = json!({ "logIndexes": indices }).to_string();
        let request = || {
            let request = self.client.post(&place).header(CONTENT_TYPE, "application/json");
            request.body(asked.clone())
        };
        let answer = answer(request, PATIENCE, max, &place).await?;
        if answer.status != StatusCode::OK {
            return Err(refused(&answer));
        }
        let entries = V1Entry::read_all(&answer.body, indices.len()).map_err(at(&place))?;
        let is_own = |entry: &V1Entry| {
            let leaf = entry.index.get();
            leaves.contains(&leaf)
                && entry.entry.log_index == shard.first + leaf
                && entry.id.tree == Some(shard.tree)
        };
        if entries.iter().all(is_own) { Ok(entries) } else { Err(at(&place)(V1Fault::OtherEntry)) }
    }

    fn retrieve(&self) -> String {
        format!("{}{ENTRIES}/retrieve", self.base)
    }

    async fn body(&self, place: &str, max: usize) -> Result<Vec<u8>, RekorV1Error> {
        let answer = answer(|| self.client.get(place), PATIENCE, max, place).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(refused(&answer)) }
    }
}

fn length(leaves: &Range<u64>) -> usize {
    usize::try_from(leaves.end.saturating_sub(leaves.start)).unwrap_or(usize::MAX)
}
