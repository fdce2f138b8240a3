//! The lookup index that the writer keeps beside its log.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use fasti::client::fetch::OwnFiles;
use fasti::client::trust::Trust;
use fasti::log::Context;
use fasti::lookup::{LookupConfig, Site};
use fasti::metrics::LookupMetrics;
use fasti::signer::LookupSigner;
use fasti::store::Shelf;

/// What can be said of the index.
#[derive(Debug, Args)]
pub struct LookupFlags {
    /// Keep no lookup index: the log cannot be searched then.
    #[arg(long, env = "FASTI_NO_LOOKUP", help_heading = "Lookup")]
    no_lookup: bool,

    /// Least time between two revisions of the index of a log that grows, in seconds.
    #[arg(long, env = "FASTI_LOOKUP_SECONDS", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Lookup")]
    lookup_seconds: u64,
}

impl LookupFlags {
    /// The site of the index of a log, unless none is kept.
    pub fn site(
        &self,
        context: &Context,
        shelf: Option<Arc<dyn Shelf>>,
        metrics: Arc<LookupMetrics>,
    ) -> anyhow::Result<Option<Site>> {
        if self.no_lookup {
            return Ok(None);
        }
        let signer = LookupSigner::new(context.signer.clone());
        let signer = signer.context("the origin is too long to have an index; see --no-lookup")?;
        Ok(Some(Site {
            log: Arc::new(OwnFiles(context.stores.objects.clone())),
            trust: Trust::in_keys([context.signer.verifier_key()]),
            origin: context.signer.origin().clone(),
            objects: context.stores.objects.clone(),
            shelf,
            signer: Arc::new(signer),
            clock: context.clock.clone(),
            metrics,
            config: LookupConfig {
                spacing: Duration::from_secs(self.lookup_seconds),
                ..LookupConfig::default()
            },
        }))
    }
}
