//! `log.json`: what a client needs to start, beside the log's files.
//!
//! A convenience, and no source of trust: whoever relies on a log was given its verifier key by
//! other means.

use serde::Serialize;
use tiles_spec::ENTRY_BYTES_MAX;

use super::Context;
use crate::store::{ObjectPath, StoreError};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    origin: &'a str,
    verifier_keys: Vec<String>,
    entry_bytes_max: usize,
}

/// Writes `log.json` where there is none yet.
pub(super) async fn describe(context: &Context) -> Result<(), StoreError> {
    let objects = &context.stores.objects;
    if objects.get(&ObjectPath::log_json()).await?.is_some() {
        return Ok(());
    }
    let further = context.signer.further().iter().map(|signer| signer.verifier_key());
    let keys = std::iter::once(context.signer.verifier_key()).chain(further);
    let description = Description {
        origin: context.signer.origin().as_str(),
        verifier_keys: keys.map(|key| key.to_string()).collect(),
        entry_bytes_max: ENTRY_BYTES_MAX,
    };
    let mut json = serde_json::to_vec_pretty(&description).expect("strings and numbers serialize");
    json.push(b'\n');
    objects.create(&ObjectPath::log_json(), json.into()).await?;
    Ok(())
}
