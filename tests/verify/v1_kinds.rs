//! Bodies that Rekor v1 made of known requests: each states the signature, key and content of its
//! request, and of no other.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{
    ArtifactDigest, Bundle, BundleContent, BundleVersion, DsseEnvelope, DsseSignature,
    HashAlgorithm, KeyMaterial, MessageSignature, SignedDigest, V1Kind, VerificationMaterial,
    verify_as_v1,
};
use fasti_x509::pem;
use serde_json::Value;

/// A body, and what it was made of.
struct Logged {
    name: String,
    kind: V1Kind,
    body: Vec<u8>,
    content: BundleContent,
    signed: SignedDigest,
}

fn base64(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text").replace('-', "+").replace('_', "/");
    let text = text.replace(['\r', '\n'], "");
    STANDARD.decode(text).expect("base64")
}

/// The key or certificate in the first block; `None` if it is of a kind that is not admitted.
fn material(value: &Value) -> Option<KeyMaterial> {
    let text = base64(value);
    let block = pem::blocks(&text).next()?;
    let der = block.der().ok()?;
    let material = match block.label()? {
        "PUBLIC KEY" => KeyMaterial::PublicKey(der),
        _ => KeyMaterial::Certificate(der),
    };
    material.public_key().is_ok().then_some(material)
}

/// Signature, key and content of a request; `None` if they cannot be in a bundle.
fn parts(kind: V1Kind, spec: &Value) -> Option<(BundleContent, KeyMaterial)> {
    let envelope = |envelope: &Value, twice: bool| {
        let signatures = envelope["signatures"].as_array()?;
        let signatures: Vec<_> = signatures.iter().filter(|sig| !sig.is_null()).collect();
        let [signature] = signatures.as_slice() else { return None };
        let decoded = |value: &Value| {
            let once = base64(value);
            if twice { STANDARD.decode(once).expect("base64 twice") } else { once }
        };
        Some(DsseEnvelope {
            payload: decoded(&envelope["payload"]),
            payload_type: envelope["payloadType"].as_str()?.to_owned(),
            signatures: vec![DsseSignature {
                sig: decoded(&signature["sig"]),
                keyid: signature["keyid"].as_str().unwrap_or_default().to_owned(),
            }],
        })
    };
    let of_text = |text: &Value| -> Option<DsseEnvelope> {
        envelope(&serde_json::from_str(text.as_str()?).ok()?, false)
    };
    let (content, key) = match kind {
        V1Kind::HashedRekord => (
            BundleContent::MessageSignature(MessageSignature {
                digest: None,
                signature: base64(&spec["signature"]["content"]),
            }),
            &spec["signature"]["publicKey"]["content"],
        ),
        V1Kind::Dsse => {
            let proposed = &spec["proposedContent"];
            let verifiers = proposed["verifiers"].as_array()?;
            let envelope = of_text(&proposed["envelope"])?;
            (BundleContent::DsseEnvelope(envelope), verifiers.first()?)
        }
        V1Kind::IntotoText => {
            let envelope = of_text(&spec["content"]["envelope"])?;
            (BundleContent::DsseEnvelope(envelope), &spec["publicKey"])
        }
        V1Kind::IntotoObject => {
            let stated = &spec["content"]["envelope"];
            let envelope = envelope(stated, true)?;
            (BundleContent::DsseEnvelope(envelope), &stated["signatures"][0]["publicKey"])
        }
    };
    Some((content, material(key)?))
}

fn logged(data: &Path, dir: &str) -> Vec<Logged> {
    let home = data.join("v1-kinds").join(dir);
    let cases = super::files(&home, ".body.json").into_iter().filter_map(|path| {
        let name = path.display().to_string();
        let proposal = super::read(Path::new(&name.replace(".body.", ".proposal.")));
        // Some have bytes after the object, which Rekor ignores.
        let proposal = serde_json::Deserializer::from_slice(&proposal).into_iter::<Value>();
        let proposal = proposal.flatten().next()?;
        let (kind, version) = (proposal["kind"].as_str()?, proposal["apiVersion"].as_str()?);
        let kind = V1Kind::find(kind, version).expect("a kind of these");
        let (content, key) = parts(kind, &proposal["spec"])?;
        let digest = proposal["spec"]["data"]["hash"]["value"].as_str().map(|digits| {
            let bytes = hex::decode(digits).expect("hexadecimal");
            let mut hashes = HashAlgorithm::ALL.into_iter();
            let hash = hashes.find(|hash| hash.digest_len() == bytes.len()).expect("a hash");
            ArtifactDigest::new(hash, &bytes).expect("a digest")
        });
        let bundle = Bundle {
            version: BundleVersion::V0_3,
            material: match &key {
                KeyMaterial::PublicKey(_) => VerificationMaterial::PublicKeyHint(String::new()),
                KeyMaterial::Certificate(der) => VerificationMaterial::Certificate(der.clone()),
            },
            tlog_entries: Vec::new(),
            timestamps: Vec::new(),
            content: content.clone(),
        };
        let public_key = key.public_key().expect("a key");
        let signed = bundle.signed_as_v1(Some(&public_key), digest.as_ref()).expect("a claim");
        Some(Logged { name, kind, body: super::read(&path), content, signed })
    });
    cases.collect()
}

#[test]
fn bodies_state_what_was_logged_and_nothing_else() {
    let Some(data) = super::data() else { return };
    for (dir, count) in [("hashedrekord", 27), ("dsse", 18), ("intoto", 14)] {
        let all = logged(&data, dir);
        let mut good = Vec::new();
        for case in all {
            if verify_as_v1(&case.content, &case.signed).is_err() {
                println!("{}: the signature is of a kind that is not verified here", case.name);
                continue;
            }
            match case.kind.expect(&case.body, &case.content, &case.signed) {
                Ok(()) => good.push(case),
                Err(error) => println!("{}: {error}", case.name),
            }
        }
        assert_eq!(good.len(), count, "{dir}");
        for case in &good {
            for other in good.iter().filter(|other| other.signed != case.signed) {
                let judged = case.kind.expect(&case.body, &other.content, &other.signed);
                assert!(judged.is_err(), "{} and {}", case.name, other.name);
            }
        }
    }
}
