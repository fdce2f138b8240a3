//! Proof files and bundles of a small log, and everything that can be wrong with them.

use fasti_entry::{HashAlgorithm, VerifiableSignature, Verifier};
use rcgen::{CertificateParams, CustomExtension, Issuer, KeyPair, KeyUsagePurpose, SanType};

use super::*;
use crate::authority::Authority;
use crate::reader::View;
use crate::testing::{TestLog, entries, trust};

const ARTIFACT: &[u8] = b"an artifact";

fn sign(pair: &KeyPair, material: KeyMaterial) -> HashedRekord {
    HashedRekord {
        digest: ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT),
        signature: VerifiableSignature {
            content: rcgen::SigningKey::sign(pair, ARTIFACT).unwrap(),
            verifier: Verifier::new(material).unwrap(),
        },
    }
}

fn bare(pair: &KeyPair) -> KeyMaterial {
    KeyMaterial::PublicKey(rcgen::PublicKeyData::subject_public_key_info(pair))
}

/// An authority, and a certificate from it for an email address.
fn certified(pair: &KeyPair) -> (Authority, KeyMaterial) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority.test");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let authority = Authority::new(authority.der(), None, None).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new([]).unwrap();
    params.subject_alt_names = vec![SanType::Rfc822Name("dev@example.com".try_into().unwrap())];
    let oidc = [&[0x0c, 19][..], b"https://oidc.test/1"].concat();
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], oidc)];
    let certificate = params.signed_by(pair, &issuer).unwrap();
    (authority, KeyMaterial::Certificate(certificate.der().to_vec()))
}

/// The proof of this entry, in a log with other entries.
async fn proof_of(entry: Vec<u8>) -> TlogProof {
    let mut all = entries(300);
    all[280] = entry;
    let mut view = View::open(TestLog::of(&all).fetch(), &trust()).await.unwrap();
    let proven = view.entry(tiles_spec::LeafIndex::new(280).unwrap()).await.unwrap();
    proven.to_tlog_proof(view.checkpoint())
}

fn leaf(signed: &HashedRekord) -> Vec<u8> {
    RekorEntry::HashedRekord(signed.clone()).to_leaf().unwrap()
}

async fn bundle_of(signed: &HashedRekord) -> Bundle {
    let mut all = entries(300);
    all[280] = leaf(signed);
    let mut view = View::open(TestLog::of(&all).fetch(), &trust()).await.unwrap();
    let proven = view.entry(tiles_spec::LeafIndex::new(280).unwrap()).await.unwrap();
    let answer = crate::proven::to_transparency_log_entry(&proven, view.checkpoint()).unwrap();
    Bundle::for_hashedrekord(signed, answer)
}

fn demand(key: &KeyPair) -> Demand {
    Demand { public_key: Some(bare(key).public_key().unwrap()), ..Demand::default() }
}

#[tokio::test]
async fn a_proof_brings_its_entry_or_is_given_it() {
    let pair = KeyPair::generate().unwrap();
    let signed = sign(&pair, bare(&pair));
    let mut proof = proof_of(leaf(&signed)).await;
    let artifact = ARTIFACT.to_vec();
    let verify = |proof: &TlogProof, artifact: &Vec<u8>, detached: Option<&Detached>| {
        tlog_proof(proof, artifact, detached, &trust(), &demand(&pair))
    };
    let verdict = verify(&proof, &artifact, None).unwrap();
    assert_eq!(verdict.subject, Subject::Artifact(signed.digest));
    assert_eq!(verdict.logged[0].index.get(), 280);
    let refusal = verify(&proof, &b"another".to_vec(), None).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherArtifact { .. }), "{refusal}");
    let stranger = KeyPair::generate().unwrap();
    let refusal = tlog_proof(&proof, &artifact, None, &trust(), &demand(&stranger)).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherKey), "{refusal}");

    proof.extra = None;
    let detached = Detached { signature: signed.signature.content.clone(), material: bare(&pair) };
    verify(&proof, &artifact, Some(&detached)).unwrap();
    let refusal = verify(&proof, &artifact, None).unwrap_err();
    assert!(matches!(refusal, Refusal::NotIncluded(_)), "{refusal}");
    let other = sign(&pair, bare(&pair)).signature.content;
    let refusal = verify(&proof, &artifact, Some(&Detached { signature: other, ..detached }));
    assert!(matches!(refusal.unwrap_err(), Refusal::NotIncluded(_)), "another signature");
}

#[tokio::test]
async fn an_opaque_entry_is_the_artifact_itself() {
    let artifact = b"an opaque entry".to_vec();
    let mut proof = proof_of(artifact.clone()).await;
    for extra in [proof.extra.clone(), None] {
        proof.extra = extra;
        let verdict = tlog_proof(&proof, &artifact, None, &trust(), &Demand::default()).unwrap();
        assert_eq!((verdict.subject, verdict.signer), (Subject::Entry, None));
    }
    proof.extra = Some(artifact.clone());
    let pair = KeyPair::generate().unwrap();
    let refusal = tlog_proof(&proof, &artifact, None, &trust(), &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoSigner), "{refusal}");
    let other = b"something else".to_vec();
    let refusal = tlog_proof(&proof, &other, None, &trust(), &Demand::default()).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherEntry(_)), "{refusal}");
}

#[tokio::test]
async fn bundles_and_what_they_leave_open() {
    let pair = KeyPair::generate().unwrap();
    let artifact = ARTIFACT.to_vec();
    let bundle = bundle_of(&sign(&pair, bare(&pair))).await;
    let verify = |bundle: &Bundle, trust: &Trust, demand: &Demand| {
        super::bundle(bundle, Some(&artifact), trust, demand)
    };
    let verdict = verify(&bundle, &trust(), &demand(&pair)).unwrap();
    assert_eq!(verdict.not_checked().len(), 1, "{:?}", verdict.not_checked());
    let refusal = verify(&bundle, &trust(), &Demand::default()).unwrap_err();
    assert!(matches!(refusal, Refusal::NoPublicKey) && !refusal.is_verdict(), "{refusal}");
    let nobody = Trust::default();
    let refusal = verify(&bundle, &nobody, &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::Checkpoint(_)), "{refusal}");
    let refusal = super::bundle(&bundle, None, &trust(), &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoArtifact), "{refusal}");

    let mut unlogged = bundle.clone();
    unlogged.tlog_entries[0].version = "0.0.1".to_owned();
    let refusal = verify(&unlogged, &trust(), &demand(&pair)).unwrap_err();
    assert!(refusal.to_string().contains("skipped"), "{refusal}");
    // An entry of an unknown log does no harm next to a good one.
    let mut twice = bundle.clone();
    let mut foreign = bundle.tlog_entries[0].clone();
    let proof = foreign.inclusion_proof.as_mut().unwrap();
    proof.checkpoint = proof.checkpoint.replace("log.test/one", "log.test/two");
    twice.tlog_entries.insert(0, foreign);
    let verdict = verify(&twice, &trust(), &demand(&pair)).unwrap();
    assert!(verdict.not_checked().iter().any(|doubt| doubt.contains("log.test/two")));
}

#[tokio::test]
async fn identities_take_an_authority() {
    let pair = KeyPair::generate().unwrap();
    let (authority, material) = certified(&pair);
    let bundle = bundle_of(&sign(&pair, material)).await;
    let artifact = ARTIFACT.to_vec();
    let trusting = Trust { authorities: vec![authority], ..trust() };
    let verify = |trust: &Trust, identity: &str, issuer: &str| {
        let demand = Demand {
            identity: Some(identity.to_owned()),
            oidc_issuer: Some(issuer.to_owned()),
            ..Demand::default()
        };
        super::bundle(&bundle, Some(&artifact), trust, &demand)
    };
    let verdict = verify(&trusting, "dev@example.com", "https://oidc.test/1").unwrap();
    let words = verdict.proved().join("\n");
    assert!(words.contains("CN=authority.test certified that key for dev@example.com"), "{words}");
    let refused = |trust: &Trust, identity, issuer| verify(trust, identity, issuer).unwrap_err();
    for (identity, issuer) in
        [("dev@example.co", "https://oidc.test/1"), ("dev@example.com", "https://oidc.test")]
    {
        assert!(refused(&trusting, identity, issuer).is_verdict());
    }
    let (impostor, _) = certified(&pair);
    let impostor = Trust { authorities: vec![impostor], ..trust() };
    let refusal = refused(&impostor, "dev@example.com", "https://oidc.test/1");
    assert!(refusal.to_string().contains("not made with that issuer's key"), "{refusal}");
    let refusal = refused(&trust(), "dev@example.com", "https://oidc.test/1");
    assert!(matches!(refusal, Refusal::NoAuthorities), "{refusal}");
    // A caller who gives the key needs no authority, even if some are trusted.
    let known = super::bundle(&bundle, Some(&artifact), &impostor, &demand(&pair)).unwrap();
    assert!(known.not_checked()[0].contains("dev@example.com"), "{:?}", known.not_checked());
}
