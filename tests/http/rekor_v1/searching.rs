//! Searches: entry IDs by what entries have, in v1's form, and what headers say beside them.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::certificates::pem;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::leaf_hash;

use super::client::{Client, ENTRIES, SEARCH, is_a_line, refuses};
use super::proposals::{dsse, hashedrekord, rekord, sha256};
use crate::reader::{self, Reader, decode, text};
use crate::submitter::{P256, Submitter, base64};
use crate::wire::{get, post};

/// Logs an artifact with v2's API and returns its UUID.
fn logged(address: SocketAddr, request: &Value) -> String {
    let answer = post(address, reader::ENTRIES, request.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    leaf_hash(&decode(&answer.json()["canonicalizedBody"])).to_string()
}

/// Logs an artifact for a signer with an email address.
fn signed(writer: &Writer, artifact: &str, submitter: &Submitter, email: &str) -> String {
    let certificate = submitter.certificate(email);
    logged(writer.address, &submitter.request(artifact, Some(&certificate)))
}

/// The UUIDs of what is found, and that everything was searched.
#[track_caller]
fn search(writer: &Writer, question: &Value) -> Vec<String> {
    let client = Client::of(writer);
    let answer = client.post(SEARCH, question);
    assert_eq!(answer.status, 200, "{question}: {}", answer.text());
    is_a_line(&answer);
    assert_eq!(answer.field("fasti-complete"), Some("true"));
    let size = Reader::of(writer).size().to_string();
    assert_eq!(answer.field("fasti-log-size"), Some(&*size));
    let ids = answer.json();
    let ids = ids.as_array().expect("an array").iter().map(text);
    let tree = client.tree_digits();
    ids.map(|id| id.strip_prefix(&tree).expect("the tree ID").to_owned()).collect()
}

fn key(format: &str, content: &str) -> Value {
    json!({"publicKey": {"format": format, "content": base64(content)}})
}

#[test]
fn entries_are_found_by_what_they_have() {
    let writer = Writer::start(&[]);
    let address = writer.address;
    let (ann, bob) = (Submitter::stranger(), Submitter::stranger());
    let first = signed(&writer, "an artifact", &ann, "ann@example.com");
    let second = signed(&writer, "another artifact", &ann, "ann@example.com");
    let third = logged(address, &bob.request("an artifact", None));
    logged(address, &Submitter::of(P256).request("noise", None));
    let hash = sha256("an artifact");
    let certificate = pem("CERTIFICATE", &ann.certificate("someone-else@example.com"));

    let both = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
    for (question, expected) in [
        (json!({"hash": format!("sha256:{hash}")}), both(&third, &first)),
        (json!({"hash": hash.to_uppercase()}), both(&third, &first)),
        (json!({"email": "ann@example.com"}), both(&second, &first)),
        (json!({"email": "Ann@EXAMPLE.com"}), both(&second, &first)),
        (json!({"email": "Ann A. <ann@example.com>"}), both(&second, &first)),
        (json!({"subject": "ann@example.com"}), both(&second, &first)),
        (key("x509", &pem("PUBLIC KEY", &ann.spki())), both(&second, &first)),
        (key("x509", &certificate), both(&second, &first)),
        (key("x509", &pem("PUBLIC KEY", &bob.spki())), vec![third.clone()]),
        (json!({"email": "ann@example.com", "hash": hash, "operator": "and"}), vec![first.clone()]),
        (
            json!({"email": "ann@example.com", "hash": hash, "operator": "or"}),
            vec![third.clone(), second.clone(), first.clone()],
        ),
        (
            json!({"email": "ann@example.com", "hash": hash, "subject": "", "operator": ""}),
            vec![third.clone(), second.clone(), first.clone()],
        ),
        (json!({"email": "bob@example.com"}), vec![]),
        (json!({"hash": "0".repeat(128)}), vec![]),
        (json!({"hash": "0".repeat(96)}), vec![]),
        (json!({"hash": "0".repeat(40)}), vec![]),
        (json!({"email": "bob@example.com", "hash": hash, "operator": "and"}), vec![]),
        // Members that nobody knows are ignored.
        (json!({"email": "ann@example.com", "emial": "x", "hash": null}), both(&second, &first)),
    ] {
        assert_eq!(search(&writer, &question), expected, "{question}");
    }
    for nothing in [json!({}), json!(null), json!({"email": "", "hash": ""}), json!({"x": [1]})] {
        assert_eq!(search(&writer, &nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn entries_of_v1_are_found_too() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let (ann, bob) = (Submitter::stranger(), Submitter::stranger());
    let certificate = ann.certificate("ann@example.com");
    let uuid = |proposal: &Value| client.submit(proposal).id.split_off(16);
    let hashed = uuid(&hashedrekord(&ann, "an artifact", Some(&certificate)));
    let whole = uuid(&rekord(&bob, "an artifact"));
    let envelope = uuid(&dsse(&bob, "a payload"));
    for (question, expected) in [
        (json!({"hash": sha256("an artifact")}), vec![whole.clone(), hashed.clone()]),
        (json!({"hash": sha256("a payload")}), vec![envelope.clone()]),
        (json!({"email": "ANN@example.com"}), vec![hashed.clone()]),
        (json!({"subject": "ann@example.com"}), vec![hashed.clone()]),
        (key("x509", &pem("PUBLIC KEY", &ann.spki())), vec![hashed.clone()]),
        (key("x509", &pem("CERTIFICATE", &certificate)), vec![hashed]),
        // Rekor itself does not find envelopes by their keys.
        (key("x509", &pem("PUBLIC KEY", &bob.spki())), vec![envelope, whole]),
    ] {
        assert_eq!(search(&writer, &question), expected, "{question}");
    }
}

/// Of many matches the oldest and the newest are told, so that neither those who sign before nor
/// those who sign after hide an entry, and the others can be asked for. Where v1 has no field to
/// say that there are more results, headers do.
#[test]
fn the_first_and_the_last_of_a_thousand_are_told_and_how_to_get_the_others() {
    let writer = Writer::start(&[]);
    let (address, client) = (writer.address, Client::of(&writer));
    thread::scope(|scope| {
        for _ in 0..9 {
            scope.spawn(|| {
                for _ in 0..112 {
                    let request = Submitter::of(P256).request("the same", None);
                    logged(address, &request);
                }
            });
        }
    });
    let size = Reader::of(&writer).size();
    assert_eq!(size, 1008);
    let question = json!({"hash": sha256("the same")});
    let ask = |query: &str, complete: &str, next: Option<&str>| {
        let answer = client.post(&format!("{SEARCH}{query}"), &question);
        assert_eq!(answer.field("fasti-complete"), Some(complete), "{query}");
        assert_eq!(answer.field("fasti-next"), next, "{query}");
        let ids = answer.json();
        ids.as_array().expect("an array").iter().map(|id| text(id).to_owned()).collect::<Vec<_>>()
    };
    let id_of = |index: u64| client.read(&format!("{ENTRIES}?logIndex={index}")).id;
    let ids = ask("", "false", Some("500"));
    assert_eq!(ids.len(), 1000);
    for (place, index) in [(0, 1007), (499, 508), (500, 499), (999, 0)] {
        assert_eq!(ids[place], id_of(index), "{index} is number {place}");
    }
    let rest = ask("?since=500", "true", None);
    assert_eq!((rest.len(), &rest[507]), (508, &id_of(500)));
    assert_eq!(rest[..500], ids[..500]);
    let page = ask("?since=3", "false", Some("1003"));
    assert_eq!((page.len(), &page[0], &page[999]), (1000, &id_of(1002), &id_of(3)));
    assert_eq!(ask("?since=1003", "true", None).len(), 5);
    assert_eq!(ask("?since=9223372036854775807", "true", None).len(), 0);
    for (wrong, code) in [("?since=-1", 609), ("?since=x", 601)] {
        let answer = client.post(&format!("{SEARCH}{wrong}"), &question);
        refuses(&answer, wrong, (422, code), "since in query");
    }
}

/// Entries in the index and those not yet in it are found alike.
#[test]
fn the_index_is_asked() {
    let writer = Writer::start(&["--lookup-seconds", "1"]);
    let client = Client::of(&writer);
    let ann = Submitter::stranger();
    let first = signed(&writer, "an artifact", &ann, "ann@example.com");
    let started = Instant::now();
    while get(writer.address, "/lookup/latest").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", writer.home.said());
        thread::sleep(Duration::from_millis(50));
    }
    let certificate = ann.certificate("ann@example.com");
    let second = client.submit(&hashedrekord(&ann, "another artifact", Some(&certificate)));
    let question = json!({"email": "ANN@example.com"});
    assert_eq!(search(&writer, &question), [&second.id[16..], &first]);
    let by_digest = search(&writer, &json!({"hash": sha256("an artifact")}));
    assert_eq!(by_digest, std::slice::from_ref(&first));
    assert_eq!(search(&writer, &json!({"email": "bob@example.com"})), Vec::<String>::new());
    assert_eq!(client.read(&format!("{ENTRIES}/{first}")).index, 0);
    assert_eq!(client.read(&format!("{ENTRIES}/{}", &second.id[16..])), second);
}

#[test]
fn a_log_without_an_index_is_searched_while_it_is_short() {
    let writer = Writer::start(&["--no-lookup", "--accept-opaque"]);
    let (address, client) = (writer.address, Client::of(&writer));
    thread::scope(|scope| {
        for half in 0..16 {
            scope.spawn(move || {
                for entry in 0..256 {
                    let added = post(address, "/add", format!("{half} {entry}").as_bytes());
                    assert_eq!(added.status, 200);
                }
            });
        }
    });
    assert_eq!(Reader::of(&writer).size(), 4096);
    let by_id = format!("{ENTRIES}/{}", leaf_hash(b"0 0"));
    client.read(&by_id);
    assert_eq!(post(address, "/add", b"one more").status, 200);

    let words = "Search Index API not enabled in this Rekor instance: the log has no index";
    refuses(&client.post(SEARCH, &json!({"hash": sha256("x")})), SEARCH, (501, 501), words);
    let unknown = format!("{ENTRIES}/{}", "ab".repeat(32));
    refuses(&client.get(&unknown), &unknown, (501, 501), words);
    let newest = client.read(&format!("{ENTRIES}?logIndex=4096"));
    assert_eq!((newest.index, &*newest.body), (4096, &b"one more"[..]));
}
