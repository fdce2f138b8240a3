//! Bundles with entries of a made-up log of Rekor v1, and everything that can be wrong with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{
    ArtifactDigest, Bundle, BundleVersion, EntryError, HashAlgorithm, KeyMaterial, SignedDigest,
    VerifiableSignature, Verifier,
};
use fasti_read::{CheckpointRefusal, Trust};
use fasti_x509::{NamePattern, Pattern};
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair, SanType};
use serde_json::json;
use tiles_spec::EcdsaSigningKey;

use super::super::testing::{GLOBAL_INDEX, HOST, INDEX, OlderLog, TIME};
use super::super::{Authority, Demand, TrustedRoot, Verdict, any_bundle, bundle};
use super::*;

const ARTIFACT: &[u8] = b"an artifact";

/// A signer, and the log that has the signature.
struct Scene {
    log: OlderLog,
    key: KeyMaterial,
    bundle: Bundle,
}

impl Scene {
    fn new(log: OlderLog) -> Self {
        let pair = KeyPair::generate().unwrap();
        let spki = rcgen::PublicKeyData::subject_public_key_info(&pair);
        Self::signed(log, &pair, KeyMaterial::PublicKey(spki))
    }

    fn signed(log: OlderLog, pair: &KeyPair, key: KeyMaterial) -> Self {
        let digest = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
        let content = rcgen::SigningKey::sign(pair, ARTIFACT).unwrap();
        let (label, der) = match &key {
            KeyMaterial::PublicKey(spki) => ("PUBLIC KEY", spki),
            KeyMaterial::Certificate(der) => ("CERTIFICATE", der),
        };
        let text = STANDARD.encode(der);
        let pem = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
        let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex::encode(digest.as_bytes())}},
            "signature": {
                "content": STANDARD.encode(&content),
                "publicKey": {"content": STANDARD.encode(pem)},
            },
        }});
        let verifier = Verifier::new(key.clone()).unwrap();
        let signature = VerifiableSignature { content, verifier };
        let answer = log.answer_for(body.to_string().as_bytes(), "hashedrekord", "0.0.1");
        let bundle = Bundle::for_signed_digest(&SignedDigest { digest, signature }, answer);
        Self { log, key, bundle }
    }

    fn entry(&mut self) -> &mut TransparencyLogEntry {
        &mut self.bundle.tlog_entries[0]
    }

    fn proof(&mut self) -> &mut InclusionProof {
        self.entry().inclusion_proof.as_mut().unwrap()
    }

    fn trusted(&self) -> TrustedRoot {
        TrustedRoot { rekor_v1: vec![self.log.trusted()], ..TrustedRoot::default() }
    }

    fn demand(&self) -> Demand {
        Demand { public_key: Some(self.key.public_key().unwrap()), ..Demand::default() }
    }

    fn judge_by(&self, trusted: &TrustedRoot) -> Result<Verdict, Refusal> {
        bundle(&self.bundle, Some(&ARTIFACT.to_vec()), trusted, &self.demand())
    }

    fn judge(&self) -> Result<Verdict, Refusal> {
        self.judge_by(&self.trusted())
    }
}

fn scene() -> Scene {
    Scene::new(OlderLog::generate())
}

/// The refusal after a change.
fn refusal(change: impl FnOnce(&mut Scene)) -> Refusal {
    let mut scene = scene();
    change(&mut scene);
    scene.judge().unwrap_err()
}

#[test]
fn logs_with_keys_of_every_kind_promise_and_prove() {
    for kind in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ED25519] {
        let scene = Scene::new(OlderLog(KeyPair::generate_for(kind).unwrap()));
        let verdict = scene.judge().unwrap();
        let [logged] = verdict.logged_v1.as_slice() else { panic!("{kind:?}") };
        assert_eq!(logged.promise.unwrap().index.get(), GLOBAL_INDEX);
        assert_eq!(logged.tree.as_ref().unwrap().index.get(), INDEX);
        let times: Vec<_> =
            verdict.integrated_times().map(time::OffsetDateTime::unix_timestamp).collect();
        assert_eq!(times, [i64::try_from(TIME).unwrap()]);
        let words = verdict.proved().join("\n");
        for part in ["\"older.test - 1193050959916656506\"", "at 2023-11-14T22:13:20Z"] {
            assert!(words.contains(part), "{words}");
        }
    }
}

#[test]
fn a_promise_says_when_a_certificate_was_used() {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority.test");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().der().to_vec();
    let issuer = Issuer::new(params, key);
    let pair = KeyPair::generate().unwrap();
    let demand = Demand {
        identity: Some(NamePattern::exact(None, "dev@example.com")),
        oidc_issuer: Some(Pattern::exact("")),
        ..Demand::default()
    };
    let taken = time::OffsetDateTime::from_unix_timestamp(i64::try_from(TIME).unwrap()).unwrap();
    let second = time::Duration::SECOND;
    let hour = time::Duration::HOUR;
    for (from, until, is_inside) in [
        (taken, taken, true),
        (taken - hour, taken + hour, true),
        (taken + second, taken + hour, false),
        (taken - hour, taken - second, false),
    ] {
        let mut params = CertificateParams::new([]).unwrap();
        (params.not_before, params.not_after) = (from, until);
        params.subject_alt_names = vec![SanType::Rfc822Name("dev@example.com".try_into().unwrap())];
        let certificate = params.signed_by(&pair, &issuer).unwrap().der().to_vec();
        let key = KeyMaterial::Certificate(certificate);
        let mut scene = Scene::signed(OlderLog::generate(), &pair, key);
        let authorities = vec![Authority::new(&authority, None, None).unwrap()];
        let trusted = TrustedRoot { authorities, ..scene.trusted() };
        let judge =
            |scene: &Scene| bundle(&scene.bundle, Some(&ARTIFACT.to_vec()), &trusted, &demand);
        match judge(&scene) {
            Ok(verdict) => {
                assert!(is_inside, "{from} {until}");
                let [time] = verdict.times.as_slice() else { panic!("{:?}", verdict.times) };
                assert_eq!(time.seconds, taken.unix_timestamp());
                assert!(!verdict.is_untimed());
            }
            Err(refusal) => {
                assert!(!is_inside, "{refusal}");
                assert!(matches!(refusal, Refusal::OutsideValidity { .. }), "{refusal}");
            }
        }
        // A time that nobody signed does not count.
        scene.entry().inclusion_promise = None;
        let refusal = judge(&scene).unwrap_err();
        assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
    }
}

#[test]
fn a_verifier_key_is_trust_in_a_log_of_either_version() {
    let scene = scene();
    let name = HOST.parse().unwrap();
    let key = EcdsaSigningKey::from_pkcs8_der(name, &scene.log.0.serialize_der()).unwrap();
    let trusted = Trust::in_keys([key.verifier_key().clone()]).into();
    assert_eq!(scene.judge_by(&trusted).unwrap().logged_v1.len(), 1);
}

#[test]
fn a_promise_is_for_this_entry_index_and_time() {
    let changes: [fn(&mut TransparencyLogEntry); 4] = [
        |entry| entry.integrated_time += 1,
        |entry| entry.log_index += 1,
        |entry| entry.inclusion_promise.as_mut().unwrap()[9] ^= 1,
        |entry| OlderLog::generate().promise(entry),
    ];
    for change in changes {
        let refusal = refusal(|scene| change(scene.entry()));
        assert!(matches!(refusal, Refusal::BadPromise { .. }), "{refusal}");
    }
    for number in [u64::MAX, 1 << 62] {
        let refusal = refusal(|scene| scene.entry().integrated_time = number);
        assert!(matches!(refusal, Refusal::Number("integrated time")), "{refusal}");
    }
}

#[test]
fn each_version_needs_its_own_evidence() {
    for (version, promise, proof, is_enough) in [
        (BundleVersion::V0_1, true, true, true),
        (BundleVersion::V0_1, true, false, true),
        (BundleVersion::V0_1, false, true, false),
        (BundleVersion::V0_2, false, true, true),
        (BundleVersion::V0_2, true, false, false),
        (BundleVersion::V0_3, true, true, true),
        (BundleVersion::V0_3, true, false, false),
        (BundleVersion::V0_3, false, true, true),
        (BundleVersion::V0_3, false, false, false),
    ] {
        let mut scene = scene();
        scene.bundle.version = version;
        scene.entry().inclusion_promise.take_if(|_| !promise);
        scene.entry().inclusion_proof.take_if(|_| !proof);
        let judged = scene.judge();
        assert_eq!(judged.is_ok(), is_enough, "{version:?} {promise} {proof}");
        let Ok(verdict) = judged else { continue };
        assert_eq!(verdict.integrated_times().count(), usize::from(promise));
        let doubts = verdict.not_checked().join("\n");
        assert_eq!(doubts.contains("kept its promise"), !proof, "{doubts}");
    }
}

/// Some bundles of version 0.1 have a proof that leads to a tree that nobody signed.
#[test]
fn an_unsigned_tree_proves_nothing_but_must_fit() {
    let mut scene = scene();
    scene.bundle.version = BundleVersion::V0_1;
    scene.proof().checkpoint.clear();
    let verdict = scene.judge().unwrap();
    assert_eq!(verdict.logged_v1[0].tree, None);
    scene.proof().root_hash[0] ^= 1;
    assert!(matches!(scene.judge().unwrap_err(), Refusal::NotIncluded(_)));
    scene.proof().root_hash[0] ^= 1;
    scene.entry().inclusion_promise = None;
    scene.bundle.version = BundleVersion::V0_3;
    assert!(matches!(scene.judge().unwrap_err(), Refusal::NoProof));
}

#[test]
fn a_proof_that_is_there_must_verify() {
    let refused = refusal(|scene| scene.proof().hashes[0][0] ^= 1);
    assert!(matches!(refused, Refusal::NotIncluded(_)), "{refused}");
    let refused = refusal(|scene| scene.proof().log_index -= 1);
    assert!(matches!(refused, Refusal::NotIncluded(_)), "{refused}");
    let refused = refusal(|scene| scene.proof().tree_size += 1);
    assert!(matches!(refused, Refusal::Contradiction { field: "tree size", .. }), "{refused}");
    let refused = refusal(|scene| scene.proof().root_hash[0] ^= 1);
    assert!(matches!(refused, Refusal::Contradiction { field: "root hash", .. }), "{refused}");
}

#[test]
fn a_checkpoint_is_of_a_numbered_tree_and_signed_by_the_log() {
    let note = |scene: &mut Scene, log: &OlderLog, origin: &str, name: &str, id: [u8; 4]| {
        let proof = scene.proof();
        let size = TreeSize::new(proof.tree_size).unwrap();
        let head = TreeHead { size, root: Hash::from(proof.root_hash) };
        scene.proof().checkpoint = log.note(origin, head, name, id);
        scene.judge().map_err(|refusal| refusal.to_string())
    };
    let mut scene = scene();
    let (log, other) = (OlderLog(copy(&scene.log.0)), OlderLog::generate());
    let id = log.key_id();
    // A log's pods sign under names of their own. The key is what counts.
    for host in [HOST, "rekor-server-7d9f"] {
        note(&mut scene, &log, &format!("{host} - 7"), host, id).unwrap();
    }
    for (log, origin, name, id, words) in [
        (&log, HOST, HOST, id, "not of a numbered tree"),
        (&log, "older.test - x", HOST, id, "not of a numbered tree"),
        (&log, "older.test - 7", "other.test", id, "not signed by any known key"),
        (&log, "other.test - 7", HOST, id, "not signed by any known key"),
        (&log, "older.test - 7", HOST, other.key_id(), "not signed by any known key"),
        (&other, "older.test - 7", HOST, other.key_id(), "not signed by any known key"),
        (&other, "older.test - 7", HOST, id, "bad signature by the known key"),
    ] {
        let refusal = note(&mut scene, log, origin, name, id).unwrap_err();
        assert!(refusal.contains(words), "{origin} {name}: {refusal}");
    }
    // A good line does not make up for a bad one; lines of others do not matter.
    let mut line = |log: &OlderLog, id| {
        note(&mut scene, log, "older.test - 7", HOST, id).ok();
        let note = scene.proof().checkpoint.clone();
        note.lines().last().unwrap().to_owned() + "\n"
    };
    let (good, bad, foreign) = (line(&log, id), line(&other, id), line(&other, other.key_id()));
    let text = scene.proof().checkpoint.split("\n\n").next().unwrap().to_owned();
    for (lines, is_good) in [(good.clone() + &foreign, true), (good + &bad, false)] {
        scene.proof().checkpoint = format!("{text}\n\n{lines}");
        assert_eq!(scene.judge().is_ok(), is_good, "{lines}");
    }
}

fn copy(key: &KeyPair) -> KeyPair {
    KeyPair::try_from(key.serialize_der()).unwrap()
}

#[test]
fn a_log_is_trusted_while_its_key_is_in_use() {
    let scene = scene();
    let judge = |from: Option<&str>, until: Option<&str>| {
        let mut trusted = scene.trusted();
        trusted.rekor_v1[0].in_use = Window::parse(from, until).unwrap();
        scene.judge_by(&trusted)
    };
    let taken = Some("2023-11-14T22:13:20Z");
    for (from, until) in [(taken, None), (None, taken), (taken, taken)] {
        judge(from, until).unwrap();
    }
    let (before, after) = (Some("2023-11-14T22:13:19Z"), Some("2023-11-14T22:13:21Z"));
    for (from, until) in [(after, None), (None, before)] {
        let refusal = judge(from, until).unwrap_err();
        assert!(matches!(refusal, Refusal::NotInUse { .. }), "{refusal}");
    }
    let mut undated = Scene::new(OlderLog(copy(&scene.log.0)));
    undated.entry().inclusion_promise = None;
    let mut trusted = undated.trusted();
    trusted.rekor_v1[0].in_use = Window::parse(None, before).unwrap();
    let doubts = undated.judge_by(&trusted).unwrap().not_checked().join("\n");
    assert!(doubts.contains("no trusted party says when"), "{doubts}");
}

#[test]
fn logs_that_nobody_trusts() {
    let refused = refusal(|scene| scene.entry().log_id[0] ^= 1);
    assert!(matches!(refused, Refusal::UnknownLogId { .. }), "{refused}");
    assert!(refused.to_string().contains("trusted: older.test"), "{refused}");
    // Next to a good entry, one of an unknown log does no harm, but a bad one does.
    let mut scene = scene();
    let mut foreign = scene.entry().clone();
    foreign.log_id[0] ^= 1;
    scene.bundle.tlog_entries.insert(0, foreign);
    let doubts = scene.judge().unwrap().not_checked().join("\n");
    assert!(doubts.contains("a log that is not trusted"), "{doubts}");
    scene.bundle.tlog_entries[1].integrated_time += 1;
    assert!(matches!(scene.judge().unwrap_err(), Refusal::BadPromise { .. }));
}

#[test]
fn the_body_states_this_signature() {
    for (from, to) in [("sha256", "sha512"), ("0.0.1", "0.0.2"), ("\"spec\"", "\"spac\"")] {
        let refused = refusal(|scene| {
            let body = String::from_utf8(scene.entry().canonicalized_body.clone()).unwrap();
            let body = body.replace(from, to);
            let answer = scene.log.answer_for(body.as_bytes(), "hashedrekord", "0.0.1");
            *scene.entry() = answer;
        });
        assert!(matches!(refused, Refusal::Signature(_)), "{refused}");
    }
    let refused = refusal(|scene| scene.entry().canonicalized_body.clear());
    assert!(matches!(refused, Refusal::Signature(EntryError::Json(_))), "{refused}");
    // A good entry about another signature of the same key.
    let mut other = scene();
    let refused = refusal(|scene| {
        let answer = other.entry().canonicalized_body.clone();
        *scene.entry() = scene.log.answer_for(&answer, "hashedrekord", "0.0.1");
    });
    assert!(refused.to_string().contains("another signature than the bundle"), "{refused}");
    // An entry of this log under the rules of Rekor v2.
    let refused = refusal(|scene| scene.entry().version = "0.0.2".to_owned());
    let unknown =
        |refusal: &CheckpointRefusal| matches!(refusal, CheckpointRefusal::UnknownLog { .. });
    assert!(matches!(&refused, Refusal::Checkpoint(why) if unknown(why)), "{refused}");
}

#[test]
fn one_of_several_bundles_is_enough() {
    let good = scene();
    let mut bad = good.bundle.clone();
    bad.tlog_entries[0].integrated_time += 1;
    let judge = |bundles: &[Bundle]| {
        any_bundle(bundles, Some(&ARTIFACT.to_vec()), &good.trusted(), &good.demand())
    };
    let verdict = judge(&[bad.clone(), good.bundle.clone(), bad.clone()]).unwrap();
    let doubts = verdict.not_checked().join("\n");
    for part in ["bundle 1 of 3, which is refused: the promise", "bundle 3 of 3: one is enough"] {
        assert!(doubts.contains(part), "{doubts}");
    }
    let refusal = judge(&[bad.clone(), bad.clone()]).unwrap_err();
    assert!(refusal.is_verdict() && refusal.to_string().contains("(2) the promise"), "{refusal}");
    assert!(matches!(judge(&[bad]).unwrap_err(), Refusal::BadPromise { .. }));
    let refusal = any_bundle(
        &[good.bundle.clone(), good.bundle.clone()],
        None,
        &good.trusted(),
        &good.demand(),
    );
    assert!(!refusal.unwrap_err().is_verdict());
}
