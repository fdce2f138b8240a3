//! The frozen requests and leaves of `tests/data/rekor`.

use std::path::Path;

use fasti::entry::{
    ArtifactDigest, Certificate, Facts, HashAlgorithm, Identity, IdentityKind, RekorEntry,
    StoredKey, Submission,
};
use fasti_kit::conformance_data::{files, read};

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rekor"))
}

#[test]
fn requests_become_their_leaves() {
    let requests = files(directory(), ".request.json");
    assert_eq!(requests.len(), 10);
    for path in requests {
        let name = path.display();
        let submission = Submission::parse(&read(&path)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let entry = submission.verify().unwrap_or_else(|e| panic!("{name}: {e}"));
        let leaf = path.to_str().unwrap().replace(".request.", ".leaf.");
        assert!(entry.bytes() == read(Path::new(&leaf)), "{name}");
    }
}

#[test]
fn leaves_are_read_and_written_back() {
    for path in files(directory(), ".leaf.json") {
        let leaf = read(&path);
        let entry = RekorEntry::parse(&leaf).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(entry.to_leaf().unwrap() == leaf, "{}", path.display());
        if let RekorEntry::HashedRekord(entry) = &entry {
            let digest = ArtifactDigest::of(entry.digest.algorithm(), b"abc");
            assert_eq!(entry.digest, digest);
            entry.verify().unwrap();
        }
    }
}

#[test]
fn certificates_tell_who_signed() {
    for name in ["ecdsa-p256-certificate", "ed25519ph-certificate", "dsse"] {
        let leaf = read(&directory().join(format!("{name}.leaf.json")));
        RekorEntry::parse(&leaf).unwrap();
        let certificates: Vec<_> = Facts::of(&leaf)
            .signers
            .into_iter()
            .filter_map(|signer| match signer.key {
                StoredKey::Certificate(der) => Some(Certificate::from_der(&der).unwrap()),
                _ => None,
            })
            .collect();
        let [certificate] = certificates.as_slice() else { panic!("{name}: one certificate") };
        let uri = "https://example.com/release.yml@refs/heads/main";
        assert_eq!(
            certificate.identities(),
            [(IdentityKind::Uri, uri), (IdentityKind::Email, "dev@example.com")]
                .map(|(kind, name)| Identity { kind, name: name.to_owned() })
        );
        assert_eq!(certificate.fulcio_issuer().unwrap(), Some("https://issuer.example.com"));
    }
}

#[test]
fn the_dsse_leaf_holds_the_payloads_digest() {
    let leaf = read(&directory().join("dsse.leaf.json"));
    let payload = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
    let RekorEntry::Dsse(entry) = RekorEntry::parse(&leaf).unwrap() else { panic!("dsse") };
    assert_eq!(entry.payload_hash, ArtifactDigest::of(HashAlgorithm::Sha256, payload));
}
