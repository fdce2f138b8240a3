//! A minimal gRPC client: HTTP/2 frames according to gRPC's protocol, over TCP or TLS.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long to wait for anything before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A complete answer.
#[derive(Debug)]
pub struct Called {
    pub headers: HeaderMap,
    pub trailers: HeaderMap,
    pub messages: Vec<Vec<u8>>,
}

impl Called {
    fn value<'a>(map: &'a HeaderMap, name: &str) -> Option<&'a str> {
        map.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        Self::value(&self.headers, name)
    }

    /// A trailer; in an answer that has nothing else it is among the headers.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        Self::value(&self.trailers, name).or_else(|| self.header(name))
    }

    /// The code of the status.
    pub fn code(&self) -> u32 {
        self.trailer("grpc-status").expect("a status").parse().expect("a number")
    }

    /// The message of the status.
    pub fn message(&self) -> String {
        decode(self.trailer("grpc-message").unwrap_or_default())
    }
}

/// Undoes the percent encoding of a status message.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
            let digits = std::str::from_utf8(&digits).expect("ASCII").to_owned();
            bytes.push(u8::from_str_radix(&digits, 16).expect("hexadecimal"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// A message with its flag and length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    [&[0], &length[..], message].concat()
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Makes one call with this body, on its own connection.
pub fn call(address: SocketAddr, path: &str, body: &[u8]) -> Called {
    call_as(address, path, "application/grpc", body)
}

/// Makes one call with another content type.
pub fn call_as(address: SocketAddr, path: &str, kind: &str, body: &[u8]) -> Called {
    runtime().block_on(async {
        let stream = TcpStream::connect(address).await.expect("the writer listens");
        let mut open = Open::start(stream, path, kind, body).await;
        open.rest().await
    })
}

/// Makes a call that a proxy forwards for a page of this site.
pub fn call_of_page(address: SocketAddr, path: &str, site: &str, body: &[u8]) -> Called {
    runtime().block_on(async {
        let stream = TcpStream::connect(address).await.expect("the writer listens");
        let fields = [("content-type", "application/grpc"), ("origin", site)];
        let mut open = Open::start_with(stream, path, &fields, body).await;
        open.rest().await
    })
}

/// A call in progress.
pub struct Open {
    pub headers: HeaderMap,
    body: RecvStream,
    received: Vec<u8>,
}

impl Open {
    /// Sends the whole body and waits for the head of the answer.
    pub async fn start<S>(stream: S, path: &str, kind: &str, body: &[u8]) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::start_with(stream, path, &[("content-type", kind)], body).await
    }

    async fn start_with<S>(stream: S, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        let request = Request::post(format!("http://log.test{path}")).header("te", "trailers");
        let request =
            fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(()).expect("a request");
        let mut sender = sender.ready().await.expect("it is open");
        let (answer, mut sending) = sender.send_request(request, false).expect("it is sent");
        // A call whose body is not needed may be answered, and its stream closed, before the body
        // is sent. That is an error here, but not the writer's: only its answer is judged.
        let _ = sending.send_data(Bytes::copy_from_slice(body), true);
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time");
        let (head, body) = answer.expect("an answer").into_parts();
        Self { headers: head.headers, body, received: Vec::new() }
    }

    /// Returns the next message, or `None` at the end.
    pub async fn message(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((prefix, rest)) = self.received.split_first_chunk::<5>() {
                let length = u32::from_be_bytes(prefix[1..].try_into().expect("four")) as usize;
                if rest.len() >= length {
                    let message = rest[..length].to_vec();
                    self.received.drain(..5 + length);
                    return Some(message);
                }
            }
            let data = tokio::time::timeout(PATIENCE, self.body.data()).await.expect("in time")?;
            let data = data.expect("it is not cut off");
            self.body.flow_control().release_capacity(data.len()).expect("room");
            self.received.extend_from_slice(&data);
        }
    }

    /// Returns everything that is still to come.
    pub async fn rest(&mut self) -> Called {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await {
            messages.push(message);
        }
        assert_eq!(self.received, b"", "the last message is whole");
        let trailers = poll_fn(|cx| self.body.poll_trailers(cx)).await.expect("not cut off");
        let trailers = trailers.unwrap_or_default();
        Called { headers: self.headers.clone(), trailers, messages }
    }
}
