//! Who may propose, and what: the rules of the log hold for both APIs.

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use fasti_kit::certificates::{Authority, authority, email, pem, signing};
use fasti_kit::writer::{Home, Writer};
use serde_json::json;

use super::client::{Client, ENTRIES, RETRIEVE, refuses};
use super::proposals::{dsse, fresh, hashedrekord, rekord};
use crate::reader::{self, Reader};
use crate::submitter::{Submitter, base64, good, with};
use crate::wire::{exchange, post};

#[test]
fn only_keys_that_are_listed_propose() {
    let [listed, other] = std::array::from_fn(|_| Submitter::stranger());
    let home = Home::new();
    let keys = home.file("keys.pem", &pem("PUBLIC KEY", &listed.spki()));
    let writer = home.start(&["--allow-keys", &keys]);
    let client = Client::of(&writer);
    let certificate = listed.certificate("dev@example.com");
    for proposal in [
        hashedrekord(&listed, "an artifact", None),
        hashedrekord(&listed, "an artifact", Some(&certificate)),
        rekord(&listed, "an artifact"),
        dsse(&listed, "a payload"),
    ] {
        client.submit(&proposal);
    }
    let print = digest(&SHA256, &other.spki());
    let print = print.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let words = format!("the key sha256:{print} is not allowed");
    for proposal in [
        hashedrekord(&other, "an artifact", None),
        hashedrekord(&other, "an artifact", Some(&other.certificate("dev@example.com"))),
        rekord(&other, "an artifact"),
        dsse(&other, "a payload"),
    ] {
        refuses(&client.post(ENTRIES, &proposal), &words, (403, 403), &words);
        // Whoever proposes it may ask whether it is there.
        let asked = client.post(RETRIEVE, &json!({"entries": [proposal]}));
        assert_eq!((asked.status, asked.text()), (200, "[]\n"));
    }
    // Naming a listed key does not prove possession of it.
    let forged = base64(other.sign(b"an artifact"));
    let proposal = hashedrekord(&listed, "an artifact", None);
    let forged = with(&proposal, "/spec/signature/content", json!(forged));
    refuses(&client.post(ENTRIES, &forged), "forged", (400, 400), "verifying signature");
    assert_eq!(Reader::of(&writer).size(), 4);
}

#[test]
fn only_certificates_that_the_policy_allows_propose() {
    let (home, submitter) = (Home::new(), Submitter::stranger());
    let trusted = Authority::root(authority("authority.test"));
    home.file("ca.pem", &trusted.pem());
    let policy = "roots = [\"ca.pem\"]\n[[allow]]\nissuer = \"https://login.example.com\"\n\
                  san = \"dev@example.com\"\n";
    let writer = home.start(&["--allow-identities", &home.file("policy.toml", policy)]);
    let client = Client::of(&writer);
    let begin = SystemTime::now() - Duration::from_mins(1);
    let proposal = |address: &str| {
        let params = signing(email(address), "https://login.example.com", begin);
        let certificate = submitter.certified(&params, &trusted);
        hashedrekord(&submitter, "an artifact", Some(&certificate))
    };
    client.submit(&proposal("dev@example.com"));
    let refused = client.post(ENTRIES, &proposal("mallory@example.com"));
    refuses(&refused, "another", (403, 403), "no rule of this log allows this identity");
    let bare = hashedrekord(&submitter, "an artifact", None);
    refuses(&client.post(ENTRIES, &bare), "bare", (403, 403), "without a certificate");
    assert_eq!(Reader::of(&writer).size(), 1);
}

#[test]
fn only_kinds_that_are_named_are_taken() {
    let writer = Writer::start(&["--entry-kinds", "dsse,rekord"]);
    let client = Client::of(&writer);
    let submitter = Submitter::stranger();
    client.submit(&dsse(&submitter, "a payload"));
    let known = rekord(&submitter, "an artifact");
    client.submit(&known);
    let words = "error processing entry: entry kind 'hashedrekord' is not enabled for submission \
                 on this server";
    let proposal = fresh();
    refuses(&client.post(ENTRIES, &proposal), "v1", (400, 400), words);
    let words = "entry kind 'hashedrekord' is not enabled for submission on this server";
    post(writer.address, reader::ENTRIES, good().as_bytes()).refuses("v2", 400, words);
    let envelope = submitter.envelope("a payload").to_string();
    assert_eq!(post(writer.address, reader::ENTRIES, envelope.as_bytes()).status, 201);
    // Entries of every kind are readable, and can be asked for.
    let asked = json!({"entries": [proposal, known]});
    let found = client.post(RETRIEVE, &asked).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    let (code, said) = Home::new().refusal(&["--entry-kinds", "dsse,nope"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no such kind; the kinds are alpine, cose, dsse, "), "{said}");
}

#[test]
fn proposals_are_counted_and_limited() {
    let writer = Writer::start(&["--rate-limit-client", "2/h"]);
    let client = Client::of(&writer);
    let known = fresh();
    client.submit(&known);
    refuses(&client.post(ENTRIES, &json!({})), "empty", (422, 602), "kind in body is required");
    let limited = client.post(ENTRIES, &fresh());
    refuses(&limited, "third", (429, 429), "too many submissions");
    assert!(limited.field("retry-after").is_some());
    // Questions are not counted, even with proposals.
    for _ in 0..5 {
        assert_eq!(client.post(RETRIEVE, &json!({"entries": [known]})).status, 200);
    }
}

/// As with v2's API: a page of another site reads and searches, but proposes nothing.
#[test]
fn pages_of_other_sites_propose_nothing() {
    let writer = Writer::start(&["--cors-submit", "https://signer.example"]);
    let client = Client::of(&writer);
    let page = [("Origin", "https://ui.example")];
    for target in [ENTRIES, &format!("{ENTRIES}/")] {
        let refused = client.post_as(target, &page, &fresh());
        refuses(&refused, target, (403, 403), "may not submit to this log");
        assert_eq!(refused.field("access-control-allow-origin"), Some("*"));
        let asks = [page[0], ("Access-Control-Request-Method", "POST")];
        assert_eq!(exchange(writer.address, "OPTIONS", target, &asks, b"").status, 403);
        let asks = [page[0], ("Access-Control-Request-Method", "GET")];
        assert_eq!(exchange(writer.address, "OPTIONS", target, &asks, b"").status, 204);
    }
    assert_eq!(Reader::of(&writer).size(), 0);
    let own = [("Origin", "https://signer.example")];
    let taken = client.post_as(ENTRIES, &own, &fresh());
    assert_eq!(taken.status, 201, "{}", taken.text());
    let exposed = taken.field("access-control-expose-headers").expect("a list");
    assert!(exposed.contains("ETag") && exposed.contains("Location"), "{exposed}");
    let entry = client.verify(&taken.json());
    for (target, question) in [
        (RETRIEVE, json!({"logIndexes": [0]})),
        ("/api/v1/index/retrieve", json!({"hash": "0".repeat(64)})),
    ] {
        let answer = client.post_as(target, &page, &question);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
    }
    let target = format!("{ENTRIES}/{}", entry.id);
    assert_eq!(exchange(writer.address, "GET", &target, &page, b"").status, 200);
}
