//! Bodies as Rekor v1 makes them, and everything in them that can be about something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use fasti_x509::{ArtifactDigest, HashAlgorithm, PublicKey};
use serde_json::{Value as Json, json};

use super::*;
use crate::bundle::{Bundle, BundleVersion, MessageSignature, VerificationMaterial};
use crate::envelope::{DsseEnvelope, DsseSignature};
use crate::pki::{KeyMaterial, Verifier};
use crate::testing::{ARTIFACT, Signer, with};
use crate::{KeyDetails, SigningAlgorithm, VerifiableSignature, pae};

const TYPE: &str = "application/vnd.in-toto+json";

/// A signature that a bundle holds, and what a body says about it.
struct Case {
    content: BundleContent,
    signed: SignedDigest,
}

fn pem(material: &KeyMaterial) -> String {
    let label = match material {
        KeyMaterial::PublicKey(_) => "PUBLIC KEY",
        KeyMaterial::Certificate(_) => "CERTIFICATE",
    };
    let text = pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, material.der());
    STANDARD.encode(text.unwrap())
}

fn hash(bytes: &[u8]) -> Json {
    json!({
        "algorithm": "sha256",
        "value": hex::encode(ArtifactDigest::of(HashAlgorithm::Sha256, bytes).as_bytes()),
    })
}

impl Case {
    fn of_artifact(signer: &Signer, material: KeyMaterial) -> Self {
        let signature = signer.sign(ARTIFACT);
        let content = MessageSignature { digest: None, signature: signature.clone() };
        let verifier = Verifier::new(material).unwrap();
        let signature = VerifiableSignature { content: signature, verifier };
        let signed = SignedDigest { digest: signer.digest(ARTIFACT), signature };
        Self { content: BundleContent::MessageSignature(content), signed }
    }

    fn of_envelope(signer: &Signer, material: KeyMaterial, keyid: &str) -> Self {
        let sig = signer.sign(&pae(TYPE, ARTIFACT));
        let envelope = DsseEnvelope {
            payload: ARTIFACT.to_vec(),
            payload_type: TYPE.to_owned(),
            signatures: vec![DsseSignature { sig: sig.clone(), keyid: keyid.to_owned() }],
        };
        let digest = envelope.pae_digest(signer.algorithm.hash());
        let signature =
            VerifiableSignature { content: sig, verifier: Verifier::new(material).unwrap() };
        Self {
            content: BundleContent::DsseEnvelope(envelope),
            signed: SignedDigest { digest, signature },
        }
    }

    fn key(&self) -> String {
        pem(&self.signed.signature.verifier.material)
    }

    fn signature(&self) -> String {
        STANDARD.encode(&self.signed.signature.content)
    }

    fn hashedrekord(&self) -> Json {
        let algorithm = match self.signed.digest.algorithm() {
            HashAlgorithm::Sha256 => "sha256",
            HashAlgorithm::Sha384 => "sha384",
            HashAlgorithm::Sha512 => "sha512",
        };
        let value = hex::encode(self.signed.digest.as_bytes());
        json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": algorithm, "value": value}},
            "signature": {"content": self.signature(), "publicKey": {"content": self.key()}},
        }})
    }

    fn dsse(&self) -> Json {
        json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": hash(b"a text of the envelope"),
            "payloadHash": hash(ARTIFACT),
            "signatures": [{"signature": self.signature(), "verifier": self.key()}],
        }})
    }

    fn intoto_001(&self, text: &str) -> Json {
        json!({"apiVersion": "0.0.1", "kind": "intoto", "spec": {
            "content": {"hash": hash(text.as_bytes()), "payloadHash": hash(ARTIFACT)},
            "publicKey": self.key(),
        }})
    }

    fn intoto_002(&self, keyid: &str) -> Json {
        let mut signature =
            json!({"sig": STANDARD.encode(self.signature()), "publicKey": self.key()});
        if !keyid.is_empty() {
            signature["keyid"] = json!(keyid);
        }
        json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
            "envelope": {"payloadType": TYPE, "signatures": [signature]},
            "hash": hash(b"whatever the client sent"),
            "payloadHash": hash(ARTIFACT),
        }}})
    }

    fn judge(&self, body: &Json) -> Result<(), EntryError> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let kind = V1Kind::find(&text("kind"), &text("apiVersion")).expect("a kind");
        kind.expect(body.to_string().as_bytes(), &self.content, &self.signed)
    }

    /// Checks that the body is refused with another value in each of these places.
    fn refuses(&self, body: &Json, places: &[&str]) {
        self.judge(body).unwrap();
        for place in places {
            let pointer = format!("/spec/{place}");
            let other = match body.pointer(&pointer).unwrap() {
                Json::String(text) if place.ends_with("value") => text.replace(&text[..1], "g"),
                Json::String(text) => {
                    let mut bytes = text.clone().into_bytes();
                    // A character of the base64, or of the text, near its end.
                    let at = bytes.len() - 5;
                    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                    String::from_utf8(bytes).unwrap()
                }
                other => panic!("{place}: {other}"),
            };
            assert!(self.judge(&with(body, &pointer, json!(other))).is_err(), "{place}");
            assert!(self.judge(&with(body, &pointer, Json::Null)).is_err(), "{place}");
        }
        let mut further = body.clone();
        further["spec"]["further"] = json!(1);
        let error = self.judge(&further).unwrap_err().to_string();
        assert!(error.contains("spec.further: unknown field"), "{error}");
    }
}

fn p256() -> &'static Signer {
    Signer::of(SigningAlgorithm::EcdsaP256Sha256)
}

const HASH: [&str; 2] = ["data/hash/algorithm", "data/hash/value"];

#[test]
fn hashedrekord_of_every_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        for material in [signer.public_key(), signer.certificate()] {
            let case = Case::of_artifact(signer, material);
            let body = case.hashedrekord();
            case.judge(&body).unwrap();
            verify_as_v1(&case.content, &case.signed).unwrap();
            case.refuses(&body, &[HASH[1], "signature/content", "signature/publicKey/content"]);
            let upper = body["spec"]["data"]["hash"]["value"].as_str().unwrap().to_uppercase();
            case.judge(&with(&body, "/spec/data/hash/value", json!(upper))).unwrap();
        }
    }
}

#[test]
fn a_chain_is_stored_whole_and_its_first_certificate_signs() {
    let signer = p256();
    let case = Case::of_artifact(signer, signer.certificate());
    let body = case.hashedrekord();
    let text = |material: &KeyMaterial| STANDARD.decode(pem(material)).unwrap();
    let signers = text(&case.signed.signature.verifier.material);
    let issuer = text(&Signer::of(SigningAlgorithm::EcdsaP384Sha384).certificate());
    let with_chain = |parts: [&[u8]; 2]| {
        let pointer = "/spec/signature/publicKey/content";
        case.judge(&with(&body, pointer, json!(STANDARD.encode(parts.concat()))))
    };
    with_chain([&signers, &issuer]).unwrap();
    with_chain([b"a certificate\n", &signers]).unwrap();
    assert!(with_chain([&issuer, &signers]).is_err());
    // The key of the certificate is not what was logged.
    let key = text(&signer.public_key());
    assert!(with_chain([&key, b""]).is_err());
    let bare = Case { signed: Case::of_artifact(signer, signer.public_key()).signed, ..case };
    assert!(bare.judge(&body).is_err());
}

#[test]
fn envelopes_in_every_kind() {
    let signer = p256();
    for (material, keyid) in [(signer.public_key(), ""), (signer.certificate(), "a-key")] {
        let case = Case::of_envelope(signer, material, keyid);
        case.judge(&case.hashedrekord()).unwrap();
        let hashes = ["payloadHash/value", "envelopeHash/algorithm"];
        let signature = ["signatures/0/signature", "signatures/0/verifier"];
        case.refuses(&case.dsse(), &[hashes[0], signature[0], signature[1]]);
        let object = case.intoto_002(keyid);
        case.refuses(
            &object,
            &[
                "content/payloadHash/value",
                "content/envelope/payloadType",
                "content/envelope/signatures/0/sig",
                "content/envelope/signatures/0/publicKey",
            ],
        );
        // Nothing relies on these two, which others cannot compute.
        for (body, pointer) in
            [(case.dsse(), "/spec/envelopeHash"), (object.clone(), "/spec/content/hash")]
        {
            case.judge(&with(&body, pointer, hash(b"another text"))).unwrap();
            assert!(case.judge(&with(&body, pointer, Json::Null)).is_err());
        }
        for (body, pointer) in [
            (case.dsse(), "/spec/signatures"),
            (object.clone(), "/spec/content/envelope/signatures"),
        ] {
            let one = body.pointer(pointer).unwrap()[0].clone();
            for count in [0, 2] {
                let other = with(&body, pointer, json!(vec![&one; count]));
                let error = case.judge(&other).unwrap_err().to_string();
                assert!(error.contains("another number of signatures"), "{error}");
            }
        }
        let mut stored = object.clone();
        stored["spec"]["content"]["envelope"]["payload"] =
            json!(STANDARD.encode(STANDARD.encode(ARTIFACT)));
        case.refuses(&stored, &["content/envelope/signatures/0/sig"]);
        stored["spec"]["content"]["envelope"]["payload"] = json!(STANDARD.encode(ARTIFACT));
        assert!(case.judge(&stored).is_err(), "encoded once");
        let sig = "/spec/content/envelope/signatures/0/sig";
        assert!(case.judge(&with(&object, sig, json!(case.signature()))).is_err(), "once");
        assert!(case.judge(&case.intoto_002("another")).unwrap_err().to_string().contains("keyid"));
    }
}

/// The hash of the text is all that links this kind to the signature.
#[test]
fn texts_of_envelopes_in_the_spellings_of_clients() {
    let signer = p256();
    let payload = STANDARD.encode(ARTIFACT);
    for keyid in ["", "a-key"] {
        let case = Case::of_envelope(signer, signer.public_key(), keyid);
        let sig = case.signature();
        let full = [
            format!(
                r#"{{"payloadType":"{TYPE}","payload":"{payload}","signatures":[{{"keyid":"{keyid}","sig":"{sig}"}}]}}"#
            ),
            format!(
                r#"{{"payload":"{payload}","payloadType":"{TYPE}","signatures":[{{"sig":"{sig}","keyid":"{keyid}"}}]}}"#
            ),
            format!(
                r#"{{"payload":"{payload}","payloadType":"{TYPE}","signatures":[{{"keyid":"{keyid}","sig":"{sig}"}}]}}"#
            ),
        ];
        let bare = [
            format!(
                r#"{{"payloadType":"{TYPE}","payload":"{payload}","signatures":[{{"sig":"{sig}"}}]}}"#
            ),
            format!(
                r#"{{"payload":"{payload}","payloadType":"{TYPE}","signatures":[{{"sig":"{sig}"}}]}}"#
            ),
        ];
        for text in &full {
            case.refuses(
                &case.intoto_001(text),
                &["content/hash/value", "content/payloadHash/value", "publicKey"],
            );
        }
        for text in &bare {
            assert_eq!(case.judge(&case.intoto_001(text)).is_ok(), keyid.is_empty(), "{text}");
        }
        let mut old = case.intoto_001(&full[0]);
        old["spec"]["content"].as_object_mut().unwrap().remove("payloadHash");
        case.judge(&old).unwrap();
        let spaced = full[0].replace(',', ", ");
        let error = case.judge(&case.intoto_001(&spaced)).unwrap_err().to_string();
        assert!(error.contains("another envelope"), "{error}");
        // Another signature of the same key over the same payload.
        let again = Case::of_envelope(signer, signer.public_key(), keyid);
        assert!(again.judge(&case.intoto_001(&full[0])).is_err());
    }
}

#[test]
fn bodies_of_other_kinds_or_shapes() {
    let signer = p256();
    let case = Case::of_artifact(signer, signer.public_key());
    let body = case.hashedrekord();
    let judge = |body: &[u8]| {
        let judged = V1Kind::HashedRekord.expect(body, &case.content, &case.signed);
        judged.unwrap_err().to_string()
    };
    let text = body.to_string();
    for (body, words) in [
        (text.replace("0.0.1", "0.0.2"), "kind: the logged entry has another kind"),
        (text.replace("\"hashedrekord\"", "\"dsse\""), "another kind"),
        (text.replace("sha256", "sha1"), "unknown value \"sha1\""),
        (text.replace("\"kind\"", "\"kind\":\"hashedrekord\",\"kind\""), "more than once"),
        (text.replace("\"spec\"", "\"more\":1,\"spec\""), "more: unknown field"),
        (format!("{text} {{}}"), "trailing"),
        (String::new(), "EOF"),
        ("[]".to_owned(), "expected an object"),
    ] {
        assert!(judge(body.as_bytes()).contains(words), "{}", judge(body.as_bytes()));
    }
    // Kinds of envelopes are not about artifacts.
    for body in [case.dsse(), case.intoto_001(""), case.intoto_002("")] {
        let error = case.judge(&body).unwrap_err().to_string();
        assert!(error.contains("an envelope"), "{error}");
    }
    for (kind, version) in [("hashedrekord", "0.0.2"), ("rekord", "0.0.1"), ("dsse", "0.0.2")] {
        assert_eq!(V1Kind::find(kind, version), None);
    }
}

/// Rekor v1 lets keys sign in ways that Rekor v2 does not.
#[test]
fn signatures_of_older_kinds() {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let spki = ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_der(&secret.verifying_key());
    let key = PublicKey::from_spki_der(spki.unwrap().as_bytes()).unwrap();
    let bundle = |content| Bundle {
        version: BundleVersion::V0_3,
        material: VerificationMaterial::PublicKeyHint(String::new()),
        tlog_entries: Vec::new(),
        timestamps: Vec::new(),
        content,
    };
    let envelope = |signed: &[u8]| DsseEnvelope {
        payload: ARTIFACT.to_vec(),
        payload_type: TYPE.to_owned(),
        signatures: vec![DsseSignature {
            sig: secret.sign(signed).to_bytes().to_vec(),
            keyid: String::new(),
        }],
    };
    for (text, is_signed) in [(pae(TYPE, ARTIFACT), true), (ARTIFACT.to_vec(), false)] {
        let bundle = bundle(BundleContent::DsseEnvelope(envelope(&text)));
        let signed = bundle.signed_as_v1(Some(&key), None).unwrap();
        assert!(signed.verify().is_err());
        let kind = verify_as_v1(&bundle.content, &signed);
        assert_eq!(kind.ok().map(KeyDetails::name), is_signed.then_some("PKIX_ED25519"));
    }
    // There is no Ed25519 over a digest of an artifact but Ed25519ph.
    let signature = secret.sign(ARTIFACT).to_bytes().to_vec();
    let message = MessageSignature { digest: None, signature };
    let bundle = bundle(BundleContent::MessageSignature(message));
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
        let digest = ArtifactDigest::of(hash, ARTIFACT);
        let signed = bundle.signed_as_v1(Some(&key), Some(&digest)).unwrap();
        assert!(verify_as_v1(&bundle.content, &signed).is_err(), "{hash}");
    }
}
