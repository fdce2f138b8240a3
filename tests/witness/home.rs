//! A witness at home: its keys, its state and its list of logs, which outlive it.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use fasti_kit::http::{Answer, Connection};
use fasti_kit::process::{Process, Started, program};
use tempfile::TempDir;
use tiles_spec::{CosigningKey, TreeCosigningKey, VerifierKey};

/// What outlives a witness.
pub struct Home {
    dir: TempDir,
    seed: u8,
}

/// A running witness; killed when dropped.
pub struct Witness {
    pub process: Process,
    pub address: SocketAddr,
    pub metrics: Option<SocketAddr>,
}

impl Home {
    /// An empty one, with both kinds of keys.
    pub fn new() -> Self {
        Self::seeded(1)
    }

    /// The same with other keys.
    pub fn seeded(seed: u8) -> Self {
        let home = Self { dir: tempfile::tempdir().expect("a directory"), seed };
        home.secret("ed25519.key", &home.ed25519().to_private_string());
        home.secret("ml-dsa.key", &home.ml_dsa().to_private_string());
        home.list(&[]);
        home
    }

    pub fn name(&self) -> String {
        format!("w{}.test", self.seed)
    }

    pub fn ed25519(&self) -> CosigningKey {
        CosigningKey::from_seed(self.name().parse().expect("a name"), &[self.seed; 32])
    }

    pub fn ml_dsa(&self) -> TreeCosigningKey {
        let name = self.name().parse().expect("a name");
        TreeCosigningKey::from_seed(name, &[self.seed + 100; 32]).expect("a short name")
    }

    /// Its keys, in the order of their lines.
    pub fn keys(&self) -> [VerifierKey; 2] {
        [self.ed25519().verifier_key().clone(), self.ml_dsa().verifier_key().clone()]
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file that only its owner may read.
    pub fn secret(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    }

    /// Lists these logs.
    pub fn list(&self, keys: &[&VerifierKey]) {
        let line = |key: &&VerifierKey| format!("vkey {key}\n");
        let lines: String = keys.iter().map(line).collect();
        fs::write(self.path("logs"), format!("logs/v0\n{lines}")).expect("a file");
    }

    /// The command, with all keys unless the flags name some.
    pub fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(program("fasti-witness"));
        command.env_clear().args(["--state", &self.text("state"), "--logs", &self.text("logs")]);
        if !flags.contains(&"--key") {
            command.args(["--key", &self.text("ed25519.key"), "--key", &self.text("ml-dsa.key")]);
        }
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        command
    }

    /// Starts a witness.
    pub fn start(&self, flags: &[&str]) -> Witness {
        self.start_with(&[], flags)
    }

    /// Starts a witness with these variables.
    pub fn start_with(&self, variables: &[(&str, &str)], flags: &[&str]) -> Witness {
        let mut command = self.command(flags);
        command.envs(variables.iter().copied());
        let mut process = Process::spawn(command);
        let Started { address, metrics, .. } = process.expect_started();
        Witness { process, address, metrics }
    }

    /// Starts a witness that is expected to refuse. Returns what it said.
    pub fn refusal(&self, flags: &[&str]) -> String {
        let ended = self.command(flags).output().expect("it runs");
        let said = String::from_utf8(ended.stderr).expect("text");
        assert!(matches!(ended.status.code(), Some(1..=3)), "{}: {said}", ended.status);
        assert!(
            said.lines().last().is_some_and(|line| line.starts_with("fasti-witness: ")),
            "{said}"
        );
        said
    }
}

impl Witness {
    pub fn connect(&self) -> Connection {
        Connection::open(self.address).expect("it listens")
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.connect().post(path, body).expect("an answer")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.connect().get(path).expect("an answer")
    }

    /// The number of a metric.
    pub fn metric(&self, name: &str) -> u64 {
        let address = self.metrics.expect("it serves metrics");
        let answer =
            Connection::open(address).expect("it listens").get("/metrics").expect("metrics");
        let text = String::from_utf8(answer.body).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
    }
}
