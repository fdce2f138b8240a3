//! Rekor v1's reading API: search and entries for clients that were written for it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::{
    Hash, LeafIndex, TreeHead, leaf_hash, open_checkpoint, verify_consistency, verify_inclusion,
};

use crate::reader::{ENTRIES, ORIGIN, Reader, decode, text};
use crate::submitter::{P256, Submitter, base64, good};
use crate::wire::{Answer, exchange, get, post};

const SEARCH: &str = "/api/v1/index/retrieve";
const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
const ONE: &str = "/api/v1/log/entries";

/// Logs an artifact and returns its UUID.
fn logged(address: SocketAddr, request: &Value) -> String {
    let answer = post(address, ENTRIES, request.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    leaf_hash(&decode(&answer.json()["canonicalizedBody"])).to_string()
}

/// Logs an artifact for a signer with an email address.
fn signed(writer: &Writer, artifact: &str, submitter: &Submitter, email: &str) -> String {
    let certificate = submitter.certificate(email);
    logged(writer.address, &submitter.request(artifact, Some(&certificate)))
}

#[track_caller]
fn search(writer: &Writer, question: &Value) -> Vec<String> {
    let answer = post(writer.address, SEARCH, question.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{question}: {}", answer.text());
    assert_eq!(answer.field("fasti-complete"), Some("true"));
    let size = Reader::of(writer).size().to_string();
    assert_eq!(answer.field("fasti-log-size"), Some(&*size));
    let tree = tree_id(writer);
    let ids = answer.json();
    let ids = ids.as_array().expect("an array").iter().map(text);
    ids.map(|id| id.strip_prefix(&tree).expect("the tree ID").to_owned()).collect()
}

/// The tree ID in 16 hexadecimal digits, derived as `formats.md` says.
fn tree_id(writer: &Writer) -> String {
    let log_id = Hash::from(writer.key.log_id()).to_string();
    let first = u64::from_str_radix(&log_id[..16], 16).expect("hexadecimal");
    format!("{:016x}", first & i64::MAX as u64)
}

fn sha256(artifact: &str) -> String {
    use fasti::entry::{ArtifactDigest, HashAlgorithm};
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, artifact.as_bytes());
    Hash::try_from(digest.as_bytes()).expect("32 bytes").to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = base64(der);
    let lines = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII"));
    let lines: Vec<_> = lines.collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn x509(pem: &str) -> Value {
    json!({"publicKey": {"format": "x509", "content": base64(pem)}})
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
        (json!({"subject": "ann@example.com"}), both(&second, &first)),
        (x509(&pem("PUBLIC KEY", &ann.spki())), both(&second, &first)),
        (x509(&certificate), both(&second, &first)),
        (x509(&pem("PUBLIC KEY", &bob.spki())), vec![third.clone()]),
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
        (json!({"hash": "0".repeat(40)}), vec![]),
        (json!({"email": "bob@example.com", "hash": hash, "operator": "and"}), vec![]),
    ] {
        assert_eq!(search(&writer, &question), expected, "{question}");
    }
}

/// Verifies the entry by its own proof, under the log's key. Returns its index and its bytes.
#[track_caller]
fn verified(writer: &Writer, entry: &Value) -> (u64, Vec<u8>) {
    let [(id, entry)] = entry.as_object().expect("an object").iter().collect::<Vec<_>>()[..] else {
        panic!("one entry");
    };
    let proof = &entry["verification"]["inclusionProof"];
    let expected = json!({
        "body": entry["body"],
        "integratedTime": 0,
        "logID": Hash::from(writer.key.log_id()).to_string(),
        "logIndex": proof["logIndex"],
        "verification": {"inclusionProof": proof},
    });
    assert_eq!(*entry, expected, "nothing else, and no signed timestamp");
    let keys = std::slice::from_ref(&writer.key);
    let head = open_checkpoint(text(&proof["checkpoint"]).as_bytes(), ORIGIN, keys)
        .expect("the log's checkpoint")
        .head;
    assert_eq!(text(&proof["rootHash"]), head.root.to_string());
    assert_eq!(proof["treeSize"], head.size.get());
    let index = proof["logIndex"].as_u64().expect("an index");
    let body = decode(&entry["body"]);
    assert_eq!(*id, format!("{}{}", tree_id(writer), leaf_hash(&body)));
    let leaf = LeafIndex::new(index).expect("an index");
    verify_inclusion(&leaf_hash(&body), leaf, &head, &hashes(&proof["hashes"])).expect("a proof");
    (index, body)
}

fn hashes(list: &Value) -> Vec<Hash> {
    let hashes = list.as_array().expect("hashes").iter();
    hashes.map(|hash| text(hash).parse().expect("a hash")).collect()
}

#[test]
fn entries_are_got_by_id_and_index() {
    let writer = Writer::start(&[]);
    let address = writer.address;
    let requests: Vec<_> = (0..5).map(|_| good()).collect();
    let uuids: Vec<_> = requests
        .iter()
        .map(|request| logged(address, &serde_json::from_str(request).expect("JSON")))
        .collect();
    let tree = tree_id(&writer);
    for (index, uuid) in uuids.iter().enumerate() {
        let by_index = get(writer.address, &format!("{ONE}?logIndex={index}"));
        let (found, body) = verified(&writer, &by_index.json());
        assert_eq!((found, leaf_hash(&body).to_string()), (index as u64, uuid.clone()));
        for id in [uuid.clone(), format!("{tree}{uuid}"), format!("{tree}{uuid}").to_uppercase()] {
            let by_id = get(writer.address, &format!("{ONE}/{id}"));
            assert_eq!(by_id.status, 200, "{id}");
            assert_eq!(by_id.json(), by_index.json());
        }
    }
    let other_tree = format!("{ONE}/{:016x}{}", 7, uuids[0]);
    for target in [
        &other_tree,
        &format!("{ONE}/{}", "ab".repeat(32)),
        &format!("{ONE}/{tree}{}", "ab".repeat(32)),
        &format!("{ONE}?logIndex=5"),
        &format!("{ONE}?logIndex={}", i64::MAX),
    ] {
        let answer = get(writer.address, target);
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.json()["code"], 404);
        assert!(text(&answer.json()["message"]).starts_with("the log has no entry"), "{target}");
    }

    let unknown = "ab".repeat(32);
    let several = json!({
        "entryUUIDs": [uuids[3], unknown, format!("{tree}{}", uuids[1])],
        "logIndexes": [4, 99, 0],
    });
    let answer = post(writer.address, RETRIEVE, several.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let found = found.as_array().expect("an array").iter().map(|entry| verified(&writer, entry).0);
    assert_eq!(found.collect::<Vec<_>>(), [3, 1, 4, 0]);
}

#[test]
fn the_log_is_described_and_its_growth_proved() {
    let writer = Writer::start(&[]);
    let mut heads = Vec::new();
    for _ in 0..7 {
        let info = get(writer.address, "/api/v1/log").json();
        let keys = std::slice::from_ref(&writer.key);
        let head = open_checkpoint(text(&info["signedTreeHead"]).as_bytes(), ORIGIN, keys)
            .expect("the log's checkpoint")
            .head;
        let tree = u64::from_str_radix(&tree_id(&writer), 16).expect("hexadecimal");
        let expected = json!({
            "rootHash": head.root.to_string(),
            "treeSize": head.size.get(),
            "signedTreeHead": info["signedTreeHead"],
            "treeID": tree.to_string(),
            "inactiveShards": [],
        });
        assert_eq!(info, expected);
        heads.push(head);
        assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    }
    let tree = get(writer.address, "/api/v1/log").json()["treeID"].clone();
    for old in &heads[1..] {
        for new in heads.iter().filter(|new| new.size >= old.size) {
            let query = format!("firstSize={}&lastSize={}", old.size, new.size);
            let target = format!("/api/v1/log/proof?{query}&treeID={}", text(&tree));
            proves(&get(writer.address, &target), old, new);
        }
    }
    let from_one = get(writer.address, "/api/v1/log/proof?lastSize=6");
    proves(&from_one, &heads[1], &heads[6]);

    let key = get(writer.address, "/api/v1/log/publicKey?treeID=");
    assert_eq!(key.field("content-type"), Some("application/x-pem-file"));
    let spki = writer.key.public_key().to_spki_der().expect("it signs texts");
    assert_eq!(key.text(), pem("PUBLIC KEY", &spki));
}

#[track_caller]
fn proves(answer: &Answer, old: &TreeHead, new: &TreeHead) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    verify_consistency(old, new, &hashes(&answer.json()["hashes"])).expect("a proof");
}

#[test]
fn an_empty_log_has_nothing() {
    let writer = Writer::start(&[]);
    assert_eq!(search(&writer, &json!({"hash": sha256("x")})), Vec::<String>::new());
    assert_eq!(get(writer.address, &format!("{ONE}?logIndex=0")).status, 404);
    assert_eq!(get(writer.address, &format!("{ONE}/{}", "0".repeat(64))).status, 404);
    assert_eq!(get(writer.address, "/api/v1/log").json()["treeSize"], 0);
    let beyond = get(writer.address, "/api/v1/log/proof?lastSize=1");
    refuses(
        &beyond,
        "beyond",
        400,
        "the tree size requested(1) was greater than what is currently",
    );
    let several = json!({"logIndexes": [0], "entryUUIDs": ["0".repeat(64)]}).to_string();
    assert_eq!(post(writer.address, RETRIEVE, several.as_bytes()).json(), json!([]));
}

/// Of many matches the oldest and the newest are told, so that neither those who sign before nor
/// those who sign after hide an entry, and the others can be asked for. Where v1 has no field to
/// say that there are more results, headers do.
#[test]
fn the_first_and_the_last_of_a_thousand_are_told_and_how_to_get_the_others() {
    let writer = Writer::start(&[]);
    let address = writer.address;
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
    let question = json!({"hash": sha256("the same")}).to_string();
    let ask = |query: &str, complete: &str, next: Option<&str>| {
        let answer = post(writer.address, &format!("{SEARCH}{query}"), question.as_bytes());
        assert_eq!(answer.field("fasti-complete"), Some(complete), "{query}");
        assert_eq!(answer.field("fasti-next"), next, "{query}");
        let ids = answer.json();
        ids.as_array().expect("an array").iter().map(|id| text(id).to_owned()).collect::<Vec<_>>()
    };
    let id_of = |index: u64| {
        let entry = get(writer.address, &format!("{ONE}?logIndex={index}")).json();
        entry.as_object().expect("an object").keys().next().expect("an ID").clone()
    };
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
    for wrong in ["?since=-1", "?since=x"] {
        let answer = post(writer.address, &format!("{SEARCH}{wrong}"), question.as_bytes());
        assert!([400, 422].contains(&answer.status), "{}", answer.text());
    }
}

/// Entries in the index and those not yet in it are found alike.
#[test]
fn the_index_is_asked() {
    let writer = Writer::start(&["--lookup-seconds", "1"]);
    let ann = Submitter::stranger();
    let first = signed(&writer, "an artifact", &ann, "ann@example.com");
    let started = Instant::now();
    while get(writer.address, "/lookup/latest").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", writer.home.said());
        thread::sleep(Duration::from_millis(50));
    }
    let second = signed(&writer, "another artifact", &ann, "ann@example.com");
    let question = json!({"email": "ANN@example.com"});
    assert_eq!(search(&writer, &question), [second, first.clone()]);
    let by_digest = search(&writer, &json!({"hash": sha256("an artifact")}));
    assert_eq!(by_digest, std::slice::from_ref(&first));
    assert_eq!(search(&writer, &json!({"email": "bob@example.com"})), Vec::<String>::new());
    let entry = get(writer.address, &format!("{ONE}/{first}")).json();
    assert_eq!(verified(&writer, &entry).0, 0);
}

#[test]
fn a_log_without_an_index_is_searched_while_it_is_short() {
    let writer = Writer::start(&["--no-lookup", "--accept-opaque"]);
    let address = writer.address;
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
    let by_id = format!("{ONE}/{}", leaf_hash(b"0 0"));
    assert_eq!(get(address, &by_id).status, 200);
    assert_eq!(post(address, "/add", b"one more").status, 200);

    let words = "Search Index API not enabled in this Rekor instance: the log has no index";
    refuses(&get(address, &by_id), &by_id, 501, words);
    let question = json!({"hash": sha256("x")}).to_string();
    refuses(&post(address, SEARCH, question.as_bytes()), SEARCH, 501, words);
    let by_index = get(address, &format!("{ONE}?logIndex=4096")).json();
    assert_eq!(verified(&writer, &by_index), (4096, b"one more".to_vec()));
}

fn in_search(question: &Value) -> (&'static str, String) {
    (SEARCH, question.to_string())
}

fn in_retrieve(question: &Value) -> (&'static str, String) {
    (RETRIEVE, question.to_string())
}

#[test]
fn what_is_not_in_order_is_named() {
    let writer = Writer::start(&[]);
    let key = |format: &str, content: &str| {
        in_search(&json!({"publicKey": {"format": format, "content": content}}))
    };
    let broken = pem("PUBLIC KEY", b"not a key");
    for ((target, body), status, message) in [
        ((SEARCH, String::new()), 400, "parsing query body failed, because EOF"),
        ((SEARCH, "[]".to_owned()), 400, "parsing query body failed, because"),
        (in_search(&json!({"emial": "a@b"})), 400, "unknown field `emial`"),
        ((SEARCH, r#"{"hash":"","hash":""}"#.to_owned()), 400, "duplicate field `hash`"),
        (in_search(&json!({"email": 7})), 400, "invalid type: integer"),
        (in_search(&json!({})), 400, "the request is empty: give at least one of email"),
        (in_search(&json!({"email": ""})), 400, "the request is empty"),
        (in_search(&json!({"email": "nobody"})), 422, "email in body must be of type email"),
        (in_search(&json!({"email": "a b@c"})), 422, "email in body must be of type email"),
        (in_search(&json!({"subject": "x".repeat(513)})), 422, "at most 512 chars long"),
        (in_search(&json!({"hash": "abc"})), 422, "hash in body should be a SHA-1, SHA-256"),
        (in_search(&json!({"hash": "0".repeat(62)})), 422, "hash in body should be"),
        (in_search(&json!({"hash": format!("sha512:{}", sha256("x"))})), 422, "hash in body"),
        (in_search(&json!({"hash": format!("md5:{}", "0".repeat(32))})), 422, "hash in body"),
        (in_search(&json!({"hash": sha256("x"), "operator": "xor"})), 422, "one of [and or]"),
        (key("gpg", "AAAA"), 422, "publicKey.format in body should be one of"),
        (key("pgp", "AAAA"), 400, "the PKI format requested is not supported by this server"),
        (key("minisign", "AAAA"), 400, "search for entries with \"minisign\" keys by"),
        (key("x509", "*"), 422, "publicKey.content in body should be base64"),
        (key("x509", ""), 400, "public key provided could not be parsed"),
        (key("x509", "AAAA"), 400, "public key provided could not be parsed"),
        (key("x509", &base64(broken)), 400, "public key provided could not be parsed"),
        ((SEARCH, " ".repeat(70_000)), 413, "the body is longer than 65536 bytes"),
        (in_retrieve(&json!({})), 400, "the request is empty: give at least one of entryUUIDs"),
        (in_retrieve(&json!({"logIndexes": vec![0; 11]})), 422, "more than max allowed 10 entries"),
        (in_retrieve(&json!({"logIndexes": [-1]})), 422, "logIndexes in body should be greater"),
        (in_retrieve(&json!({"logIndexes": ["0"]})), 400, "parsing entry body failed"),
        (in_retrieve(&json!({"entryUUIDs": ["x"]})), 422, "entryUUIDs in body should match"),
        (in_retrieve(&json!({"entries": [{"kind": "rekord"}]})), 400, "no entries in the form of"),
    ] {
        let answer = post(writer.address, target, body.as_bytes());
        refuses(&answer, &body[..body.len().min(80)], status, message);
    }
    let proof = "/api/v1/log/proof";
    for (target, status, message) in [
        (ONE.to_owned(), 422, "logIndex in query is required"),
        (format!("{ONE}?logIndex=x"), 422, "logIndex in query must be of type int64: \"x\""),
        (format!("{ONE}?logIndex=-1"), 422, "should be greater than or equal to 0"),
        (format!("{ONE}?logIndex=9223372036854775808"), 422, "must be of type int64"),
        (format!("{ONE}?logIndex=1&logIndex=2"), 422, "logIndex in query is given more than once"),
        (format!("{ONE}/abc"), 422, "entryUUID in path should match '^([0-9a-fA-F]{64}|"),
        (proof.to_owned(), 422, "lastSize in query is required"),
        (format!("{proof}?lastSize=0"), 422, "should be greater than or equal to 1"),
        (format!("{proof}?firstSize=2&lastSize=1"), 400, "firstSize(2) must be less than"),
        (format!("{proof}?lastSize=1&treeID=7"), 400, "invalid tree ID specified: 7"),
        ("/api/v1/log/publicKey?treeID=%37".to_owned(), 400, "invalid tree ID specified: 7"),
        ("/api/v1/log/publicKey/".to_owned(), 404, "there is nothing at"),
        (format!("{ONE}/a/b"), 404, "there is nothing at"),
        ("/api/v1/version".to_owned(), 404, "there is nothing at"),
    ] {
        refuses(&get(writer.address, &target), &target, status, message);
    }
    for (method, target, allowed) in [
        ("GET", SEARCH, "POST"),
        ("POST", ONE, "GET, HEAD"),
        ("PUT", RETRIEVE, "POST"),
        ("POST", "/api/v1/log", "GET, HEAD"),
    ] {
        let answer = exchange(writer.address, method, target, &[], b"");
        assert_eq!(answer.field("allow"), Some(allowed), "{method} {target}");
        refuses(&answer, target, 405, "is not allowed here");
    }
    let wanted = [("Accept", "application/problem+json")];
    let answer = exchange(writer.address, "POST", SEARCH, &wanted, b"{}");
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    Reader::of(&writer).is_unharmed(0);
}

/// Errors as v1's clients read them: the status repeated, and a message.
#[track_caller]
fn refuses(answer: &Answer, row: &str, status: u16, message: &str) {
    assert_eq!(answer.status, status, "{row}: {}", answer.text());
    let error = answer.json();
    assert!(text(&error["message"]).contains(message), "{row}: {error}");
    assert!(answer.body.len() < 1000, "{row}: {error}");
    assert_eq!(answer.field("cache-control"), Some("no-store"), "{row}: errors pass");
    assert_eq!(error, json!({"code": status, "message": error["message"]}), "{row}");
}

#[test]
fn opaque_entries_are_got_too() {
    let writer = Writer::start(&["--accept-opaque"]);
    assert_eq!(post(writer.address, "/add", b"anything").status, 200);
    let entry = get(writer.address, &format!("{ONE}?logIndex=0")).json();
    assert_eq!(verified(&writer, &entry), (0, b"anything".to_vec()));
    let by_id = get(writer.address, &format!("{ONE}/{}", leaf_hash(b"anything")));
    assert_eq!(by_id.json(), entry);
}
