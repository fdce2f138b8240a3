//! `GET /openapi.json`. Whether it is true of all other answers is checked for every answer
//! (`description`).

use std::collections::BTreeSet;

use fasti_kit::writer::Writer;

use crate::description::{DOCUMENT, describes};
use crate::reader::ENTRIES;
use crate::submitter::good;
use crate::wire::{exchange, get, post};

#[test]
fn the_document_is_served() {
    let writer = Writer::start(&[]);
    let answer = get(writer.address, "/openapi.json");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), *DOCUMENT);
    assert_eq!(answer.json()["openapi"], "3.1.0");
    let etag = answer.field("etag").expect("an ETag");
    let again = exchange(writer.address, "GET", "/openapi.json", &[("If-None-Match", etag)], b"");
    assert_eq!(again.status, 304);
}

/// The document has every path of the router and no other: each operation in the document is
/// requested, and answers with a listed status that is not 405.
#[test]
fn every_operation_is_there() {
    let writer = Writer::start(&["--accept-opaque"]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    let mut asked = BTreeSet::new();
    for (path, item) in DOCUMENT["paths"].as_object().expect("paths") {
        let target = path.replace("{level}", "0").replace("{index}", "000");
        let target = target.replace("{width}", "1").replace("{number}", "000");
        let target = target.replace("{start}", "0").replace("{end}", "256").replace("{part}", "0");
        let target = target.replace("{entryUUID}", &"ab".repeat(32));
        let target = target.replace("{sha256}", &"ab".repeat(32));
        for method in ["get", "head", "post", "put", "delete", "patch", "options"] {
            let name = method.to_uppercase();
            let answer = exchange(writer.address, &name, &target, &[], b"");
            assert_eq!(
                answer.status == 405,
                item.get(method).is_none(),
                "{name} {target}: {}",
                answer.status
            );
        }
        asked.insert(path.as_str());
    }
    let sources =
        [include_str!("../../src/http/route.rs"), include_str!("../../src/http/rekor_v1/route.rs")];
    let lines = sources.into_iter().flat_map(str::lines);
    let routes = lines.filter_map(|line| line.trim().strip_prefix("\"/")?.split_once("\" =>"));
    let mut routes: Vec<_> = routes.map(|(path, _)| format!("/{path}")).collect();
    // Some have a name; of those, one is of gRPC, one between writers, and one a prefix.
    for line in include_str!("../../src/http/paths.rs").lines() {
        let constant = line.strip_prefix("pub(super) const ").and_then(|it| it.split_once(": "));
        let Some((name, value)) = constant else { continue };
        if !["CREATE_ENTRY", "FORWARD", "REKOR_V1"].contains(&name) {
            routes.push(value.split('"').nth(1).expect("a path").to_owned());
        }
    }
    assert!(routes.len() >= 14, "the router is read: {routes:?}");
    for route in routes {
        assert!(asked.contains(route.as_str()), "{route} is not described");
    }
}

/// The examples are valid requests.
#[test]
fn the_examples_are_taken() {
    let writer = Writer::start(&[]);
    let content = &DOCUMENT["paths"][ENTRIES]["post"]["requestBody"]["content"];
    let examples = content["application/json"]["examples"].as_object().expect("examples");
    for (name, example) in examples {
        let answer = post(writer.address, ENTRIES, example["value"].to_string().as_bytes());
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
    }
    assert!(examples.len() >= 3);
}

/// The check itself notices what is not described.
#[test]
#[should_panic(expected = "an unlisted status")]
fn an_answer_that_is_not_described_is_noticed() {
    let writer = Writer::start(&[]);
    let mut answer = get(writer.address, "/healthz");
    answer.status = 418;
    describes("GET", "/healthz", &answer);
}
