//! Searching a log: by artifact, key, identity and UUID; from files and over HTTP; with `--follow`.

use serde_json::Value;

use crate::keys::{certify, generate};
use crate::world::{World, golden};

/// A log with signatures and an opaque entry, with an index unless told otherwise.
fn signed_world() -> World {
    let world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    for name in ["a", "b", "c"] {
        world.write(name, format!("artifact {name}\n"));
    }
    let me = generate(&world, "p256", "me");
    generate(&world, "p384", "other");
    certify(&world, &me, "me", "Me@Example.com");
    for (artifact, key) in [("a", "me.pem"), ("b", "me.pem"), ("a", "other.pem")] {
        world.fasti(&["upload", "--artifact", artifact, "--private-key", key]).good();
    }
    let with = ["upload", "--artifact", "c", "--private-key", "me.pem", "--public-key", "me.crt"];
    world.fasti(&with).good();
    world.add(["entry 4".to_owned()]);
    world
}

fn index(world: &World) {
    world.fasti(&["index", "--log", "log", "--key", "log.key"]).good();
}

fn search(world: &World, what: &[&str]) -> Value {
    let said = world.fasti(&[&["search", "--format", "json"], what].concat()).good();
    serde_json::from_str(&said).expect("JSON")
}

fn found(json: &Value) -> Vec<u64> {
    let entries = json["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["logIndex"].as_u64().expect("an index")).collect()
}

#[test]
fn by_artifact_key_identity_and_uuid() {
    let mut world = signed_world();
    let scanned = search(&world, &["--artifact", "a"]);
    assert_eq!((found(&scanned), &scanned["index_size"]), (vec![0, 2], &0.into()));
    assert_eq!((&scanned["scanned"], &scanned["complete"]), (&5.into(), &true.into()));
    world.stop();
    index(&world);
    for (what, expected) in [
        (&["--artifact", "a"][..], &[0, 2][..]),
        (&["--public-key", "me.pub"], &[0, 1, 3]),
        (&["--public-key", "me.crt", "--pki-format", "x509"], &[0, 1, 3]),
        (&["--email", "me@example.com"], &[3]),
        (&["--identity", "ME@example.com", "--issuer", "https://oidc.test"], &[3]),
        (&["--email", "me@example.com", "--issuer", "https://elsewhere.test"], &[]),
        (&["--artifact", "a", "--artifact", "b"], &[0, 1, 2]),
        (&["--artifact", "a", "--public-key", "me.pub"], &[0, 1, 2, 3]),
        (&["--artifact", "a", "--public-key", "me.pub", "--operator", "and"], &[0]),
        (&["--artifact", "c", "--public-key", "other.pub", "--operator", "and"], &[]),
    ] {
        let json = search(&world, what);
        assert_eq!(found(&json), expected, "{what:?}");
        assert_eq!((&json["complete"], &json["index_size"]), (&true.into(), &5.into()));
        assert_eq!(json["total"], expected.len());
    }
    let json = search(&world, &["--artifact", "c"]);
    let (digest, uuid) = (&json["entries"][0]["has"][0], &json["entries"][0]["uuid"]);
    let digest = digest.as_str().and_then(|digest| digest.strip_prefix("digest "));
    let (digest, uuid) = (digest.expect("a digest"), uuid.as_str().expect("a UUID"));
    assert_eq!(found(&search(&world, &["--sha", &format!("sha256:{digest}")])), [3]);
    assert_eq!(found(&search(&world, &["--uuid", &format!("{:016x}{uuid}", 7)])), [3]);
    let text = world.fasti(&["search", "--sha", digest]).good();
    for words in ["Claimed identity: Me@Example.com", "Found: 1 entry", "Proved: none was left out"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    world.fasti(&["search"]).broken("--artifact");
    world.fasti(&["search", "--sha", "abc"]).broken("hex");
    world.fasti(&["search", "--sha", digest, "--limit", "0"]).broken("the limit is 0 entries");
    world.fasti(&["search", "--sha", digest, "--issuer", "x"]).broken("--issuer needs");
}

#[test]
fn what_is_said_of_what_was_proved() {
    let mut world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    world.stop();
    // The index commits to the times, and so they must be the same in every run.
    let times = world.read("log/time/000.p/3");
    world.write("log/time/000.p/3", 1_780_000_000_u64.to_be_bytes().repeat(3));
    index(&world);
    // The writer knows its own times.
    world.write("log/time/000.p/3", times);
    world.start(&["--accept-opaque", "--no-lookup"]);
    world.add(["entry 3".to_owned()]);
    let uuid = |entry: &str| tiles_spec::leaf_hash(entry.as_bytes()).to_string();
    let (first, last, none) = (uuid("entry 1"), uuid("entry 3"), uuid("entry 9"));
    let both = ["search", "--uuid", &first, "--uuid", &last];
    let json = [&both[..], &["--format", "json"]].concat();
    let over_http = [world.fasti(&both).good(), world.fasti(&json).good()];
    world.stop();
    let from_files = [world.fasti(&both).good(), world.fasti(&json).good()];
    assert_eq!(over_http, from_files);
    golden("search.txt", &from_files[0]);
    golden("search.json", &from_files[1]);
    golden("search-nothing.txt", &world.fasti(&["search", "--uuid", &none]).good());
    // Nothing was found, and not everything was searched: that is not an answer.
    let ended = world.fasti(&["search", "--uuid", &last, "--scan-max", "0"]);
    ended.broken("NOT SEARCHED: the leaf behind it");
    golden("search-unsearched.txt", &ended.stdout);
}

#[test]
fn only_what_is_new() {
    let mut world = signed_world();
    world.stop();
    index(&world);
    let follow = ["search", "--public-key", "me.pub", "--follow", "seen", "--format", "json"];
    let news = |world: &World| {
        let said = world.fasti(&follow).good();
        found(&serde_json::from_str(&said).expect("JSON"))
    };
    assert_eq!(news(&world), [0, 1, 3]);
    assert_eq!(news(&world), [0; 0]);
    world.start(&["--accept-opaque", "--no-lookup"]);
    world.write("d", "artifact d\n");
    world.fasti(&["upload", "--artifact", "d", "--private-key", "me.pem"]).good();
    assert_eq!(news(&world), [5]);
    world.stop();
    index(&world);
    assert_eq!(news(&world), [0; 0]);
    let said = world.fasti(&follow[..5]).good();
    assert!(said.contains("Nothing: no new entry has this since the log's tree of 6"), "{said}");
}

/// The objects that a search in pages prints, one after the other.
fn pages(said: &str) -> Vec<Value> {
    let pages = serde_json::Deserializer::from_str(said).into_iter::<Value>();
    pages.collect::<Result<_, _>>().expect("JSON")
}

#[test]
fn the_limit_leaves_news_for_the_next_time() {
    let mut world = signed_world();
    world.stop();
    index(&world);
    let follow = ["search", "--public-key", "me.pub", "--follow", "seen"];
    let two = [&follow[..], &["--limit", "2"]].concat();
    let said = world.fasti(&two).good();
    assert!(said.contains("Index: 0") && said.contains("Index: 1"), "{said}");
    assert!(said.contains("Found: the first 2 of 3 entries; --limit leaves"), "{said}");
    assert!(said.contains("Proved: none before index 3 was left out"), "{said}");
    let json = [&two[..], &["--format", "json"]].concat();
    let [page] = &pages(&world.fasti(&json).good())[..] else { panic!("one page") };
    assert_eq!((found(page), &page["since"], &page["until"]), (vec![3], &3.into(), &5.into()));
    assert_eq!(page["complete"], true);
    let said = world.fasti(&two).good();
    assert!(said.contains("Nothing: no new entry has this since the log's tree of 5"), "{said}");
    // Where to begin, with a memory and without.
    let since = ["search", "--public-key", "me.pub", "--since", "1"];
    assert_eq!(found(&search(&world, &since[1..])), [1, 3]);
    let said = world.fasti(&since).good();
    assert!(said.contains("Found: 2 entries from index 1 on"), "{said}");
    let other = [&since[..], &["--follow", "other", "--format", "json"]].concat();
    assert_eq!(found(&pages(&world.fasti(&other).good())[0]), [1, 3]);
    assert_eq!(found(&pages(&world.fasti(&other).good())[0]), [0; 0]);
}

#[test]
fn entries_that_somebody_vouches_for_come_first() {
    let mut world = signed_world();
    // The same name, from an authority of another's own.
    let they = generate(&world, "p256", "they");
    certify(&world, &they, "they", "me@example.com");
    let with = ["--private-key", "they.pem", "--public-key", "they.crt"];
    for artifact in ["d", "e"] {
        world.write(artifact, artifact);
        world.fasti(&[&["upload", "--artifact", artifact], &with[..]].concat()).good();
    }
    world.stop();
    index(&world);
    let me = ["--email", "me@example.com"];
    assert_eq!(found(&search(&world, &me)), [3, 5, 6]);
    let believing = [&me[..], &["--ca-roots", "me.ca.crt"]].concat();
    let json = search(&world, &believing);
    assert_eq!(
        (found(&json), &json["vouched"], &json["not_vouched"]),
        (vec![3], &1.into(), &2.into())
    );
    assert_eq!(json["entries"][0]["vouched"]["by"][0], "CN=authority.test");
    let said = world.fasti(&[&["search"], &believing[..]].concat()).good();
    assert!(said.contains("Vouched for by: CN=authority.test"), "{said}");
    assert!(said.contains("Found: 1 entry that somebody you trust vouches for\n"), "{said}");
    let others = "and 2 others that nobody you trust vouches for; --all prints them";
    assert!(said.contains(others), "{said}");
    // However many others there are, and however few may be printed.
    for (limit, expected, hidden) in [("1", &[3, 5][..], 1), ("9", &[3, 5, 6], 0)] {
        let json = search(&world, &[&believing[..], &["--all", "--limit", limit]].concat());
        assert_eq!((found(&json), &json["not_printed"]), (expected.to_vec(), &hidden.into()));
        assert_eq!(json["entries"][1]["vouched"], Value::Null);
    }
    let theirs = search(&world, &["--email", "me@example.com", "--ca-roots", "they.ca.crt"]);
    assert_eq!(found(&theirs), [5, 6]);
    // A key vouches for itself, and news is judged as well.
    let key = ["--public-key", "they.pub", "--ca-roots", "me.ca.crt", "--follow", "seen"];
    assert_eq!(found(&search(&world, &key)), [5, 6]);
    assert_eq!(found(&search(&world, &key)), [0; 0]);
    world.fasti(&["search", "--email", "x@example.com", "--all"]).broken("--all needs");
}

#[test]
fn damage_to_the_index_is_refused_with_its_place() {
    let mut world = signed_world();
    world.stop();
    let search = ["search", "--artifact", "a"];
    world.fasti(&[&search[..], &["--scan-max", "4"]].concat()).broken("the log has no index");
    index(&world);
    let part = "log/lookup/run/0/5/0";
    let whole = world.read(part);
    let mut flipped = whole.clone();
    flipped[60] ^= 1;
    world.write(part, flipped);
    world.fasti(&search).refused("lookup/run/0/5/0 does not match the signed index");
    world.write(part, &whole[..100]);
    world.fasti(&search).refused("lookup/run/0/5/0");
    std::fs::remove_file(world.path(part)).expect("it can be removed");
    world.fasti(&search).refused("is missing, but the signed index implies it");
    world.write(part, whole);
    world.write("log/lookup/latest", "nothing of the kind");
    world.fasti(&search).refused("lookup/latest is refused");
}

#[test]
fn an_index_of_somebody_else() {
    let mut world = signed_world();
    world.stop();
    generate_key(&world, "their.key");
    let said =
        world.fasti(&["index", "--log", "log", "--key", "their.key", "--to", "theirs"]).good();
    let vkey = said.lines().find_map(|line| line.strip_prefix("Signed as:")).expect("a key").trim();
    let elsewhere = ["search", "--artifact", "a", "--format", "json", "--index", "theirs"];
    world.fasti(&elsewhere).refused("--lookup-key");
    let said = world.fasti(&[&elsewhere[..], &["--lookup-key", vkey]].concat()).good();
    let json: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((found(&json), &json["index_size"]), (vec![0, 2], &5.into()));
}

fn generate_key(world: &World, name: &str) {
    let out = world.path(name);
    let out = out.to_str().expect("UTF-8");
    world.fasti(&["keygen", "--origin", crate::world::ORIGIN, "--out", out]).good();
}
