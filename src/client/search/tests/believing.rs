//! Searches among entries that strangers made to look like those of others.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::IdentityKind;
use fasti_kit::certificates::{Authority, authority, email, signing};
use fasti_verify::Authority as Trusted;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::scene::digest;
use super::*;

const OWNER: &str = "owner@example.com";
const ISSUER: &str = "https://issuer.example";

/// The authority that the caller believes, and another.
struct Authorities {
    trusted: Authority,
    other: Authority,
}

impl Authorities {
    fn new() -> Self {
        let root = |name| {
            let mut params = authority(name);
            params.not_before = (UNIX_EPOCH + Duration::from_secs(1_000_000_000)).into();
            Authority::root(params)
        };
        Self { trusted: root("trusted.test"), other: root("other.test") }
    }

    fn belief(&self) -> Belief {
        Belief::in_authorities(vec![Trusted::new(&self.trusted.der, None, None).unwrap()])
    }
}

/// What a signer says of itself, years ago.
fn params(name: &str) -> CertificateParams {
    signing(email(name), ISSUER, UNIX_EPOCH + Duration::from_secs(1_600_000_000))
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn signature(certificate: &[u8], number: usize) -> Value {
    json!({"content": STANDARD.encode(number.to_be_bytes()), "verifier": {
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "x509Certificate": {"rawBytes": STANDARD.encode(certificate)},
    }})
}

/// An entry with one signature. It does not verify, but an index does not check that.
fn signed(certificate: &[u8], number: usize) -> Vec<u8> {
    let json = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest(number))},
        "signature": signature(certificate, number),
    }}});
    json.to_string().into_bytes()
}

/// An entry with two signatures.
fn signed_by_two(certificates: [&[u8]; 2]) -> Vec<u8> {
    let json = json!({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest(1))},
        "signatures": certificates.map(|certificate| signature(certificate, 1)),
    }}});
    json.to_string().into_bytes()
}

fn by_email(name: &str) -> LookupTerm {
    let (kind, identity) = (IdentityKind::Email, name.to_owned());
    LookupTerm::IdentityOfKind { kind, identity, issuer: Some(ISSUER.to_owned()) }
}

fn trusted() -> Vec<VouchedBy> {
    vec![VouchedBy::Authority("CN=trusted.test".to_owned())]
}

/// Ten thousand entries that bear the owner's name, and then the owner's own.
#[tokio::test]
async fn spam_hides_nothing_from_those_who_say_whom_they_believe() {
    let authorities = Authorities::new();
    let spam = params(OWNER).self_signed(&key()).unwrap().der().to_vec();
    let own = authorities.trusted.issue(&params(OWNER), &key());
    let mut all: Vec<_> = (0..10_000).map(|n| signed(&spam, n)).collect();
    all.push(signed(&own, 10_000));
    let scene = Scene::of(&all, 9500);
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let question = Question { limit: LIMIT_DEFAULT, ..or(&[by_email(OWNER)]) };
    let (belief, mut believed, mut others) = (authorities.belief(), Vec::new(), 0);
    loop {
        let page = follower.news(scene.log.fetch(), &trust(), &question).await.unwrap();
        assert!(page.answer.entries.len() <= LIMIT_DEFAULT);
        for found in &page.answer.entries {
            match belief.vouching(&question, found) {
                by if by.is_empty() => others += 1,
                by => believed.push((found.entry.index.get(), by)),
            }
        }
        page.remember().unwrap();
        if !page.has_more() {
            break;
        }
    }
    assert_eq!((believed, others), (vec![(10_000, trusted())], 10_000));
}

#[tokio::test]
async fn what_makes_an_entry_match_must_be_vouched_for() {
    let authorities = Authorities::new();
    let (trusted_one, other) = (&authorities.trusted, &authorities.other);
    let own_key = key();
    let own = trusted_one.issue(&params(OWNER), &own_key);
    let somebody = trusted_one.issue(&params("somebody@example.com"), &key());
    let stranger = other.issue(&params(OWNER), &key());
    let all = [
        signed(&own, 0),
        signed(&stranger, 1),
        signed(&somebody, 2),
        signed_by_two([&somebody, &stranger]),
        signed_by_two([&stranger, &own]),
    ];
    let scene = Scene::of(&all, all.len());
    let spki = rcgen::PublicKeyData::subject_public_key_info(&own_key);
    let (about_one, itself) = (LookupTerm::Digest(digest(1)), vec![VouchedBy::Question]);
    let name = LookupTerm::Identity(OWNER.to_uppercase());
    for (question, expected) in [
        (or(&[by_email(OWNER)]), vec![(0, trusted()), (1, vec![]), (3, vec![]), (4, trusted())]),
        (or(&[name]), vec![(0, trusted()), (1, vec![]), (3, vec![]), (4, trusted())]),
        (or(std::slice::from_ref(&about_one)), vec![(1, vec![]), (3, trusted()), (4, trusted())]),
        (and(&[about_one, by_email(OWNER)]), vec![(1, vec![]), (3, vec![]), (4, trusted())]),
        (or(&[LookupTerm::of_public_key(&spki)]), vec![(0, itself.clone()), (4, itself.clone())]),
        (or(&[LookupTerm::Leaf(leaf_hash(&all[1]))]), vec![(1, itself)]),
    ] {
        let answer = ask(&scene, &question).await.unwrap();
        let belief = authorities.belief();
        let found = answer.entries.iter();
        let found: Vec<_> = found
            .map(|found| (found.entry.index.get(), belief.vouching(&question, found)))
            .collect();
        assert_eq!(found, expected, "{question:?}");
    }
}

/// A certificate counts if its authority was valid when it was issued, however long ago.
#[tokio::test]
async fn an_authority_vouches_for_what_it_issued_in_its_time() {
    let authorities = Authorities::new();
    let mut early = params(OWNER);
    early.not_before = (UNIX_EPOCH + Duration::from_hours(250_000)).into();
    let mut long = params(OWNER);
    long.not_after = rcgen::date_time_ymd(2900, 1, 1);
    let all = [early, long].map(|params| signed(&authorities.trusted.issue(&params, &key()), 0));
    let scene = Scene::of(&all, all.len());
    let question = or(&[by_email(OWNER)]);
    let answer = ask(&scene, &question).await.unwrap();
    let by = answer.entries.iter().map(|found| authorities.belief().vouching(&question, found));
    assert_eq!(by.collect::<Vec<_>>(), [vec![], trusted()]);
}
