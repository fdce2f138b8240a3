//! gRPC on the HTTP port: the same submissions get the same answers, and the same refusals with the
//! same messages.

use fasti::entry::{PROTOBUF_DESCRIPTORS, SigningAlgorithm};
use fasti_kit::writer::Writer;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::call::{Called, Open, call, call_as, framed, runtime};
use crate::reader::{ENTRIES, Reader};
use crate::submitter::{P256, Submitter, base64, good, with};
use crate::wire::{get, post};

const CREATE_ENTRY: &str = "/dev.sigstore.rekor.v2.Rekor/CreateEntry";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REKOR: &str = "dev.sigstore.rekor.v2.Rekor";

fn message(name: &str) -> prost_reflect::MessageDescriptor {
    let pool = DescriptorPool::decode(PROTOBUF_DESCRIPTORS).expect("descriptors");
    pool.get_message_by_name(name).expect("the message is there")
}

/// Encodes a JSON request as protobuf.
fn encode(json: &Value) -> Vec<u8> {
    let message = message("dev.sigstore.rekor.v2.CreateEntryRequest");
    DynamicMessage::deserialize(message, json.clone()).expect("a request").encode_to_vec()
}

/// Decodes a protobuf answer to JSON.
fn decode(called: &Called) -> Value {
    assert_eq!(called.messages.len(), 1, "{called:?}");
    let message = message("dev.sigstore.rekor.v1.TransparencyLogEntry");
    let entry = DynamicMessage::decode(message, &called.messages[0][..]).expect("an entry");
    let options = SerializeOptions::new().skip_default_fields(false);
    let entry = entry.serialize_with_options(serde_json::value::Serializer, &options);
    let mut entry = entry.expect("JSON");
    entry.as_object_mut().expect("an object").entry("inclusionPromise").or_insert(Value::Null);
    entry
}

fn create(writer: &Writer, json: &Value) -> Called {
    call(writer.address, CREATE_ENTRY, &framed(&encode(json)))
}

#[test]
fn an_entry_is_logged_and_proved() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    for (index, algorithm) in (0..).zip(SigningAlgorithm::ALL) {
        let request = Submitter::of(algorithm).request("an artifact", None);
        let called = create(&writer, &request);
        assert_eq!(called.code(), 0, "{algorithm}: {}", called.message());
        assert_eq!(called.header("content-type"), Some("application/grpc"));
        assert_eq!(called.header("x-log-index"), None, "it is new");
        let (found, leaf) = reader.verify(&decode(&called));
        assert_eq!(found, index, "{algorithm}");
        reader.holds(index, &leaf);
        // The same through the HTTP API.
        let posted = post(writer.address, ENTRIES, request.to_string().as_bytes());
        assert_eq!(
            (posted.status, posted.json()["logIndex"].as_str()),
            (201, Some(&*index.to_string()))
        );
        assert_eq!(posted.json()["canonicalizedBody"], decode(&called)["canonicalizedBody"]);
        let again = create(&writer, &request);
        assert_eq!((again.code(), again.header("x-log-index")), (0, Some(&*index.to_string())));
    }
    let envelope = create(&writer, &Submitter::of(P256).envelope("a payload"));
    assert_eq!(decode(&envelope)["kindVersion"], json!({"kind": "dsse", "version": "0.0.2"}));
    reader.is_unharmed(8);
}

#[test]
fn what_is_refused_over_http_is_refused_over_grpc_with_the_same_words() {
    let writer = Writer::start(&[]);
    let request = Submitter::of(P256).request("an artifact", None);
    let other = Submitter::of(P256).request("another artifact", None);
    let envelope = Submitter::of(P256).envelope("a payload");
    let field = |name: &str| format!("/hashedRekordRequestV002/{name}");
    let verifier = field("signature/verifier");
    let pem = base64("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    let bad = [
        json!({}),
        with(&request, "/hashedRekordRequestV002", json!({})),
        with(&request, &field("digest"), json!(base64([7; 31]))),
        with(&request, &field("digest"), json!(base64([7; 32]))),
        with(&request, &field("digest"), Value::Null),
        with(&request, &field("signature"), Value::Null),
        with(&request, &field("signature/content"), json!(base64(b"no signature"))),
        with(&request, &field("signature"), other["hashedRekordRequestV002"]["signature"].clone()),
        with(&request, &verifier, json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"})),
        with(&request, &format!("{verifier}/keyDetails"), Value::Null),
        with(&request, &format!("{verifier}/keyDetails"), json!("PKIX_ED25519")),
        with(&request, &format!("{verifier}/keyDetails"), json!("PKIX_ED25519_PH")),
        with(&request, &format!("{verifier}/keyDetails"), json!(99)),
        with(&request, &format!("{verifier}/publicKey/rawBytes"), json!(base64(b"no key"))),
        with(&request, &format!("{verifier}/publicKey/rawBytes"), json!(pem)),
        with(&request, &format!("{verifier}/publicKey"), json!({})),
        with(&envelope, "/dsseRequestV002/verifiers", json!([])),
        with(&envelope, "/dsseRequestV002/envelope/payload", json!(base64(b"another payload"))),
        with(&envelope, "/dsseRequestV002/envelope/signatures/0/sig", json!(base64(b"no"))),
    ];
    for json in &bad {
        let posted = post(writer.address, ENTRIES, json.to_string().as_bytes());
        let called = create(&writer, json);
        let error = posted.json();
        assert_eq!(posted.status, 400, "{json}");
        assert_eq!(json!(called.code()), error["code"], "{json}");
        assert_eq!(json!(called.message()), error["message"], "{json}");
        assert_eq!(called.messages.len(), 0, "{json}");
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn what_is_no_call_with_one_message_is_refused() {
    let writer = Writer::start(&[]);
    let request = encode(&Submitter::of(P256).request("an artifact", None));
    let whole = framed(&request);
    let long = framed(&vec![0; (4 << 20) + 1]);
    let mut compressed = whole.clone();
    compressed[0] = 1;
    let rows: [(&[u8], u32, &str); 8] = [
        (b"", 3, "cut short"),
        (&whole[..4], 3, "cut short"),
        (&whole[..whole.len() - 1], 3, "cut short"),
        (&[&whole[..], b"x"].concat(), 3, "something follows"),
        (&compressed, 12, "compressed"),
        (&framed(b"\xff\xff"), 3, "not acceptable protobuf"),
        (&framed(b"\x1a\0"), 3, "unknown field"),
        (&long, 8, "the body is longer than 4194304 bytes"),
    ];
    for (body, code, words) in rows {
        let called = call(writer.address, CREATE_ENTRY, body);
        assert_eq!(called.code(), code, "{words}: {}", called.message());
        assert!(called.message().contains(words), "{words}: {}", called.message());
    }
    for path in ["/dev.sigstore.rekor.v2.Rekor/GetTile", "/dev.sigstore.rekor.v2.Rekor", "/x.Y/Z"] {
        assert_eq!(call(writer.address, path, &framed(b"")).code(), 12, "{path}");
    }
    let taken = call_as(writer.address, CREATE_ENTRY, "application/grpc+proto", &whole);
    assert_eq!(taken.code(), 0);
    Reader::of(&writer).is_unharmed(1);
}

#[test]
fn a_duplicate_is_rejected_with_its_index() {
    let writer = Writer::start(&["--duplicates", "reject"]);
    let request = Submitter::of(P256).request("an artifact", None);
    assert_eq!(create(&writer, &request).code(), 0);
    let again = create(&writer, &request);
    assert_eq!((again.code(), again.header("x-log-index")), (6, Some("0")));
    let words = "an equivalent entry already exists in the transparency log with index 0";
    assert_eq!(again.message(), words);
    Reader::of(&writer).is_unharmed(1);
}

#[test]
fn calls_are_counted_by_their_outcome() {
    let writer = Writer::start(&["--metrics-listen", "127.0.0.1:0"]);
    let request = Submitter::of(P256).request("an artifact", None);
    create(&writer, &request);
    create(&writer, &json!({}));
    let metrics = get(writer.metrics.expect("an address"), "/metrics");
    for line in [
        r#"fasti_http_requests_total{route="grpc_entries",code="201"} 1"#,
        r#"fasti_http_requests_total{route="grpc_entries",code="400"} 1"#,
    ] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }
}

/// A request for the health of a service.
fn service(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("short");
    framed(&if name.is_empty() { Vec::new() } else { [&[0x0a, length], name.as_bytes()].concat() })
}

#[test]
fn health_follows_readiness() {
    let writer = Writer::start(&["--drain-seconds", "4"]);
    for name in ["", REKOR] {
        let called = call(writer.address, CHECK, &service(name));
        assert_eq!(
            (called.code(), &called.messages[..]),
            (0, &[vec![8, 1]][..]),
            "{name}: SERVING"
        );
    }
    assert_eq!(call(writer.address, CHECK, &service("other")).code(), 5);
    runtime().block_on(async {
        let stream = TcpStream::connect(writer.address).await.expect("it listens");
        let mut watch = Open::start(stream, WATCH, "application/grpc", &service(REKOR)).await;
        assert_eq!(watch.message().await, Some(vec![8, 1]));
        writer.terminate();
        assert_eq!(watch.message().await, Some(vec![8, 2]), "NOT_SERVING");
        let stream = TcpStream::connect(writer.address).await.expect("it still listens");
        let mut check = Open::start(stream, CHECK, "application/grpc", &service("")).await;
        assert_eq!(check.message().await, Some(vec![8, 2]), "NOT_SERVING");
        // While draining it still accepts entries.
        let stream = TcpStream::connect(writer.address).await.expect("it still listens");
        let body = framed(&encode(&Submitter::of(P256).request("late", None)));
        let mut late = Open::start(stream, CREATE_ENTRY, "application/grpc", &body).await;
        assert_eq!(late.rest().await.code(), 0);
        assert_eq!(watch.rest().await.code(), 0, "the watch ends with the writer");
    });
    let home = writer.ends();
    Reader::of(&home.start(&[])).is_unharmed(1);
}

#[test]
fn reflection_tells_what_there_is() {
    let writer = Writer::start(&[]);
    let has = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    let question = |number: u8, text: &str| {
        let length = u8::try_from(text.len()).expect("short");
        framed(&[&[number << 3 | 2, length], text.as_bytes()].concat())
    };
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let listed = call(writer.address, &path, &question(7, "*"));
        assert_eq!((listed.code(), listed.messages.len()), (0, 1), "{version}");
        for name in [REKOR, "grpc.health.v1.Health"] {
            assert!(has(&listed.messages[0], name), "{version}: {name}");
        }
        let file = call(writer.address, &path, &question(4, REKOR));
        assert!(has(&file.messages[0], "CreateEntryRequest"), "{version}: {file:?}");
    }
}

/// An HTTP/1.1 request, or one with another content type, is not a call.
#[test]
fn other_requests_are_not_calls() {
    let writer = Writer::start(&[]);
    let body = framed(&encode(&Submitter::of(P256).request("an artifact", None)));
    let fields = [("Content-Type", "application/grpc")];
    let answer = crate::wire::exchange(writer.address, "POST", CREATE_ENTRY, &fields, &body);
    answer.refuses("HTTP/1.1", 404, "there is nothing at");
    runtime().block_on(async {
        let stream = TcpStream::connect(writer.address).await.expect("it listens");
        let json = Open::start(stream, ENTRIES, "application/json", good().as_bytes()).await;
        assert_eq!(json.headers["content-type"], "application/json");
    });
    Reader::of(&writer).is_unharmed(1);
}
