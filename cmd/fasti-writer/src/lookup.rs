//! The lookup index that the writer keeps next to its log.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use fasti::client::fetch::StoreFetch;
use fasti::client::trust::Trust;
use fasti::log::Context;
use fasti::lookup::{IndexContext, LookupConfig};
use fasti::metrics::LookupMetrics;
use fasti::offload::{Background, Workers, processors};
use fasti::signer::{LookupSigner, Signer as _};
use fasti::store::Housekeeping;

use crate::witnesses::WitnessFlags;

/// Flags of the lookup index.
#[derive(Debug, Args)]
pub struct LookupFlags {
    /// Do not keep a lookup index; the log cannot be searched without one.
    #[arg(long, env = "FASTI_NO_LOOKUP", help_heading = "Lookup")]
    no_lookup: bool,

    /// Minimum time between two revisions of the index while the log grows, in seconds.
    #[arg(long, env = "FASTI_LOOKUP_SECONDS", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Lookup")]
    lookup_seconds: u64,
}

impl LookupFlags {
    /// Returns what the index needs to be kept, or `None` with --no-lookup.
    pub fn index_context(
        &self,
        context: &Context,
        housekeeping: Arc<dyn Housekeeping>,
        witnesses: &WitnessFlags,
        metrics: Arc<LookupMetrics>,
    ) -> anyhow::Result<Option<IndexContext>> {
        if self.no_lookup {
            return Ok(None);
        }
        let signer = LookupSigner::new(context.signer.clone());
        let signer = signer.context("the origin is too long to have an index; see --no-lookup")?;
        Ok(Some(IndexContext {
            cosigners: witnesses.open_for_index(&signer.verifier_key())?,
            log: Arc::new(StoreFetch::new(context.stores.objects.clone())),
            trust: Trust::in_keys([context.signer.verifier_key()]),
            origin: context.signer.origin().clone(),
            objects: context.stores.objects.clone(),
            housekeeping: Some(housekeeping),
            signer: Arc::new(signer),
            clock: context.clock.clone(),
            metrics,
            // Submissions come first.
            workers: Workers::Background(Background::start(processors().div_ceil(4))),
            config: LookupConfig {
                spacing: Duration::from_secs(self.lookup_seconds),
                ..LookupConfig::default()
            },
        }))
    }
}
