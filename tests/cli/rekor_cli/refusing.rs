//! What is refused, and that nothing was sent before.

use super::made;
use crate::world::World;

fn size(world: &World) -> String {
    let said = world.fasti(&["loginfo"]).good();
    let line = said.lines().find(|line| line.starts_with("Active Tree Size:"));
    line.expect("a size").to_owned()
}

#[test]
fn wrong_signatures_are_refused_without_a_request() {
    let world = World::with_writer(&[]);
    let all = made::all(&world);
    world.write("other", "another artifact");
    let before = size(&world);
    for made in &all {
        // Another artifact, another key, and metadata that this key did not sign.
        let broken: Vec<String> = made
            .flags
            .iter()
            .map(|flag| match flag.as_str() {
                "artifact" | "timestamp" | "message.cbor" => "other".to_owned(),
                "signer.pub" => "cose.pub".to_owned(),
                "root.json" => "timestamp.json".to_owned(),
                flag => flag.to_owned(),
            })
            .collect();
        for verb in ["upload", "verify"] {
            let flags = broken.iter().map(String::as_str);
            let command: Vec<_> = std::iter::once(verb).chain(flags).collect();
            let ended = world.fasti(&command);
            assert!([1, 2].contains(&ended.status), "{command:?}: {ended:?}");
            let words = ["nothing was sent", "cannot make an entry"];
            assert!(words.iter().any(|words| ended.stderr.contains(words)), "{}", ended.stderr);
        }
    }
    assert_eq!(size(&world), before);
}

#[test]
fn a_log_with_another_key_gets_nothing() {
    let world = World::with_writer(&[]);
    let made = made::signatures(&world).swap_remove(0);
    let impostor = crate::world::signing_key(2).verifier_key().to_string();
    let ended = world.fasti_with(&[("FASTI_VKEY", &impostor)], &made.command("upload"));
    ended.refused("nothing was submitted");
    world.fasti(&made.command("verify")).refused("entry in log cannot be located");
}

#[test]
fn unknown_entries_cannot_be_located() {
    let world = World::with_writer(&["--accept-opaque"]);
    world.add(["entry 0".to_owned()]);
    let uuid = "ab".repeat(32);
    world.fasti(&["get", "--uuid", &uuid]).refused("no such entry");
    world.fasti(&["verify", "--uuid", &uuid]).refused("entry in log cannot be located");
    world.fasti(&["get", "--log-index", "7"]).refused("not in a tree of size 1");
    world.fasti(&["verify", "--log-index", "7"]).refused("not in a tree of size 1");
    // An entry of this log, under the ID of another tree.
    let said = world.fasti(&["get", "--log-index", "0"]).good();
    let known = said.lines().find_map(|line| line.strip_prefix("UUID: ")).expect("a UUID");
    world.fasti(&["get", "--uuid", known]).good();
    let elsewhere = format!("0000000000000001{known}");
    world.fasti(&["get", "--uuid", &elsewhere]).refused("no such entry");
    for bad in ["", "ab", "zz", &"0".repeat(80)] {
        world.fasti(&["get", "--uuid", bad]).broken("64 hexadecimal digits");
    }
}

#[test]
fn what_is_not_looked_at_is_not_taken() {
    let world = World::with_writer(&[]);
    let all = made::all(&world);
    let uuid = "ab".repeat(32);
    let refused = |arguments: &[&str], words: &str| world.fasti(arguments).broken(words);
    let named = ["verify", "--uuid", &uuid];
    refused(&[&named[..], &["--artifact", "artifact"]].concat(), "nothing about an artifact");
    refused(&[&named[..], &["--public-key", "signer.pub"]].concat(), "nothing about an artifact");
    refused(&[&named[..], &["--any-signer"]].concat(), "cannot be used with");
    refused(&[&named[..], &["--log-index", "0"]].concat(), "cannot be used with");
    refused(&[&named[..], &["--bundle", "b.json"]].concat(), "cannot be used with");
    let identity =
        ["--certificate-identity", "a@b.test", "--certificate-oidc-issuer", "https://oidc.test"];
    let verify = all[0].command("verify");
    refused(&[&verify[..], &identity].concat(), "cannot be used with");
    refused(&[&verify[..], &["--ca-roots", "a.pem"]].concat(), "cannot be used with");
    let upload = all[0].command("upload");
    refused(&[&upload[..], &["--bundle", "b.json"]].concat(), "for entries of Rekor v2");
    refused(&[&upload[..], &["--entry", "e.json"]].concat(), "cannot be used with");
    for (kind, words) in [("nope", "no such kind"), ("rekord:0.0.2", "no such version")] {
        refused(&["upload", "--type", kind, "--artifact", "artifact"], words);
    }
    let v2 = ["verify", "--type", "hashedrekord:0.0.2", "--artifact", "artifact"];
    refused(&v2, "entries of Rekor v2 are verified with --bundle");
    refused(&["verify"], "required");
    refused(&["get"], "required");
}
