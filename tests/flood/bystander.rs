//! The other client: submits one entry after another, each over its own connection.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::source;

/// How long it waits for an answer.
const GIVES_UP: Duration = Duration::from_secs(10);
/// The pause between two submissions.
const PAUSE: Duration = Duration::from_millis(10);

/// A client that is not part of the flood.
pub struct Bystander {
    writer: SocketAddr,
    from: Ipv4Addr,
    next: u64,
    times: Vec<Duration>,
    refusals: Vec<String>,
}

impl Bystander {
    pub fn new(writer: SocketAddr, from: Ipv4Addr) -> Self {
        Self { writer, from, next: 0, times: Vec::new(), refusals: Vec::new() }
    }

    /// Submits for this long.
    pub fn watch(mut self, lasts: Duration) -> Self {
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            self.submit();
            thread::sleep(PAUSE);
        }
        self.times.sort();
        self
    }

    /// Submits one entry.
    pub fn submit(&mut self) {
        let begun = Instant::now();
        self.next += 1;
        let entry = format!("{:?} {}", begun, self.next);
        match exchange(self.writer, self.from, entry.as_bytes()) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => self.times.push(begun.elapsed()),
            Ok(answer) => self.refusals.push(answer.lines().next().unwrap_or_default().to_owned()),
            Err(error) => self.refusals.push(error.to_string()),
        }
    }

    pub fn answers(&self) -> usize {
        self.times.len()
    }

    pub fn refused(&self) -> usize {
        self.refusals.len()
    }

    pub fn why(&self) -> String {
        self.refusals.first().cloned().unwrap_or_default()
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get(last * percent / 100).copied().unwrap_or(GIVES_UP)
    }
}

fn exchange(writer: SocketAddr, from: Ipv4Addr, entry: &[u8]) -> std::io::Result<String> {
    let socket: OwnedFd = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &source(from))?;
    connect(&socket, &writer)?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(GIVES_UP))?;
    stream.set_write_timeout(Some(GIVES_UP))?;
    let head = format!(
        "POST /add HTTP/1.1\r\nHost: log.test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        entry.len()
    );
    stream.write_all(&[head.as_bytes(), entry].concat())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
