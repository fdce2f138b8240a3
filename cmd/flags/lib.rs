//! The configuration that the binaries share: flags, each with an environment variable.
//!
//! This is where the environment is read, except for what a store's own library reads itself (above
//! all, credentials).

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tiles_spec::Origin;

use fasti::signer::{KeyLocation, OpenKeyError, OpenedKey, Password, SignedMemory};
use fasti::state::{StateDir, StateDirError, try_to_write};
use fasti::store::{BucketOptions, DirectoryOptions, Encryption, FileSystemKind};

/// The flags for a log's keys.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Keys")]
pub struct KeyFlags {
    /// The log's key: a file (see `fasti keygen`), awskms://[ENDPOINT]/ID, or gcpkms://NAME
    /// [default, for a directory: a file below keys/ in the state directory, created at the first
    /// start]
    #[arg(long, env = "FASTI_KEY", value_name = "FILE|URL")]
    pub key: Option<KeyLocation>,

    /// A file whose first line is the password of encrypted key files; or set FASTI_KEY_PASSWORD
    #[arg(long, env = "FASTI_KEY_PASSWORD_FILE", value_name = "FILE")]
    pub key_password_file: Option<PathBuf>,

    /// The password itself. Environment only: others can read command lines.
    #[arg(long, env = "FASTI_KEY_PASSWORD", hide = true, hide_env_values = true)]
    pub key_password: Option<Password>,

    /// An ML-DSA-44 key file, for a further line in checkpoints; clients that do not support it
    /// ignore the line
    #[arg(long, env = "FASTI_ML_DSA_KEY", value_name = "FILE")]
    pub ml_dsa_key: Option<PathBuf>,

    /// The endpoint of the key service, if it is not the cloud's own
    #[arg(long, env = "FASTI_KMS_ENDPOINT", value_name = "URL")]
    pub kms_endpoint: Option<String>,
}

impl KeyFlags {
    /// The password of encrypted key files, if one was given; if its file cannot be read, the file
    /// and the reason.
    pub fn password(&self) -> Result<Option<Password>, UnreadablePassword> {
        let password = match &self.key_password_file {
            Some(path) => {
                let unreadable =
                    |source| UnreadablePassword { path: path.display().to_string(), source };
                Some(Password::of_file(&std::fs::read_to_string(path).map_err(unreadable)?))
            }
            None => self.key_password.clone(),
        };
        Ok(password.filter(|password| !password.is_empty()))
    }

    /// Opens the key at `place` with these settings.
    pub async fn open(&self, place: &KeyLocation, origin: Origin) -> Result<OpenedKey, KeyError> {
        let password = self.password()?;
        let key = OpenedKey::open(place, origin, password.as_ref(), self.kms_endpoint()).await?;
        Ok(match &self.ml_dsa_key {
            Some(path) => key.with_ml_dsa(path, password.as_ref())?,
            None => key,
        })
    }

    /// The endpoint of the key service, if one was given. An empty variable counts as not set.
    pub fn kms_endpoint(&self) -> Option<&str> {
        self.kms_endpoint.as_deref().filter(|url| !url.is_empty())
    }
}

/// The password file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the key's password from {path}")]
pub struct UnreadablePassword {
    path: String,
    #[source]
    source: std::io::Error,
}

/// The key named by the flags cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Its password cannot be read.
    #[error(transparent)]
    Password(#[from] UnreadablePassword),
    /// The key itself cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenKeyError),
}

/// The flags for this machine: where things are remembered, and what is trusted.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "This machine")]
pub struct MachineFlags {
    /// The directory for everything that is remembered outside the store, above all what the log's
    /// key has signed [default: $STATE_DIRECTORY, $XDG_STATE_HOME/fasti or ~/.local/state/fasti]
    #[arg(long, env = "FASTI_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Accept a directory on this kind of file system, because you know that its locks and flushes
    /// are reliable
    #[arg(long, env = "FASTI_TRUST_FILE_SYSTEM", value_name = "KIND")]
    pub trust_file_system: Option<FileSystemKind>,
}

/// Nothing can be remembered outside the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoState {
    /// No state directory is given.
    #[error("no state directory is known: give --state-dir DIR, or set HOME")]
    Unnamed,
    /// It cannot be used.
    #[error("the state directory cannot be used; name another with --state-dir DIR")]
    Unusable(#[from] StateDirError),
}

impl MachineFlags {
    /// Opens the state directory, ready to be written to.
    pub fn state(&self) -> Result<StateDir, NoState> {
        let root = self.state_dir.clone().or_else(|| default_state_dir(&|n| std::env::var_os(n)));
        Ok(StateDir::open(&root.ok_or(NoState::Unnamed)?)?)
    }

    /// How to open a directory.
    pub fn directory_options(&self) -> DirectoryOptions {
        DirectoryOptions {
            trusted_file_system: self.trust_file_system,
            ..DirectoryOptions::default()
        }
    }
}

/// The state directory of the service or user.
fn default_state_dir(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: &Path| path.is_absolute().then(|| path.to_owned());
    // systemd separates several with colons.
    let services = variable("STATE_DIRECTORY");
    let first = services.and_then(|all| absolute(&std::env::split_paths(&all).next()?));
    let of = |name| absolute(Path::new(&variable(name)?));
    let users = || of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")));
    first.or_else(|| Some(users()?.join("fasti")))
}

/// Returns the memory of what the log's key has signed: in the state directory, together with what
/// earlier releases have remembered next to the key. Without a state directory the memory is kept
/// next to the key, if possible, as in those releases; and the missing directory is reported.
pub fn memory(
    key: &OpenedKey,
    state: Result<StateDir, NoState>,
) -> (Option<SignedMemory>, Option<NoState>) {
    let beside = key.file.as_deref().map(SignedMemory::beside);
    let path = state.and_then(|state| Ok(state.memory(&key.signer.verifier_key())?));
    match (path.map(SignedMemory::at), beside) {
        (Ok(memory), Some(beside)) => (Some(memory.and_legacy(beside.path().to_owned())), None),
        (Ok(memory), None) => (Some(memory), None),
        (Err(missing), beside) => {
            let can_write = |memory: &SignedMemory| try_to_write(memory.path()).is_ok();
            (beside.filter(can_write), Some(missing))
        }
    }
}

/// The flags for a bucket, in addition to its location.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Buckets")]
pub struct BucketFlags {
    /// The endpoint of the store, if it is not the cloud's own
    ///
    /// Over http:// (on this machine, for tests), GCS gets no credentials.
    #[arg(long, global = true, env = "FASTI_STORE_ENDPOINT", value_name = "URL")]
    pub store_endpoint: Option<String>,

    /// The region of an S3 bucket, if it is not the one from the environment or the profile
    #[arg(long, global = true, env = "FASTI_STORE_REGION", value_name = "REGION")]
    pub store_region: Option<String>,

    /// Put the name of an S3 bucket in the path of URLs, not in the host [default: true with an
    /// endpoint]
    #[arg(
        long,
        global = true,
        env = "FASTI_STORE_PATH_STYLE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub store_path_style: Option<bool>,

    /// Send ETags without quotes, as some older Ceph gateways require
    #[arg(
        long,
        global = true,
        env = "FASTI_STORE_UNQUOTED_ETAGS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub store_unquoted_etags: Option<bool>,

    /// How S3 encrypts objects at rest [default: as set for the bucket]
    #[arg(long, global = true, env = "FASTI_STORE_SSE", value_name = "KIND")]
    pub store_sse: Option<Sse>,

    /// The key of the key management service for S3 to encrypt with; implies --store-sse kms
    #[arg(long, global = true, env = "FASTI_STORE_KMS_KEY", value_name = "KEY")]
    pub store_kms_key: Option<String>,

    /// The storage class (on Azure, access tier) of tiles and entry bundles
    #[arg(long, global = true, env = "FASTI_STORE_CLASS", value_name = "CLASS")]
    pub store_class: Option<String>,
}

/// Encryption at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sse {
    /// With the store's own keys
    S3,
    /// With a key of the key management service
    Kms,
}

/// Flags that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--store-kms-key goes with --store-sse kms, not with s3")]
pub struct ConflictingEncryption;

impl BucketFlags {
    /// Converts the flags to the settings of a store.
    pub fn options(&self) -> Result<BucketOptions, ConflictingEncryption> {
        // An empty variable counts as not set.
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let encryption = match (self.store_sse, said(&self.store_kms_key)) {
            (None, None) => Encryption::BucketDefault,
            (Some(Sse::S3), None) => Encryption::StoreKeys,
            (Some(Sse::S3), Some(_)) => return Err(ConflictingEncryption),
            (Some(Sse::Kms) | None, key) => Encryption::Kms(key),
        };
        Ok(BucketOptions {
            endpoint: said(&self.store_endpoint),
            region: said(&self.store_region),
            path_style: self.store_path_style,
            unquoted_etags: self.store_unquoted_etags.unwrap_or_default(),
            encryption,
            storage_class: said(&self.store_class),
            keys: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        bucket: BucketFlags,
        #[arg(value_name = "REST")]
        rest: Vec<String>,
    }

    fn options(flags: &[&str]) -> Result<BucketOptions, ConflictingEncryption> {
        let arguments = ["program"].iter().chain(flags);
        let program = Program::try_parse_from(arguments).unwrap();
        assert!(program.rest.iter().all(|rest| rest == "rest"));
        program.bucket.options()
    }

    #[test]
    fn flags_become_settings() {
        assert_eq!(options(&[]), Ok(BucketOptions::default()));
        let set = options(&[
            "--store-endpoint=http://127.0.0.1:9000",
            "--store-path-style",
            "rest",
            "--store-unquoted-etags",
            "--store-class=STANDARD_IA",
        ]);
        let expected = BucketOptions {
            endpoint: Some("http://127.0.0.1:9000".into()),
            path_style: Some(true),
            unquoted_etags: true,
            storage_class: Some("STANDARD_IA".into()),
            ..BucketOptions::default()
        };
        assert_eq!(set, Ok(expected));
        assert_eq!(options(&["--store-path-style=false"]).unwrap().path_style, Some(false));
    }

    #[test]
    fn encryption_is_one_thing() {
        let encryption = |flags: &[&str]| options(flags).map(|options| options.encryption);
        assert_eq!(encryption(&["--store-sse=s3"]), Ok(Encryption::StoreKeys));
        assert_eq!(encryption(&["--store-sse=kms"]), Ok(Encryption::Kms(None)));
        let with_key = Ok(Encryption::Kms(Some("k".into())));
        assert_eq!(encryption(&["--store-kms-key=k"]), with_key);
        assert_eq!(
            encryption(&["--store-kms-key=k", "--store-sse=s3"]),
            Err(ConflictingEncryption)
        );
    }

    #[test]
    fn the_state_directory_is_where_services_and_users_expect_it() {
        let state = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<_, _> = variables.iter().copied().collect();
            let found = default_state_dir(&|name| Some(variables.get(name)?.into()));
            found.map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/me");
        assert_eq!(state(&[home]), Some("/home/me/.local/state/fasti".into()));
        let xdg = ("XDG_STATE_HOME", "/state");
        assert_eq!(state(&[home, xdg]), Some("/state/fasti".into()));
        let service = ("STATE_DIRECTORY", "/var/lib/fasti:/var/lib/more");
        assert_eq!(state(&[home, xdg, service]), Some("/var/lib/fasti".into()));
        for name in ["STATE_DIRECTORY", "XDG_STATE_HOME"] {
            for none in ["", "relative"] {
                let found = state(&[home, (name, none)]);
                assert_eq!(found, Some("/home/me/.local/state/fasti".into()), "{name}={none}");
            }
        }
        assert_eq!((state(&[]), state(&[("HOME", "")])), (None, None));
    }
}
