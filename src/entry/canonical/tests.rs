//! Leaf bytes: one spelling per entry, and no other is accepted.

use proptest::prelude::*;

use super::*;
use crate::testing::{Signer, admit};
use crate::{
    DsseEntry, HashAlgorithm, KeyDetails, KeyMaterial, SignedDigest, SigningAlgorithm, Submission,
    Verifier,
};

fn leaf() -> String {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let entry = admit(&signer.request(&signer.public_key())).unwrap();
    String::from_utf8(entry.into_bytes()).unwrap()
}

#[test]
fn only_the_canonical_spelling_is_read() {
    let leaf = leaf();
    assert!(RekorEntry::parse(leaf.as_bytes()).is_ok());
    let swapped = leaf.replace(
        r#""apiVersion":"0.0.2","kind":"hashedrekord""#,
        r#""kind":"hashedrekord","apiVersion":"0.0.2""#,
    );
    for spelling in [
        swapped,
        leaf.replace("\":\"", "\": \""),
        format!("{leaf}\n"),
        leaf.replace('=', ""),
        leaf.replace("hashedRekordV002", "hashed_rekord_v002"),
        leaf.replace(r#""PKIX_ECDSA_P256_SHA_256""#, "5"),
        leaf.replace(r#""SHA2_256""#, "1"),
        leaf.replace("kind", r"kin\u0064"),
        leaf.replace(r#""publicKey""#, r#""x509Certificate":null,"publicKey""#),
    ] {
        assert_ne!(spelling, leaf);
        let error = RekorEntry::parse(spelling.as_bytes()).unwrap_err();
        assert!(matches!(error, EntryError::NotCanonical), "{spelling}: {error}");
    }
}

#[test]
fn refusals() {
    let leaf = leaf();
    let long = leaf.replace("\"content\":\"", &format!("\"content\":\"{}", "A".repeat(65_536)));
    for (bytes, why) in [
        (
            leaf.replace("hashedrekord", "rekord"),
            "unsupported entry kind \"rekord\" version \"0.0.2\"",
        ),
        (
            leaf.replace("0.0.2", "0.0.1"),
            "unsupported entry kind \"hashedrekord\" version \"0.0.1\"",
        ),
        (
            leaf.replace("hashedRekordV002", "hashedRekordV0_0_2"),
            "spec.hashedRekordV0_0_2: unknown field",
        ),
        (leaf.replace(r#""hashedrekord""#, r#""dsse""#), "spec.hashedRekordV002: unknown field"),
        (leaf.replace("SHA2_256", "SHA2_384"), "spec.hashedRekordV002.data.digest: 32 bytes long"),
        (
            leaf.replace(r#""data""#, r#""extra":1,"data""#),
            "spec.hashedRekordV002.extra: unknown field",
        ),
        (
            leaf.replace(r#""kind""#, r#""kind":"dsse","kind""#),
            "kind: the field is given more than once",
        ),
        (long, "the log holds at most 65535"),
        (String::new(), "not acceptable JSON"),
        ("\0binary".to_owned(), "not acceptable JSON"),
    ] {
        let message = RekorEntry::parse(bytes.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn dsse_signatures_ascend() {
    let signature = |content: &[u8]| VerifiableSignature {
        content: content.to_vec(),
        verifier: Verifier {
            key_details: SigningAlgorithm::Ed25519ph.key_details(),
            material: KeyMaterial::PublicKey(vec![1]),
        },
    };
    let leaf = |signatures| {
        let payload_hash = ArtifactDigest::of(HashAlgorithm::Sha256, b"");
        RekorEntry::Dsse(DsseEntry { payload_hash, signatures }).to_leaf().unwrap()
    };
    let (a, b) = (signature(b"a"), signature(b"b"));
    assert!(RekorEntry::parse(&leaf(vec![a.clone(), b.clone()])).is_ok());
    for signatures in [vec![b.clone(), a.clone()], vec![a.clone(), a.clone()]] {
        let error = RekorEntry::parse(&leaf(signatures)).unwrap_err();
        assert!(matches!(error.problem(), EntryError::NotCanonical), "{error}");
    }
    assert!(RekorEntry::parse(&leaf(vec![])).is_err());
}

#[test]
fn the_longest_leaf() {
    let entry = |length| {
        RekorEntry::HashedRekord(SignedDigest {
            digest: ArtifactDigest::of(HashAlgorithm::Sha256, b""),
            signature: VerifiableSignature {
                content: vec![0; length],
                verifier: Verifier {
                    key_details: SigningAlgorithm::EcdsaP256Sha256.key_details(),
                    material: KeyMaterial::PublicKey(vec![1]),
                },
            },
        })
    };
    // Base64 turns 3 bytes into 4.
    let empty = entry(0).to_leaf().unwrap().len();
    let fits = (ENTRY_BYTES_MAX - empty) / 4 * 3;
    let leaf = entry(fits).to_leaf().unwrap();
    assert_eq!(RekorEntry::parse(&leaf).unwrap(), entry(fits));
    assert!(matches!(
        entry(fits + 1).to_leaf(),
        Err(EntryError::TooLarge { limit: ENTRY_BYTES_MAX, .. })
    ));
}

fn verifiable_signature() -> impl Strategy<Value = VerifiableSignature> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..200);
    let details = prop::sample::select(vec![
        "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ED25519", // other logs may hold it
        "PKIX_RSA_PSS_2048_SHA256",
        "ML_DSA_44",
    ]);
    (bytes(), bytes(), any::<bool>(), details).prop_map(|(content, der, certificate, details)| {
        let material = if certificate { KeyMaterial::Certificate } else { KeyMaterial::PublicKey };
        let key_details = KeyDetails::from_name(details).unwrap();
        VerifiableSignature { content, verifier: Verifier { key_details, material: material(der) } }
    })
}

fn digest() -> impl Strategy<Value = ArtifactDigest> {
    (prop::sample::select(&HashAlgorithm::ALL[..]), any::<u64>())
        .prop_map(|(algorithm, seed)| ArtifactDigest::of(algorithm, &seed.to_be_bytes()))
}

proptest! {
    #[test]
    fn hashedrekord_round_trips(digest in digest(), signature in verifiable_signature()) {
        let hashedrekord = SignedDigest { digest, signature };
        if hashedrekord.signature.verifier.key_details.algorithm().is_ok_and(|a| a.hash() == digest.algorithm()) {
            let submission = Submission::parse(&hashedrekord.to_request()).unwrap();
            prop_assert_eq!(submission, Submission::HashedRekord(hashedrekord.clone()));
        }
        let entry = RekorEntry::HashedRekord(hashedrekord);
        let leaf = entry.to_leaf().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
        prop_assert_eq!(&serde_json_canonicalizer::to_vec(&json).unwrap(), &leaf);
        prop_assert_eq!(RekorEntry::parse(&leaf).unwrap(), entry);
    }

    #[test]
    fn dsse_round_trips(
        payload_hash in digest(),
        mut signatures in prop::collection::vec(verifiable_signature(), 1..=10),
    ) {
        signatures.sort_by(|a, b| a.content.cmp(&b.content));
        signatures.dedup_by(|a, b| a.content == b.content);
        let entry = RekorEntry::Dsse(DsseEntry { payload_hash, signatures });
        let leaf = entry.to_leaf().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
        prop_assert_eq!(&serde_json_canonicalizer::to_vec(&json).unwrap(), &leaf);
        prop_assert_eq!(RekorEntry::parse(&leaf).unwrap(), entry);
    }

    /// Mutated requests and leaves never cause a panic, and every accepted leaf is canonical.
    #[test]
    fn no_bytes_cause_a_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
        certificate in any::<bool>(),
        as_leaf in any::<bool>(),
    ) {
        let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
        let material = if certificate { signer.certificate() } else { signer.public_key() };
        let mut bytes =
            if as_leaf { leaf().into_bytes() } else { signer.request(&material).to_string().into_bytes() };
        for (index, byte, kind) in edits {
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if let Ok(submission) = Submission::parse(&bytes) {
            let _ = submission.verify();
        }
        if let Ok(entry) = RekorEntry::parse(&bytes) {
            prop_assert_eq!(entry.to_leaf().unwrap(), bytes);
        }
    }
}
