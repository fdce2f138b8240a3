//! A collector of traces that keeps them, refuses them or never answers: OTLP over HTTP/1.1, read
//! with OpenTelemetry's own messages.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// How long to wait for spans.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a collector does with traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes them.
    Takes,
    /// It answers 503.
    Refuses,
    /// It reads them and does not answer.
    Stalls,
}

/// A span, with what its request said about all of them.
#[derive(Clone, Debug)]
pub struct Received {
    /// The span.
    pub span: Span,
    /// Who made it.
    pub resource: Vec<KeyValue>,
    /// The head of the request.
    pub head: String,
}

/// A collector; it ends with the process.
pub struct TraceCollector {
    address: SocketAddr,
    received: Receiver<Received>,
    seen: Vec<Received>,
}

impl TraceCollector {
    /// Starts one.
    pub fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let (sender, received) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || while serve(&stream, mood, &sender).is_some() {});
            }
        });
        Self { address, received, seen: Vec::new() }
    }

    /// Its URL, without the path for traces.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it has a span like this, and returns it.
    pub fn wait_for(&mut self, is_it: impl Fn(&Received) -> bool) -> Received {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.seen.iter().find(|received| is_it(received)) {
                return found.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            let next = self.received.recv_timeout(left);
            self.seen.push(next.unwrap_or_else(|_| panic!("no such span: {:#?}", self.seen)));
        }
    }

    /// All spans so far.
    pub fn all(&mut self) -> &[Received] {
        self.seen.extend(self.received.try_iter());
        &self.seen
    }
}

/// The text or the number of an attribute.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?;
    match value.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

/// Answers one request; `None` at the end of the connection.
fn serve(mut stream: &TcpStream, mood: Mood, sender: &Sender<Received>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let field = |name: &str| {
        let line = lower.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::to_owned)
    };
    let length = field("content-length").expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert_eq!(field("content-type").as_deref(), Some("application/x-protobuf"));
    let request = ExportTraceServiceRequest::decode(&*body).expect("it is protobuf");
    match mood {
        Mood::Stalls => thread::sleep(Duration::from_mins(10)),
        Mood::Refuses => {
            stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").ok()?;
        }
        Mood::Takes => {
            for of_one in request.resource_spans {
                let resource = of_one.resource.unwrap_or_default().attributes;
                for span in of_one.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                    let (resource, head) = (resource.clone(), head.clone());
                    sender.send(Received { span, resource, head }).ok()?;
                }
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\
                          Content-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).ok()?;
        }
    }
    Some(())
}
