//! A running `fasti serve`, and a client that sees heads and bodies as they are.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::process::Process;
use serde_json::Value;

use crate::world::World;

/// Where a server could remember something.
pub const STATE: &str = "state-of-servers";

/// A running server.
pub struct Server {
    pub process: Process,
    pub address: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub url: String,
}

/// Serves the log at a place, as the world's user trusts it.
pub fn serve(world: &World, log: &str, flags: &[&str]) -> Server {
    let all = [&["serve", "--log", log, "--listen", "127.0.0.1:0"], flags].concat();
    let state = world.path(STATE).display().to_string();
    let variables = [("FASTI_VKEY", world.vkey()), ("XDG_STATE_HOME", &state)];
    let command = world.command(&variables, &all);
    let mut process = Process::spawn(command);
    let started = process.expect_started();
    let (address, metrics, url) = (started.address, started.metrics, started.url);
    Server { process, address, metrics, url }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut fields = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields.next().map(|(_, value)| value.trim())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("JSON: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Server {
    pub fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, &[], b"")
    }

    pub fn get_with(&self, path: &str, fields: &[&str]) -> Answer {
        ask(self.address, "GET", path, fields, b"")
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        ask(self.address, "POST", path, &["content-type: application/json"], body.as_bytes())
    }

    /// The value of a metric.
    pub fn metric(&self, name: &str) -> u64 {
        let address = self.metrics.expect("it serves metrics");
        let all = ask(address, "GET", "/metrics", &[], b"").text();
        let value = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {all}"))
    }

    /// Waits until the server answers a path with what is expected.
    pub fn wait_for(&self, path: &str, what: &str, expected: impl Fn(&Answer) -> bool) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.get(path);
            if expected(&answer) {
                return answer;
            }
            let said = self.process.said();
            assert!(began.elapsed() < Duration::from_secs(20), "{what}: {answer:?}, {said}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Asks over a connection of its own. The answer must not be chunked.
pub fn ask(address: SocketAddr, method: &str, path: &str, fields: &[&str], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    let length = format!("content-length: {}", body.len());
    let fields = [&["host: log", "connection: close", &length], fields].concat().join("\r\n");
    let head = format!("{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).expect("it takes the request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}

/// The paths of all files below a directory.
pub fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path);
            }
        }
    }
    let name = |path: std::path::PathBuf| {
        let path = path.strip_prefix(directory).expect("below it").to_owned();
        path.display().to_string()
    };
    found.into_iter().map(name).collect()
}
