//! The shards of a log, as Rekor v1's API lists them. Each head is verified if its key is known,
//! and compared with the one seen last.

use std::num::NonZeroU64;

use anyhow::anyhow;
use fasti::client::monitor::Growth;
use fasti::client::rekor_v1::{OpenedShard, RekorV1, RekorV1Error, Shard, ShardRefusal};
use fasti::verify::TrustedRoot;
use reqwest::Url;
use serde_json::{Value, json};
use tiles_spec::TreeSize;

use crate::failure::Failure;
use crate::freshness::FreshnessFlags;
use crate::globals::Globals;
use crate::memory::Seen;
use crate::output::Output;

/// A shard, and what is known of it.
pub struct Listed {
    shard: Shard,
    /// Who signed its head, and what was seen of it before. `None` if its key is not known.
    known: Option<(OpenedShard, Seen)>,
}

/// Whether there are other shards than the tree that was read by its tiles, and what is known of
/// them. What serves only files says in some way that it has no such API.
pub async fn beside(
    globals: &Globals,
    url: &Url,
    trusted: &TrustedRoot,
    freshness: &FreshnessFlags,
    tree: u64,
) -> Result<Vec<Listed>, Failure> {
    let api = RekorV1::new(url, globals.redirects()).map_err(anyhow::Error::from)?;
    let shards = shards(&api).await?.unwrap_or_default();
    let mut listed = Vec::new();
    for shard in shards.into_iter().filter(|shard| shard.tree.get() != tree) {
        listed.push(Listed::of(&api, shard, trusted, freshness).await?);
    }
    Ok(listed)
}

/// The shards of a log; `None` if there is no such API.
async fn shards(api: &RekorV1) -> Result<Option<Vec<Shard>>, Failure> {
    match api.shards().await {
        Ok(shards) => Ok(Some(shards)),
        Err(error @ RekorV1Error::Answer { .. }) if error.is_refusal() => {
            Err(Failure::Refused(error.into()))
        }
        Err(_) => Ok(None),
    }
}

/// A log that has no tiles: all that is known of it comes over the API. `None` if it has none.
pub async fn run(
    globals: &Globals,
    url: &Url,
    trusted: &TrustedRoot,
    freshness: &FreshnessFlags,
) -> Result<Option<Output>, Failure> {
    let api = RekorV1::new(url, globals.redirects()).map_err(anyhow::Error::from)?;
    let Some(shards) = shards(&api).await? else { return Ok(None) };
    let mut listed = Vec::new();
    for shard in shards {
        listed.push(Listed::of(&api, shard, trusted, freshness).await?);
    }
    let active = listed.pop().ok_or_else(|| anyhow!("the log lists no tree"))?;
    let Some((opened, seen)) = &active.known else {
        let tree = active.shard.tree;
        let words = "give the key by which clients of Rekor v1 know the log with --vkey or \
                     --trusted-root";
        return Err(Failure::Refused(anyhow!(
            "the head of the tree {tree} is signed by none of the trusted keys: {words}"
        )));
    };
    let head = opened.head();
    let total = total(head.size, &listed);
    let mut lines = vec![
        "Verification Successful!".to_owned(),
        format!("Origin:            {}", active.shard.origin()),
        format!("Active Tree Size:  {}", head.size),
        format!("Total Tree Size:   {total}"),
        format!("Root Hash:         {}", head.root),
        format!("TreeID:            {}", active.shard.tree),
        format!("Consistency:       {}", seen.in_words()),
    ];
    lines.extend(listed.iter().flat_map(Listed::lines));
    lines.push(format!("Not proved:        that this tree of {} is the newest", head.size));
    let mut json = json!({
        "Origin": active.shard.origin(),
        "ActiveTreeSize": head.size.get(),
        "TotalTreeSize": total,
        "RootHash": head.root.to_string(),
        "LogID": hex::encode(opened.log.log_id()),
        "TreeID": active.shard.tree.to_string(),
        "ConsistentWithTreeSize": seen.size(head.size).map(TreeSize::get),
        "Checkpoint": String::from_utf8_lossy(&active.shard.signed.to_bytes()),
    });
    add(&mut json, &listed);
    let warning = seen.warning();
    listed.push(active);
    Ok(Some(end(Output::good(lines, json).warn(warning), listed)))
}

/// The number of entries in all shards.
pub fn total(active: TreeSize, inactive: &[Listed]) -> u64 {
    let sizes = inactive.iter().map(|listed| listed.shard.head().size.get());
    sizes.fold(active.get(), u64::saturating_add)
}

/// Adds the inactive shards to what programs are told, if there are any.
pub fn add(json: &mut Value, inactive: &[Listed]) {
    if !inactive.is_empty() {
        json["InactiveShards"] = inactive.iter().map(Listed::json).collect();
    }
}

/// Remembers the heads that were verified, once the outcome is printed.
pub fn end(output: Output, listed: Vec<Listed>) -> Output {
    output.then(move || {
        let known = listed.iter().filter_map(|listed| listed.known.as_ref());
        known.filter_map(|(opened, seen)| seen.remember_shard(opened)).collect()
    })
}

impl Listed {
    async fn of(
        api: &RekorV1,
        shard: Shard,
        trusted: &TrustedRoot,
        freshness: &FreshnessFlags,
    ) -> Result<Self, Failure> {
        let known = match shard.clone().open(trusted) {
            Ok(opened) => {
                let seen = freshness.check_shard(api, &opened).await?;
                Some((opened, seen))
            }
            Err(ShardRefusal::UnknownKey { .. }) => None,
            Err(refusal) => return Err(Failure::Refused(refusal.into())),
        };
        Ok(Self { shard, known })
    }

    /// An inactive shard, for people.
    pub fn lines(&self) -> Vec<String> {
        let (tree, head): (NonZeroU64, _) = (self.shard.tree, self.shard.head());
        let what = format!(
            "Inactive Shard:    {tree}: {} entries with root hash {}",
            head.size, head.root
        );
        let signed = match &self.known {
            Some((opened, Seen::Compared(Growth::Since(_) | Growth::None, ..))) => {
                format!("signed by {}, and consistent with what was seen", opened.log.name)
            }
            Some((opened, _)) => format!("signed by {}", opened.log.name),
            None => "not verified: give its key with --vkey or --trusted-root".to_owned(),
        };
        vec![what, format!("                   {signed}")]
    }

    fn json(&self) -> Value {
        let head = self.shard.head();
        json!({
            "TreeID": self.shard.tree.to_string(),
            "TreeSize": head.size.get(),
            "RootHash": head.root.to_string(),
            "Verified": self.known.is_some(),
            "LogID": self.known.as_ref().map(|(opened, _)| hex::encode(opened.log.log_id())),
            "ConsistentWithTreeSize":
                self.known.as_ref().and_then(|(_, seen)| seen.size(head.size)).map(TreeSize::get),
            "Checkpoint": String::from_utf8_lossy(&self.shard.signed.to_bytes()),
        })
    }
}
