//! Entries of each kind: uploaded, uploaded again, read by index and by name, verified, found.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::made::{self, Made};
use crate::world::World;

/// The place that an upload printed, with the given words before it.
#[track_caller]
fn place(said: &str, words: &str) -> String {
    let line = said.lines().next().unwrap_or_default();
    assert!(line.starts_with(words), "{said}");
    line.rsplit("available at: ").next().expect("a place").to_owned()
}

/// Uploads it, twice, and returns its entry ID.
#[track_caller]
fn uploaded(world: &World, made: &Made, index: usize) -> String {
    let upload = made.command("upload");
    // Not there yet.
    world.fasti(&made.command("verify")).refused("entry in log cannot be located");
    let said = world.fasti(&upload).good();
    let created = place(&said, &format!("Created entry at index {index}, available at: "));
    let before = format!("{}/api/v1/log/entries/", world.url());
    let id = created.strip_prefix(&before).unwrap_or_else(|| panic!("{created}")).to_owned();
    assert_eq!(id.len(), 80, "{id}");
    assert!(said.contains("Proved: in the tree of "), "{said}");
    assert!(said.contains("signed with its key"), "the signed entry timestamp: {said}");
    let said = world.fasti(&upload).good();
    assert_eq!(place(&said, "Entry already exists; available at: "), created);
    id
}

#[test]
fn entries_of_each_kind_are_uploaded_read_and_verified() {
    let mut world = World::with_writer(&[]);
    let all = made::all(&world);
    let mut ids = Vec::new();
    for (index, made) in all.iter().enumerate() {
        let id = uploaded(&world, made, index);
        read(&world, made, &id, index);
        verify(&world, made, &id, index);
        ids.push(id);
    }
    // The files alone do as well.
    world.stop();
    for (index, (made, id)) in all.iter().zip(&ids).enumerate() {
        read(&world, made, id, index);
        verify(&world, made, id, index);
    }
    checked(&world, all.len());
}

/// What `fasti fsck` says of a log with this many entries, all of Rekor v1.
#[track_caller]
fn checked(world: &World, count: usize) {
    let said = world.fasti(&["fsck", "--json", "--verify-signatures"]).good();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    for name in ["entries", "rekor_entries", "rekor_v1_entries"] {
        assert_eq!(report[name], count, "{name}");
    }
    assert_eq!((&report["unreadable_entries"], &report["signatures"]), (&0.into(), &0.into()));
}

#[track_caller]
fn read(world: &World, made: &Made, id: &str, index: usize) {
    let uuid = &id[16..];
    for name in [["--uuid", uuid], ["--uuid", id], ["--log-index", &index.to_string()]] {
        let get = |format: &str| world.fasti(&["get", name[0], name[1], "--format", format]).good();
        let said = get("default");
        for line in ["LogID: ", "IntegratedTime: 20", &format!("UUID: {uuid}"), "Body: {"] {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(said.contains(&format!("\n  \"{}\": {{", made.model)), "{said}");
        assert!(said.contains(&format!("\nIndex: {index}\n")), "{said}");
        let json: Value = serde_json::from_str(&get("json")).expect("JSON");
        assert!(json["IntegratedTime"].as_u64().is_some_and(|time| time > 0), "{json}");
        assert_eq!(json["LogIndex"], index);
        assert!(json["Body"][made.model].is_object(), "{json}");
    }
}

#[track_caller]
fn verify(world: &World, made: &Made, id: &str, index: usize) {
    let index = index.to_string();
    let said = [
        world.fasti(&["verify", "--uuid", id]).good(),
        world.fasti(&["verify", "--log-index", &index]).good(),
        world.fasti(&made.command("verify")).good(),
    ];
    for said in &said {
        let leaf = &id[16..];
        for line in [
            "Current Root Hash: ",
            &format!("Entry Hash: {leaf}\n"),
            &format!("Entry Index in Current Tree: {index}\n"),
            "Current Tree Size: ",
            "Checkpoint:\nlocalhost\n",
            "Inclusion Proof:\n",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let root = |words: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(words));
            line.unwrap_or_else(|| panic!("{words}: {said}")).to_owned()
        };
        let computed = root("Computed Root Hash: ");
        assert_eq!(computed, root("Expected Root Hash: "));
        assert_eq!(computed, root("Current Root Hash: "));
    }
    let json = world.fasti(&["verify", "--uuid", id, "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["Index"].to_string(), index);
    assert!(json["EntryUUID"].as_str().is_some_and(|uuid| id.ends_with(uuid)), "{json}");
}

/// `TestGetCLI`: an entry is found by what it is about.
#[test]
fn entries_are_found() {
    let world = World::with_writer(&[]);
    let made = made::signatures(&world).swap_remove(0);
    let id = uploaded(&world, &made, 0);
    let digest = hex::encode(Sha256::digest(b"an artifact"));
    let by_digest = ["--sha", &format!("sha256:{digest}")];
    for by in [["--artifact", "artifact"], ["--public-key", "signer.pub"], by_digest] {
        let said = world.fasti(&[&["search"], &by[..]].concat()).good();
        assert!(said.contains(&id[16..]), "{by:?}: {said}");
    }
}

/// `TestEntryUpload`: a whole proposal.
#[test]
fn a_proposal_is_posted_as_it_is() {
    use fasti_kit::certificates::{P256, Signer};
    let world = World::with_writer(&[]);
    let proposal = fasti_kit::proposals::rekord(Signer::of(P256), b"another artifact");
    world.write("entry.json", proposal.to_string());
    let said = world.fasti(&["upload", "--entry", "entry.json"]).good();
    place(&said, "Created entry at index 0, available at: ");
    world.fasti(&["verify", "--entry", "entry.json"]).good();
    let json = world.fasti(&["upload", "--entry", "entry.json", "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["AlreadyExists"], &json["Index"]), (&true.into(), &0.into()));
    let location = json["Location"].as_str().expect("a place");
    assert!(location.starts_with("/api/v1/log/entries/"), "{location}");
    assert_eq!(json["Verified"], true);
}

/// Without a key the log's answer is printed, and that nothing was verified.
#[test]
fn an_upload_without_keys_says_so() {
    let world = World::with_writer(&[]);
    let made = made::signatures(&world).swap_remove(0);
    let said = world.fasti_with(&[], &made.command("upload")).good();
    place(&said, "Created entry at index 0, available at: ");
    assert!(said.contains("Nothing was verified: give --vkey"), "{said}");
    for verb in ["verify", "get"] {
        let by_name = [verb, "--log-index", "0"];
        world.fasti_with(&[], &by_name).broken("no log's key to trust");
    }
}

/// Without --type, or with the kind and version of today, it is an entry of Rekor v2.
#[test]
fn entries_of_rekor_v2_stay_what_they_are() {
    let world = World::with_writer(&[]);
    made::signatures(&world);
    let upload = |more: &[&'static str]| {
        let flags = [
            "upload",
            "--artifact",
            "artifact",
            "--signature",
            "artifact.sig",
            "--public-key",
            "signer.pub",
        ];
        world.fasti(&[&flags[..], more].concat()).good()
    };
    let said = upload(&[]);
    assert!(said.contains("available at: ") && said.contains("/tile/entries/000"), "{said}");
    let said = upload(&["--type", "hashedrekord:0.0.2"]);
    assert!(said.contains("Entry already exists; index 0"), "{said}");
    // Another entry, of the same signature.
    let said = upload(&["--type", "hashedrekord"]);
    place(&said, "Created entry at index 1, available at: ");
}
