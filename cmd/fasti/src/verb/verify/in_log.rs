//! Verifies that an entry is in the log, as `rekor-cli verify` does: one that is named, or the one
//! that artifact, signature and key would become.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use fasti::client::rekor_v1::EntryId;
use serde_json::json;
use tiles_spec::{Hash, LeafIndex, node_hash};

use crate::failure::Failure;
use crate::found::{Found, Sought};
use crate::freshness::FreshnessFlags;
use crate::globals::Globals;
use crate::output::Output;
use crate::proposed::{Named, ProposalFlags};

/// Which entry has to be in the log.
#[derive(Args)]
pub struct InLogFlags {
    /// Verify that the log at --log has the entry with this UUID, of 64 or 80 hex digits
    #[arg(long, value_name = "HEX")]
    uuid: Option<EntryId>,
    /// Verify that the log at --log has an entry at this index
    #[arg(long, value_name = "N", alias = "log_index")]
    log_index: Option<LeafIndex>,
    #[command(flatten)]
    proposal: ProposalFlags,
}

impl InLogFlags {
    /// Whether an entry of the log is asked for, rather than a bundle or a proof.
    pub fn is_asked(&self) -> bool {
        let ProposalFlags { kind, entry, .. } = &self.proposal;
        self.uuid.is_some() || self.log_index.is_some() || kind.is_some() || entry.is_some()
    }

    async fn sought(&self, globals: &Globals, parts: &Named<'_>) -> Result<Sought, Failure> {
        let named = self.uuid.map(Sought::Id).or(self.log_index.map(Sought::Index));
        let has_artifact = parts.artifact.is_some() || parts.digest.is_some();
        if let Some(named) = named {
            // An artifact that is not looked at must not seem to be verified.
            if has_artifact || parts.signature.is_some() || !parts.keys.is_empty() {
                let words = "--uuid and --log-index say nothing about an artifact: give --type \
                             instead, with --artifact, --signature and --public-key";
                return Err(anyhow!(words).into());
            }
            return Ok(named);
        }
        let parts = self.proposal.parts(globals, parts).await?;
        let proposed = self.proposal.proposed(&parts)?.ok_or_else(|| {
            anyhow!("entries of Rekor v2 are verified with --bundle or --proof, without --type")
        })?;
        Ok(Sought::Id(EntryId::of_leaf(proposed.leaf)))
    }
}

/// Looks up the entry, and proves that it is in the log.
pub async fn run(
    globals: &Globals,
    flags: &InLogFlags,
    parts: &Named<'_>,
    trusted_root: Option<&PathBuf>,
    freshness: &FreshnessFlags,
) -> Result<Output, Failure> {
    let sought = flags.sought(globals, parts).await?;
    let found = Found::of(globals, trusted_root, freshness, sought).await?;
    let missing = || Failure::Refused(anyhow!("entry in log cannot be located"));
    let found = found.ok_or_else(missing)?;
    let output = output(&found);
    Ok(found.end(output))
}

fn output(found: &Found) -> Output {
    let (head, index, leaf) = (found.head, found.index_in_tree, found.id.leaf);
    let mut lines = vec![
        format!("Current Root Hash: {}", head.root),
        format!("Entry Hash: {leaf}"),
        format!("Entry Index in Current Tree: {index}"),
        format!("Current Tree Size: {}", head.size),
        "Checkpoint:".to_owned(),
    ];
    lines.extend(found.checkpoint.lines().map(str::to_owned));
    lines.extend([String::new(), "Inclusion Proof:".to_owned()]);
    let last = head.size.get().saturating_sub(1);
    let computed = steps(leaf, index.get(), last, &found.hashes, &mut lines);
    lines.push(format!("Computed Root Hash: {computed}"));
    lines.push(format!("Expected Root Hash: {}", head.root));
    lines.push(String::new());
    lines.extend(found.proved());
    let json = json!({
        "RootHash": head.root.to_string(),
        "EntryUUID": found.id.to_string(),
        "Index": index.get(),
        "Size": head.size.get(),
        "Hashes": found.hashes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "Checkpoint": found.checkpoint,
    });
    Output::good(lines, json)
}

/// The steps of a proof that is known to be good, from the leaf to the root.
fn steps(leaf: Hash, index: u64, last: u64, proof: &[Hash], lines: &mut Vec<String>) -> Hash {
    // Below this level, whether the sibling is on the right depends on the index.
    let inner = (u64::BITS - (index ^ last).leading_zeros()) as usize;
    proof.iter().enumerate().fold(leaf, |node, (level, sibling)| {
        let is_left = level < inner && (index >> level) & 1 == 0;
        let (left, right) = if is_left { (node, *sibling) } else { (*sibling, node) };
        let parent = node_hash(&left, &right);
        lines.push(format!("SHA256(0x01 | {left} | {right}) ="));
        lines.extend([format!("    {parent}"), String::new()]);
        parent
    })
}
