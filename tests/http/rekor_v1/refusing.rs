//! Requests that are not in order: statuses, and codes and words as v1's clients know them.

use fasti_kit::certificates::pem;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::client::{Client, ENTRIES, RETRIEVE, SEARCH, refuses};
use super::proposals::{fresh, sha256};
use crate::reader::Reader;
use crate::submitter::{base64, with};
use crate::wire::{Wire, exchange, post, post_json, request};

type Row<'a> = (&'a str, String, (u16, u16), &'a str);

#[track_caller]
fn all_refused(writer: &Writer, rows: &[Row<'_>]) {
    for (target, body, codes, message) in rows {
        let answer = post_json(writer.address, target, body.as_bytes());
        let row = body.chars().take(80).collect::<String>();
        refuses(&answer, &row, *codes, message);
    }
}

#[test]
fn questions_that_are_not_in_order() {
    let writer = Writer::start(&[]);
    let search = |question: &Value| question.to_string();
    let key = |format: &str, content: &str| {
        json!({"publicKey": {"format": format, "content": content}}).to_string()
    };
    let unparsed = "public key provided could not be parsed";
    let broken = base64(pem("PUBLIC KEY", b"not a key"));
    let rows: [(String, (u16, u16), &str); 25] = [
        (String::new(), (422, 602), "query in body is required"),
        ("[]".to_owned(), (400, 400), "parsing query body from \"\" failed, because"),
        ("{".to_owned(), (400, 400), "parsing query body from \"\" failed, because"),
        (r#"{"hash":"","hash":""}"#.to_owned(), (400, 400), "duplicate field `hash`"),
        (search(&json!({"email": 7})), (400, 400), "invalid type: integer"),
        (search(&json!({"email": "nobody"})), (422, 601), "must be of type email: \"nobody\""),
        (search(&json!({"email": "a b@c"})), (422, 601), "email in body must be of type email"),
        (search(&json!({"email": "Jo <jo>"})), (422, 601), "email in body must be of type email"),
        (search(&json!({"subject": "x".repeat(513)})), (422, 604), "at most 512 chars long"),
        (search(&json!({"hash": "abc"})), (422, 605), "hash in body should match '^(sha512:)?"),
        (search(&json!({"hash": "0".repeat(62)})), (422, 605), "hash in body should match"),
        (search(&json!({"hash": format!("sha512:{}", sha256("x"))})), (422, 605), "hash in body"),
        (search(&json!({"hash": format!("md5:{}", "0".repeat(32))})), (422, 605), "hash in body"),
        (search(&json!({"operator": "xor"})), (422, 606), "operator in body should be one of [and"),
        (key("gpg", "AAAA"), (422, 606), "should be one of [pgp x509 minisign ssh tuf]"),
        (key("", "AAAA"), (422, 602), "publicKey.publicKey.format in body is required"),
        (key("pgp", "AAAA"), (400, 400), unparsed),
        (key("minisign", "AAAA"), (400, 400), unparsed),
        (key("ssh", "AAAA"), (400, 400), unparsed),
        (key("tuf", "AAAA"), (400, 400), unparsed),
        (key("x509", "*"), (400, 400), unparsed),
        (key("x509", ""), (400, 400), unparsed),
        (key("x509", "AAAA"), (400, 400), unparsed),
        (key("x509", &broken), (400, 400), unparsed),
        (" ".repeat(70_000), (413, 413), "the body is longer than 65536 bytes"),
    ];
    all_refused(&writer, &rows.map(|(body, codes, words)| (SEARCH, body, codes, words)));

    let unknown = "ab".repeat(32);
    let tree_0 = format!("{}{unknown}", "0".repeat(16));
    let rows: [(Value, (u16, u16), &str); 14] = [
        (json!([]), (400, 400), "parsing entry body from \"\" failed, because"),
        (json!({"logIndexes": ["0"]}), (400, 400), "parsing entry body from \"\" failed, because"),
        (json!({"logIndexes": [1.0]}), (400, 400), "parsing entry body from \"\" failed, because"),
        (json!({"logIndexes": []}), (422, 612), "logIndexes in body should have at least 1 items"),
        (json!({"entryUUIDs": []}), (422, 612), "entryUUIDs in body should have at least 1 items"),
        (json!({"entries": []}), (422, 612), "entries in body should have at least 1 items"),
        (
            json!({"logIndexes": vec![0; 11]}),
            (422, 611),
            "logIndexes in body should have at most 10",
        ),
        (
            json!({"logIndexes": vec![0; 6], "entryUUIDs": vec![&unknown; 5]}),
            (422, 422),
            "more than max allowed 10 entries in request",
        ),
        (
            json!({"logIndexes": [0, -1]}),
            (422, 609),
            "logIndexes.1 in body should be greater than or equal to 0",
        ),
        (
            json!({"entryUUIDs": [unknown, "x"]}),
            (422, 605),
            "entryUUIDs.1 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'",
        ),
        (json!({"entryUUIDs": [tree_0]}), (400, 400), "invalid entryID 0000000000000000abab"),
        (
            json!({"entries": [{"kind": "nope"}]}),
            (400, 400),
            "parsing entry body from \"\" failed, because invalid kind value: \"nope\"",
        ),
        (
            json!({"entries": [with(&fresh(), "/spec/signature/content", json!("AAAA"))]}),
            (400, 400),
            "verifying signature: ",
        ),
        (
            json!({"entries": [with(&fresh(), "/spec", json!({}))]}),
            (400, 400),
            "validation failure list:\ndata in body is required",
        ),
    ];
    let rows = rows.map(|(body, codes, words)| (RETRIEVE, body.to_string(), codes, words));
    all_refused(&writer, &rows);
    let empty = post_json(writer.address, RETRIEVE, b"");
    refuses(&empty, "empty", (422, 602), "entry in body is required");
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn parameters_that_are_not_in_order() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let (proof, key) = ("/api/v1/log/proof", "/api/v1/log/publicKey");
    let unknown = "ab".repeat(32);
    for (target, codes, message) in [
        (ENTRIES.to_owned(), (422, 602), "logIndex in query is required"),
        (format!("{ENTRIES}?logIndex="), (422, 602), "logIndex in query is required"),
        (format!("{ENTRIES}?logIndex=x"), (422, 601), "must be of type int64: \"x\""),
        (format!("{ENTRIES}?logIndex=-"), (422, 601), "must be of type int64: \"-\""),
        (format!("{ENTRIES}?logIndex=-1"), (422, 609), "should be greater than or equal to 0"),
        (format!("{ENTRIES}?logIndex=9223372036854775808"), (422, 601), "must be of type int64"),
        (format!("{ENTRIES}?logIndex=1&logIndex=2"), (422, 601), "is given more than once"),
        (format!("{ENTRIES}/abc"), (422, 605), "entryUUID in path should match '^([0-9a-fA-F]{64}"),
        (format!("{ENTRIES}/{unknown}00"), (422, 605), "entryUUID in path should match"),
        (
            format!("{ENTRIES}/{}{unknown}", "0".repeat(16)),
            (400, 400),
            "validation error: invalid TreeID: 0000000000000000 must be positive",
        ),
        (
            format!("{ENTRIES}/8{}{unknown}", "0".repeat(15)),
            (400, 400),
            "validation error: invalid TreeID: 8000000000000000: value out of range",
        ),
        (proof.to_owned(), (422, 602), "lastSize in query is required"),
        (format!("{proof}?lastSize=0"), (422, 609), "should be greater than or equal to 1"),
        (
            format!("{proof}?firstSize=2&lastSize=1"),
            (400, 400),
            "firstSize(2) must be less than lastSize(1)",
        ),
        (format!("{proof}?lastSize=1&treeID=7"), (400, 400), "no log range found for tree ID 7"),
        (format!("{proof}?lastSize=1&treeID=x"), (422, 605), "should match '^[0-9]+$'"),
        (format!("{key}?treeID=%37"), (400, 400), "Bad Request"),
        (format!("{key}?treeID=99999999999999999999"), (400, 400), "Bad Request"),
        (format!("{key}?treeID=-1"), (422, 605), "treeID in query should match '^[0-9]+$'"),
        (format!("{ENTRIES}/a/b"), (404, 404), "there is nothing at"),
        ("/api/v1/log//".to_owned(), (404, 404), "there is nothing at"),
        ("/api/v1/version".to_owned(), (404, 404), "there is nothing at"),
    ] {
        refuses(&client.get(&target), &target, codes, message);
    }
    for (method, target, allowed) in [
        ("GET", SEARCH, "POST"),
        ("PUT", ENTRIES, "GET, HEAD, POST"),
        ("PUT", RETRIEVE, "POST"),
        ("GET", RETRIEVE, "POST"),
        ("POST", "/api/v1/log", "GET, HEAD"),
    ] {
        let answer = exchange(writer.address, method, target, &[], b"");
        assert_eq!(answer.field("allow"), Some(allowed), "{method} {target}");
        refuses(&answer, target, (405, 405), "is not allowed here");
    }
}

#[test]
fn media_types_that_are_not_in_order() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    for target in [ENTRIES, RETRIEVE, SEARCH] {
        let plain = [("Content-Type", "text/plain")];
        let answer = exchange(writer.address, "POST", target, &plain, b"{}");
        let words = "unsupported media type \"text/plain\", only [application/json] are allowed";
        refuses(&answer, target, (415, 415), words);
        let words = "unsupported media type \"application/octet-stream\", only";
        refuses(&post(writer.address, target, b"{}"), target, (415, 415), words);
        let words = "in body is required";
        refuses(&post(writer.address, target, b""), target, (422, 602), words);
        let encoded = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
        let answer = exchange(writer.address, "POST", target, &encoded, b"{}");
        refuses(&answer, target, (415, 415), "Content-Encoding \"gzip\" is not supported");
    }
    let words = "unsupported media type requested, only [application/json] are available";
    let text = [("Accept", "text/html")];
    for target in ["/api/v1/log", "/api/v1/log/proof", &format!("{ENTRIES}?logIndex=0")] {
        refuses(&exchange(writer.address, "GET", target, &text, b""), target, (406, 406), words);
    }
    // Submissions and questions are answered in JSON whatever the client takes.
    let taken = client.post_as(ENTRIES, &text, &fresh());
    assert_eq!(taken.status, 201, "{}", taken.text());
    client.verify(&taken.json());
    let charset = [("Content-Type", "application/json; charset=utf-8")];
    let taken = exchange(writer.address, "POST", ENTRIES, &charset, fresh().to_string().as_bytes());
    assert_eq!(taken.status, 201, "{}", taken.text());
    let wanted = [("Content-Type", "application/json"), ("Accept", "application/problem+json")];
    let answer = exchange(writer.address, "POST", SEARCH, &wanted, b"");
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    Reader::of(&writer).is_unharmed(2);
}

#[test]
fn proposals_that_are_not_in_order() {
    let writer = Writer::start(&["--rekor-v1-max-body-mib", "1"]);
    let good = fresh();
    let changed = |pointer: &str, value: Value| with(&good, pointer, value).to_string();
    let content = "/spec/signature/content";
    let rows: [(String, (u16, u16), &str); 14] = [
        (String::new(), (422, 602), "proposedEntry in body is required"),
        ("null".to_owned(), (422, 602), "kind in body is required"),
        ("{}".to_owned(), (422, 602), "kind in body is required"),
        (r#"{"kind":"rekord"}"#.to_owned(), (422, 602), "apiVersion in body is required"),
        (changed("/kind", json!("nope")), (422, 422), "invalid kind value: \"nope\""),
        (changed("/kind", json!(1)), (422, 601), "kind in body must be of type string"),
        (changed("/apiVersion", json!("1")), (422, 605), "apiVersion in body should match '^(0|"),
        (changed("/spec", json!(null)), (422, 602), "spec in body is required"),
        (
            changed("/apiVersion", json!("0.0.2")),
            (400, 400),
            "error processing entry: hashedrekord implementation for version '0.0.2' not found: \
             unable to locate entry for version 0.0.2",
        ),
        (
            changed("/spec", json!({})),
            (400, 400),
            "error processing entry: validation failure list:\ndata in body is required",
        ),
        (
            changed(content, json!(base64(b"no signature"))),
            (400, 400),
            "error processing entry: verifying signature: ",
        ),
        // Rekor answers 500 here.
        ("{\"kind\":".to_owned(), (400, 400), "EOF"),
        ("no JSON".to_owned(), (400, 400), "expected"),
        (" ".repeat((1 << 20) + 1), (413, 413), "the body is longer than 1048576 bytes"),
    ];
    all_refused(&writer, &rows.map(|(body, codes, words)| (ENTRIES, body, codes, words)));
    // It is refused by its length, before it is sent.
    let mut wire = Wire::connect(writer.address);
    let fields = [("Content-Type", "application/json"), ("Content-Length", "2000000")];
    wire.send(&request("POST", ENTRIES, &fields, b""));
    let answer = wire.answer().expect("an answer");
    refuses(&answer, "announced", (413, 413), "the body is longer than 1048576 bytes");
    Reader::of(&writer).is_unharmed(0);
}
