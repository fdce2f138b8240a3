//! When a signature was seen, and whether its certificate was seen: what each of them takes.

use fasti_entry::{Bundle, KeyMaterial, SignedDigest};
use fasti_kit::made_ct_log::MadeCtLog;
use fasti_kit::made_tsa::MadeTsa;
use fasti_read::window::Window;
use fasti_x509::{ChainError, NamePattern, Pattern, TimestampError};
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _, SanType, date_time_ymd};
use time::OffsetDateTime;

use crate::testing::proof_of;
use crate::tests::{ARTIFACT, bundle_of, demand, leaf, sign, trusted};
use crate::{
    Authority, CertificateLog, Demand, Refusal, TimestampAuthority, TrustedRoot, Verdict,
    tlog_proof,
};

const NOON: &str = "20260301120000Z";
const DAY_BEFORE: &str = "20260228120000Z";

/// An authority, another of the same name, a certificate log, and a signature with a certificate of
/// the first of March 2026.
struct Scene {
    authority: Vec<u8>,
    namesake: Vec<u8>,
    log: MadeCtLog,
    signed: SignedDigest,
    tsa: MadeTsa,
    pair: KeyPair,
}

fn scene() -> Scene {
    scene_with(|_| {})
}

/// The same, with an edited timestamp of the certificate log.
fn scene_with(edit: impl FnOnce(&mut Vec<u8>)) -> Scene {
    scene_of(false, edit)
}

/// The same. The certificate log can have logged the certificate as one of the other authority.
fn scene_of(is_logged_as_namesakes: bool, edit: impl FnOnce(&mut Vec<u8>)) -> Scene {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority.test");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().der().to_vec();
    let other = KeyPair::generate().unwrap();
    let namesake = params.self_signed(&other).unwrap().der().to_vec();
    let logged = if is_logged_as_namesakes { &other } else { &key }.subject_public_key_info();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new([]).unwrap();
    params.not_before = date_time_ymd(2026, 3, 1);
    params.not_after = date_time_ymd(2026, 3, 2);
    params.subject_alt_names = vec![SanType::Rfc822Name("dev@example.com".try_into().unwrap())];
    let (log, pair) = (MadeCtLog::default(), KeyPair::generate().unwrap());
    let milliseconds = date_time_ymd(2026, 3, 1).unix_timestamp().unsigned_abs() * 1000;
    let certificate = log.certify_as_of(params, &pair, &issuer, &logged, milliseconds, edit);
    let signed = sign(&pair, KeyMaterial::Certificate(certificate));
    Scene { authority, namesake, log, signed, tsa: MadeTsa::default(), pair }
}

impl Scene {
    /// Trust in all of them.
    fn trusted(&self) -> TrustedRoot {
        TrustedRoot {
            authorities: vec![self.authority().with_logged_certificates()],
            timestamp_authorities: vec![self.tsa(Window::default())],
            certificate_logs: vec![self.log(Window::default())],
            ..trusted()
        }
    }

    fn authority(&self) -> Authority {
        Authority::new(&self.authority, None, None).unwrap()
    }

    fn tsa(&self, in_use: Window) -> TimestampAuthority {
        TimestampAuthority::new(&[self.tsa.signer.clone(), self.tsa.root.clone()], in_use).unwrap()
    }

    fn log(&self, in_use: Window) -> CertificateLog {
        CertificateLog::new("ct.test".to_owned(), self.log.key.clone(), in_use).unwrap()
    }

    fn stamp(&self, time: &str) -> Vec<u8> {
        self.tsa.stamp(&self.signed.signature.content, time)
    }

    /// The verdict on the bundle with these timestamps.
    fn judge(
        &self,
        timestamps: &[Vec<u8>],
        trusted: &TrustedRoot,
        demand: &Demand,
    ) -> Result<Verdict, Refusal> {
        let bundle = Bundle { timestamps: timestamps.to_vec(), ..bundle_of(&self.signed) };
        let bundle = Bundle::parse(&bundle.to_json()).unwrap();
        crate::bundle(&bundle, Some(&ARTIFACT.to_vec()), trusted, demand)
    }
}

fn dev() -> Demand {
    Demand {
        identity: Some(NamePattern::exact(None, "dev@example.com")),
        oidc_issuer: Some(Pattern::exact("")),
        ..Demand::default()
    }
}

/// The end of a window at the beginning of a day.
fn moment(month: u8, day: u8) -> Option<OffsetDateTime> {
    Window::parse(Some(&format!("2026-{month:02}-{day:02}T00:00:00Z")), None).unwrap().from
}

#[test]
fn an_identity_takes_a_time_within_its_certificate() {
    let scene = scene();
    let trusted = scene.trusted();
    let verdict = scene.judge(&[scene.stamp(NOON)], &trusted, &dev()).unwrap();
    let words = verdict.proved().join("\n");
    for proved in [
        "the timestamp authority CN=tsa.test saw the signature at 2026-03-01T12:00:00Z",
        "the certificate log ct.test promised to include that certificate",
    ] {
        assert!(words.contains(proved), "{words}");
    }
    assert_eq!(verdict.times.len(), 1);
    assert!(!verdict.is_untimed());
    assert!(!verdict.not_checked().join("").contains("certificate"), "{:?}", verdict.not_checked());

    // Both ends of the validity are in it.
    for good in ["20260301000000Z", "20260302000000Z", "20260302000000.75Z"] {
        scene.judge(&[scene.stamp(good)], &trusted, &dev()).unwrap();
    }
    for bad in ["20260228235959Z", "20260302000001Z", DAY_BEFORE] {
        for demand in [dev(), Demand { allow_untimed_certificate: true, ..dev() }] {
            let refusal = scene.judge(&[scene.stamp(bad)], &trusted, &demand).unwrap_err();
            assert!(matches!(refusal, Refusal::OutsideValidity { .. }), "{refusal}");
            // A good one does not make up for a bad one.
            let both = [scene.stamp(NOON), scene.stamp(bad)];
            assert!(scene.judge(&both, &trusted, &demand).unwrap_err().is_verdict());
        }
    }
}

#[test]
fn without_a_time_the_caller_must_accept_it() {
    let scene = scene();
    let trusted = scene.trusted();
    for demand in [dev(), Demand::default()] {
        let refusal = scene.judge(&[], &trusted, &demand).unwrap_err();
        assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
        assert!(refusal.is_verdict());
    }
    let waived = Demand { allow_untimed_certificate: true, ..dev() };
    let verdict = scene.judge(&[], &trusted, &waived).unwrap();
    assert!(verdict.is_untimed());
    assert!(verdict.not_checked().join("").contains("still valid when it was used"));
    // Who knows the key needs neither a time nor an authority.
    for trusted in [&trusted, &crate::tests::trusted()] {
        let verdict = scene.judge(&[], trusted, &demand(&scene.pair)).unwrap();
        assert!(!verdict.is_untimed());
        assert!(verdict.not_checked()[0].contains("who the signer is"));
    }
    // A proof brings no time.
    let proof = proof_of(&leaf(&scene.signed));
    let judge = |demand: &Demand| tlog_proof(&proof, &ARTIFACT.to_vec(), None, &trusted, demand);
    let refusal = judge(&dev()).unwrap_err();
    assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
    assert!(judge(&waived).unwrap().is_untimed());
    judge(&demand(&scene.pair)).unwrap();
}

#[test]
fn every_timestamp_of_a_trusted_authority_must_be_good() {
    let scene = scene();
    let trusted = scene.trusted();
    let good = scene.stamp(NOON);
    let key = demand(&scene.pair);
    let for_another = scene.tsa.stamp(b"another signature", NOON);
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for bad in [&for_another, &damaged] {
        for demand in [&dev(), &key] {
            let refusal = scene.judge(&[good.clone(), bad.clone()], &trusted, demand).unwrap_err();
            assert!(matches!(refusal, Refusal::Timestamp(_)), "{refusal}");
        }
    }
    // Nobody can be held to what cannot be read.
    let mut parts = scene.tsa.parts(Vec::new());
    parts.status = 2;
    let refused = scene.tsa.sign(&parts);
    for (odd, words) in [(b"0".to_vec(), "not a response"), (refused, "did not grant it")] {
        let both = [odd.clone(), good.clone()];
        let verdict = scene.judge(&both, &trusted, &dev()).unwrap();
        let unchecked = verdict.not_checked().join("\n");
        assert!(unchecked.contains("the timestamp 1 of the bundle"), "{unchecked}");
        let refusal = scene.judge(&[odd], &trusted, &dev()).unwrap_err();
        assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    // Those of others do not count.
    let stranger = MadeTsa::new(&rcgen::PKCS_ECDSA_P256_SHA256, |all| {
        all.root.distinguished_name.push(rcgen::DnType::OrganizationName, "elsewhere");
    });
    let foreign = stranger.stamp(&scene.signed.signature.content, NOON);
    let verdict = scene.judge(&[foreign.clone(), good], &trusted, &dev()).unwrap();
    assert_eq!(verdict.times.len(), 1);
    let unchecked = verdict.not_checked().join("\n");
    assert!(unchecked.contains("the timestamp by CN=tsa.test, which is not"), "{unchecked}");
    let refusal = scene.judge(std::slice::from_ref(&foreign), &trusted, &dev()).unwrap_err();
    assert!(matches!(refusal, Refusal::NoTrustedTime { .. }), "{refusal}");
    let verdict = scene.judge(&[foreign], &trusted, &key).unwrap();
    assert!(verdict.times.is_empty() && verdict.not_checked().len() == 3);
}

#[test]
fn authorities_are_trusted_for_a_span() {
    let scene = scene();
    let stamps = [scene.stamp("20260301000000Z")];
    let judge = |in_use: Window| {
        let timestamp_authorities = vec![scene.tsa(in_use)];
        let trusted = TrustedRoot { timestamp_authorities, ..scene.trusted() };
        scene.judge(&stamps, &trusted, &dev())
    };
    for (from, until) in [(moment(3, 1), moment(3, 1)), (None, moment(3, 1)), (moment(3, 1), None)]
    {
        judge(Window { from, until }).unwrap();
    }
    for (from, until) in [(moment(3, 2), None), (None, moment(2, 28))] {
        let refusal = judge(Window { from, until }).unwrap_err();
        assert!(matches!(refusal, Refusal::TimeNotInUse { .. }), "{refusal}");
    }
    // The same authority is listed again, for another span.
    let late = Window { from: moment(3, 2), until: None };
    let timestamp_authorities = vec![scene.tsa(late), scene.tsa(Window::default())];
    let trusted = TrustedRoot { timestamp_authorities, ..scene.trusted() };
    scene.judge(&stamps, &trusted, &dev()).unwrap();
    // One with the same names but other keys did not make it.
    let other = MadeTsa::default();
    let other = TimestampAuthority::new(&[other.root], Window::default()).unwrap();
    let trusted = TrustedRoot { timestamp_authorities: vec![other], ..scene.trusted() };
    let refusal = scene.judge(&stamps, &trusted, &dev()).unwrap_err();
    let is_chain =
        |error: &TimestampError| matches!(error, TimestampError::Chain(ChainError::Signature));
    assert!(matches!(&refusal, Refusal::Timestamp(error) if is_chain(error)), "{refusal}");
}

/// The authority was not valid, or not trusted, when the signature was seen; at other times of the
/// certificate's validity it was.
#[test]
fn the_signers_chain_is_judged_at_those_times() {
    let scene = scene();
    let judge = |until: OffsetDateTime, time: &str| {
        let authority = Authority::new(&scene.authority, None, Some(until)).unwrap();
        let trusted = TrustedRoot { authorities: vec![authority], ..scene.trusted() };
        scene.judge(&[scene.stamp(time)], &trusted, &dev())
    };
    let noon = OffsetDateTime::from_unix_timestamp(1_772_366_400).unwrap();
    judge(noon, NOON).unwrap();
    let refusal = judge(noon, "20260301120001Z").unwrap_err();
    assert!(matches!(refusal, Refusal::Authority(_)), "{refusal}");
}

#[test]
fn certificates_of_logged_authorities_are_in_a_certificate_log() {
    let judge = |scene: &Scene, logs: Vec<CertificateLog>, demand: &Demand| {
        let trusted = TrustedRoot { certificate_logs: logs, ..scene.trusted() };
        scene.judge(&[scene.stamp(NOON)], &trusted, demand)
    };
    let refused = |scene: &Scene, logs: Vec<CertificateLog>, words: &str| {
        let refusal = judge(scene, logs, &dev()).unwrap_err();
        assert!(matches!(refusal, Refusal::NotLoggedCertificate(_)), "{refusal}");
        assert!(refusal.to_string().contains(words), "{refusal}");
    };
    let good = scene();
    let log = |from, until| vec![good.log(Window { from, until })];
    judge(&good, log(moment(3, 1), moment(3, 1)), &dev()).unwrap();
    refused(&good, log(moment(3, 2), None), "but that log is trusted");
    refused(&good, log(None, moment(2, 28)), "but that log is trusted");
    refused(&good, Vec::new(), "logs that are not trusted");
    let stranger = CertificateLog::new(String::new(), MadeCtLog::default().key, Window::default());
    refused(&good, vec![stranger.unwrap()], "logs that are not trusted");
    // The last byte of the time is at 40, the signature ends the timestamp.
    let later = scene_with(|timestamp| timestamp[40] ^= 1);
    refused(&later, vec![later.log(Window::default())], "was not made by that log");
    let damaged = scene_with(|timestamp| *timestamp.last_mut().unwrap() ^= 1);
    refused(&damaged, vec![damaged.log(Window::default())], "was not made by that log");
    let newer = scene_with(|timestamp| timestamp[0] = 1);
    refused(&newer, vec![newer.log(Window::default())], "has no timestamps");
    let torn = scene_with(|timestamp| timestamp.truncate(60));
    refused(&torn, vec![torn.log(Window::default())], "malformed");

    let waived = Demand { allow_unlogged_certificate: true, ..dev() };
    let verdict = judge(&damaged, Vec::new(), &waived).unwrap();
    assert!(verdict.not_checked().join("").contains("none was required"));
    // An authority of which no certificate log is known.
    let trusted = TrustedRoot { authorities: vec![good.authority()], ..good.trusted() };
    let verdict = good.judge(&[good.stamp(NOON)], &trusted, &dev()).unwrap();
    assert!(verdict.not_checked().join("").contains("none is known for its authority"));
}

#[test]
fn a_certificate_is_logged_with_the_key_that_signed_it() {
    for is_namesakes in [false, true] {
        let scene = scene_of(is_namesakes, |_| {});
        for list in [[&scene.authority, &scene.namesake], [&scene.namesake, &scene.authority]] {
            let authority = Authority::of_list(&list, None, None).unwrap();
            let authorities = vec![authority.with_logged_certificates()];
            let trusted = TrustedRoot { authorities, ..scene.trusted() };
            let judged = scene.judge(&[scene.stamp(NOON)], &trusted, &dev());
            match judged {
                Ok(_) => assert!(!is_namesakes),
                Err(refusal) => {
                    assert!(is_namesakes, "{refusal}");
                    assert!(refusal.to_string().contains("for this certificate and issuer"));
                }
            }
        }
    }
}
