//! A minimal HTTP client: one connection, one request after another.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use flate2::read::GzDecoder;

/// A connection to a writer.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer, with its body decompressed.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The type of its body; empty if it states none.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects; an answer may take 20 seconds.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_with(address, Duration::from_secs(20))
    }

    /// Connects; an answer may take as long as `patience`.
    pub fn open_with(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks for a path.
    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.request("GET", path, "", &[])
    }

    /// Submits a body to a path.
    pub fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.request("POST", path, "", body)
    }

    /// Submits a body that says of itself that it is JSON.
    pub fn post_json(&mut self, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.post_with(path, "content-type: application/json\r\n", body)
    }

    /// Submits a body with further header fields, each of which ends with CR LF.
    pub fn post_with(&mut self, path: &str, fields: &str, body: &[u8]) -> io::Result<Answer> {
        self.request("POST", path, fields, body)
    }

    fn request(&mut self, method: &str, path: &str, more: &str, body: &[u8]) -> io::Result<Answer> {
        let length = format!("content-length: {}\r\n", body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nhost: log\r\n{length}{more}\r\n");
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> io::Result<Answer> {
        let status = self.read_line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let (mut length, mut is_packed, mut content_type) = (0, false, String::new());
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            if let Some(value) = line.strip_prefix("content-type:") {
                value.trim().clone_into(&mut content_type);
            }
            is_packed |= line.strip_prefix("content-encoding:").map(str::trim) == Some("gzip");
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if is_packed {
            let packed = std::mem::take(&mut body);
            GzDecoder::new(&*packed).read_to_end(&mut body)?;
        }
        Ok(Answer { status, content_type, body })
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
