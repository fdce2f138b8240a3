//! The logs that the witness knows: named by flags, or listed in a file that is read again on
//! SIGHUP.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use fasti::causes::with_causes;
use fasti::metrics::WitnessMetrics;
use fasti::offload::offload;
use fasti::witness::log_list::LIST_BYTES_MAX;
use fasti::witness::{LogList, Witness};
use tiles_spec::VerifierKey;

/// The logs that the witness knows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub struct LogFlags {
    /// A list of logs, as the witness network publishes them: lines `vkey KEY`, each followed by
    /// lines `origin ORIGIN` (unless it is the key's name) and `qpd N` (requests a day). Read again
    /// on SIGHUP.
    #[arg(long, env = "FASTI_WITNESS_LOGS", value_name = "FILE")]
    pub logs: Option<PathBuf>,

    /// The verifier key of a log, whose origin is the key's name. Can be repeated.
    #[arg(long, env = "FASTI_WITNESS_LOG", value_name = "NAME+ID+KEY", value_delimiter = ',')]
    pub log: Vec<VerifierKey>,

    /// A list, in the same form, of logs that are mirrored, and witnessed as well. Read again on
    /// SIGHUP.
    #[arg(long, env = "FASTI_MIRROR_LOGS", value_name = "FILE", requires = "mirror")]
    pub mirror_logs: Option<PathBuf>,

    /// The verifier key of a log that is mirrored, and witnessed as well. Can be repeated.
    #[arg(
        long,
        env = "FASTI_MIRROR_LOG",
        value_name = "NAME+ID+KEY",
        value_delimiter = ',',
        requires = "mirror"
    )]
    pub mirror_log: Vec<VerifierKey>,
}

impl LogFlags {
    /// Reads the list as it is now.
    pub fn read(&self) -> anyhow::Result<LogList> {
        let mut list = LogList::of_keys(self.log.iter().cloned()).context("--log")?;
        if let Some(path) = &self.logs {
            let name = || format!("--log and {}", path.display());
            list.extend(parse(path)?).with_context(name)?;
        }
        let mirrored = LogList::of_keys(self.mirror_log.iter().cloned()).context("--mirror-log")?;
        list.extend(mirrored.mirrored()).context("--mirror-log")?;
        if let Some(path) = &self.mirror_logs {
            list.extend(parse(path)?.mirrored()).with_context(|| path.display().to_string())?;
        }
        if list.logs().len() == 0 {
            tracing::warn!("this witness knows no log yet; name some with --logs or --log");
        }
        Ok(list)
    }
}

/// Parses a list, and says what was left out.
fn parse(path: &Path) -> anyhow::Result<LogList> {
    let name = || path.display().to_string();
    let list = LogList::parse(&read(path).with_context(name)?).with_context(name)?;
    for skipped in &list.skipped {
        tracing::warn!(list = name(), "skipped: {skipped}");
    }
    Ok(list)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= LIST_BYTES_MAX, "the file is longer than {LIST_BYTES_MAX} bytes");
    Ok(bytes)
}

/// Reads the list again. One that cannot be read changes nothing.
pub async fn reload(flags: LogFlags, witness: Arc<Witness>, metrics: &WitnessMetrics) {
    let knowing = witness.clone();
    let loaded = offload(move || Ok::<_, anyhow::Error>(knowing.know(&flags.read()?)?));
    match loaded.await {
        Ok(()) => tracing::info!(logs = witness.log_count(), "loaded the list of logs"),
        Err(error) => {
            metrics.reload_failures.inc();
            let error = with_causes(error.as_ref());
            tracing::error!(error, "cannot load the list of logs; keeping the old one");
        }
    }
}
