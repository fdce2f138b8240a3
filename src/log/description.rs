//! `log.json`: what a client needs to start, stored next to the log's files.
//!
//! It is a convenience, not a source of trust: a client that relies on a log gets its verifier key
//! by other means. It is written once, again when the log is frozen, and when a writer begins to
//! keep attestations. That it then says for good: those that were kept stay.

use fasti_store::{Object, ObjectPath, StoreError};
use serde::{Deserialize, Serialize};
use tiles_spec::{ENTRY_BYTES_MAX, TreeHead};

use crate::context::Context;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    origin: &'a str,
    verifier_keys: Vec<String>,
    entry_bytes_max: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    attestations: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<LastTree>,
}

/// What stays, whatever else is written.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    attestations: bool,
}

/// The tree that a frozen log ended with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastTree {
    tree_size: u64,
    root_hash: String,
}

/// Writes `log.json` if it does not exist, or does not say yet that the log ended with the tree
/// `last`, or that it keeps attestations.
pub(super) async fn describe(context: &Context, last: Option<TreeHead>) -> Result<(), StoreError> {
    let (objects, path) = (&context.stores.objects, ObjectPath::log_json());
    let there = objects.get(&path).await?;
    let said = there.as_ref().is_some_and(|there| says_attestations(&there.bytes));
    let keeps = said || context.config.keeps_attestations;
    let json = text(context, keeps, last);
    match there {
        Some(Object { bytes, version }) if (last.is_some() || keeps != said) && bytes != json => {
            // If another writer was faster, it has written the same.
            objects.replace(&path, json.into(), &version).await.map(drop)
        }
        Some(_) => Ok(()),
        None => objects.create(&path, json.into()).await.map(drop),
    }
}

/// Whether this says that the log keeps attestations.
fn says_attestations(json: &[u8]) -> bool {
    let said = serde_json::from_slice::<Said>(json);
    said.is_ok_and(|said| said.attestations)
}

fn text(context: &Context, keeps_attestations: bool, last: Option<TreeHead>) -> Vec<u8> {
    let further = context.signer.further().iter().map(|signer| signer.verifier_key());
    let keys = std::iter::once(context.signer.verifier_key()).chain(further);
    let description = Description {
        origin: context.signer.origin().as_str(),
        verifier_keys: keys.map(|key| key.to_string()).collect(),
        entry_bytes_max: ENTRY_BYTES_MAX,
        attestations: keeps_attestations,
        frozen: last.map(|TreeHead { size, root }| LastTree {
            tree_size: size.get(),
            root_hash: root.to_base64(),
        }),
    };
    let mut json = serde_json::to_vec_pretty(&description).expect("strings and numbers serialize");
    json.push(b'\n');
    json
}
