//! The mirror beside the witness.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use fasti::causes::with_causes;
use fasti::entropy::OsEntropy;
use fasti::signer::{Password, WitnessKey};
use fasti::store::{StoreLocation, StoreOptions};
use fasti::witness::{Mirror, OwnKeys, Witness};
use tiles_spec::KeyName;

/// The flags for a mirror.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Mirror")]
pub struct MirrorFlags {
    /// Be a mirror too (C2SP tlog-mirror) and keep whole copies of logs in this directory, or in a
    /// bucket (s3://, gs://, az://), each below the SHA-256 of its origin. Which logs is said by
    /// --mirror-log and --mirror-logs.
    #[arg(
        id = "mirror",
        long = "mirror",
        env = "FASTI_MIRROR",
        value_name = "STORE",
        requires = "mirror_key"
    )]
    pub store: Option<StoreLocation>,

    /// A file with a key to cosign with as a mirror, as `fasti keygen --witness` makes them: under
    /// another name than the witness's keys. Can be repeated.
    #[arg(
        id = "mirror_key",
        long = "mirror-key",
        env = "FASTI_MIRROR_KEYS",
        value_name = "FILE",
        value_delimiter = ',',
        requires = "mirror"
    )]
    pub key: Vec<PathBuf>,

    /// The mirror's name: required for keys in PEM.
    #[arg(
        id = "mirror_name",
        long = "mirror-name",
        env = "FASTI_MIRROR_NAME",
        value_name = "NAME",
        requires = "mirror"
    )]
    pub name: Option<KeyName>,
}

/// Opens the mirror that the flags name, and looks at its copies.
pub async fn open(
    flags: &MirrorFlags,
    password: Option<&Password>,
    options: &StoreOptions,
    witness: &Arc<Witness>,
) -> anyhow::Result<Option<Arc<Mirror>>> {
    let Some(location) = &flags.store else { return Ok(None) };
    ensure!(
        *location != StoreLocation::Memory,
        "--mirror memory: keeps nothing, and a mirror cosigns only what it keeps"
    );
    let keys = flags.key.iter().map(|path| WitnessKey::open(path, flags.name.as_ref(), password));
    let keys = OwnKeys::new(keys.collect::<Result<_, _>>().context("--mirror-key")?);
    let keys = keys.context("--mirror-key")?;
    for own in keys.verifier_keys() {
        for other in witness.keys().verifier_keys() {
            ensure!(
                own.name() != other.name(),
                "--mirror-key and --key have the name {}: a mirror and a witness are two cosigners",
                own.name()
            );
            ensure!(
                own.public_key().material() != other.public_key().material(),
                "--mirror-key and --key are the same key; a mirror needs a key of its own"
            );
        }
    }
    let store = location.open(options).await.context("--mirror")?;
    let copies = Box::new(move |prefix| store.below(prefix));
    let mirror = Mirror::new(witness.clone(), keys, copies, &OsEntropy);
    for (log, refusal) in mirror.restore().await {
        tracing::error!(log, error = with_causes(&refusal), "a copy cannot be used");
    }
    if mirror.log_count() == 0 {
        tracing::warn!(
            "this mirror knows no log yet; name some with --mirror-logs or --mirror-log"
        );
    }
    Ok(Some(mirror))
}
