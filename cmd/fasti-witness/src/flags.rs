//! The witness's flags. Each can also be set as an environment variable.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use clap::Parser;
use fasti::admit::{Pace, Rate, Rates};
use fasti::clock::{Clock, SystemClock};
use fasti::serve::Limits;
use fasti::store::{DirectoryOptions, FileSystemKind, StoreOptions};
use fasti::witness::StateError;
use fasti_flags::config::{ConfigFlags, ConfigVerb};
use fasti_flags::exit_codes::{FAILED, REFUSED};
use fasti_flags::{
    BucketFlags, MessageFlags, PasswordFlags, ProxyFlags, SecretVariable, ServerFlags, enough_for,
};
use tiles_spec::KeyName;

use crate::log_lists::LogFlags;
use crate::mirror::MirrorFlags;

/// What `--version` says.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    fasti_flags::long_version(fasti_flags::features!["azure", "bastion", "gcs", "s3", "tls"])
});

/// A witness of transparency logs: cosigns a checkpoint if it extends the last one. Can be a mirror
/// too, which cosigns once it has stored all entries.
#[derive(Debug, Parser)]
#[command(name = "fasti-witness", version, long_version = LONG_VERSION.as_str(), about, max_term_width = 100)]
pub struct Flags {
    /// The directory for what was cosigned. It must be on a local disk, and never be replaced by an
    /// older copy: the witness could cosign a log that has forked since.
    #[arg(long, env = "FASTI_WITNESS_STATE", value_name = "DIR")]
    pub state: PathBuf,

    /// A file, or an open one (fd:3), with a key to cosign with, as `fasti keygen --witness` makes
    /// them. Can be repeated: every checkpoint is cosigned with each of them. Or set
    /// FASTI_WITNESS_KEY_TEXT to the content of the file of one.
    #[arg(
        long,
        env = "FASTI_WITNESS_KEYS",
        value_name = "FILE",
        required = true,
        value_delimiter = ',',
        help_heading = "Keys"
    )]
    pub key: Vec<PathBuf>,

    /// The witness's name, such as witness.example.org/w1: required for keys in PEM, which do not
    /// state it.
    #[arg(long, env = "FASTI_WITNESS_NAME", value_name = "NAME", help_heading = "Keys")]
    pub name: Option<KeyName>,

    /// The password of encrypted keys.
    #[command(flatten)]
    pub passwords: PasswordFlags,

    /// The logs.
    #[command(flatten)]
    pub logs: LogFlags,

    /// The mirror.
    #[command(flatten)]
    pub mirror: MirrorFlags,

    /// The bucket for the copies, if they are in one.
    #[command(flatten)]
    pub bucket: BucketFlags,

    /// How often a log may ask of which the list does not say: N/s, N/m, N/h or N/d, optionally
    /// with :BURST. Only requests that the log has signed count.
    #[arg(
        long,
        env = "FASTI_RATE_LIMIT_LOG",
        value_name = "RATE",
        default_value = "100/s:1000",
        help_heading = "Limits"
    )]
    pub rate_limit_log: Option<Rate>,

    /// How often a client may ask, by its address.
    #[arg(
        long,
        env = "FASTI_RATE_LIMIT_CLIENT",
        value_name = "RATE",
        default_value = "100/s:1000",
        help_heading = "Limits"
    )]
    pub rate_limit_client: Option<Rate>,

    /// Maximum number of open connections.
    #[arg(long, env = "FASTI_CONNECTIONS_MAX", default_value_t = 8192, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub connections_max: u32,

    /// How long to wait for a complete request head, in seconds: on a new connection, and between
    /// two requests.
    #[arg(long, env = "FASTI_HEAD_TIMEOUT_SECONDS", default_value_t = 300, help_heading = "Limits",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub head_timeout_seconds: u64,

    /// How long to wait for a complete request body, in seconds.
    #[arg(long, env = "FASTI_BODY_TIMEOUT_SECONDS", default_value_t = 10, help_heading = "Limits",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub body_timeout_seconds: u64,

    /// Who is in front.
    #[command(flatten)]
    pub proxies: ProxyFlags,

    /// Address to listen on, also behind a bastion.
    #[arg(long, env = "FASTI_LISTEN", default_value = "127.0.0.1:7380")]
    pub listen: String,

    /// Serve HTTPS with this certificate chain: PEM, the witness's certificate first. The files are
    /// reloaded when they change, and on SIGHUP.
    #[arg(long, env = "FASTI_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key: PEM, in PKCS #8, SEC 1 or PKCS #1 form.
    #[arg(long, env = "FASTI_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// The bastion.
    #[cfg(feature = "bastion")]
    #[command(flatten)]
    pub bastion: crate::bastion::BastionFlags,

    /// Address to serve Prometheus metrics on, at /metrics.
    #[arg(long, env = "FASTI_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,

    /// Accept a state directory on this kind of file system, because you know that its locks and
    /// flushes are reliable.
    #[arg(long, env = "FASTI_TRUST_FILE_SYSTEM", value_name = "KIND")]
    pub trust_file_system: Option<FileSystemKind>,

    /// The messages.
    #[command(flatten)]
    pub messages: MessageFlags,

    /// The configuration file.
    #[command(flatten)]
    pub config: ConfigFlags,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub verb: Option<ConfigVerb>,
}

impl ServerFlags for Flags {
    const PROGRAM: &'static str = "fasti-witness";
    const SECRETS: &'static [SecretVariable] =
        &[SecretVariable { text: "FASTI_WITNESS_KEY_TEXT", file: "FASTI_WITNESS_KEYS" }];

    fn verb(&self) -> Option<ConfigVerb> {
        self.verb
    }

    fn messages(&self) -> &MessageFlags {
        &self.messages
    }

    fn exit_code(error: &anyhow::Error) -> u8 {
        let mut states = error.chain().filter_map(|cause| cause.downcast_ref::<StateError>());
        if states.any(StateError::is_refusal) { REFUSED } else { FAILED }
    }
}

impl Flags {
    /// How often clients may ask.
    pub fn pace(&self) -> Pace {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Pace::new(Rates { client: self.rate_limit_client, ..Rates::default() }, &clock)
    }

    /// How to open the store of the copies.
    pub fn store_options(&self) -> anyhow::Result<StoreOptions> {
        let trusted_file_system = self.trust_file_system;
        let directory = DirectoryOptions { trusted_file_system, ..DirectoryOptions::default() };
        Ok(StoreOptions { bucket: self.bucket.options()?, directory })
    }

    /// The resources that clients can use.
    pub fn limits(&self) -> Limits {
        Limits {
            connections_max: enough_for(self.connections_max as usize),
            head_timeout: Duration::from_secs(self.head_timeout_seconds),
            body_timeout: Duration::from_secs(self.body_timeout_seconds),
            ..Limits::default()
        }
    }
}
