//! Whether an entry that Rekor v1's API gives is in the log: by the log's signatures, and by its
//! tiles where it has any.
//!
//! The entry can be of an inactive shard, which is another log with a key of its own. Then the
//! tiles at hand say nothing about it. Nobody may sign for it any more in v1's form, and it comes
//! with the checkpoint that the log had published.

use anyhow::anyhow;
use fasti::client::reader::{ReadError, View};
use fasti::client::rekor_v1::V1Entry;
use fasti::client::trust::OpenedCheckpoint;
use fasti::grow::TreeId;
use fasti::verify::{LoggedV1, Refusal, TrustedRoot, check_entry_v1};

use crate::failure::{Failure, refused_if};
use crate::freshness::{Freshness, FreshnessFlags};
use crate::globals::Globals;

/// What was proved of an entry. At least one of the three is there.
pub struct Proved {
    /// By what the log signs for clients of Rekor v1.
    pub v1: Option<LoggedV1>,
    /// By a checkpoint that the log has published for all its readers.
    published: Option<OpenedCheckpoint>,
    /// By the log's tiles; and how new its tree is.
    pub tiles: Option<Freshness>,
    /// What could not be done.
    pub warning: Option<String>,
}

const NOT_COMPARED: &str = "this tree was not compared with an earlier one: the log's tiles cannot \
                            be read at --log";
const SHARD_NOT_COMPARED: &str = "the entry is in an inactive shard, whose tree was not compared \
                                  with an earlier one";

impl Proved {
    /// Proves that an entry is in the log.
    pub async fn of(
        globals: &Globals,
        trusted: &TrustedRoot,
        entry: &V1Entry,
        flags: &FreshnessFlags,
    ) -> Result<Self, Failure> {
        let published = published(trusted, entry)?;
        let has_tiles = globals.names_keys();
        let is_promised = entry.entry.inclusion_promise.is_some();
        let v1 = match check_entry_v1(&entry.entry, &trusted.rekor_v1) {
            Ok(logged) => Some(logged),
            Err(_) if published.is_some() && !is_promised => None,
            // The log can sign with another key for clients of Rekor v1.
            Err(Refusal::UnknownLogId { .. }) if has_tiles || published.is_some() => None,
            Err(refusal) => return Err(disproved(refusal.into())),
        };
        let is_proved = v1.is_some() || published.is_some();
        let (tiles, warning) = if has_tiles {
            match by_tiles(globals, trusted, entry, flags).await {
                Ok(Some(fresh)) => (Some(fresh), None),
                Ok(None) if is_proved => (None, Some(SHARD_NOT_COMPARED.to_owned())),
                Ok(None) => return Err(disproved(unknown_shard(entry))),
                Err(Failure::Broken(_)) if is_proved => (None, Some(NOT_COMPARED.to_owned())),
                Err(failure) => return Err(failure),
            }
        } else {
            (None, None)
        };
        Ok(Self { v1, published, tiles, warning })
    }

    /// When the entry entered the log, as far as somebody vouches for it.
    pub fn time(&self) -> Option<u64> {
        let promised = self.v1.as_ref().and_then(LoggedV1::integrated_time);
        promised.and_then(|time| u64::try_from(time.unix_timestamp()).ok())
    }

    /// What was proved, one line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fresh) = &self.tiles {
            let head = fresh.head();
            lines
                .push(format!("Proved: in the tree of {} with root hash {}", head.size, head.root));
        }
        lines.extend(self.published.as_ref().map(|published| {
            let (head, origin) = (published.head(), published.log().origin());
            format!("Proved: in the tree of {} of {origin} with root hash {}", head.size, head.root)
        }));
        let sentences = self.v1.iter().flat_map(LoggedV1::proved);
        lines.extend(sentences.map(|sentence| format!("Proved: {sentence}")));
        lines
    }
}

/// Opens the checkpoint of an entry, if it is one that a trusted log has published. The entry is
/// proved to be in that tree, or there would be no [`V1Entry`].
fn published(trusted: &TrustedRoot, entry: &V1Entry) -> Result<Option<OpenedCheckpoint>, Failure> {
    let Ok(opened) = trusted.trust.open(entry.checkpoint().as_bytes()) else { return Ok(None) };
    let tree = TreeId::of(&opened.log().key.log_id());
    if entry.id.tree.is_some_and(|stated| stated.get() != tree.get()) {
        return Err(disproved(anyhow!(
            "the entry's ID names another tree than {tree}, whose checkpoint it comes with"
        )));
    }
    Ok(Some(opened))
}

fn unknown_shard(entry: &V1Entry) -> anyhow::Error {
    anyhow!(
        "the entry is in an inactive shard, a log with the ID {}; give its verifier key with \
         --vkey too",
        hex::encode(&entry.entry.log_id)
    )
}

/// Reads the entry from the tiles as they are now. `None` if they are of another tree than the
/// entry.
async fn by_tiles(
    globals: &Globals,
    trusted: &TrustedRoot,
    entry: &V1Entry,
    flags: &FreshnessFlags,
) -> Result<Option<Freshness>, Failure> {
    let fetch = globals.open(globals.location()?)?;
    let view = View::open(fetch, &trusted.trust).await;
    let mut view = refused_if(view, ReadError::is_refusal)?;
    let tree = TreeId::of(&view.checkpoint().log().key.log_id());
    if entry.id.tree.is_some_and(|stated| stated.get() != tree.get()) {
        return Ok(None);
    }
    let fresh = flags.check(view.fetch(), view.checkpoint(), &trusted.trust).await?;
    let proven = refused_if(view.entry(entry.index).await, ReadError::is_refusal)?;
    if proven.leaf != entry.id.leaf {
        return Err(disproved(anyhow!(
            "the log's tiles have another entry at index {}",
            entry.index
        )));
    }
    Ok(Some(fresh))
}

fn disproved(error: anyhow::Error) -> Failure {
    Failure::Refused(error.context("the log's answer does not prove what it claims"))
}
