//! Uploads to Rekor v1's API, of a writer or of Rekor itself. Prints what `rekor-cli upload` does.

use std::path::PathBuf;

use anyhow::anyhow;
use fasti::client::fetch::Location;
use fasti::client::rekor_v1::{self, RekorV1, RekorV1Error, V1Entry};
use serde_json::json;

use super::known_log;
use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::logged_v1::Proved;
use crate::output::Output;
use crate::proposed::Proposed;

/// Posts a proposal, and verifies the log's answer.
pub async fn run(
    globals: &Globals,
    proposed: &Proposed,
    trusted_root: Option<&PathBuf>,
    freshness: &FreshnessFlags,
) -> Result<Output, Failure> {
    let Location::Http(url) = globals.location()? else {
        return Err(anyhow!("--log must be the URL of a writer to upload to").into());
    };
    let has_keys = globals.names_keys() || trusted_root.is_some();
    let trusted = has_keys.then(|| globals.trusted_root(trusted_root)).transpose()?;
    if globals.names_keys() {
        known_log::expect(globals).await?;
    }
    let api = RekorV1::new(url, globals.redirects()).map_err(anyhow::Error::from)?;

    // Nothing is ever removed from a log, so all that can be checked was checked.
    let answer = refused_if(api.propose(&proposed.json).await, RekorV1Error::is_refusal)?;
    let (entry, existed) = match answer {
        rekor_v1::Proposed::Created(entry) => (*entry, false),
        rekor_v1::Proposed::Exists(id) => {
            let entry = refused_if(api.by_id(&id).await, RekorV1Error::is_refusal)?;
            let missing = || anyhow!("the log says that it has the entry {id}, but has none");
            (entry.ok_or_else(missing).map_err(Failure::Refused)?, true)
        }
    };
    if entry.entry.canonicalized_body != proposed.body {
        let error = anyhow!("the log's entry {} is not the one that was proposed", entry.id);
        return Err(Failure::Refused(error));
    }
    let proved = match &trusted {
        Some(trusted) => Some(Proved::of(globals, trusted, &entry, freshness).await?),
        None => None,
    };
    let output = output(&api, &entry, existed, proved.as_ref());
    Ok(match proved {
        Some(Proved { tiles: Some(fresh), .. }) => fresh.end(output, Case::Camel),
        Some(Proved { warning, .. }) => output.warn(warning),
        None => output,
    })
}

fn output(api: &RekorV1, entry: &V1Entry, existed: bool, proved: Option<&Proved>) -> Output {
    let (place, index) = (api.place_of(&entry.id), entry.entry.log_index);
    let mut lines = vec![if existed {
        format!("Entry already exists; available at: {place}")
    } else {
        format!("Created entry at index {index}, available at: {place}")
    }];
    match proved {
        Some(proved) => lines.extend(proved.lines()),
        None => lines.push(
            "Nothing was verified: give --vkey (or set FASTI_VKEY) to the log's verifier key, or \
             --trusted-root for a log of Rekor v1"
                .to_owned(),
        ),
    }
    let head = proved.map(|_| entry.head);
    let json = json!({
        "AlreadyExists": existed,
        "Index": index,
        "Location": RekorV1::path_of(&entry.id),
        "UUID": entry.id.to_string(),
        "Verified": proved.is_some(),
        "TreeSize": head.map(|head| head.size.get()),
        "RootHash": head.map(|head| head.root.to_string()),
    });
    Output::good(lines, json)
}
