//! The heads that the writer keeps next to its log.

use std::time::Duration;

use clap::Args;
use fasti::heads::HeadsContext;
use fasti::log::Context;
use fasti::metrics::HeadsMetrics;

/// Flags of the kept heads.
#[derive(Debug, Args)]
pub struct HeadsFlags {
    /// Do not keep the tree heads that the log had; then nobody can prove later by when an entry
    /// was in the log.
    #[arg(long, env = "FASTI_NO_HEADS", help_heading = "Tree heads")]
    no_heads: bool,

    /// Minimum time between two kept tree heads while the log grows, in seconds.
    #[arg(long, env = "FASTI_HEADS_SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Tree heads")]
    heads_seconds: u64,
}

impl HeadsFlags {
    /// Returns what keeping heads needs, or `None` with --no-heads.
    pub fn context(&self, context: &Context, metrics: HeadsMetrics) -> Option<HeadsContext> {
        (!self.no_heads).then(|| HeadsContext {
            objects: context.stores.objects.clone(),
            origin: context.signer.origin().clone(),
            key: context.signer.verifier_key(),
            clock: context.clock.clone(),
            spacing: Duration::from_secs(self.heads_seconds),
            metrics,
        })
    }
}
