//! Timestamps of a made-up authority, and everything that can be wrong with them.

use rcgen::date_time_ymd;

use super::*;
use crate::{ChainError, TimestampAuthority};
use fasti_kit::made_tsa::{Certificates, MadeTsa, Parts, der, digest, info};

const MESSAGE: &[u8] = b"a signature";
const TIME: &str = "20260304050607Z";
const SECONDS: i64 = 1_772_600_767;
const CODE_SIGNING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 3];
const TIME_STAMPING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 8];

/// What an authority with these certificates says of a timestamp.
fn judge(certificates: &[&Vec<u8>], stamp: &[u8], message: &[u8]) -> Result<i64, TimestampError> {
    let certificates: Vec<_> = certificates.iter().map(|one| (*one).clone()).collect();
    let authority = TimestampAuthority::new(&certificates)?;
    let stamp = Timestamp::from_der(stamp)?;
    authority.verify(&stamp, message).map(|()| stamp.seconds)
}

/// A change of some parts.
type Edit<'a> = &'a dyn Fn(&mut Parts);

/// What the authority itself says of a timestamp with these parts.
fn judge_parts(tsa: &MadeTsa, edit: impl FnOnce(&mut Parts)) -> String {
    let mut parts = tsa.parts(info(1, MESSAGE, TIME, &[]));
    edit(&mut parts);
    let judged = judge(&[&tsa.root, &tsa.signer], &tsa.sign(&parts), MESSAGE);
    judged.map_or_else(|error| error.to_string(), |_| "good".to_owned())
}

#[test]
fn signers_of_every_kind_and_hashes_of_every_length() {
    for kind in
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_RSA_SHA256]
    {
        let tsa = MadeTsa::new(kind, |_| {});
        for hash in 1..=3 {
            let parts = tsa.parts(info(hash, MESSAGE, TIME, &[]));
            let (with, mut without) = (tsa.sign(&parts), parts);
            without.certificates.clear();
            let without = tsa.sign(&without);
            for stamp in [&with, &without] {
                assert_eq!(judge(&[&tsa.signer, &tsa.root], stamp, MESSAGE).unwrap(), SECONDS);
                let other = judge(&[&tsa.signer, &tsa.root], stamp, b"another").unwrap_err();
                assert!(matches!(other, TimestampError::Message), "{other}");
            }
            assert_eq!(judge(&[&tsa.root], &with, MESSAGE).unwrap(), SECONDS);
            assert!(judge(&[&tsa.root], &without, MESSAGE).is_err(), "no certificate at all");
        }
    }
}

#[test]
fn a_timestamp_alone_is_checked_with_the_certificate_in_it() {
    let tsa = MadeTsa::default();
    let alone = |edit: &dyn Fn(&mut Parts)| {
        let mut parts = tsa.parts(info(1, MESSAGE, TIME, &[]));
        edit(&mut parts);
        let stamp = tsa.sign(&parts);
        let stamp = Timestamp::from_der(&stamp).expect("a timestamp");
        stamp.check_alone().map(<[u8]>::to_vec)
    };
    assert_eq!(alone(&|_| {}).unwrap(), tsa.signer);
    // The kind of key where the algorithm belongs.
    let kind = der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]])]);
    assert_eq!(alone(&|parts| parts.algorithm.clone_from(&kind)).unwrap(), tsa.signer);
    let error = alone(&|parts| parts.certificates.clear()).unwrap_err();
    assert!(matches!(error, TimestampError::NoCertificate), "{error}");
    // The version that PKCS #7 has.
    let mut old = tsa.stamp(MESSAGE, TIME);
    let version = old.windows(4).position(|it| *it == [2, 1, 3, 0x31]).expect("it is there");
    old[version + 2] = 1;
    assert!(Timestamp::from_der(&old).is_err());
    let old = Timestamp::from_old_der(&old).expect("a timestamp");
    assert_eq!(old.check_alone().unwrap(), tsa.signer);
    let error = alone(&|parts| parts.hash = 2).unwrap_err();
    assert!(matches!(error, TimestampError::Attribute(_)), "{error}");
    let another = info(1, b"another", TIME, &[]);
    let error = alone(&|parts| parts.info.clone_from(&another)).unwrap_err();
    assert!(matches!(error, TimestampError::Attribute(_)), "{error}");
}

#[test]
fn each_part_is_checked() {
    let tsa = MadeTsa::default();
    let good = judge_parts(&tsa, |_| {});
    assert_eq!(good, "good");
    assert_eq!(judge_parts(&tsa, |parts| parts.status = 1), "good");
    let about = |hash, message: &[u8], time: &str, more: &[u8]| {
        let info = info(hash, message, time, more);
        move |parts: &mut Parts| {
            parts.attributes[1].1 = der(4, &[&digest(1, &info)]);
            parts.info = info.clone();
        }
    };
    let certificate = |hash: &[u8]| tsa.signing_certificate(&der(4, &[hash]));
    let wrong_hash = certificate(&[7; 32]);
    let old_hash = certificate(&primitives::sha1(&tsa.signer));
    let long_hash = tsa.signing_certificate(
        &[fasti_kit::made_tsa::hash_id(3), der(4, &[&digest(3, &tsa.signer)])].concat(),
    );
    let cases: [(Edit<'_>, &str); 31] = [
        (&|parts| parts.status = 2, "did not grant it (status 2)"),
        (&|parts| parts.content_type = vec![0x2a, 3], "about something else than a time"),
        (&|parts| parts.info[3] ^= 1, "malformed"),
        (&|parts| *parts.info.last_mut().unwrap() ^= 1, "malformed"),
        (&about(1, b"another", TIME, &[]), "made for something else"),
        (&about(9, MESSAGE, TIME, &[]), "over another hash"),
        (&about(1, MESSAGE, "20260304050607.25Z", &[]), "good"),
        (&about(1, MESSAGE, "20260304050607.50Z", &[]), "its time is malformed"),
        (&about(1, MESSAGE, "20260304050607.Z", &[]), "its time is malformed"),
        (&about(1, MESSAGE, "20260304050607+0100", &[]), "its time is malformed"),
        (&about(1, MESSAGE, "202603040506Z", &[]), "its time is malformed"),
        (&about(1, MESSAGE, TIME, &[0x30, 3, 2, 1, 1, 1, 1, 0xff, 2, 1, 9]), "good"),
        (&about(1, MESSAGE, TIME, &[0x30, 4, 0x81, 2, 3, 0xe7]), "good"),
        (&about(1, MESSAGE, TIME, &[0x30, 4, 0x81, 2, 3, 0xe8]), "accuracy is malformed"),
        (&about(1, MESSAGE, TIME, &[2, 2, 0, 9]), "malformed"),
        (&about(1, MESSAGE, TIME, &[0x0c, 1, 65]), "malformed"),
        (&about(1, MESSAGE, TIME, &[0xa1, 9, 0x30, 7, 6, 1, 42, 4, 2, 5, 0]), "good"),
        (
            &about(1, MESSAGE, TIME, &[0xa1, 12, 0x30, 10, 6, 1, 42, 1, 1, 0xff, 4, 2, 5, 0]),
            "critical extension",
        ),
        (&|parts| parts.signers = 0, "it has no signer"),
        (&|parts| parts.signers = 2, "it has several signers"),
        (&|parts| parts.hash = 9, "signed over another hash"),
        (&|parts| parts.hash = 2, "do not state the digest of its content"),
        (&|parts| parts.attributes[0].1 = vec![6, 1, 42], "do not state the kind of its content"),
        (&|parts| drop(parts.attributes.remove(0)), "do not state the kind of its content"),
        (&|parts| drop(parts.attributes.remove(1)), "do not state the digest of its content"),
        (&|parts| drop(parts.attributes.remove(2)), "do not state its signer's certificate"),
        (
            &|parts| parts.attributes.push(parts.attributes[0].clone()),
            "signed attributes occurs twice",
        ),
        (
            &|parts| parts.attributes[2].1 = wrong_hash.clone(),
            "do not state its signer's certificate",
        ),
        (&|parts| parts.attributes[2].1 = long_hash.clone(), "good"),
        (&|parts| parts.attributes[2] = (vec![16, 2, 12], old_hash.clone()), "good"),
        (&|parts| parts.algorithm[11] = 3, "signature was not made with the key"),
    ];
    for (number, (edit, words)) in cases.into_iter().enumerate() {
        let said = judge_parts(&tsa, edit);
        assert!(said.contains(words), "case {number}: {said}");
    }
    // Both attributes must hold if there are two.
    let both = judge_parts(&tsa, |parts| {
        parts.attributes.push((vec![16, 2, 12], certificate(&[7; 20])));
    });
    assert!(both.contains("do not state its signer's certificate"), "{both}");
}

/// A change of any byte is noticed, except of what says the same a second time.
#[test]
fn damage_anywhere_is_noticed() {
    let tsa = MadeTsa::default();
    let mut parts = tsa.parts(info(1, MESSAGE, TIME, &[]));
    parts.certificates.clear();
    let stamp = tsa.sign(&parts);
    let judge = |stamp: &[u8]| judge(&[&tsa.root, &tsa.signer], stamp, MESSAGE);
    judge(&stamp).unwrap();
    assert!(judge(&[&stamp[..], &[0]].concat()).is_err());
    assert!(judge(&stamp[..stamp.len() - 1]).is_err());
    let unread = fasti_kit::made_tsa::hash_id(1);
    let unread_at = stamp.windows(unread.len()).position(|bytes| *bytes == *unread).unwrap();
    for at in 0..stamp.len() {
        let mut damaged = stamp.clone();
        damaged[at] ^= 1;
        let is_granted_with_changes = damaged[..=at].ends_with(&[0x30, 3, 2, 1, 1]);
        let is_unread = (unread_at..unread_at + unread.len()).contains(&at);
        // The empty list of certificates becomes an empty one of revocation lists.
        let is_list = damaged[at..].starts_with(&[0xa1, 0]);
        let is_noticed = judge(&damaged).is_err() || is_list;
        assert!(
            is_noticed || is_granted_with_changes || is_unread,
            "byte {at} of {}",
            hex::encode(&stamp)
        );
    }
}

fn judge_certificates(edit: impl FnOnce(&mut Certificates)) -> String {
    let tsa = MadeTsa::new(&rcgen::PKCS_ECDSA_P256_SHA256, edit);
    let stamp = tsa.stamp(MESSAGE, TIME);
    let judged = judge(&[&tsa.signer, &tsa.root], &stamp, MESSAGE);
    judged.map_or_else(|error| error.to_string(), |_| "good".to_owned())
}

/// A change of certificates before they are signed.
type Change = fn(&mut Certificates);

#[test]
fn certificates_are_for_timestamps_and_valid_then() {
    let cases: [(Change, &str); 12] = [
        (|_| {}, "good"),
        (
            |all| all.purposes = Certificates::purposes(false, &[&TIME_STAMPING]),
            "not for timestamps alone",
        ),
        (
            |all| all.purposes = Certificates::purposes(true, &[&TIME_STAMPING, &CODE_SIGNING]),
            "not for timestamps alone",
        ),
        (
            |all| all.purposes = Certificates::purposes(true, &[&CODE_SIGNING]),
            "not for timestamps alone",
        ),
        (|all| all.signer.not_after = date_time_ymd(2026, 3, 4), "not valid"),
        (|all| all.signer.not_before = date_time_ymd(2026, 3, 5), "not valid"),
        (|all| all.root.not_after = date_time_ymd(2026, 3, 4), "not valid"),
        (|all| all.root.not_before = date_time_ymd(2026, 3, 5), "not valid"),
        (|all| all.signer.not_after = date_time_ymd(2026, 3, 5), "good"),
        (
            |all| all.root.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::TimeStamping],
            "good",
        ),
        (
            |all| all.root.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::CodeSigning],
            "does not count",
        ),
        (
            |all| {
                let mut extension =
                    rcgen::CustomExtension::from_oid_content(&[1, 2, 3], vec![5, 0]);
                extension.set_criticality(true);
                all.signer.custom_extensions.push(extension);
            },
            "critical extension",
        ),
    ];
    for (number, (edit, words)) in cases.into_iter().enumerate() {
        let said = judge_certificates(edit);
        assert!(said.contains(words), "case {number}: {said}");
    }
}

#[test]
fn an_authority_knows_its_own() {
    let (tsa, other) = (MadeTsa::default(), MadeTsa::default());
    let stamp = tsa.stamp(MESSAGE, TIME);
    let stamp = Timestamp::from_der(&stamp).unwrap();
    assert_eq!(stamp.signer(), "CN=tsa.test");
    let knows = |certificates: &[&Vec<u8>]| {
        let certificates: Vec<_> = certificates.iter().map(|one| (*one).clone()).collect();
        TimestampAuthority::new(&certificates).unwrap().claims(&stamp)
    };
    assert!(knows(&[&tsa.root]) && knows(&[&tsa.root, &tsa.signer]));
    // They have the same names, but other keys.
    assert!(knows(&[&other.root]));
    let error = judge(&[&other.root], &tsa.stamp(MESSAGE, TIME), MESSAGE).unwrap_err();
    assert!(matches!(error, TimestampError::Chain(ChainError::Signature)), "{error}");
    // Where an issuer's signers are listed, no others of its sign.
    let error = judge(&[&tsa.root, &other.signer], &tsa.stamp(MESSAGE, TIME), MESSAGE);
    assert!(matches!(error.unwrap_err(), TimestampError::OtherSigner));
    let stranger = MadeTsa::new(&rcgen::PKCS_ECDSA_P256_SHA256, |all| {
        all.root.distinguished_name = rcgen::DistinguishedName::new();
        all.root.distinguished_name.push(rcgen::DnType::CommonName, "elsewhere.test");
    });
    assert!(!knows(&[&stranger.root, &stranger.signer]));
    assert!(
        TimestampAuthority::new(std::slice::from_ref(&tsa.signer)).is_err(),
        "it issues nothing"
    );
    assert!(TimestampAuthority::new(&[b"0".to_vec()]).is_err());
}
