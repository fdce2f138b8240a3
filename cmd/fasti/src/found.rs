//! One entry of a log, by its index or its ID, with proof. It is read from the log's tiles, or from
//! Rekor v1's API if the log has no tiles, or if the entry is in an inactive shard.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use fasti::client::attestations::{ReadAttestationError, attestation_of};
use fasti::client::fetch::{Fetch, Location};
use fasti::client::proven::ProvenEntry;
use fasti::client::reader::{ReadError, View};
use fasti::client::rekor_v1::{EntryId, RekorV1, RekorV1Error, V1Entry};
use fasti::client::search::{self, Answer, Operator, Question, SearchError};
use fasti::client::times::integrated_time;
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::entry::{Attestation, LookupTerm};
use fasti::grow::TreeId;
use fasti::objects::IntegratedTime;
use fasti::verify::TrustedRoot;
use reqwest::Url;
use tiles_spec::{Hash, LeafIndex, TreeHead};

use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, Freshness, FreshnessFlags};
use crate::globals::Globals;
use crate::logged_v1::Proved;
use crate::output::Output;
use crate::shown;

/// What an entry is looked up by.
#[derive(Clone, Copy)]
pub enum Sought {
    /// Its index, counted over all trees of the log.
    Index(LeafIndex),
    /// Its name.
    Id(EntryId),
}

/// An entry, proved to be in a tree.
pub struct Found {
    /// Its UUID, or its entry ID.
    pub id: EntryId,
    /// Its index, counted over all trees of the log.
    pub index: u64,
    /// The log's ID, in hex.
    pub log_id: String,
    /// The leaf.
    pub body: Vec<u8>,
    /// When it entered the log, in seconds since 1970; of entries of Rekor v1 alone, and as far as
    /// the log says.
    pub time: Option<u64>,
    /// What was signed, if the log keeps it.
    pub attestation: Option<Vec<u8>>,
    /// Its index in the tree.
    pub index_in_tree: LeafIndex,
    /// The tree.
    pub head: TreeHead,
    /// The inclusion proof, from the leaf's sibling upward.
    pub hashes: Vec<Hash>,
    /// The tree's checkpoint.
    pub checkpoint: String,
    evidence: Evidence,
}

/// What proves the entry.
enum Evidence {
    Tiles(Box<Freshness>),
    Api(Box<Proved>),
}

impl Found {
    /// Looks up an entry. `None` if it is proved that the log has none, or if Rekor says so.
    pub async fn of(
        globals: &Globals,
        trusted_root: Option<&PathBuf>,
        freshness: &FreshnessFlags,
        sought: Sought,
    ) -> Result<Option<Self>, Failure> {
        let trusted = globals.trusted_root(trusted_root)?;
        let place = globals.location()?;
        if globals.names_keys() {
            let fetch = globals.open(place)?;
            match View::open(fetch, &trusted.trust).await {
                Ok(view) => {
                    let tree = TreeId::of(&view.checkpoint().log().key.log_id());
                    let found = by_tiles(view, &trusted.trust, freshness, sought).await?;
                    return match (found, sought, place) {
                        (None, Sought::Id(id), Location::Http(url)) => {
                            let api = api(globals, url)?;
                            in_shards(globals, &api, &trusted, freshness, id, tree).await
                        }
                        (found, ..) => Ok(found),
                    };
                }
                // Rekor itself has no tiles.
                Err(ReadError::NoLog { .. }) if matches!(place, Location::Http(_)) => {}
                Err(error) => refused_if(Err(error), ReadError::is_refusal)?,
            }
        }
        let Location::Http(url) = place else {
            return Err(anyhow!(
                "the log's verifier key is needed to read it from there: give --vkey, or set \
                 FASTI_VKEY"
            )
            .into());
        };
        by_api(globals, &api(globals, url)?, &trusted, freshness, sought).await
    }

    /// What was proved, one line each.
    pub fn proved(&self) -> Vec<String> {
        match &self.evidence {
            Evidence::Tiles(_) => {
                let TreeHead { size, root } = self.head;
                vec![format!("Proved: in the tree of {size} with root hash {root}")]
            }
            Evidence::Api(proved) => proved.lines(),
        }
    }

    /// Ends an outcome with how new the tree is.
    pub fn end(self, output: Output) -> Output {
        match self.evidence {
            Evidence::Tiles(fresh) => fresh.end(output, Case::Camel),
            Evidence::Api(proved) => match *proved {
                Proved { tiles: Some(fresh), .. } => fresh.end(output, Case::Camel),
                Proved { warning, .. } => output.warn(warning),
            },
        }
    }
}

async fn by_tiles(
    mut view: View,
    trust: &Trust,
    freshness: &FreshnessFlags,
    sought: Sought,
) -> Result<Option<Found>, Failure> {
    let fetch = view.fetch().clone();
    let (proven, checkpoint) = match sought {
        Sought::Index(index) => {
            let fresh = freshness.check(&fetch, view.checkpoint(), trust).await?;
            let proven = refused_if(view.entry(index).await, ReadError::is_refusal)?;
            let checkpoint = view.checkpoint().clone();
            return found(proven, &checkpoint, fresh, &fetch).await.map(Some);
        }
        Sought::Id(EntryId { tree: Some(tree), .. }) if !is_of(&view, tree.get()) => {
            return Ok(None);
        }
        Sought::Id(id) => {
            let question = Question::new([LookupTerm::Leaf(id.leaf)], Operator::Or);
            let answer = search::search(fetch.clone(), trust, &question).await;
            let mut answer = refused_if(answer, SearchError::is_refusal)?;
            if answer.entries.is_empty() {
                return none(&answer);
            }
            // Of several copies, the first.
            (answer.entries.swap_remove(0).entry, answer.log)
        }
    };
    let fresh = freshness.check(&fetch, &checkpoint, trust).await?;
    found(proven, &checkpoint, fresh, &fetch).await.map(Some)
}

/// That nothing was found, if everything was searched.
fn none(answer: &Answer) -> Result<Option<Found>, Failure> {
    if answer.complete {
        return Ok(None);
    }
    let error = anyhow!(
        "not found, but {} entries were not searched: the log's index does not cover them",
        answer.unsearched
    );
    Err(error.into())
}

/// Whether this is the tree ID of the log.
fn is_of(view: &View, tree: u64) -> bool {
    TreeId::of(&view.checkpoint().log().key.log_id()).get() == tree
}

async fn found(
    proven: ProvenEntry,
    checkpoint: &OpenedCheckpoint,
    fresh: Freshness,
    fetch: &Arc<dyn Fetch>,
) -> Result<Found, Failure> {
    let head = checkpoint.head();
    // Nobody asks entries of other kinds for the time.
    let time = match shown::model(&proven.bytes) {
        Some(_) => integrated_time(&**fetch, proven.index, head.size).await,
        None => Ok(None),
    };
    let time = time.context("cannot read when the entry entered the log")?;
    let attestation = attestation_of(&**fetch, &proven.bytes).await;
    let attestation = refused_if(attestation, ReadAttestationError::is_refusal)?;
    Ok(Found {
        id: EntryId::of_leaf(proven.leaf),
        index: proven.index.get(),
        log_id: hex::encode(checkpoint.log().log_id),
        time: time.map(IntegratedTime::get),
        attestation: attestation.map(Attestation::into_bytes),
        index_in_tree: proven.index,
        head,
        hashes: proven.proof,
        checkpoint: String::from_utf8_lossy(&checkpoint.to_bytes()).into_owned(),
        body: proven.bytes,
        evidence: Evidence::Tiles(Box::new(fresh)),
    })
}

fn api(globals: &Globals, url: &Url) -> anyhow::Result<RekorV1> {
    Ok(RekorV1::new(url, globals.redirects())?)
}

async fn by_api(
    globals: &Globals,
    api: &RekorV1,
    trusted: &TrustedRoot,
    freshness: &FreshnessFlags,
    sought: Sought,
) -> Result<Option<Found>, Failure> {
    let entry = match sought {
        Sought::Index(index) => api.by_index(index).await,
        Sought::Id(id) => api.by_id(&id).await,
    };
    match refused_if(entry, RekorV1Error::is_refusal)? {
        Some(entry) => proved(globals, trusted, freshness, entry).await.map(Some),
        None => Ok(None),
    }
}

/// Looks up an entry that the log's tiles do not have in the inactive shards before it, if whatever
/// serves the log has any.
async fn in_shards(
    globals: &Globals,
    api: &RekorV1,
    trusted: &TrustedRoot,
    freshness: &FreshnessFlags,
    id: EntryId,
    tiles: TreeId,
) -> Result<Option<Found>, Failure> {
    let entry = match api.by_id(&id).await {
        Ok(entry) => entry,
        // What serves only files has no such API, and says so in some way.
        Err(RekorV1Error::Refused { status, .. }) if status.is_client_error() => None,
        Err(RekorV1Error::Answer { source, .. }) if !source.is_contradiction() => None,
        Err(error) => refused_if(Err(error), RekorV1Error::is_refusal)?,
    };
    let elsewhere = |entry: &V1Entry| entry.id.tree.is_some_and(|tree| tree.get() != tiles.get());
    match entry.filter(elsewhere) {
        Some(entry) => proved(globals, trusted, freshness, entry).await.map(Some),
        None => Ok(None),
    }
}

async fn proved(
    globals: &Globals,
    trusted: &TrustedRoot,
    freshness: &FreshnessFlags,
    entry: V1Entry,
) -> Result<Found, Failure> {
    let proved = Proved::of(globals, trusted, &entry, freshness).await?;
    let time = proved.time();
    let (hashes, checkpoint) = (entry.hashes(), entry.checkpoint().to_owned());
    let V1Entry { id, entry, index, head, attestation } = entry;
    Ok(Found {
        id,
        index: entry.log_index,
        log_id: hex::encode(&entry.log_id),
        body: entry.canonicalized_body,
        time,
        attestation,
        index_in_tree: index,
        head,
        hashes,
        checkpoint,
        evidence: Evidence::Api(Box::new(proved)),
    })
}
