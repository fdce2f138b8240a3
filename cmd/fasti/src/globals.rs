//! Options common to all verbs: which log, which keys to trust, how to print.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use fasti::client::fetch::{Fetch, IndexElsewhere, Location, Redirects};
use fasti::client::reader::{ReadError, View};
use fasti::client::trust::Trust;
use fasti::store::{BucketOptions, StoreOptions};
use fasti::verify::TrustedRoot;
use fasti::verify::trusted_root::{self, TRUSTED_ROOT_BYTES_MAX};
use fasti_flags::{BucketFlags, MachineFlags};
use tiles_spec::policy::POLICY_BYTES_MAX;
use tiles_spec::{Policy, VerifierKey};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::format::Format;
use crate::terminal;

/// The options common to all verbs.
#[derive(Args)]
pub struct Globals {
    /// The log: its URL, or the bucket (s3, gs, az) or directory that holds it
    #[arg(long, global = true, env = "FASTI_LOG", value_name = "URL|DIR", alias = "rekor_server")]
    pub log: Option<Location>,

    /// A key to trust: the log's verifier key (`fasti-writer` prints it), or a witness's
    ///
    /// Can be repeated; in the environment variable, separate keys with commas.
    #[arg(
        long = "vkey",
        global = true,
        env = "FASTI_VKEY",
        value_delimiter = ',',
        value_name = "NAME+ID+KEY"
    )]
    pub vkeys: Vec<VerifierKey>,

    /// A policy (C2SP tlog-policy): the logs to trust, and which witnesses must have cosigned
    #[arg(long, global = true, env = "FASTI_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,

    /// The output format
    #[arg(long, global = true, value_enum, default_value = "default")]
    pub format: Format,

    /// Follow redirects to other places too, if they are https URLs at public addresses
    ///
    /// Otherwise redirects are followed only within the scheme, host and port that were given.
    #[arg(long, global = true, env = "FASTI_FOLLOW_REDIRECTS")]
    follow_redirects: bool,

    /// Accepted for scripts written for rekor-cli; how long to wait, and how often to try again,
    /// depends on the request
    #[arg(long, global = true, hide = true)]
    timeout: Option<String>,

    /// The same
    #[arg(long, global = true, hide = true)]
    retry: Option<u32>,

    #[command(flatten)]
    buckets: BucketFlags,

    /// Whether the command line names the log, rather than the environment.
    #[arg(skip)]
    pub is_log_named: bool,
}

impl Globals {
    /// The location of the log.
    pub fn location(&self) -> anyhow::Result<&Location> {
        self.log.as_ref().context("no log given: use --log URL|DIR, or set FASTI_LOG")
    }

    /// The files of the log and of its index, which can be at a location of its own.
    pub fn log_and_index(&self, index: Option<&Location>) -> anyhow::Result<Arc<dyn Fetch>> {
        let log = self.open(self.location()?)?;
        Ok(match index {
            Some(index) => Arc::new(IndexElsewhere { log, index: self.open(index)? }),
            None => log,
        })
    }

    /// Opens a location.
    pub fn open(&self, location: &Location) -> anyhow::Result<Arc<dyn Fetch>> {
        Ok(location.open_following(self.redirects(), &self.bucket_options()?)?)
    }

    /// Where redirects may lead.
    pub fn redirects(&self) -> Redirects {
        if self.follow_redirects { Redirects::ToPublic } else { Redirects::WithinOrigin }
    }

    /// The options for buckets.
    pub fn bucket_options(&self) -> anyhow::Result<BucketOptions> {
        Ok(self.buckets.options()?)
    }

    /// How to open stores on this machine.
    pub fn store_options(&self, machine: &MachineFlags) -> anyhow::Result<StoreOptions> {
        Ok(machine.store_options(&self.buckets)?)
    }

    /// Whether keys of tiled logs are given, one by one or in a policy.
    pub fn names_keys(&self) -> bool {
        !self.vkeys.is_empty() || self.policy.is_some()
    }

    /// Whether witnesses must have cosigned.
    pub fn names_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Trust in the given keys, at least one of which must be a log's.
    pub fn trust(&self) -> anyhow::Result<Trust> {
        Ok(self.trusted_root(None)?.trust)
    }

    /// Trust in the given keys, in what a trusted root names, and in the policy's logs; all under
    /// the policy, if there is one.
    pub fn trusted_root(&self, file: Option<&PathBuf>) -> anyhow::Result<TrustedRoot> {
        let mut trusted = TrustedRoot::from(Trust::in_keys(self.vkeys.iter().cloned()));
        if let Some(path) = file {
            let json = files::read(path, TRUSTED_ROOT_BYTES_MAX)?;
            let root = trusted_root::read(&json).with_context(|| path.display().to_string())?;
            for part in &root.left_out {
                terminal::say(&format!("note: left out of {}: {part}", path.display()));
            }
            trusted.trust.logs.extend(root.trust.logs);
            let rekor_v1 = [trusted.rekor_v1, root.rekor_v1].concat();
            trusted = TrustedRoot { trust: trusted.trust, rekor_v1, ..root };
        }
        if self.policy.is_some() {
            trusted.trust = self.under_policy(trusted.trust, None)?;
            // Nobody cosigns the trees of Rekor v1, nor its promises.
            trusted.rekor_v1.clear();
        }
        if trusted.trust.logs.is_empty() && trusted.rekor_v1.is_empty() {
            anyhow::bail!(
                "no log's key to trust: set --vkey or FASTI_VKEY to the verifier key that \
                 `fasti-writer` prints, or name the log in a --policy"
            );
        }
        Ok(trusted)
    }

    /// Trust under the policy in this file, or else in that of the command line, if there is one.
    pub fn under_policy(&self, trust: Trust, policy: Option<&PathBuf>) -> anyhow::Result<Trust> {
        let Some(path) = policy.or(self.policy.as_ref()) else { return Ok(trust) };
        let policy = Policy::parse(&files::read(path, POLICY_BYTES_MAX)?);
        Ok(trust.under(policy.with_context(|| path.display().to_string())?))
    }

    /// The key that names the log; an error unless there is exactly one. Keys for additional
    /// signature lines do not count.
    pub fn log_key(&self) -> anyhow::Result<VerifierKey> {
        let logs = self.trust()?.logs;
        let naming: Vec<_> = logs.iter().filter(|log| !log.key.public_key().cosigns()).collect();
        match naming.as_slice() {
            [log] => Ok(log.key.clone()),
            [] => anyhow::bail!("give the log's own Ed25519 or ECDSA key with --vkey"),
            keys => anyhow::bail!("--vkey gave the keys of {} logs; give only one", keys.len()),
        }
    }

    /// Opens the log at its verified head.
    pub async fn view(&self) -> Result<View, Failure> {
        let trust = self.trust()?;
        let fetch = self.open(self.location()?)?;
        refused_if(View::open(fetch, &trust).await, ReadError::is_refusal)
    }
}
