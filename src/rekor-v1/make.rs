//! Proposals for a submitter to post, as Rekor's own client makes them. Nothing in them is
//! verified here; [`Proposal::accept`](super::Proposal::accept) does that.

use serde_json::json;

use super::kind::Kind;
use super::material::{MakeError, Material};

/// Makes a proposal of this kind and version, or of the kind's newest version. Returns its JSON.
pub fn make(
    kind: Kind,
    version: Option<&str>,
    material: &Material<'_>,
) -> Result<Vec<u8>, MakeError> {
    let is_asked = |name: &str| version.is_none_or(|asked| asked == name);
    let version = kind.versions().iter().rfind(|version| is_asked(version.name));
    let version = version.ok_or(MakeError::Version)?;
    let spec = (version.make)(material)?;
    let proposal = json!({ "apiVersion": version.name, "kind": kind.name(), "spec": spec });
    Ok(proposal.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use fasti_kit::certificates::{P256, Signer};
    use fasti_kit::requests::pae;
    use fasti_x509::{ArtifactDigest, HashAlgorithm};
    use serde_json::{Value, json};

    use super::*;
    use crate::limits::{Limits, Setting};
    use crate::proposal::Proposal;
    use crate::testing::{b64, public_pem};

    const ARTIFACT: &[u8] = b"an artifact";

    fn made(kind: &str, version: Option<&str>, material: &Material<'_>) -> Result<Value, String> {
        let kind = Kind::find(kind).expect("a kind");
        let made = make(kind, version, material).map_err(|error| error.to_string())?;
        let setting = Setting { limits: Limits::default(), now: 1_000_000_000 };
        let proposal = Proposal::parse(&made).map_err(|error| error.to_string())?;
        let accepted = proposal.accept(&setting).map_err(|error| error.to_string())?;
        Ok(serde_json::from_slice(accepted.body()).expect("JSON"))
    }

    #[test]
    fn signatures_over_artifacts() {
        let signer = Signer::of(P256);
        let (signature, keys) = (signer.sign(ARTIFACT), [public_pem(signer).into_bytes()]);
        let whole = Material {
            artifact: Some(ARTIFACT),
            digest: Some(ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT)),
            signature: Some(&signature),
            keys: &keys,
            ..Material::default()
        };
        for kind in ["rekord", "hashedrekord"] {
            let body = made(kind, None, &whole).expect("it is accepted");
            assert_eq!(body["spec"]["signature"]["content"], b64(&signature));
            let other = Material { signature: Some(b"other"), ..whole };
            assert!(made(kind, None, &other).is_err());
            let unsigned = Material { signature: None, ..whole };
            assert_eq!(made(kind, None, &unsigned).unwrap_err(), "the signature is missing");
            let none = Material { keys: &[], ..whole };
            assert_eq!(made(kind, None, &none).unwrap_err(), "the public key is missing");
            let two = [keys[0].clone(), keys[0].clone()];
            let two = Material { keys: &two, ..whole };
            assert!(made(kind, None, &two).unwrap_err().ends_with("there are 2"));
            assert!(made(kind, Some("0.0.9"), &whole).unwrap_err().contains("no such version"));
        }
    }

    #[test]
    fn envelopes_in_every_form() {
        let (one, two) = (Signer::of(P256), Signer::of("PKIX_RSA_PKCS1V15_2048_SHA256"));
        let (kind, payload) = ("application/vnd.in-toto+json", b"{}");
        let signed = |signer: &Signer| json!({"sig": b64(signer.sign(&pae(kind, payload)))});
        let envelope = |signatures: &[Value]| {
            let envelope = json!({
                "payloadType": kind, "payload": b64(payload), "signatures": signatures,
            });
            envelope.to_string()
        };
        let both = envelope(&[signed(two), signed(one)]);
        let keys = [one, two].map(|signer| public_pem(signer).into_bytes());
        let material =
            Material { artifact: Some(both.as_bytes()), keys: &keys, ..Material::default() };
        let body = made("dsse", None, &material).expect("it is accepted");
        assert_eq!(body["spec"]["signatures"].as_array().map(Vec::len), Some(2));
        let body = made("intoto", None, &material).expect("it is accepted");
        assert_eq!(body["apiVersion"], "0.0.2");
        let signatures = &body["spec"]["content"]["envelope"]["signatures"];
        assert_eq!(signatures[0]["publicKey"], b64(&keys[1]), "in the envelope's order");
        assert_eq!(signatures[1]["publicKey"], b64(&keys[0]));
        for kind in ["dsse", "intoto"] {
            let missing = Material { keys: &keys[..1], ..material };
            let refused = made(kind, None, &missing).unwrap_err();
            assert!(refused.contains("all signatures must have a key"), "{refused}");
        }
        let single = envelope(&[signed(one)]);
        let material =
            Material { artifact: Some(single.as_bytes()), keys: &keys[..1], ..Material::default() };
        let body = made("intoto", Some("0.0.1"), &material).expect("it is accepted");
        assert_eq!(body["apiVersion"], "0.0.1");
        let binary = Material { artifact: Some(b"\xff"), ..material };
        for kind in ["dsse", "intoto"] {
            assert_eq!(made(kind, None, &binary).unwrap_err(), "the envelope is not text");
        }
    }
}
