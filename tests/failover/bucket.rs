//! A bucket for one test: an S3 server in this process, the log's key, and a directory for each
//! writer.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fasti::signer::generate_key_file;
use fasti_buckets::{Conditions, FaultProxy, S3Options, S3Server};
use fasti_kit::http::Connection;
use fasti_kit::process::program;
use tempfile::TempDir;
use tiles_spec::VerifierKey;
use tokio::runtime::Runtime;

use crate::writer::{self, ORIGIN, verifier_key};

/// The log's prefix in the bucket.
pub const PREFIX: &str = "one/";
pub const STORE: &str = "s3://log/one";

/// Flags of writers that take over sooner than on real networks, and do not wait for load
/// balancers.
pub const HASTY: [&str; 4] = ["--takeover-milliseconds", "400", "--drain-seconds", "0"];

/// The bucket; see the module documentation.
pub struct Bucket {
    pub server: S3Server,
    pub runtime: Runtime,
    home: TempDir,
}

impl Bucket {
    /// An empty bucket that anyone can read.
    pub fn new() -> Self {
        Self::with_conditions(Conditions::Kept)
    }

    /// An empty bucket whose store treats conditional writes like this.
    pub fn with_conditions(conditions: Conditions) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let options = S3Options { public: true, conditions, ..S3Options::default() };
        let server = runtime.block_on(S3Server::start(options)).expect("a free port");
        let home = tempfile::tempdir().expect("a directory");
        let origin = ORIGIN.parse().expect("an origin");
        generate_key_file(&home.path().join("log.key"), &origin).expect("a new key");
        Self { server, runtime, home }
    }

    /// A proxy to the server, free of faults at first.
    pub fn line(&self, seed: u64) -> FaultProxy {
        let started = FaultProxy::start(self.server.address(), seed);
        self.runtime.block_on(started).expect("a free port")
    }

    /// A path in this test's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The command of writer `n`. It has its own copy of the key, and so its own memory of what the
    /// key has signed.
    pub fn writer(&self, n: usize) -> Command {
        self.writer_over(&self.server.url(), n)
    }

    /// The command of writer `n`, with another endpoint for the store.
    pub fn writer_over(&self, endpoint: &str, n: usize) -> Command {
        let mut command = writer::command(ORIGIN, "127.0.0.1:0");
        self.tell(&mut command, endpoint, n);
        command
    }

    /// Adds the flags for the store and the key.
    pub fn tell(&self, command: &mut Command, endpoint: &str, n: usize) {
        let key = self.path(&format!("log{n}.key"));
        if !key.exists() {
            std::fs::copy(self.path("log.key"), &key).expect("copied");
        }
        command.args(["--store", STORE, "--store-endpoint", endpoint]).envs(self.account());
        command.arg("--key").arg(key).arg("--state-dir").arg(self.path(&format!("state{n}")));
    }

    /// Adds the flags for the store.
    pub fn tell_store(&self, command: &mut Command) {
        command.args(["--store", STORE, "--store-endpoint", &self.server.url()]);
        command.envs(self.account());
    }

    fn account(&self) -> [(&'static str, String); 3] {
        let options = self.server.options();
        [
            ("AWS_ACCESS_KEY_ID", options.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", options.secret_key.clone()),
            ("AWS_REGION", "nowhere-1".to_owned()),
        ]
    }

    pub fn verifier_key(&self) -> VerifierKey {
        verifier_key(&self.path("log.key"))
    }

    /// Reads the log's objects as any client would: over HTTP, without credentials.
    pub fn reader(&self) -> Reader {
        let patience = Duration::from_secs(20);
        Reader(Connection::open_with(self.server.address(), patience).expect("connects").into())
    }

    /// The names of objects with this prefix, below the log's prefix.
    pub fn names(&self, below: &str) -> Vec<String> {
        let keys = self.server.objects().keys(&format!("{PREFIX}{below}"));
        keys.iter().map(|key| key[PREFIX.len()..].to_owned()).collect()
    }

    /// Runs `fasti fsck` by the bucket's name and by its URL: the log is clean, and so is its index
    /// if there is one.
    pub fn fsck(&self) {
        let has_index = !self.names("lookup/latest").is_empty();
        let url = format!("{}/log/one", self.server.url());
        for log in [STORE, &url] {
            let ended = Command::new(fasti())
                .env_clear()
                .envs(self.account())
                .args(["fsck", "--log", log, "--store-endpoint", &self.server.url()])
                .args(["--vkey", &self.verifier_key().to_string()])
                .args(has_index.then_some("--lookup"))
                .output()
                .expect("the command runs");
            let said = String::from_utf8_lossy(&ended.stdout);
            let error = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success() && said.starts_with("Clean: "), "{said}{error}");
        }
    }
}

/// The command is next to the writer.
pub fn fasti() -> PathBuf {
    let command = program("fasti");
    assert!(command.exists(), "build it first: cargo build --workspace --bins");
    command
}

/// One connection of a reader.
pub struct Reader(std::cell::RefCell<Connection>);

impl Reader {
    /// The object at this path of the log, if it exists.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.0.borrow_mut().get(&format!("/log/{PREFIX}{path}")).expect("an answer");
        match answer.status {
            200 => Some(answer.body),
            404 => None,
            other => panic!("{other} for {path}"),
        }
    }
}
