//! Who may write: the flags, the files they name, and reading those again.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use fasti::admit::{
    Admission, Authorities, ByteRate, IdentityList, KeyList, Lists, Pace, Policy, Rate, Rates,
    TokenList,
};
use fasti::causes::with_causes;
use fasti::clock::{Clock, SystemClock};
use fasti::metrics::AdmissionMetrics;
use fasti_flags::ProxyFlags;

/// Largest list file accepted.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Who may write, and how much.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Who may write")]
pub struct AdmissionFlags {
    /// Accept only submissions signed by the keys in this file: PEM blocks of public keys or
    /// certificates, or hexadecimal SHA-256 digests of a key's SubjectPublicKeyInfo, one per line.
    /// Can be repeated.
    #[arg(long, env = "FASTI_ALLOW_KEYS", value_name = "FILE", value_delimiter = ',')]
    pub allow_keys: Vec<PathBuf>,

    /// Accept only submissions whose certificates the policy in this TOML file allows. With
    /// --allow-keys, either is enough.
    #[arg(long, env = "FASTI_ALLOW_IDENTITIES", value_name = "FILE")]
    pub allow_identities: Option<PathBuf>,

    /// Accept opaque entries only with one of the tokens in this file: NAME:TOKEN or
    /// NAME:sha256:DIGEST, one per line.
    #[arg(long, env = "FASTI_ADD_TOKENS", value_name = "FILE")]
    pub add_tokens: Option<PathBuf>,

    /// Maximum rate of submissions from all clients together: N/s, N/m or N/h, optionally followed
    /// by :BURST
    #[arg(long, env = "FASTI_RATE_LIMIT_GLOBAL", value_name = "RATE")]
    pub rate_limit_global: Option<Rate>,

    /// Maximum rate of submissions from one client (an IPv4 address or an IPv6 /64)
    #[arg(long, env = "FASTI_RATE_LIMIT_CLIENT", value_name = "RATE")]
    pub rate_limit_client: Option<Rate>,

    /// Maximum rate of bytes submitted by all clients together: N/s, N/m or N/h, where N can end in
    /// KiB, MiB or GiB, optionally followed by :BURST [default: 64KiB for each submission allowed
    /// by --rate-limit-global]
    #[arg(long, env = "FASTI_RATE_LIMIT_GLOBAL_BYTES", value_name = "RATE")]
    pub rate_limit_global_bytes: Option<ByteRate>,

    /// Maximum rate of bytes submitted by one client [default: 64KiB for each submission allowed by
    /// --rate-limit-client]
    #[arg(long, env = "FASTI_RATE_LIMIT_CLIENT_BYTES", value_name = "RATE")]
    pub rate_limit_client_bytes: Option<ByteRate>,

    /// Who is in front.
    #[command(flatten)]
    pub proxies: ProxyFlags,
}

impl AdmissionFlags {
    /// Refuses flags that contradict each other.
    pub fn check(&self, accept_opaque: bool) -> anyhow::Result<()> {
        let is_listed = !self.allow_keys.is_empty() || self.allow_identities.is_some();
        if accept_opaque && is_listed && self.add_tokens.is_none() {
            bail!(
                "--accept-opaque would let everyone write, even clients that --allow-keys and \
                 --allow-identities keep out; restrict opaque entries with --add-tokens, or remove \
                 --accept-opaque"
            );
        }
        if self.add_tokens.is_some() && !accept_opaque {
            bail!("--add-tokens applies to opaque entries only; it needs --accept-opaque");
        }
        Ok(())
    }

    /// Builds the admission check, with the lists as they are now.
    pub fn open(&self, metrics: AdmissionMetrics) -> anyhow::Result<Admission> {
        Ok(Admission::new(self.proxies.proxies(), self.pace(), self.lists()?, metrics))
    }

    fn rates(&self) -> Rates {
        let bytes =
            |given: Option<ByteRate>, rate: Option<Rate>| given.or(rate.map(ByteRate::beside));
        Rates {
            global: self.rate_limit_global,
            client: self.rate_limit_client,
            global_bytes: bytes(self.rate_limit_global_bytes, self.rate_limit_global),
            client_bytes: bytes(self.rate_limit_client_bytes, self.rate_limit_client),
        }
    }

    fn lists(&self) -> anyhow::Result<Lists> {
        let tokens = self
            .add_tokens
            .as_deref()
            .map(|path| TokenList::parse(&read(path)?).with_context(|| path.display().to_string()));
        Ok(Lists {
            keys: self.keys()?,
            identities: self.allow_identities.as_deref().map(identities).transpose()?,
            tokens: tokens.transpose()?,
        })
    }

    fn keys(&self) -> anyhow::Result<Option<KeyList>> {
        let mut keys = KeyList::default();
        for path in &self.allow_keys {
            keys.add(&read(path)?).with_context(|| path.display().to_string())?;
        }
        Ok((!self.allow_keys.is_empty()).then_some(keys))
    }

    /// Reads the lists again, and takes over the rates if they have changed. If the lists cannot be
    /// read, everything stays in force as it was. Returns whether it was replaced.
    pub async fn reload(&self, admission: Arc<Admission>, rates_changed: bool) -> bool {
        let flags = self.clone();
        let read = tokio::task::spawn_blocking(move || flags.lists()).await;
        let lists = match read.map_err(anyhow::Error::from).and_then(|read| read) {
            Ok(lists) => lists,
            Err(error) => {
                tracing::error!(
                    "cannot reload the lists; who may write stays as it was: {}",
                    with_causes(error.as_ref())
                );
                return false;
            }
        };
        if self.has_lists() {
            tracing::info!(
                keys = lists.keys.as_ref().map(KeyList::count),
                rules = lists.identities.as_ref().map(IdentityList::count),
                tokens = lists.tokens.as_ref().map(TokenList::count),
                "reloaded the lists of who may write"
            );
        }
        admission.replace(lists);
        if rates_changed {
            admission.replace_pace(self.pace());
        }
        true
    }

    fn pace(&self) -> Pace {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Pace::new(self.rates(), &clock)
    }

    fn has_lists(&self) -> bool {
        let is_listed = !self.allow_keys.is_empty() || self.allow_identities.is_some();
        is_listed || self.add_tokens.is_some()
    }
}

fn identities(path: &Path) -> anyhow::Result<IdentityList> {
    let policy = Policy::parse(&read(path)?).with_context(|| path.display().to_string())?;
    let mut authorities = Authorities::default();
    for root in &policy.roots {
        let root = path.parent().unwrap_or(Path::new("")).join(root);
        authorities.add(&read(&root)?).with_context(|| root.display().to_string())?;
    }
    Ok(IdentityList::new(policy, authorities))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    let read = read.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(read as u64 <= FILE_BYTES_MAX, "{} is larger than 16 MiB", path.display());
    Ok(text)
}
