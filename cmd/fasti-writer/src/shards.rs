//! The inactive shards that clients of Rekor v1 read together with the log.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::client::fetch::Location;
use fasti::client::trust::Trust;
use fasti::clock::Clock;
use fasti::grow::RekorV1Guard;
use fasti::http::InactiveShards;
use fasti::signer::Signer;
use fasti_flags::ShardFlag;
use tiles_spec::VerifierKey;

use crate::flags::Flags;

/// Opens the shards that the flags name. `signer` is what signs for clients of Rekor v1, and `log`
/// the log's own key.
pub async fn open(
    flags: &Flags,
    signer: &Arc<dyn Signer>,
    log: &VerifierKey,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<InactiveShards> {
    let buckets = flags.bucket.options()?;
    let mut sources = Vec::new();
    for shard in &flags.rekor_v1_shards.shards {
        let of = || format!("--rekor-v1-shard {}", shard.place);
        let guard = guard(shard, signer, flags.rekor_v1_key.is_some()).with_context(of)?;
        let open = |place: &Location| place.open(&buckets);
        sources.push(shard.source(open, Trust::default(), guard).with_context(of)?);
    }
    Ok(InactiveShards::open(sources, log, clock).await?)
}

/// What signs for the entries of a shard, if something shall.
fn guard(
    shard: &ShardFlag,
    signer: &Arc<dyn Signer>,
    is_second_key: bool,
) -> anyhow::Result<Option<Arc<RekorV1Guard>>> {
    let Some(key) = &shard.vkey else {
        bail!("the shard's verifier key is missing: {},vkey=KEY", shard.place);
    };
    if !shard.sign {
        return Ok(None);
    }
    let is_own = signer.verifier_key().public_key() == key.public_key();
    if !is_second_key && !is_own {
        bail!(
            "clients of Rekor v1 cannot have known this log by the key of the new one. With \
             `sign`, give the key by which they did with --rekor-v1-key"
        );
    }
    Ok(Some(Arc::new(RekorV1Guard::new(key.clone(), signer.clone())?)))
}
