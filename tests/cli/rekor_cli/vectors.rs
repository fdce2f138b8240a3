//! Proposals that Rekor accepted, taken apart into files: `fasti upload` makes the same entries of
//! them, byte for byte.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::conformance_data;
use serde_json::Value;
use tiles_spec::leaf_hash;

use crate::world::World;

/// Cases that no log of fasti accepts.
const LEFT_OUT: [(&str, &str); 2] = [("rekord", "pgp-gen-brainpool"), ("rekord", "x509-dsa")];

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Some have bytes after the object.
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter();
    values.next().expect("a value").unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a proposal of a kind: where they are, and which flag names them.
fn parts(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "rekord" => &[
            ("/data/content", "--artifact"),
            ("/signature/content", "--signature"),
            ("/signature/publicKey/content", "--public-key"),
        ],
        "alpine" | "rpm" => {
            &[("/package/content", "--artifact"), ("/publicKey/content", "--public-key")]
        }
        "helm" => {
            &[("/chart/provenance/content", "--artifact"), ("/publicKey/content", "--public-key")]
        }
        "jar" => &[("/archive/content", "--artifact")],
        "rfc3161" => &[("/tsr/content", "--artifact")],
        "cose" => &[("/message", "--artifact"), ("/publicKey", "--public-key")],
        _ => &[],
    }
}

/// Writes what is in a proposal into files, and returns the flags that name them; `None` if it has
/// something else in them.
fn taken_apart(world: &World, kind: &str, spec: &Value) -> Option<Vec<String>> {
    let mut flags = vec!["--type".to_owned(), kind.to_owned()];
    for (number, (path, flag)) in parts(kind).iter().enumerate() {
        let content = STANDARD.decode(spec.pointer(path)?.as_str()?).ok()?;
        let name = format!("part-{number}");
        world.write(&name, content);
        flags.extend([(*flag).to_owned(), name]);
    }
    if let Some(format) = spec.pointer("/signature/format").and_then(Value::as_str) {
        flags.extend(["--pki-format".to_owned(), format.to_owned()]);
    }
    if let Some(aad) = spec.pointer("/data/aad").and_then(Value::as_str) {
        flags.extend(["--aad".to_owned(), aad.to_owned()]);
    }
    Some(flags)
}

#[test]
fn files_become_the_entries_that_rekor_makes_of_them() {
    let what = "uploads of Rekor's own proposals";
    let Some(data) = conformance_data::directory("v1-kinds", what) else { return };
    let world = World::with_writer(&[]);
    for kind in ["alpine", "cose", "helm", "jar", "rekord", "rfc3161", "rpm"] {
        let home = data.join(kind);
        let Value::Object(cases) = json(&home.join("expected.json")) else { panic!("cases") };
        let good = cases.iter().filter(|(_, expected)| expected["status"] == 201);
        let good = good.filter(|(case, _)| !LEFT_OUT.contains(&(kind, case)));
        let (mut count, mut wrong) = (0, Vec::new());
        for (case, _) in good {
            let body = home.join(format!("{case}.body.json"));
            let proposal = json(&home.join(format!("{case}.proposal.json")));
            let Some(flags) = taken_apart(&world, kind, &proposal["spec"]) else { continue };
            let flags = flags.iter().map(String::as_str);
            let upload: Vec<_> = std::iter::once("upload").chain(flags).collect();
            let said = world.fasti(&upload);
            let leaf = leaf_hash(&fs::read(&body).expect("a body")).to_string();
            if said.status != 0 || !said.stdout.contains(&leaf) {
                wrong.push(format!("{kind}/{case}: {}{}", said.stdout, said.stderr));
            }
            count += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count > 1, "{kind}: only {count}");
    }
}
