//! Entries of every kind that is proposed here: logged, and listed by key and by name.

use fasti_kit::certificates::{ARTIFACT, P256, Signer, email};
use fasti_kit::proposals;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::client::{Client, ENTRIES, SEARCH, refuses};
use crate::reader::{Reader, text};
use crate::submitter::base64;

#[test]
fn every_kind_is_found_by_its_key_and_its_names() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let proposed = proposals::each();
    let mut ids = Vec::new();
    for (name, proposal) in &proposed {
        let answer = client.post(ENTRIES, proposal);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        ids.push(answer.field("etag").expect("an entry ID").to_owned());
    }
    let found = |question: &Value| -> Vec<&str> {
        let answer = client.post(SEARCH, question);
        assert_eq!(answer.status, 200, "{question}: {}", answer.text());
        let found = answer.json();
        let found = found.as_array().expect("a list").iter().map(text);
        let name = |id: &str| ids.iter().position(|known| known == id).expect("an ID");
        let mut found: Vec<_> = found.map(|id| proposed[name(id)].0).collect();
        found.sort_unstable();
        found
    };
    let key = |name: &str, path: &str, format: &str| {
        let (_, proposal) = proposed.iter().find(|(known, _)| *known == name).expect("it is one");
        let content = proposal["spec"].pointer(path).expect("a key");
        let content = content.as_str().map_or_else(|| base64(content.to_string()), str::to_owned);
        json!({"publicKey": {"format": format, "content": content}})
    };
    let content = "/signature/publicKey/content";
    let of_p256 = ["cose", "dsse", "hashedrekord", "intoto-object", "intoto-text", "rekord-x509"];
    assert_eq!(found(&key("hashedrekord", content, "x509")), of_p256);
    for (name, path, format) in [
        ("rekord-minisign", content, "minisign"),
        ("rekord-ssh", content, "ssh"),
        ("tuf", "/root/content", "tuf"),
    ] {
        assert_eq!(found(&key(name, path, format)), [name]);
    }
    assert_eq!(found(&json!({"subject": "Timestamp"})), ["tuf"]);
    assert_eq!(found(&json!({"subject": "snapshot"})), [""; 0]);
}

#[test]
fn an_entry_of_hundreds_of_names_is_refused() {
    let writer = Writer::start(&[]);
    let client = Client::of(&writer);
    let names = |count: usize| (0..count).map(|n| email(&format!("{n}@example.com"))).collect();
    let signer = Signer::of(P256);
    let proposal = |count: usize| {
        let certificate = signer.certificate_with(names(count), Vec::new());
        proposals::hashedrekord(signer, ARTIFACT, Some(&certificate))
    };
    let answer = client.post(ENTRIES, &proposal(254));
    let words = "error processing entry: it names more digests, keys and identities than the log \
                 takes: an index would list it under more than 256 keys";
    refuses(&answer, "names", (400, 400), words);
    Reader::of(&writer).is_unharmed(0);
    assert_eq!(client.post(ENTRIES, &proposal(253)).status, 201);
}
