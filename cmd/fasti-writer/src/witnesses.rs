//! The witnesses that cosign the log's checkpoints.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fasti::clock::SystemClock;
use fasti::grow::Cosigners;
use fasti::metrics::QuorumMetrics;
use fasti::witness::{Ask, HttpAsk, Missing, QuorumConfig, QuorumCosigners};
use prometheus_client::registry::Registry;
use tiles_spec::policy::POLICY_BYTES_MAX;
use tiles_spec::{Policy, VerifierKey};

/// Flags of the witnesses.
#[derive(Debug, Args)]
pub struct WitnessFlags {
    /// A policy (C2SP tlog-policy) with the witnesses that cosign each checkpoint, their URLs, and
    /// how many of them are enough. Until they have cosigned, a checkpoint is not published and
    /// nobody is answered.
    #[arg(
        id = "witness_policy",
        long = "witness-policy",
        env = "FASTI_WITNESS_POLICY",
        value_name = "FILE",
        help_heading = "Witnesses"
    )]
    policy: Option<PathBuf>,

    /// How long witnesses have to answer, in milliseconds.
    #[arg(id = "witness_milliseconds", long = "witness-milliseconds", env = "FASTI_WITNESS_MILLISECONDS",
          value_name = "N", default_value_t = 2000,
          value_parser = clap::value_parser!(u64).range(1..=60_000), help_heading = "Witnesses")]
    milliseconds: u64,

    /// Publish checkpoints even if too few witnesses answer in time.
    #[arg(
        id = "witness_optional",
        long = "witness-optional",
        alias = "optional",
        env = "FASTI_WITNESS_OPTIONAL",
        requires = "witness_policy",
        help_heading = "Witnesses"
    )]
    optional: bool,

    /// Have the witnesses cosign the lookup index too. They must know its key, which the writer
    /// prints. An index that they do not cosign in time is published all the same.
    #[arg(
        id = "witness_index",
        long = "witness-index",
        env = "FASTI_WITNESS_INDEX",
        requires = "witness_policy",
        help_heading = "Witnesses"
    )]
    index: bool,
}

/// How long witnesses of the index have after the quorum. Nobody waits for a revision, and what is
/// late is not joined to it.
const INDEX_LINGER: Duration = Duration::from_secs(1);

impl WitnessFlags {
    /// The witnesses of the log with this key, if it has any. Then they have metrics, too.
    pub fn open(
        &self,
        log: &VerifierKey,
        registry: &mut Registry,
    ) -> anyhow::Result<Option<Arc<dyn Cosigners>>> {
        let Some((path, policy)) = self.policy()? else { return Ok(None) };
        let missing = if self.optional { Missing::Publish } else { Missing::Withhold };
        let metrics = QuorumMetrics::default();
        metrics.register(registry);
        let config = QuorumConfig { missing, ..self.config() };
        cosigners(path, policy, log, config, &metrics).map(Some)
    }

    /// The witnesses of the log of the index's revisions, which has this key, if they are to cosign
    /// that too. A policy cannot name it beside the log, as it is signed with the same key.
    pub fn open_for_index(
        &self,
        lookup: &VerifierKey,
    ) -> anyhow::Result<Option<Arc<dyn Cosigners>>> {
        match self.policy()? {
            Some((path, policy)) if self.index => {
                let (policy, uncounted) = (policy.without_logs(), QuorumMetrics::default());
                let (missing, linger) = (Missing::Publish, INDEX_LINGER);
                let config = QuorumConfig { missing, linger, ..self.config() };
                cosigners(path, policy, lookup, config, &uncounted).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn policy(&self) -> anyhow::Result<Option<(&Path, Policy)>> {
        let Some(path) = &self.policy else { return Ok(None) };
        let name = || path.display().to_string();
        let policy = Policy::parse(&read(path).with_context(name)?).with_context(name)?;
        Ok(Some((path, policy)))
    }

    fn config(&self) -> QuorumConfig {
        let answer_within = Duration::from_millis(self.milliseconds);
        QuorumConfig { answer_within, ..QuorumConfig::default() }
    }
}

fn cosigners(
    path: &Path,
    policy: Policy,
    log: &VerifierKey,
    config: QuorumConfig,
    metrics: &QuorumMetrics,
) -> anyhow::Result<Arc<dyn Cosigners>> {
    let ask = |url: &str| Ok(Box::new(HttpAsk::new(url)?) as Box<dyn Ask>);
    let clock = Arc::new(SystemClock);
    let witnesses = QuorumCosigners::new(policy, log, config, clock, metrics, ask);
    Ok(Arc::new(witnesses.with_context(|| path.display().to_string())?))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(POLICY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= POLICY_BYTES_MAX, "the file is longer than {POLICY_BYTES_MAX} bytes");
    Ok(bytes)
}
