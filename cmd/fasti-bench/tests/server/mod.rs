//! A log to test against, in the test's own process: it answers as a closure says, in the pieces it
//! says, and keeps submissions the way a tiled log would publish them.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A whole request.
pub struct Request {
    pub path: String,
    pub body: Vec<u8>,
    /// Counts the server's POSTs from 0; GETs have no number.
    pub number: Option<u64>,
}

/// An answer on the socket.
#[derive(Default)]
pub struct Reply {
    /// Written one by one, with pauses between them.
    pub pieces: Vec<Vec<u8>>,
    /// Close the connection afterwards.
    pub close: bool,
    /// Say nothing more on this connection, ever.
    pub hang: bool,
}

impl Reply {
    pub fn new(status: u16, fields: &str, body: &[u8]) -> Self {
        let mut bytes =
            format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n", body.len())
                .into_bytes();
        bytes.extend_from_slice(body);
        Self { pieces: vec![bytes], ..Self::default() }
    }

    pub fn index(index: u64) -> Self {
        Self::new(200, "", format!("{index}\n").as_bytes())
    }

    /// The same bytes, a few at a time.
    pub fn in_pieces_of(self, size: usize) -> Self {
        let all = self.pieces.concat();
        Self { pieces: all.chunks(size).map(<[u8]>::to_vec).collect(), ..self }
    }
}

/// Serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    _runtime: Runtime,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (answer, posts) = (Arc::new(answer), Arc::new(Mutex::new(0)));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, posts) = (Arc::clone(&answer), Arc::clone(&posts));
                tokio::spawn(async move { serve(stream, &*answer, &posts).await });
            }
        });
        Self { address, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(mut stream: TcpStream, answer: &impl Fn(&Request) -> Reply, posts: &Mutex<u64>) {
    let mut received = Vec::new();
    loop {
        while let Some(request) = take_request(&mut received, posts) {
            let reply = answer(&request);
            if reply.hang {
                return std::future::pending().await;
            }
            for (n, piece) in reply.pieces.iter().enumerate() {
                if n > 0 {
                    tokio::time::sleep(Duration::from_micros(200)).await;
                }
                if stream.write_all(piece).await.is_err() {
                    return;
                }
            }
            if reply.close {
                return;
            }
        }
        match stream.read_buf(&mut received).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn take_request(received: &mut Vec<u8>, posts: &Mutex<u64>) -> Option<Request> {
    let head_end = received.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..head_end]).expect("an ASCII head");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    if received.len() < head_end + length {
        return None;
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    assert_eq!(head.matches("\r\nHost: 127.0.0.1:").count(), 1);
    let body = received[head_end..head_end + length].to_vec();
    received.drain(..head_end + length);
    let number = (method == "POST").then(|| {
        let mut posts = posts.lock().expect("no panic holds it");
        *posts += 1;
        *posts - 1
    });
    Some(Request { path, body, number })
}

/// The submissions, readable as a tiled log.
#[derive(Default)]
pub struct Log(Mutex<Held>);

#[derive(Default)]
struct Held {
    entries: Vec<Vec<u8>>,
    indices: HashMap<Vec<u8>, u64>,
}

impl Log {
    /// The entry's index, and whether it is new.
    pub fn add(&self, entry: &[u8]) -> (u64, bool) {
        let mut held = self.0.lock().expect("no panic holds it");
        if let Some(&index) = held.indices.get(entry) {
            return (index, false);
        }
        let index = held.entries.len() as u64;
        held.entries.push(entry.to_vec());
        held.indices.insert(entry.to_vec(), index);
        (index, true)
    }

    pub fn size(&self) -> u64 {
        self.0.lock().expect("no panic holds it").entries.len() as u64
    }

    /// Answers GETs of `/checkpoint` and bundles; `spoil` can change an entry.
    pub fn read(&self, path: &str, spoil: impl Fn(&[u8]) -> Vec<u8>) -> Reply {
        if path == "/checkpoint" {
            let text = format!("origin\n{}\nroot\n\n- x\n", self.size());
            return Reply::new(200, "", text.as_bytes());
        }
        let Some(tile) = path.strip_prefix("/tile/entries/") else {
            return Reply::new(404, "", b"");
        };
        let (tile, width) = tile.split_once(".p/").unwrap_or((tile, "256"));
        let tile: usize = tile.replace(['x', '/'], "").parse().expect("a tile number");
        let width: usize = width.parse().expect("a width");
        let held = self.0.lock().expect("no panic holds it");
        let entries = held.entries.iter().skip(tile * 256).take(width).map(|entry| spoil(entry));
        let bundle: Vec<u8> = entries
            .flat_map(|entry| {
                let length = u16::try_from(entry.len()).expect("a short entry");
                [length.to_be_bytes().as_slice(), &entry].concat()
            })
            .collect();
        Reply::new(200, "", &bundle)
    }
}

/// Runs `fasti-bench` and returns its exit code and its JSON report.
pub fn bench(arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_fasti-bench"))
        .args(arguments)
        .args(["--format", "json"])
        .output()
        .expect("fasti-bench runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().expect("an exit code");
    let mut shown = String::new();
    let _ = write!(shown, "{arguments:?}: exit {code}, {errors}");
    eprintln!("{shown}");
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::String(errors.into()));
    (code, report)
}

/// Runs `fasti-bench load` against a server for a moment, without warm-up.
pub fn load(server: &Server, arguments: &[&str]) -> (i32, Value) {
    let url = server.url();
    let base = ["load", "--log", &url, "--warmup", "0s", "--duration", "400ms"];
    let small = ["--connections", "8", "--entry-bytes", "100"];
    let kept = |name: &&str| !arguments.contains(name);
    let mut all = base[..5].to_vec();
    if kept(&"--duration") {
        all.extend_from_slice(&base[5..]);
    }
    for pair in small.chunks(2).filter(|pair| kept(&pair[0])) {
        all.extend_from_slice(pair);
    }
    all.extend_from_slice(arguments);
    bench(&all)
}
