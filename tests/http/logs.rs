//! Messages for programs, and the IDs of requests in them and in answers.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use fasti_kit::writer::{Home, Writer};
use serde_json::Value;

use crate::reader::ENTRIES;
use crate::submitter::{P256, Submitter, good};
use crate::wire::{exchange, get, post};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The ID of a request in its answer.
fn id(answer: &crate::wire::Answer) -> &str {
    let id = answer.field("x-request-id").expect("it has an ID");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    id
}

#[test]
fn every_answer_but_files_has_the_requests_id() {
    let writer = Writer::start(&["--accept-opaque"]);
    let traced = |value: &str| {
        let answer = exchange(writer.address, "POST", ENTRIES, &[("traceparent", value)], b"{}");
        let id = id(&answer).to_owned();
        assert_eq!(answer.json()["requestId"], id, "{value}");
        id
    };
    assert_eq!(traced(&format!("00-{TRACE}-b7ad6b7169203331-01")), TRACE);
    for bad in [format!("00-{TRACE}-0000000000000000-01"), "x".repeat(9000), String::new()] {
        assert_ne!(traced(&bad), TRACE);
    }
    let taken = post(writer.address, ENTRIES, good().as_bytes());
    assert_eq!(taken.status, 201);
    let again = post(writer.address, ENTRIES, good().as_bytes());
    assert_ne!(id(&taken), id(&again));
    for path in ["/readyz", "/healthz", "/api/v1/log", "/nothing", "/tile/0/x"] {
        id(&get(writer.address, path));
    }
    // Caches keep these.
    for path in ["/checkpoint", "/tile/0/000.p/1", "/log.json", "/openapi.json"] {
        assert_eq!(get(writer.address, path).field("x-request-id"), None, "{path}");
    }
    // Clients of v1 know two members.
    let refused = get(writer.address, "/api/v1/log/entries/x");
    id(&refused);
    assert_eq!(refused.json()["requestId"], Value::Null);
}

#[test]
fn messages_for_programs_have_one_form_and_nothing_personal() {
    let (home, port) = (Home::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = port.local_addr().expect("an address");
    drop(port);
    let listen = address.to_string();
    let levels = "info,fasti_http=debug";
    let flags = ["--accept-opaque", "--log-format", "json", "--log-filter", levels];
    let process = home.spawn(&[&flags[..], &["--listen", &listen]].concat());
    while !home.said().contains("\"listening\"") {
        thread::sleep(Duration::from_millis(10));
    }
    let submitter = Submitter::of(P256);
    let certificate = submitter.certificate("alice@example.org");
    let entry = submitter.request("an artifact", Some(&certificate)).to_string();
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let fields = [("traceparent", parent.as_str())];
    assert_eq!(exchange(address, "POST", ENTRIES, &fields, entry.as_bytes()).status, 201);
    assert_eq!(exchange(address, "POST", "/add", &fields, b"alice@example.org").status, 200);
    assert_eq!(get(address, "/checkpoint?email=alice@example.org").status, 200);
    process.stop();

    let said = home.said();
    assert!(!said.contains("alice"), "{said}");
    assert!(!said.contains(&entry[20..60]), "{said}");
    let mut answered = Vec::new();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let line = line.as_object().expect("an object");
        for required in ["timestamp", "level", "target", "message"] {
            assert!(line[required].is_string(), "{line:?}");
        }
        assert!(line["fields"].is_object(), "{line:?}");
        let known = ["timestamp", "level", "target", "message", "fields", "request_id", "dropped"];
        assert!(line.keys().all(|member| known.contains(&&**member)), "{line:?}");
        if line["message"] == "listening" {
            assert_eq!(line["fields"]["url"], format!("http://{address}"));
            assert_eq!(line["fields"]["origin"], "localhost");
        }
        if line["message"] == "answered" {
            assert_eq!(line["level"], "DEBUG");
            let id = line["request_id"].as_str().expect("it is about a request").to_owned();
            answered.push((line["fields"]["route"].as_str().expect("a route").to_owned(), id));
        }
    }
    let routes: Vec<_> = answered.iter().map(|(route, _)| &**route).collect();
    assert_eq!(routes, ["entries", "add", "read"]);
    assert!(answered[..2].iter().all(|(_, id)| id == TRACE), "{answered:?}");
    assert_ne!(answered[2].1, TRACE);
}

/// A failure, too, is one line of JSON.
#[test]
fn a_refusal_to_start_has_the_chosen_form() {
    let home = Home::new();
    let (code, said) = home.refusal(&["--log-format", "json", "--listen", "nonsense"]);
    assert_eq!(code, Some(1), "{said}");
    let last: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["level"], &last["target"]), (&"ERROR".into(), &"fasti-writer".into()));
    assert!(last["message"].as_str().is_some_and(|text| text.contains("cannot listen on")));
    let (code, said) = home.refusal(&["--log-filter", "info,h2=loud"]);
    assert_eq!(code, Some(2), "{said}");
}
