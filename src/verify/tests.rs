//! Proof files and bundles of a small log, and everything that can be wrong with them.

use fasti_entry::{
    ArtifactDigest, Bundle, HashAlgorithm, KeyMaterial, RekorEntry, SignedDigest,
    VerifiableSignature, Verifier,
};
use fasti_kit::made_tsa::MadeTsa;
use fasti_read::window::Window;
use fasti_x509::{NamePattern, Pattern};
use rcgen::{CertificateParams, CustomExtension, Issuer, KeyPair, KeyUsagePurpose, SanType};
use tiles_spec::TlogProof;

use super::testing::{INDEX, answer_for, proof_of, trust};
use super::*;

pub(super) const ARTIFACT: &[u8] = b"an artifact";

pub(super) fn sign(pair: &KeyPair, material: KeyMaterial) -> SignedDigest {
    SignedDigest {
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

pub(super) fn leaf(signed: &SignedDigest) -> Vec<u8> {
    signed.clone().into_entry().to_leaf().unwrap()
}

pub(super) fn bundle_of(signed: &SignedDigest) -> Bundle {
    let leaf = leaf(signed);
    let kind = RekorEntry::parse(&leaf).unwrap().kind();
    Bundle::for_signed_digest(signed, answer_for(&leaf, kind.name(), kind.version()))
}

pub(super) fn trusted() -> TrustedRoot {
    trust().into()
}

pub(super) fn demand(key: &KeyPair) -> Demand {
    Demand { public_key: Some(bare(key).public_key().unwrap()), ..Demand::default() }
}

#[test]
fn a_proof_brings_its_entry_or_is_given_it() {
    let pair = KeyPair::generate().unwrap();
    let signed = sign(&pair, bare(&pair));
    let mut proof = proof_of(&leaf(&signed));
    let artifact = ARTIFACT.to_vec();
    let verify = |proof: &TlogProof, artifact: &Vec<u8>, detached: Option<&Detached>| {
        tlog_proof(proof, artifact, detached, &trusted(), &demand(&pair))
    };
    let verdict = verify(&proof, &artifact, None).unwrap();
    assert_eq!(verdict.subject, Subject::Artifact(signed.digest));
    assert_eq!(verdict.logged[0].index.get(), INDEX);
    let refusal = verify(&proof, &b"another".to_vec(), None).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherArtifact { .. }), "{refusal}");
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
    tlog_proof(&proof, &digest, None, &trusted(), &demand(&pair)).unwrap();
    let unfit = ArtifactDigest::of(HashAlgorithm::Sha512, ARTIFACT);
    let refusal = tlog_proof(&proof, &unfit, None, &trusted(), &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::Unreadable(_)) && !refusal.is_verdict(), "{refusal}");
    let stranger = KeyPair::generate().unwrap();
    let refusal = tlog_proof(&proof, &artifact, None, &trusted(), &demand(&stranger)).unwrap_err();
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

#[test]
fn an_opaque_entry_is_the_artifact_itself() {
    let artifact = b"an opaque entry".to_vec();
    let mut proof = proof_of(&artifact);
    for extra in [proof.extra.clone(), None] {
        proof.extra = extra;
        let verdict = tlog_proof(&proof, &artifact, None, &trusted(), &Demand::default()).unwrap();
        assert_eq!((verdict.subject, verdict.signer), (Subject::Entry, None));
    }
    proof.extra = Some(artifact.clone());
    let pair = KeyPair::generate().unwrap();
    let refusal = tlog_proof(&proof, &artifact, None, &trusted(), &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoSigner), "{refusal}");
    let other = b"something else".to_vec();
    let refusal = tlog_proof(&proof, &other, None, &trusted(), &Demand::default()).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherEntry(_)), "{refusal}");
}

#[test]
fn bundles_and_what_they_leave_open() {
    let pair = KeyPair::generate().unwrap();
    let artifact = ARTIFACT.to_vec();
    let bundle = bundle_of(&sign(&pair, bare(&pair)));
    let verify = |bundle: &Bundle, trust: &TrustedRoot, demand: &Demand| {
        super::bundle(bundle, Some(&artifact), trust, demand)
    };
    let verdict = verify(&bundle, &trusted(), &demand(&pair)).unwrap();
    assert_eq!(verdict.not_checked().len(), 1, "{:?}", verdict.not_checked());
    let refusal = verify(&bundle, &trusted(), &Demand::default()).unwrap_err();
    assert!(matches!(refusal, Refusal::NoPublicKey) && !refusal.is_verdict(), "{refusal}");
    let nobody = TrustedRoot::default();
    let refusal = verify(&bundle, &nobody, &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::Checkpoint(_)), "{refusal}");
    let refusal = super::bundle(&bundle, None, &trusted(), &demand(&pair)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoArtifact), "{refusal}");

    let mut unlogged = bundle.clone();
    unlogged.tlog_entries[0].kind = "rekord".to_owned();
    let refusal = verify(&unlogged, &trusted(), &demand(&pair)).unwrap_err();
    assert!(refusal.to_string().contains("skipped: the log entry of kind"), "{refusal}");
    // An entry of an unknown log does no harm next to a good one.
    let mut twice = bundle.clone();
    let mut foreign = bundle.tlog_entries[0].clone();
    let proof = foreign.inclusion_proof.as_mut().unwrap();
    proof.checkpoint = proof.checkpoint.replace("log.test/one", "log.test/two");
    twice.tlog_entries.insert(0, foreign);
    let verdict = verify(&twice, &trusted(), &demand(&pair)).unwrap();
    assert!(verdict.not_checked().iter().any(|doubt| doubt.contains("log.test/two")));
}

#[test]
fn identities_take_an_authority() {
    let pair = KeyPair::generate().unwrap();
    let (authority, material) = certified(&pair);
    let signed = sign(&pair, material);
    let mut bundle = bundle_of(&signed);
    let tsa = MadeTsa::default();
    bundle.timestamps = vec![tsa.stamp(&signed.signature.content, "20260304050607Z")];
    let timestamp_authorities =
        vec![TimestampAuthority::new(&[tsa.root], Window::default()).unwrap()];
    let trusted =
        || TrustedRoot { timestamp_authorities: timestamp_authorities.clone(), ..trusted() };
    let artifact = ARTIFACT.to_vec();
    let trusting = TrustedRoot { authorities: vec![authority], ..trusted() };
    let verify = |trust: &TrustedRoot, identity: &str, issuer: &str| {
        let demand = Demand {
            identity: Some(NamePattern::exact(None, identity)),
            oidc_issuer: Some(Pattern::exact(issuer)),
            ..Demand::default()
        };
        super::bundle(&bundle, Some(&artifact), trust, &demand)
    };
    let verdict = verify(&trusting, "dev@example.com", "https://oidc.test/1").unwrap();
    assert!(verdict.claimed().is_empty() && verdict.claimed_identity().is_none());
    let words = verdict.proved().join("\n");
    assert!(
        words.contains(
            "CN=authority.test certified that key for dev@example.com (an email address)"
        ),
        "{words}"
    );
    assert!(words.contains("was required is dev@example.com (an email address)"), "{words}");
    let refused =
        |trust: &TrustedRoot, identity, issuer| verify(trust, identity, issuer).unwrap_err();
    for (identity, issuer) in
        [("dev@example.co", "https://oidc.test/1"), ("dev@example.com", "https://oidc.test")]
    {
        assert!(refused(&trusting, identity, issuer).is_verdict());
    }
    let (impostor, _) = certified(&pair);
    let impostor = TrustedRoot { authorities: vec![impostor], ..trusted() };
    let refusal = refused(&impostor, "dev@example.com", "https://oidc.test/1");
    assert!(refusal.to_string().contains("not made with that issuer's key"), "{refusal}");
    let refusal = refused(&trusted(), "dev@example.com", "https://oidc.test/1");
    assert!(matches!(refusal, Refusal::NoAuthorities), "{refusal}");
    let without_issuer =
        Demand { identity: Some(NamePattern::exact(None, "dev@example.com")), ..Demand::default() };
    let refusal = super::bundle(&bundle, Some(&artifact), &trusting, &without_issuer).unwrap_err();
    assert!(matches!(refusal, Refusal::NoIssuer) && !refusal.is_verdict(), "{refusal}");
    // A caller who gives the key needs no authority, even if some are trusted.
    let known = super::bundle(&bundle, Some(&artifact), &impostor, &demand(&pair)).unwrap();
    assert!(known.claimed()[0].contains("dev@example.com"), "{:?}", known.claimed());
    assert!(known.proved_identity().is_none() && known.claimed_identity().is_some());
    let facts = [known.proved(), known.not_checked()].concat().join("\n");
    assert!(!facts.contains("dev@example.com"), "{facts}");
}
