//! Nothing that cannot be undone happens before everything that can be checked was checked.

use crate::keys::generate;
use crate::world::{World, signing_key};

/// A log with one entry, and what is needed for another.
fn world() -> World {
    let world = World::with_writer(&[]);
    world.write("a.txt", "a");
    world.write("b.txt", "b");
    generate(&world, "p256", "me");
    world.fasti(&["upload", "--artifact", "a.txt", "--private-key", "me.pem"]).good();
    world
}

fn size(world: &World) -> String {
    let said = world.fasti(&["loginfo"]).good();
    let line = said.lines().find(|line| line.starts_with("Active Tree Size:"));
    line.expect("a size").to_owned()
}

#[test]
fn an_upload_submits_nothing_that_it_could_not_finish() {
    let world = world();
    let before = size(&world);
    let upload = |more: &[&'static str]| {
        let arguments = ["upload", "--artifact", "b.txt", "--private-key", "me.pem"];
        [&arguments[..], more].concat()
    };
    for nowhere in ["no/such/b.json", "/", "."] {
        world.fasti(&upload(&["--bundle", nowhere])).broken("cannot write");
    }
    world.fasti_with(&[], &upload(&["--bundle", "b.json"])).broken("Nothing was submitted");
    let impostor = signing_key(2).verifier_key().to_string();
    for more in [&[][..], &["--bundle", "b.json"]] {
        let ended = world.fasti_with(&[("FASTI_VKEY", &impostor)], &upload(more));
        ended.refused("nothing was submitted");
    }
    generate(&world, "p256", "other");
    world.fasti(&upload(&["--public-key", "other.pub"])).broken("not the public half");
    assert_eq!(size(&world), before);

    // What was there stays, and nothing is left beside it.
    world.write("b.json", "precious");
    world.fasti(&upload(&["--bundle", "b.json", "--public-key", "other.pub"])).broken("half");
    assert_eq!(world.read("b.json"), b"precious");
    world.fasti(&upload(&["--bundle", "b.json"])).good();
    assert!(world.read("b.json").starts_with(b"{"));
    let names = world.path("").read_dir().expect("it lists");
    let parts = names.filter(|name| {
        name.as_ref().expect("a name").file_name().to_string_lossy().ends_with(".part")
    });
    assert_eq!(parts.count(), 0);
    assert_ne!(size(&world), before);
}

#[test]
fn a_log_is_not_frozen_with_another_key_or_under_a_running_writer() {
    let mut world = world();
    let freeze =
        |world: &World, key: &str| world.fasti(&["freeze", "--store", "log", "--key", key]);
    freeze(&world, "log.key").broken("another writer is running");
    world.stop();
    let keygen = ["keygen", "--origin", "localhost", "--out", "other.key"];
    world.fasti(&keygen).good();
    assert_eq!(freeze(&world, "other.key").status, 1);
    freeze(&world, "nowhere.key").broken("nowhere.key");
    world.start(&[]);
    world.fasti(&["upload", "--artifact", "b.txt", "--private-key", "me.pem"]).good();
}

#[test]
fn a_key_is_never_written_over() {
    let world = World::new();
    world.write("log.key", "precious");
    let keygen = ["keygen", "--origin", "localhost", "--out", "log.key"];
    world.fasti(&keygen).broken("does not exist yet");
    assert_eq!(world.read("log.key"), b"precious");
    // What does not fit together is found before there is a file.
    for more in [
        &["--algorithm", "ecdsa-p256", "--encoding", "note"][..],
        &["--password-file", "nowhere"],
        &["--encoding", "note", "--password-file", "log.key"],
    ] {
        let keygen = ["keygen", "--origin", "localhost", "--out", "new.key"];
        let ended = world.fasti(&[&keygen[..], more].concat());
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(!world.path("new.key").exists());
    }
}

#[test]
fn an_index_is_not_built_for_a_log_that_is_refused() {
    let mut world = world();
    world.stop();
    let index = ["index", "--to", "index", "--key", "log.key"];
    let impostor = signing_key(2).verifier_key().to_string();
    let ended = world.fasti_with(&[("FASTI_VKEY", &impostor)], &index);
    ended.refused("the checkpoint is refused");
    world.fasti(&["index", "--to", "index", "--key", "nowhere"]).broken("nowhere");
    assert!(!world.path("index").exists());
    world.fasti(&index).good();
}

#[test]
fn a_trusted_root_replaces_another_only_as_a_whole() {
    let world = World::new();
    let merge = ["trusted-root", "--merge", "root.json", "other.json", "--out", "root.json"];
    world.fasti(&["trusted-root", "--out", "root.json"]).good();
    let before = world.read("root.json");
    assert_eq!(before, world.fasti(&["trusted-root"]).good().into_bytes());
    world.write("other.json", "{");
    world.fasti_with(&[], &merge).refused("cannot merge");
    let ended = ["trusted-root", "--valid-until", "2027-01-01T00:00:00Z", "--out", "other.json"];
    world.fasti(&ended).good();
    world.fasti_with(&[], &merge).refused("contradict each other");
    assert_eq!(world.read("root.json"), before);
    let other = World::of("other.example", 3);
    world.write("other.json", other.fasti(&["trusted-root"]).good());
    let said = world.fasti_with(&[], &merge).good();
    assert_eq!(said, "Written: root.json\n");
    let after = String::from_utf8(world.read("root.json")).expect("text");
    assert!(after.contains("localhost") && after.contains("other.example"), "{after}");
}
