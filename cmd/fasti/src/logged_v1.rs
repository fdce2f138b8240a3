//! Whether an entry that Rekor v1's API gives is in the log: by the log's signatures, and by its
//! tiles where it has any.

use anyhow::anyhow;
use fasti::client::reader::{ReadError, View};
use fasti::client::rekor_v1::V1Entry;
use fasti::verify::{LoggedV1, Refusal, TrustedRoot, check_entry_v1};

use crate::failure::{Failure, refused_if};
use crate::freshness::{Freshness, FreshnessFlags};
use crate::globals::Globals;

/// What was proved of an entry. At least one of the two is there.
pub struct Proved {
    /// By what the log signs for clients of Rekor v1.
    pub v1: Option<LoggedV1>,
    /// By the log's tiles; and how new its tree is.
    pub tiles: Option<Freshness>,
    /// What could not be done.
    pub warning: Option<String>,
}

const NOT_COMPARED: &str = "this tree was not compared with an earlier one: the log's tiles cannot \
                            be read at --log";

impl Proved {
    /// Proves that an entry is in the log.
    pub async fn of(
        globals: &Globals,
        trusted: &TrustedRoot,
        entry: &V1Entry,
        flags: &FreshnessFlags,
    ) -> Result<Self, Failure> {
        let has_tiles = globals.names_keys();
        let v1 = match check_entry_v1(&entry.entry, &trusted.rekor_v1) {
            Ok(logged) => Some(logged),
            // The log can sign with another key for clients of Rekor v1.
            Err(Refusal::UnknownLogId { .. }) if has_tiles => None,
            Err(refusal) => return Err(disproved(refusal.into())),
        };
        if !has_tiles {
            return Ok(Self { v1, tiles: None, warning: None });
        }
        match by_tiles(globals, trusted, entry, flags).await {
            Ok(fresh) => Ok(Self { v1, tiles: Some(fresh), warning: None }),
            Err(Failure::Broken(_)) if v1.is_some() => {
                Ok(Self { v1, tiles: None, warning: Some(NOT_COMPARED.to_owned()) })
            }
            Err(failure) => Err(failure),
        }
    }

    /// What was proved, one line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fresh) = &self.tiles {
            let head = fresh.head();
            lines
                .push(format!("Proved: in the tree of {} with root hash {}", head.size, head.root));
        }
        let sentences = self.v1.iter().flat_map(LoggedV1::proved);
        lines.extend(sentences.map(|sentence| format!("Proved: {sentence}")));
        lines
    }
}

/// Reads the entry from the tiles as they are now.
async fn by_tiles(
    globals: &Globals,
    trusted: &TrustedRoot,
    entry: &V1Entry,
    flags: &FreshnessFlags,
) -> Result<Freshness, Failure> {
    let fetch = globals.open(globals.location()?)?;
    let view = View::open(fetch, &trusted.trust).await;
    let mut view = refused_if(view, ReadError::is_refusal)?;
    let fresh = flags.check(view.fetch(), view.checkpoint(), &trusted.trust).await?;
    let proven = refused_if(view.entry(entry.index).await, ReadError::is_refusal)?;
    if proven.leaf != entry.id.leaf {
        return Err(disproved(anyhow!(
            "the log's tiles have another entry at index {}",
            entry.index
        )));
    }
    Ok(fresh)
}

fn disproved(error: anyhow::Error) -> Failure {
    Failure::Refused(error.context("the log's answer does not prove what it claims"))
}
