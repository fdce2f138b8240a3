//! The writer's flags. Each can also be set as an environment variable. The defaults suit a trial
//! on a local machine.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use fasti::admit::Admission;
use fasti::grow::RekorV1Guard;
use fasti::http::{
    Duplicates, EntryKinds, HttpConfig, InactiveShards, Limits, PeerSecret, RekorV1Config,
    ServerLimits, Site,
};
use fasti::log::{LogConfig, RecoverError};
use fasti::objects::ATTESTATION_BYTES_MAX;
use fasti::rekor_v1::KINDS;
use fasti::signer::KeyLocation;
use fasti::store::{BucketLocation, Cloud, OpenStoreError, StoreLocation};
use fasti_flags::config::{ConfigFlags, ConfigVerb};
use fasti_flags::exit_codes::{FAILED, REFUSED};
use fasti_flags::{
    BucketFlags, KeyFlags, MachineFlags, MessageFlags, SecretVariable, ServerFlags, ShardFlags,
    TraceFlags,
};
use tiles_spec::{Origin, TreeSize};

use crate::admission::AdmissionFlags;
use crate::advertise;
use crate::heads::HeadsFlags;
use crate::lookup::LookupFlags;
use crate::witnesses::WitnessFlags;

/// What `--version` says.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    fasti_flags::long_version(fasti_flags::features![
        "aws-kms",
        "azure",
        "gcp-kms",
        "gcs",
        "grpc",
        "http-client",
        "otlp",
        "pgp",
        "s3",
        "tls",
        "witnesses"
    ])
});

/// A transparency log writer: accepts submissions, verifies them and publishes a tiled log.
#[derive(Debug, Parser)]
#[command(version, long_version = LONG_VERSION.as_str(), about, max_term_width = 100)]
pub struct Flags {
    /// Where to store the log: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX for
    /// any number of writers; a directory or file://DIRECTORY for a single writer; memory: for a
    /// trial that leaves nothing behind.
    #[arg(long, env = "FASTI_STORE", default_value = "./fasti-data")]
    pub store: StoreLocation,

    /// Address to listen on.
    #[arg(long, env = "FASTI_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: String,

    /// The log's name in its checkpoints: the URL that readers use, without the scheme. The origin
    /// of a log never changes.
    #[arg(long, env = "FASTI_ORIGIN", default_value = "localhost")]
    pub origin: Origin,

    /// Serve HTTPS with this certificate chain: PEM, the writer's certificate first. The files are
    /// reloaded when they change, and on SIGHUP.
    #[arg(long, env = "FASTI_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key: PEM, in PKCS #8, SEC 1 or PKCS #1 form.
    #[arg(long, env = "FASTI_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Accept opaque entries at POST /add, where the body is the entry.
    #[arg(long, env = "FASTI_ACCEPT_OPAQUE")]
    pub accept_opaque: bool,

    /// What to do with an entry that is already in the log.
    #[arg(long, env = "FASTI_DUPLICATES", default_value = "answer")]
    pub duplicates: DuplicatesFlag,

    /// Which kinds of entries to accept, separated by commas, such as hashedrekord,dsse [default:
    /// all]. Existing entries of other kinds stay readable.
    #[arg(long, env = "FASTI_ENTRY_KINDS", value_name = "KINDS", value_delimiter = ',',
          value_parser = entry_kind)]
    pub entry_kinds: Vec<String>,

    /// Keep what was signed beside the entries that have only its hash: payloads of dsse and intoto
    /// entries, and COSE messages. Everybody can read them, and find the entries by what in-toto
    /// statements are about. Give it to all writers of a log.
    #[arg(long, env = "FASTI_STORE_ATTESTATIONS", help_heading = "Attestations")]
    pub store_attestations: bool,

    /// Maximum bytes of an attestation that is kept; entries with longer ones are logged without.
    #[arg(long, env = "FASTI_ATTESTATION_BYTES_MAX", default_value_t = 102_400,
          value_parser = clap::value_parser!(u32).range(1..=ATTESTATION_BYTES_MAX as i64),
          help_heading = "Attestations")]
    pub attestation_bytes_max: u32,

    /// The key that signs for clients of Rekor v1: a file, or a key in a key service, as for --key.
    /// Most of them know only ECDSA on P-256 [default: the log's own key]
    #[arg(long, env = "FASTI_REKOR_V1_KEY", value_name = "KEY", help_heading = "Rekor v1")]
    pub rekor_v1_key: Option<KeyLocation>,

    /// What clients of Rekor v1 get for an entry that is already in the log. Rekor rejects it, and
    /// some clients take that for a failure.
    #[arg(
        long,
        env = "FASTI_REKOR_V1_DUPLICATES",
        default_value = "reject",
        help_heading = "Rekor v1"
    )]
    pub rekor_v1_duplicates: DuplicatesFlag,

    /// Maximum MiB of a proposed entry of Rekor v1, which can hold a whole package.
    #[arg(long, env = "FASTI_REKOR_V1_MAX_BODY_MIB", default_value_t = 32,
          value_parser = clap::value_parser!(u32).range(1..=48), help_heading = "Rekor v1")]
    pub rekor_v1_max_body_mib: u32,

    /// The logs before this one.
    #[command(flatten)]
    pub rekor_v1_shards: ShardFlags,

    /// Allow scripts on web pages of these sites to submit: scheme and host, such as
    /// https://ui.example.org, or `*` for all sites. Without this flag, pages of other sites can
    /// read but not submit.
    #[arg(long, env = "FASTI_CORS_SUBMIT", value_name = "SITE", value_delimiter = ',')]
    pub cors_submit: Vec<Site>,

    /// Maximum number of entries in one batch.
    #[arg(long, env = "FASTI_BATCH_MAX_ENTRIES", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_max_entries: u32,

    /// Maximum number of entries waiting for a batch; further ones are refused with 503.
    #[arg(long, env = "FASTI_POOL_MAX_ENTRIES", default_value_t = 16_384,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub pool_max_entries: u32,

    /// Maximum MiB of unfinished bundles rewritten per second, on top of eight times the bytes
    /// accepted; entries wait when this is used up [default: 32 on a bucket, else 128]
    #[arg(long, env = "FASTI_REWRITE_MIB_PER_SECOND",
          value_parser = clap::value_parser!(u64).range(17..=65_536))]
    pub rewrite_mib_per_second: Option<u64>,

    /// Address to serve Prometheus metrics on, at /metrics.
    #[arg(long, env = "FASTI_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,

    /// How often to sign and publish a new checkpoint when the log is idle, in seconds.
    #[arg(long, env = "FASTI_REPUBLISH_SECONDS", default_value_t = 3600,
          value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub republish_seconds: u64,

    /// Maximum number of open connections.
    #[arg(long, env = "FASTI_CONNECTIONS_MAX", default_value_t = 8192,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub connections_max: u32,

    /// How long to wait for a complete request head, in seconds: on a new connection, and between
    /// two requests.
    #[arg(long, env = "FASTI_HEAD_TIMEOUT_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub head_timeout_seconds: u64,

    /// How long to wait for a complete request body, in seconds.
    #[arg(long, env = "FASTI_BODY_TIMEOUT_SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub body_timeout_seconds: u64,

    /// Accept a directory restored from a backup, or check that a bucket was not rolled back: the
    /// size of the newest checkpoint of this log that anyone has seen. The writer refuses to start
    /// if the store has less, or if there is no restored copy to accept. For one start only.
    #[arg(long, env = "FASTI_RESTORED_AT", value_name = "SIZE")]
    pub restored_at: Option<TreeSize>,

    /// URL at which the other writers of a bucket reach this one, or `auto`: the address of this
    /// machine from which it reaches others [default: the listen address]
    #[arg(long, env = "FASTI_ADVERTISE", value_name = "URL", help_heading = "Several writers")]
    pub advertise: Option<String>,

    /// A file, or an open one (fd:3), with a secret shared by all writers of the log and nobody
    /// else; or set FASTI_PEER_SECRET_TEXT to the secret itself [default: the log's key file]
    #[arg(long, env = "FASTI_PEER_SECRET", value_name = "FILE", help_heading = "Several writers")]
    pub peer_secret: Option<PathBuf>,

    /// A PEM file of the CA certificates to trust for other writers at https:// addresses [default:
    /// the system's]
    #[arg(long, env = "FASTI_PEER_CA", value_name = "FILE", help_heading = "Several writers")]
    pub peer_ca: Option<PathBuf>,

    /// How long a leader can be silent before another writer takes over, in milliseconds.
    #[arg(long, env = "FASTI_TAKEOVER_MILLISECONDS", default_value_t = 2000,
          value_parser = clap::value_parser!(u64).range(100..=3_600_000),
          help_heading = "Several writers")]
    pub takeover_milliseconds: u64,

    /// How long to keep accepting submissions after SIGTERM or SIGINT, in seconds. /readyz fails
    /// meanwhile, so that load balancers notice [default: 5 on a bucket, else 0]
    #[arg(long, env = "FASTI_DRAIN_SECONDS",
          value_parser = clap::value_parser!(u64).range(0..=3600),
          help_heading = "Several writers")]
    pub drain_seconds: Option<u64>,

    /// Minimum time between two batches, in milliseconds [default: 1100 on gs://, which allows one
    /// write per second to the same object; else 0]
    #[arg(long, env = "FASTI_BATCH_PACE_MILLISECONDS",
          value_parser = clap::value_parser!(u64).range(0..=60_000), help_heading = "Buckets")]
    pub batch_pace_milliseconds: Option<u64>,

    /// Who may write, and how much.
    #[command(flatten)]
    pub admission: AdmissionFlags,

    /// The witnesses.
    #[command(flatten)]
    pub witnesses: WitnessFlags,

    /// The lookup index.
    #[command(flatten)]
    pub lookup: LookupFlags,

    /// The heads that are kept.
    #[command(flatten)]
    pub heads: HeadsFlags,

    /// The log's keys.
    #[command(flatten)]
    pub keys: KeyFlags,

    /// This machine.
    #[command(flatten)]
    pub machine: MachineFlags,

    /// Further options for buckets.
    #[command(flatten)]
    pub bucket: BucketFlags,

    /// The messages.
    #[command(flatten)]
    pub messages: MessageFlags,

    /// The traces.
    #[command(flatten)]
    pub traces: TraceFlags,

    /// The configuration file.
    #[command(flatten)]
    pub config: ConfigFlags,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub verb: Option<ConfigVerb>,
}

/// See [`Duplicates`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DuplicatesFlag {
    /// Answer 201 with the existing entry.
    Answer,
    /// Answer 409 with its index in the header x-log-index.
    Reject,
}

impl From<DuplicatesFlag> for Duplicates {
    fn from(flag: DuplicatesFlag) -> Self {
        match flag {
            DuplicatesFlag::Answer => Self::Answer,
            DuplicatesFlag::Reject => Self::Reject,
        }
    }
}

/// The name of a kind of entry that a log can take.
fn entry_kind(name: &str) -> Result<String, String> {
    let mut known: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    known.sort_unstable();
    if known.contains(&name) {
        Ok(name.to_owned())
    } else {
        Err(format!("there is no such kind; the kinds are {}", known.join(", ")))
    }
}

impl ServerFlags for Flags {
    const PROGRAM: &'static str = "fasti-writer";
    const SECRETS: &'static [SecretVariable] = &[
        SecretVariable { text: "FASTI_KEY_TEXT", file: "FASTI_KEY" },
        SecretVariable { text: "FASTI_PEER_SECRET_TEXT", file: "FASTI_PEER_SECRET" },
    ];

    fn check(&self) -> anyhow::Result<()> {
        self.admission.check(self.accept_opaque)?;
        self.bucket.options()?;
        advertise::check(self.advertise.as_deref())
    }

    fn verb(&self) -> Option<ConfigVerb> {
        self.verb
    }

    fn messages(&self) -> &MessageFlags {
        &self.messages
    }

    fn exit_code(error: &anyhow::Error) -> u8 {
        let is_refusal = error.chain().any(|cause| {
            let recover = cause.downcast_ref::<RecoverError>();
            let store = cause.downcast_ref::<OpenStoreError>();
            recover.is_some_and(RecoverError::is_refusal)
                || store.is_some_and(OpenStoreError::is_refusal)
        });
        if is_refusal { REFUSED } else { FAILED }
    }
}

impl Flags {
    /// The limits of the log.
    pub fn log_config(&self) -> LogConfig {
        LogConfig {
            batch_entries_max: self.batch_max_entries as usize,
            pool_entries_max: self.pool_max_entries as usize,
            republish_interval: Duration::from_secs(self.republish_seconds),
            takeover_after: Duration::from_millis(self.takeover_milliseconds),
            ping_interval: Duration::from_millis((self.takeover_milliseconds / 4).max(25)),
            batch_pace: self.batch_pace(),
            rewrite_rate: self.rewrite_rate(),
            keeps_attestations: self.store_attestations,
            size_seen: self.restored_at,
            ..LogConfig::default()
        }
    }

    fn is_on_bucket(&self) -> bool {
        matches!(self.store, StoreLocation::Bucket(_))
    }

    fn batch_pace(&self) -> Duration {
        const GCS_PACE: u64 = 1100;
        let default = match &self.store {
            StoreLocation::Bucket(BucketLocation { cloud: Cloud::Gcs, .. }) => GCS_PACE,
            _ => 0,
        };
        Duration::from_millis(self.batch_pace_milliseconds.unwrap_or(default))
    }

    /// Lower on a bucket, where bundles are compressed first and sent over a network.
    fn rewrite_rate(&self) -> u64 {
        let default = if self.is_on_bucket() { 32 } else { 128 };
        self.rewrite_mib_per_second.unwrap_or(default) << 20
    }

    /// How long to continue after a signal to stop.
    pub fn drain_time(&self) -> Duration {
        const BUCKET_DRAIN: u64 = 5;
        let default = if self.is_on_bucket() { BUCKET_DRAIN } else { 0 };
        Duration::from_secs(self.drain_seconds.unwrap_or(default))
    }

    /// The configuration of the HTTP server.
    pub fn http_config(
        &self,
        admission: Arc<Admission>,
        peer_secret: Option<PeerSecret>,
        writer_address: String,
        rekor_v1_guard: Arc<RekorV1Guard>,
        rekor_v1_shards: InactiveShards,
    ) -> HttpConfig {
        HttpConfig {
            accept_opaque: self.accept_opaque,
            duplicates: self.duplicates.into(),
            kinds: match &self.entry_kinds[..] {
                [] => EntryKinds::default(),
                kinds => EntryKinds::only(kinds.iter().cloned()),
            },
            rekor_v1: RekorV1Config {
                duplicates: self.rekor_v1_duplicates.into(),
                guard: Some(rekor_v1_guard),
                shards: rekor_v1_shards,
            },
            packed_bytes_max: None,
            attestation_bytes_max: self
                .store_attestations
                .then_some(self.attestation_bytes_max as usize),
            limits: Limits {
                server: ServerLimits {
                    connections_max: self.connections_max as usize,
                    head_timeout: Duration::from_secs(self.head_timeout_seconds),
                    body_timeout: Duration::from_secs(self.body_timeout_seconds),
                    ..ServerLimits::default()
                },
                v1_body_bytes_max: (self.rekor_v1_max_body_mib as usize) << 20,
                ..Limits::default()
            },
            admission,
            submitting_sites: self.cors_submit.clone(),
            peer_secret,
            writer_address,
            tracer: None,
        }
    }
}
