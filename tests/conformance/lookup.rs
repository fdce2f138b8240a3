//! Real entries of Rekor v1 and v2, and the terms that find them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::{LookupTerm, RekorEntry, lookup_keys};
use fasti_kit::conformance_data::{files, read};
use serde_json::{Value, json};
use tiles_spec::{Hash, leaf_hash};

use super::data;

const WORKFLOW: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn identity_of_issuer(identity: &str, issuer: &str) -> LookupTerm {
    LookupTerm::IdentityOfIssuer { identity: identity.to_owned(), issuer: issuer.to_owned() }
}

fn digest(hex_digits: &str) -> LookupTerm {
    LookupTerm::Digest(hex::decode(hex_digits).unwrap())
}

/// Checks that the entry's keys are those of `terms` and its leaf key, and no others.
#[track_caller]
fn found_by(entry: &[u8], terms: &[LookupTerm], keys: usize) {
    let leaf = leaf_hash(entry);
    let found = lookup_keys(&leaf, entry);
    assert_eq!(found.len(), keys, "{}", String::from_utf8_lossy(entry));
    for term in terms.iter().chain([&LookupTerm::Leaf(leaf)]) {
        assert!(term.matches(&leaf, entry), "{term}");
        assert!(found.contains(&term.key()), "{term}");
    }
}

#[test]
fn real_entries_of_version_one() {
    let Some(directory) = data("v1-entries") else { return };
    for path in files(&directory, ".body.json") {
        let entry = read(&path);
        let body: Value = serde_json::from_slice(&entry).unwrap();
        let spec = &body["spec"];
        let hashes = ["/data/hash/value", "/payloadHash/value", "/envelopeHash/value"];
        let values = hashes.iter().filter_map(|at| spec.pointer(at)?.as_str());
        let mut terms: Vec<_> = values.map(digest).collect();
        assert!(!terms.is_empty());
        let mut keys = 1 + terms.len() + 1;
        if path.file_name().unwrap().to_str().unwrap().starts_with("happy-path") {
            terms.push(identity_of_issuer(WORKFLOW, GITHUB));
            terms.push(LookupTerm::Identity(WORKFLOW.to_uppercase()));
            keys += 2;
        }
        found_by(&entry, &terms, keys);
    }
}

#[test]
fn real_entries_of_version_two() {
    let Some(directory) = data("v2-entries") else { return };
    let mut certified = 0;
    for path in files(&directory, ".body.json") {
        let entry = read(&path);
        let leaf = leaf_hash(&entry);
        if path.ends_with("clients-md-example.body.json") {
            // The name of its spec differs from its kind.
            assert_eq!(lookup_keys(&leaf, &entry), [LookupTerm::Leaf(leaf).key()]);
            continue;
        }
        let rekor = RekorEntry::parse(&entry).unwrap();
        let (digest, signature) = match &rekor {
            RekorEntry::HashedRekord(signed) => (&signed.digest, &signed.signature),
            RekorEntry::Dsse(entry) => (&entry.payload_hash, &entry.signatures[0]),
            other => panic!("{other:?}"),
        };
        let key = signature.verifier.public_key().unwrap();
        let mut terms = vec![LookupTerm::Digest(digest.as_bytes().to_vec())];
        terms.push(LookupTerm::of_public_key(key.spki_der()));
        let der = signature.verifier.material.der();
        let certificate = fasti::entry::Certificate::from_der(der).unwrap();
        let issuer = certificate.fulcio_issuer().unwrap().unwrap();
        for identity in certificate.identities() {
            terms.push(LookupTerm::Identity(identity.name.clone()));
            terms.push(identity_of_issuer(&identity.name, issuer));
        }
        found_by(&entry, &terms, 1 + terms.len());
        certified += 1;
    }
    assert!(certified >= 9, "only {certified} entries");
}

/// The oldest entries of the public log, as rekor-cli prints them.
#[test]
fn keys_of_every_format_are_found() {
    let Some(directory) = data("v1-entries") else { return };
    for (index, kind) in
        [(5895, "rekord"), (5896, "rekord"), (5897, "rekord"), (12, "hashedrekord")]
    {
        let path = directory.join(format!("prod-index-{index}.rekor-cli-get.json"));
        let printed: Value = serde_json::from_slice(&read(&path)).unwrap();
        let (_, spec) = printed["Body"].as_object().unwrap().iter().next().unwrap();
        let entry = json!({"apiVersion": "0.0.1", "kind": kind, "spec": spec}).to_string();
        let artifact = spec["data"]["hash"]["value"].as_str().unwrap();
        let key = spec["signature"]["publicKey"]["content"].as_str().unwrap();
        let key = STANDARD.decode(key).unwrap();
        let key = LookupTerm::of_pem(&key).unwrap_or_else(|| LookupTerm::of_public_key(&key));
        found_by(entry.as_bytes(), &[digest(artifact), key], 3);
    }
}

#[test]
fn the_self_managed_key_is_found() {
    let (Some(entries), Some(bundles)) = (data("v1-entries"), data("v1-bundles")) else { return };
    let pem = String::from_utf8(read(&bundles.join("managed-key.pub"))).unwrap();
    let (_, spki) = pem_rfc7468::decode_vec(pem.as_bytes()).unwrap();
    let term = LookupTerm::of_public_key(&spki);
    for name in ["managed-key-happy-path", "managed-key-and-trusted-root"] {
        let entry = read(&entries.join(format!("{name}.hashedrekord-0.0.1.body.json")));
        let leaf: Hash = leaf_hash(&entry);
        assert!(term.matches(&leaf, &entry), "{name}");
    }
}
