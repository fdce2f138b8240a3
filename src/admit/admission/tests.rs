//! Admission as a whole: which list decides.

use fasti_entry::{DsseEnvelope, DsseRequest, DsseSignature, Verifier};

use super::*;
use crate::testing::{BEGIN, Ca, Subject, at, authority, signer, submission};
use crate::{Authorities, Policy};

fn keys(subjects: &[&Subject]) -> KeyList {
    let mut list = KeyList::default();
    for subject in subjects {
        list.add(&Fingerprint::of(&subject.public_key()).to_string()).unwrap();
    }
    list
}

fn identities(root: &Ca) -> IdentityList {
    let policy =
        "roots = ['r']\n[[allow]]\nissuer = 'https://login.example.com'\nsan = 'dev@example.com'";
    let mut authorities = Authorities::default();
    authorities.add(&root.pem()).unwrap();
    IdentityList::new(Policy::parse(policy).unwrap(), authorities)
}

fn bare(subject: &Subject) -> KeyMaterial {
    KeyMaterial::PublicKey(subject.public_key().spki_der().to_vec())
}

#[test]
fn either_list_suffices() {
    let root = Ca::root(authority("root"));
    let [listed, other] = std::array::from_fn(|_| Subject::new());
    let certified = |subject: &Subject, email: &str| {
        KeyMaterial::Certificate(root.issue(&signer(email), &subject.0))
    };
    let own = |subject: &Subject| KeyMaterial::Certificate(subject.self_signed("dev@example.com"));
    let list = || Some(keys(&[&listed]));
    let rules = || Some(identities(&root));
    let [none, only_keys, only_rules, both] =
        [(None, None), (list(), None), (None, rules()), (list(), rules())]
            .map(|(keys, identities)| Lists { keys, identities, tokens: None });
    for (material, expected) in [
        (bare(&listed), ["open", "key", "no_certificate", "key"]),
        (bare(&other), ["open", "key!", "no_certificate", "key!"]),
        (certified(&listed, "dev@example.com"), ["open", "key", "identity", "key"]),
        (certified(&other, "dev@example.com"), ["open", "key!", "identity", "identity"]),
        (certified(&listed, "x@example.com"), ["open", "key", "identity!", "key"]),
        (certified(&other, "x@example.com"), ["open", "key!", "identity!", "identity!"]),
        // A listed key needs no authority; an unlisted one does.
        (own(&listed), ["open", "key", "chain", "key"]),
        (own(&other), ["open", "key!", "chain", "chain"]),
    ] {
        for (lists, expected) in [&none, &only_keys, &only_rules, &both].into_iter().zip(expected) {
            let judged = lists.judge(&submission(material.clone()), at(BEGIN));
            let said = match &judged {
                Ok(ground) => (*ground).to_owned(),
                Err(refusal) if ["key", "identity"].contains(&refusal.reason()) => {
                    format!("{}!", refusal.reason())
                }
                Err(refusal) => refusal.reason().to_owned(),
            };
            assert_eq!(said, expected, "{judged:?}");
        }
    }
}

#[test]
fn all_who_sign_an_envelope_must_be_allowed() {
    let [listed, other] = std::array::from_fn(|_| Subject::new());
    let lists = Lists { keys: Some(keys(&[&listed])), ..Lists::default() };
    let envelope = |signers: &[&Subject]| {
        Submission::Dsse(DsseRequest {
            envelope: DsseEnvelope {
                payload: b"{}".to_vec(),
                payload_type: "text/plain".to_owned(),
                signatures: vec![DsseSignature { sig: vec![1], keyid: String::new() }],
            },
            verifiers: signers.iter().map(|s| Verifier::new(bare(s)).unwrap()).collect(),
        })
    };
    let judge = |signers: &[&Subject]| lists.judge(&envelope(signers), at(BEGIN));
    assert_eq!(judge(&[&listed]).unwrap(), "key");
    for signers in [&[&listed, &other][..], &[&other, &listed], &[&other]] {
        let message = judge(signers).unwrap_err().to_string();
        let key = Fingerprint::of(&other.public_key());
        assert_eq!(message, format!("the key {key} is not allowed to write to this log"));
    }
}

#[test]
fn what_cannot_be_read_is_refused_as_such() {
    let subject = Subject::new();
    let lists = Lists { keys: Some(keys(&[&subject])), ..Lists::default() };
    let mut broken = submission(bare(&subject));
    let Submission::HashedRekord(request) = &mut broken else { unreachable!() };
    request.signature.verifier.material = KeyMaterial::Certificate(b"0".to_vec());
    let refusal = lists.judge(&broken, at(BEGIN)).unwrap_err();
    assert_eq!(refusal.reason(), "malformed");
    let field = "hashedRekordRequestV002.signature.verifier.x509Certificate.rawBytes: ";
    assert!(refusal.to_string().starts_with(field), "{refusal}");
}

#[test]
fn lists_are_replaced_while_the_door_is_open() {
    let subject = Subject::new();
    let admission = Admission::default();
    let judge = || admission.judge(&submission(bare(&subject)), at(BEGIN)).is_ok();
    assert!(judge());
    admission.replace(Lists { keys: Some(keys(&[&Subject::new()])), ..Lists::default() });
    assert!(!judge());
    admission.replace(Lists { keys: Some(keys(&[&subject])), ..Lists::default() });
    assert!(judge());
    assert!(admission.judge_opaque(&HeaderMap::new()).is_ok());
    let tokens = TokenList::parse("ci:0123456789abcdef").unwrap();
    admission.replace(Lists { tokens: Some(tokens), ..Lists::default() });
    assert!(matches!(admission.judge_opaque(&HeaderMap::new()), Err(AdmissionRefusal::NoToken)));
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, "Bearer 0123456789abcdef".parse().unwrap());
    assert!(admission.judge_opaque(&headers).is_ok());
}
