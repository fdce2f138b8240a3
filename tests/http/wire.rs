//! A client that sends exactly the bytes it is given and reads answers according to RFC 9112.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::description;

/// How long to wait for anything before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a field that occurs at most once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is given twice: {:?}", self.fields);
        value
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.field("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Checks that this is an error in the form Sigstore's clients expect, with this status and a
    /// message that contains `words`.
    #[track_caller]
    pub fn refuses(&self, row: &str, status: u16, words: &str) {
        assert_eq!(self.status, status, "{row}: {} {}", self.status, self.text());
        let error = self.json();
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(words), "{row}: {message}");
        assert!(message.len() < 1000, "{row}: a message of {} bytes", message.len());
        assert!(error["code"].as_u64().is_some_and(|code| code <= 16), "{row}: {error}");
        assert_eq!(error["details"], serde_json::json!([]), "{row}");
        // A connection that is refused brings no request.
        let id = self.field("x-request-id");
        assert_eq!(error["requestId"].as_str(), id, "{row}");
        let members = 3 + usize::from(id.is_some());
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(members), "{row}: {error}");
        assert_eq!(self.field("cache-control"), Some("no-store"), "{row}: errors are not cached");
    }
}

/// The bytes of a request. A Content-Length is added unless `fields` give the body's length.
pub fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: log.test\r\n").into_bytes();
    for (name, value) in fields {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    let framing = |name: &str| {
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    };
    if !fields.iter().any(|(name, _)| framing(name)) && (method == "POST" || !body.is_empty()) {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// A body as one chunk and the last chunk.
pub fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !body.is_empty() {
        bytes.extend(format!("{:x}\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    exchange(address, "GET", path, &[], b"")
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    exchange(address, "POST", path, &[], body)
}

/// Posts what says of itself that it is JSON, as Rekor v1's API wants it.
pub fn post_json(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    exchange(address, "POST", path, &[("Content-Type", "application/json")], body)
}

/// Sends one request on its own connection; the answer must match the OpenAPI document.
#[track_caller]
pub fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let answer = ask(address, method, target, fields, body);
    description::describes(method, target, &answer);
    answer
}

/// Sends one request on its own connection.
#[track_caller]
pub fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut wire = Wire::connect(address);
    assert!(wire.send(&request(method, target, fields, body)), "{method} {target}: cut off");
    wire.answer_to(method).unwrap_or_else(|| panic!("{method} {target}: closed without an answer"))
}

/// A connection.
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the writer listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, received: Vec::new() }
    }

    /// Sends as much as the other side accepts. Returns whether that was all.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        match self.stream.write_all(bytes) {
            Ok(()) => true,
            Err(error) if is_close(error.kind()) => false,
            Err(error) => panic!("cannot send: {error}"),
        }
    }

    /// Closes the sending side.
    pub fn finish(&self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// The next answer to a method that has bodies; `None` if the connection was closed instead.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET")
    }

    /// The next answer to this method; `None` if the connection was closed instead.
    pub fn answer_to(&mut self, method: &str) -> Option<Answer> {
        loop {
            let end = self.head_end()?;
            let head = String::from_utf8(self.take(end)).expect("an ASCII head");
            let mut lines = head.lines();
            let status = lines.next().expect("a status line");
            let status: u16 = status[9..12].parse().expect("a status");
            let fields = lines.take_while(|line| !line.is_empty()).map(|line| {
                let (name, value) = line.split_once(':').expect("a field");
                (name.to_owned(), value.trim().to_owned())
            });
            let mut answer = Answer { status, fields: fields.collect(), body: Vec::new() };
            if status == 100 {
                continue;
            }
            let length = answer.field("content-length").map(|n| n.parse().expect("a length"));
            assert_eq!(answer.field("transfer-encoding"), None, "answers have a length");
            if method != "HEAD" && !matches!(status, 204 | 304) {
                let length = length.expect("answers have a length");
                self.read_until(|bytes| (bytes.len() >= length).then_some(0))
                    .expect("a whole body");
                answer.body = self.take(length);
            }
            return Some(answer);
        }
    }

    /// The status line of the next interim answer.
    pub fn interim(&mut self) -> String {
        let end = self.head_end().expect("an interim answer");
        let head = String::from_utf8(self.take(end)).expect("an ASCII head");
        head.trim_end().to_owned()
    }

    fn head_end(&mut self) -> Option<usize> {
        self.read_until(|bytes| bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4))
    }

    /// Waits for the other side to close, and discards what it still sends.
    #[track_caller]
    pub fn is_closed(&mut self) {
        let end = self.read_until(|_| None::<usize>);
        assert_eq!(end, None);
    }

    /// Receives until `done` accepts the bytes received and not yet taken.
    #[track_caller]
    pub fn receives(&mut self, done: impl Fn(&[u8]) -> bool) {
        let found = self.read_until(|bytes| done(bytes).then_some(()));
        assert!(found.is_some(), "closed after {:?}", String::from_utf8_lossy(&self.received));
    }

    /// Receives until `done` finds a match; `None` once the other side has closed.
    #[track_caller]
    fn read_until<T>(&mut self, done: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let mut buffer = [0; 16 << 10];
        loop {
            if let Some(found) = done(&self.received) {
                return Some(found);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(n) => self.received.extend(&buffer[..n]),
                Err(error) if is_close(error.kind()) => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("neither answered nor closed: {error}"),
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.received.split_off(length);
        std::mem::replace(&mut self.received, rest)
    }
}

fn is_close(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
