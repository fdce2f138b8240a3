//! Everything that a writer answers is answered from its files alone, except for submissions.

use fasti_kit::certificates::{P256, Signer};
use fasti_kit::proposals::{dsse, hashedrekord};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{Answer, STATE, Server, ask, files, serve};
use crate::keys::generate;
use crate::world::World;

const ENTRIES: &str = "/api/v1/log/entries";
const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
const SEARCH: &str = "/api/v1/index/retrieve";

/// What the writer said of a log with entries of every API, which is then stopped and indexed.
struct Written {
    world: World,
    proposals: [Value; 2],
    /// By entry ID.
    created: Vec<Value>,
}

fn written() -> Written {
    let mut world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    let signer = Signer::of(P256);
    let proposals =
        [hashedrekord(signer, b"one", None), dsse(signer, "text/plain", b"an envelope")];
    let address = world.url().trim_start_matches("http://").parse().expect("an address");
    let created = proposals.iter().map(|proposal| {
        let body = proposal.to_string();
        let fields = ["content-type: application/json"];
        let answer = ask(address, "POST", ENTRIES, &fields, body.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    });
    let created = created.collect();
    world.write("a", "artifact a\n");
    generate(&world, "p256", "me");
    world.fasti(&["upload", "--artifact", "a", "--private-key", "me.pem"]).good();
    world.add((0..300).map(|n| format!("an opaque entry {n}")));
    world.stop();
    world.fasti(&["index", "--log", "log", "--key", "log.key"]).good();
    Written { world, proposals, created }
}

fn only(object: &Value) -> (&String, &Value) {
    let mut members = object.as_object().expect("an object").iter();
    let one = members.next().expect("a member");
    assert!(members.next().is_none(), "{object}");
    one
}

#[test]
fn of_a_directory_and_of_another_server() {
    let Written { world, proposals, created } = written();
    let first = serve(&world, "log", &["--refresh-seconds", "1"]);
    let second = serve(&world, &first.url, &["--index", "log", "--cache-mib", "1"]);
    let third = serve(&world, &second.url, &[]);
    for server in [&first, &second, &third] {
        serves_files(&world, server);
        answers_v1(server, &proposals, &created);
        refuses_submissions(server);
        let ready = server.get("/readyz");
        assert_eq!(ready.status, 200);
        let ready = ready.json();
        assert_eq!((&ready["status"], &ready["role"]), (&json!("ready"), &json!("reading")));
        assert_eq!(ready["treeSize"], 303);
        assert!(server.get("/").text().contains("this server only reads"));
        let said = world.fasti(&["search", "--log", &server.url, "--artifact", "a"]).good();
        assert!(said.contains("Found: 1 entry"), "{said}");
        world.fasti(&["fsck", "--log", &server.url]).good();
    }
    for server in [third, second, first] {
        server.process.stop();
    }
    assert!(!world.path(STATE).exists(), "they remember nothing, and have no keys");
}

/// Every file as it is, in parts and packed; and nothing else.
fn serves_files(world: &World, server: &Server) {
    let mut bundles = 0;
    for path in files(&world.path("log")) {
        let is_published = ["checkpoint", "log.json"].contains(&path.as_str())
            || ["heads/", "tile/", "time/", "lookup/"].iter().any(|start| path.starts_with(start));
        let answer = server.get(&format!("/{path}"));
        if !is_published {
            assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
            continue;
        }
        let whole = world.read(&format!("log/{path}"));
        assert_eq!((answer.status, &answer.body), (200, &whole), "{path}");
        assert_eq!(server.get(&format!("/api/v2/{path}")).body, whole, "{path}");
        let part = server.get_with(&format!("/{path}"), &["range: bytes=1-3"]);
        assert_eq!((part.status, &part.body[..]), (206, &whole[1..4]), "{path}");
        let head = ask(server.address, "HEAD", &format!("/{path}"), &[], b"");
        assert_eq!(head.field("content-length"), Some(&*whole.len().to_string()), "{path}");
        if path.starts_with("tile/entries/") {
            bundles += 1;
            let packed = server.get_with(&format!("/{path}"), &["accept-encoding: gzip"]);
            assert_eq!(packed.field("content-encoding"), Some("gzip"), "{path}");
            assert_eq!(unpacked(&packed.body), whole, "{path}");
        }
    }
    assert!(bundles >= 2, "a full bundle and a partial one");
    for none in ["/tile/0/999", "/tile/entries/999", "/lookup/revision/999", "/nothing"] {
        assert_eq!(server.get(none).status, 404, "{none}");
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    fasti::gzip::gunzip(bytes, 1 << 20).expect("gzip")
}

fn answers_v1(server: &Server, proposals: &[Value], created: &[Value]) {
    let log = server.get("/api/v1/log").json();
    assert_eq!((&log["treeSize"], &log["inactiveShards"]), (&json!(303), &Value::Null));
    let checkpoint = server.get("/checkpoint").text();
    assert_eq!(log["signedTreeHead"], checkpoint.as_str());
    let key = server.get("/api/v1/log/publicKey");
    assert!(key.text().starts_with("-----BEGIN PUBLIC KEY-----"), "{key:?}");
    let proof = server.get("/api/v1/log/proof?firstSize=3&lastSize=303").json();
    assert_eq!(proof["rootHash"], log["rootHash"]);
    assert!(proof["hashes"].as_array().is_some_and(|hashes| !hashes.is_empty()));

    for (created, proposal) in created.iter().zip(proposals) {
        let (id, as_written) = only(created);
        let (uuid, index) = (&id[16..], as_written["logIndex"].as_u64().expect("an index"));
        let by_proposal = server.post_json(RETRIEVE, &json!({"entries": [proposal]})).json();
        for found in [
            server.get(&format!("{ENTRIES}/{id}")).json(),
            server.get(&format!("{ENTRIES}/{uuid}")).json(),
            server.get(&format!("{ENTRIES}?logIndex={index}")).json(),
            server.post_json(RETRIEVE, &json!({"entryUUIDs": [id]})).json()[0].clone(),
            server.post_json(RETRIEVE, &json!({"logIndexes": [index]})).json()[0].clone(),
            by_proposal[0].clone(),
        ] {
            let (found_id, found) = only(&found);
            assert_eq!(found_id, id);
            for member in ["body", "integratedTime", "logID", "logIndex"] {
                assert_eq!(found[member], as_written[member], "{member}");
            }
            assert!(found["integratedTime"].as_u64() > Some(0));
            let verification = &found["verification"];
            assert!(verification.get("signedEntryTimestamp").is_none(), "{verification}");
            assert_eq!(verification["inclusionProof"]["treeSize"], 303);
            assert_eq!(verification["inclusionProof"]["checkpoint"], checkpoint.as_str());
        }
    }
    let digest = hex::encode(Sha256::digest(b"one"));
    let found = server.post_json(SEARCH, &json!({"hash": format!("sha256:{digest}")}));
    assert_eq!(found.json(), json!([only(&created[0]).0]));
    assert_eq!(found.field("fasti-complete"), Some("true"));
    let nothing = hex::encode(Sha256::digest(b"nothing"));
    let found = server.post_json(SEARCH, &json!({"hash": format!("sha256:{nothing}")}));
    assert_eq!((found.status, found.json()), (200, json!([])));
    let beyond = server.get("/api/v1/log/proof?firstSize=3&lastSize=304");
    assert_eq!(beyond.status, 400, "{beyond:?}");
    let unknown = format!("{ENTRIES}/{}", "ab".repeat(32));
    assert_eq!(server.get(&unknown).status, 404);
}

fn refuses_submissions(server: &Server) {
    let submit = |path: &str, fields: &[&str]| -> Answer {
        ask(server.address, "POST", path, fields, b"{\"some\": \"thing\"}")
    };
    for (path, fields, allowed) in [
        ("/api/v2/log/entries", &[][..], ""),
        ("/add", &[], ""),
        (ENTRIES, &["content-type: application/json"], "GET, HEAD"),
        ("/api/v1/log/entries/", &["content-type: application/json"], "GET, HEAD"),
    ] {
        let refused = submit(path, fields);
        assert_eq!((refused.status, refused.field("allow")), (405, Some(allowed)), "{path}");
        let sentence = refused.json()["message"].as_str().expect("a sentence").to_owned();
        assert!(sentence.contains("only reads the log and takes no entries"), "{sentence}");
    }
    assert_eq!(submit("/_writer/forward", &[]).status, 405);
}

#[test]
fn nothing_is_served_that_no_trusted_key_signed() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(["an entry".to_owned()]);
    world.stop();
    let serve = ["serve", "--log", "log", "--listen", "127.0.0.1:0"];
    let other = World::of("elsewhere.test", 2);
    let strangers = other.vkey().to_owned();
    world.fasti_with(&[("FASTI_VKEY", &strangers)], &serve).refused("elsewhere.test");
    world.fasti_with(&[], &serve).broken("--vkey");
    world.fasti(&["serve", "--log", "nowhere"]).broken("nowhere");
    world.fasti(&["serve", "--log", "http://127.0.0.1:1"]).broken("127.0.0.1:1");
    world.fasti(&["serve", "--log", "log", "--listen", "192.0.2.1:80"]).broken("cannot listen");
    let tile = world.path("log/tile/0/000.p/1");
    std::fs::write(tile, [7; 32]).expect("it can be written");
    world.fasti(&serve).refused("does not belong to the signed tree");
}
