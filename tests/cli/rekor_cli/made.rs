//! Artifacts with signatures and keys, as files in a world, and the flags that name them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use fasti_kit::certificates::{P256, Signer, pem};
use fasti_kit::made_tsa::MadeTsa;
use fasti_kit::requests::pae;
use p256::ecdsa;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::World;

/// What an entry is made of.
pub struct Made {
    /// The flags for `upload` and `verify`.
    pub flags: Vec<String>,
    /// The name below which `get` shows the entry.
    pub model: &'static str,
}

impl Made {
    pub fn new(model: &'static str, flags: &str) -> Self {
        Self { flags: flags.split(' ').map(str::to_owned).collect(), model }
    }

    /// The command `verb` about this.
    pub fn command(&self, verb: &'static str) -> Vec<&str> {
        let flags = self.flags.iter().map(String::as_str);
        std::iter::once(verb).chain(flags).collect()
    }
}

/// An entry of each kind that can be made here.
pub fn all(world: &World) -> Vec<Made> {
    let mut made = signatures(world);
    made.push(minisign(world));
    made.extend(envelopes(world));
    made.push(cose(world));
    made.push(timestamp(world));
    made.push(tuf(world));
    made
}

/// An artifact that is signed with a key of X.509: `artifact`, `artifact.sig`, `signer.pub`.
pub fn signatures(world: &World) -> Vec<Made> {
    let (signer, artifact) = (Signer::of(P256), b"an artifact");
    world.write("artifact", artifact);
    world.write("artifact.sig", signer.sign(artifact));
    world.write("signer.pub", pem("PUBLIC KEY", &signer.spki));
    world.write("base64.sig", STANDARD.encode(signer.sign(artifact)) + "\n");
    let digest = hex::encode(Sha256::digest(artifact));
    let key = "--public-key signer.pub";
    vec![
        Made::new(
            "RekordObj",
            &format!("--type rekord --artifact artifact --signature artifact.sig {key}"),
        ),
        Made::new(
            "HashedRekordObj",
            &format!(
                "--type=hashedrekord --pki-format=x509 --artifact-hash {digest} --signature \
                 artifact.sig {key}"
            ),
        ),
        Made::new(
            "HashedRekordObj",
            &format!("--type hashedrekord:0.0.1 --artifact artifact --signature base64.sig {key}"),
        ),
    ]
}

fn minisign(world: &World) -> Made {
    let key = SigningKey::from_bytes(&[5; 32]);
    let text = |bytes: &[u8]| {
        let bytes = [b"Ed12345678", bytes].concat();
        format!("untrusted comment: made here\n{}\n", STANDARD.encode(bytes))
    };
    world.write("minisign.pub", text(key.verifying_key().as_bytes()));
    world.write("minisign.sig", text(&key.sign(b"an artifact").to_bytes()));
    Made::new(
        "RekordObj",
        "--type rekord --pki-format minisign --artifact artifact --signature minisign.sig \
         --public-key minisign.pub",
    )
}

fn envelopes(world: &World) -> Vec<Made> {
    let kind = "application/vnd.in-toto+json";
    let digest = hex::encode(Sha256::digest(b"an artifact"));
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": digest}}],
        "predicateType": "https://made.test/p",
        "predicate": {},
    });
    let payload = statement.to_string();
    let [one, two] = [P256, "PKIX_ECDSA_P384_SHA_384"].map(Signer::of);
    let sign = |signer: &Signer| STANDARD.encode(signer.sign(&pae(kind, payload.as_bytes())));
    let envelope = |signatures: Value| {
        let payload = STANDARD.encode(&payload);
        json!({"payloadType": kind, "payload": payload, "signatures": signatures}).to_string()
    };
    let rsa = Signer::of("PKIX_RSA_PKCS1V15_2048_SHA256");
    assert_ne!(one.spki, two.spki);
    world.write("rsa.pub", pem("PUBLIC KEY", &rsa.spki));
    world.write("envelope", envelope(json!([{"sig": sign(one)}])));
    world.write("envelope-2", envelope(json!([{"sig": sign(rsa)}, {"sig": sign(one)}])));
    let both = "--artifact envelope-2 --public-key signer.pub --public-key rsa.pub";
    vec![
        Made::new("DSSEObj", "--type dsse --artifact envelope --public-key signer.pub"),
        Made::new("DSSEObj", &format!("--type dsse {both}")),
        Made::new("IntotoObj", "--type intoto:0.0.1 --artifact envelope --public-key signer.pub"),
        Made::new("IntotoObj", &format!("--type intoto {both}")),
    ]
}

/// A `COSE_Sign1` by ES256.
fn cose(world: &World) -> Made {
    let key = ecdsa::SigningKey::from_slice(&[7; 32]).expect("a key");
    let short = |bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).expect("it is short");
        let head = if length < 24 { vec![0x40 | length] } else { vec![0x58, length] };
        [&head, bytes].concat()
    };
    let (header, payload) = (short(&[0xa1, 1, 0x26]), short(b"a payload"));
    let aad = short(b"more");
    let signed = [&[0x84, 0x6a][..], b"Signature1", &header, &aad, &payload].concat();
    let signature: ecdsa::Signature = p256::ecdsa::signature::Signer::sign(&key, &signed);
    let message = [&[0xd2, 0x84][..], &header, &[0xa0], &payload, &short(&signature.to_bytes())];
    world.write("message.cbor", message.concat());
    let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(&p256::PublicKey::from(
        key.verifying_key(),
    ));
    world.write("cose.pub", pem("PUBLIC KEY", spki.expect("a key").as_bytes()));
    let aad = STANDARD.encode(b"more");
    Made::new(
        "CoseObj",
        &format!("--type cose --artifact message.cbor --public-key cose.pub --aad {aad}"),
    )
}

fn timestamp(world: &World) -> Made {
    world.write("timestamp", MadeTsa::default().stamp(b"a message", "20260101000000Z"));
    Made::new("Rfc3161Obj", "--type rfc3161 --artifact timestamp")
}

/// Metadata and the root that names its signer. The members are in order, so the JSON is canonical.
fn tuf(world: &World) -> Made {
    let key = SigningKey::from_bytes(&[9; 32]);
    let public = hex::encode(key.verifying_key().as_bytes());
    let document = |signed: Value| {
        let sig = hex::encode(key.sign(signed.to_string().as_bytes()).to_bytes());
        json!({"signatures": [{"keyid": "k", "sig": sig}], "signed": signed}).to_string()
    };
    let role = json!({"keyids": ["k"], "threshold": 1});
    let expires = "2999-01-01T00:00:00Z";
    let root = json!({
        "_type": "root",
        "expires": expires,
        "keys": {"k": {
            "keytype": "ed25519",
            "keyval": {"public": public},
            "scheme": "ed25519",
        }},
        "roles": {"root": role, "timestamp": role},
        "spec_version": "1.0",
        "version": 1,
    });
    let timestamp = json!({"_type": "timestamp", "expires": expires, "version": 7});
    world.write("root.json", document(root));
    world.write("timestamp.json", document(timestamp));
    Made::new("TufObj", "--type tuf --artifact timestamp.json --public-key root.json")
}
