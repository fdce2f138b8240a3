//! Good bundles of every kind, and the trusted root by which they are good.
//!
//! One signer, certified on the first of March 2026 by an authority below a root, with a timestamp
//! of a certificate log; a timestamp authority; and two logs, one of each version of Rekor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{
    ArtifactDigest, Bundle, BundleContent, BundleVersion, DsseEnvelope, DsseSignature,
    HashAlgorithm, InclusionProof, MessageSignature, PublicKey, TransparencyLogEntry,
    VerificationMaterial, pae,
};
use fasti_kit::certificates::{Signer, authority, email, pem, signing};
use fasti_kit::made_ct_log::MadeCtLog;
use fasti_kit::made_tsa::MadeTsa;
use fasti_kit::oracle;
use rcgen::{Issuer, KeyPair, PublicKeyData as _, SigningKey as _, date_time_ymd};
use serde_json::{Value, json};
use tiles_spec::{Checkpoint, Hash, NoteSigningKey, TreeHead, TreeSize};

pub const ARTIFACT: &[u8] = b"an artifact";
/// Whom the bundles are by.
pub const IDENTITY: &str = "dev@example.com";
/// Who vouches for that.
pub const ISSUER: &str = "https://issuer.example";

const IN_TOTO: &str = "application/vnd.in-toto+json";
const NEWER: &str = "newer.test";
const OLDER: &str = "older.test";
const OLDER_ORIGIN: &str = "older.test - 1193050959916656506";
/// The index in the tree, and over all trees of the older log.
const INDEX: u64 = 5;
const GLOBAL_INDEX: u64 = 4_163_436;
/// Noon of the day of the certificate.
const NOON: &str = "20260301120000Z";
const NOON_SECONDS: u64 = 1_772_366_400;

/// A good bundle.
pub struct Scene {
    /// What it is.
    pub name: &'static str,
    /// The file.
    pub file: Value,
    /// The signer's key, if no identity is demanded.
    pub key: Option<PublicKey>,
}

/// Everybody.
pub struct World {
    signer: Signer,
    /// The signer's certificate, that of its authority, and the root's; DER.
    chain: [Vec<u8>; 3],
    certificate_log: MadeCtLog,
    timestamps: MadeTsa,
    newer: NoteSigningKey,
    older: KeyPair,
}

impl World {
    pub fn new() -> Self {
        let (root, root_key) = (authority("root.test"), KeyPair::generate().unwrap());
        let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
        let above = Issuer::new(root, root_key);
        let (middle, key) = (authority("authority.test"), KeyPair::generate().unwrap());
        let middle_der = middle.signed_by(&key, &above).unwrap().der().to_vec();
        let issuer = Issuer::new(middle, key);
        let signer = Signer::generate(fasti_kit::certificates::P256);
        let begin = date_time_ymd(2026, 3, 1);
        let mut params = signing(email(IDENTITY), ISSUER, begin.into());
        params.not_after = date_time_ymd(2026, 3, 2);
        let certificate_log = MadeCtLog::default();
        let milliseconds = begin.unix_timestamp().unsigned_abs() * 1000;
        let leaf = certificate_log.certify(params, &signer, &issuer, milliseconds, |_| {});
        Self {
            signer,
            chain: [leaf, middle_der, root_der],
            certificate_log,
            timestamps: MadeTsa::default(),
            newer: NoteSigningKey::from_seed(NEWER.parse().unwrap(), &[9; 32]),
            older: KeyPair::generate().unwrap(),
        }
    }

    /// The trusted root with all of them.
    pub fn root(&self) -> Value {
        let log = |url: &str, spki: &[u8], details: &str, id: &[u8]| {
            json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(spki),
                    "keyDetails": details,
                    "validFor": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
                },
                "logId": {"keyId": STANDARD.encode(id)},
            })
        };
        let authority = |chain: &[&[u8]]| {
            let chain: Vec<_> =
                chain.iter().map(|der| json!({"rawBytes": STANDARD.encode(der)})).collect();
            json!({
                "subject": {"organization": "test", "commonName": "test"},
                "uri": "https://authority.test",
                "certChain": {"certificates": chain},
                "validFor": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
            })
        };
        let newer = self.newer.verifier_key();
        let newer_key = newer.public_key().to_spki_der().unwrap();
        let p256 = "PKIX_ECDSA_P256_SHA_256";
        let (tsa, certificates) = (&self.timestamps, &self.certificate_log);
        let logged = log("https://certificates.test", &certificates.key, p256, &certificates.id());
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log("https://newer.test", &newer_key, "PKIX_ED25519", &newer.log_id()),
                log("https://older.test", &self.older_key(), p256, &self.older_id()),
            ],
            "certificateAuthorities": [authority(&[&self.chain[1], &self.chain[2]])],
            "ctlogs": [logged],
            "timestampAuthorities": [authority(&[&tsa.root])],
        })
    }

    fn older_key(&self) -> Vec<u8> {
        self.older.subject_public_key_info()
    }

    fn older_id(&self) -> Vec<u8> {
        ArtifactDigest::of(HashAlgorithm::Sha256, &self.older_key()).as_bytes().to_vec()
    }

    fn key(&self) -> PublicKey {
        PublicKey::from_spki_der(&self.signer.spki).unwrap()
    }

    fn message(&self) -> BundleContent {
        BundleContent::MessageSignature(MessageSignature {
            digest: Some(ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT)),
            signature: self.signer.sign(ARTIFACT),
        })
    }

    fn envelope(&self) -> BundleContent {
        let digest = hex::encode(ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT).as_bytes());
        let payload = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "artifact", "digest": {"sha256": digest}}],
            "predicateType": "https://predicate.example",
            "predicate": {},
        });
        let payload = payload.to_string().into_bytes();
        let sig = self.signer.sign(&pae(IN_TOTO, &payload));
        BundleContent::DsseEnvelope(DsseEnvelope {
            payload,
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![DsseSignature { sig, keyid: String::new() }],
        })
    }

    fn certificate(&self) -> VerificationMaterial {
        VerificationMaterial::Certificate(self.chain[0].clone())
    }

    fn with_chain(&self) -> VerificationMaterial {
        VerificationMaterial::CertificateChain(self.chain[..2].to_vec())
    }

    /// A bundle with an entry of the newer log, and a timestamp.
    fn newer(&self, material: VerificationMaterial, content: BundleContent, kind: &str) -> Bundle {
        let version = BundleVersion::V0_3;
        let mut bundle =
            Bundle { version, material, tlog_entries: Vec::new(), timestamps: Vec::new(), content };
        let mut entry = TransparencyLogEntry {
            log_index: INDEX,
            log_id: self.newer.verifier_key().log_id().to_vec(),
            kind: kind.to_owned(),
            version: "0.0.2".to_owned(),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: None,
            canonicalized_body: Vec::new(),
        };
        let digest = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
        let leaf = bundle.rebuild_leaf(&entry, Some(&self.key()), Some(&digest)).unwrap();
        entry.inclusion_proof = Some(proof(&leaf, |head| {
            let text = Checkpoint { origin: NEWER.to_owned(), head, extensions: Vec::new() };
            let text = text.to_text();
            format!("{text}\n{}", self.newer.sign(&text))
        }));
        entry.canonicalized_body = leaf;
        bundle.tlog_entries = vec![entry];
        let signature = signature_of(&bundle.content);
        if bundle.certificate().unwrap().is_some() {
            bundle.timestamps = vec![self.timestamps.stamp(signature, NOON)];
        }
        bundle
    }

    /// A bundle with an entry of the older log, with its promise and a proof.
    fn older(
        &self,
        version: BundleVersion,
        material: VerificationMaterial,
        content: BundleContent,
        [kind, kind_version]: [&str; 2],
        spec: &Value,
    ) -> Bundle {
        let body = json!({"apiVersion": kind_version, "kind": kind, "spec": spec}).to_string();
        let entry = self.logged(body.as_bytes(), kind, kind_version);
        Bundle { version, material, tlog_entries: vec![entry], timestamps: Vec::new(), content }
    }

    /// The older log's answer for a body.
    pub fn logged(&self, body: &[u8], kind: &str, version: &str) -> TransparencyLogEntry {
        let id = self.older_id();
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
            STANDARD.encode(body),
            NOON_SECONDS,
            hex::encode(&id),
            GLOBAL_INDEX,
        );
        let inclusion_proof = proof(body, |head| {
            let text = Checkpoint { origin: OLDER_ORIGIN.to_owned(), head, extensions: Vec::new() };
            let text = text.to_text();
            let line = [&id[..4], &self.older.sign(text.as_bytes()).unwrap()].concat();
            format!("{text}\n\u{2014} {OLDER} {}\n", STANDARD.encode(line))
        });
        TransparencyLogEntry {
            log_index: GLOBAL_INDEX,
            kind: kind.to_owned(),
            version: version.to_owned(),
            integrated_time: NOON_SECONDS,
            inclusion_promise: Some(self.older.sign(promised.as_bytes()).unwrap()),
            inclusion_proof: Some(inclusion_proof),
            canonicalized_body: body.to_vec(),
            log_id: id,
        }
    }

    /// The signer's certificate as entries of the older log have it.
    fn verifier(&self) -> String {
        STANDARD.encode(pem("CERTIFICATE", &self.chain[0]))
    }

    fn hashedrekord(&self, signature: &[u8]) -> Value {
        let hash = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
        json!({
            "data": {"hash": {"algorithm": "sha256", "value": hex::encode(hash.as_bytes())}},
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": {"content": self.verifier()},
            },
        })
    }

    /// The parts of an entry for an envelope: of the kind dsse, and of the kind intoto.
    fn attested(&self, content: &BundleContent) -> [Value; 2] {
        let BundleContent::DsseEnvelope(envelope) = content else { panic!("an envelope") };
        let hash = |bytes: &[u8]| {
            let hash = ArtifactDigest::of(HashAlgorithm::Sha256, bytes);
            json!({"algorithm": "sha256", "value": hex::encode(hash.as_bytes())})
        };
        let (signature, payload) = (&envelope.signatures[0].sig, &envelope.payload);
        let dsse = json!({
            "envelopeHash": hash(b"its text"),
            "payloadHash": hash(payload),
            "signatures": [{"signature": STANDARD.encode(signature), "verifier": self.verifier()}],
        });
        let in_toto = json!({"content": {
            "envelope": {
                "payloadType": envelope.payload_type,
                "signatures": [{
                    "publicKey": self.verifier(),
                    "sig": STANDARD.encode(STANDARD.encode(signature)),
                }],
            },
            "hash": hash(b"its text"),
            "payloadHash": hash(payload),
        }});
        [dsse, in_toto]
    }

    /// Good bundles of every kind.
    pub fn scenes(&self) -> Vec<Scene> {
        let (v0_1, v0_2, v0_3) = (BundleVersion::V0_1, BundleVersion::V0_2, BundleVersion::V0_3);
        let message = self.message();
        let spec = self.hashedrekord(signature_of(&message));
        let rekord = ["hashedrekord", "0.0.1"];
        let older =
            |version, material| self.older(version, material, message.clone(), rekord, &spec);
        let mut promised = older(v0_1, self.with_chain());
        promised.tlog_entries[0].inclusion_proof = None;
        let envelope = self.envelope();
        let [dsse, in_toto] = self.attested(&envelope);
        let dsse = |version, material| {
            self.older(version, material, envelope.clone(), ["dsse", "0.0.1"], &dsse)
        };
        let in_toto =
            self.older(v0_1, self.with_chain(), envelope.clone(), ["intoto", "0.0.2"], &in_toto);
        let hint = VerificationMaterial::PublicKeyHint("a hint".to_owned());
        let by_key = self.newer(hint, message.clone(), "hashedrekord");
        let scene = |name, bundle: &Bundle| Scene { name, file: json_of(bundle), key: None };
        vec![
            scene("A", &self.newer(self.certificate(), message.clone(), "hashedrekord")),
            scene("B", &self.newer(self.certificate(), envelope.clone(), "dsse")),
            Scene { key: Some(self.key()), ..scene("C", &by_key) },
            scene("D", &older(v0_3, self.certificate())),
            scene("E", &dsse(v0_2, self.with_chain())),
            scene("F", &in_toto),
            scene("G", &promised),
            Scene { name: "H", file: self.cosign(&promised), key: None },
            Scene { name: "I", file: pep_740(&dsse(v0_3, self.certificate())), key: None },
        ]
    }

    /// What cosign wrote before bundles.
    fn cosign(&self, bundle: &Bundle) -> Value {
        let entry = &bundle.tlog_entries[0];
        json!({
            "base64Signature": STANDARD.encode(signature_of(&bundle.content)),
            "cert": self.verifier(),
            "rekorBundle": {
                "SignedEntryTimestamp":
                    STANDARD.encode(entry.inclusion_promise.as_ref().unwrap()),
                "Payload": {
                    "body": STANDARD.encode(&entry.canonicalized_body),
                    "integratedTime": entry.integrated_time,
                    "logIndex": entry.log_index,
                    "logID": hex::encode(&entry.log_id),
                },
            },
        })
    }
}

/// An attestation as PyPI has it.
fn pep_740(bundle: &Bundle) -> Value {
    let file = json_of(bundle);
    json!({
        "version": 1,
        "verification_material": {
            "certificate": file["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": file["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": file["dsseEnvelope"]["payload"],
            "signature": file["dsseEnvelope"]["signatures"][0]["sig"],
        },
    })
}

fn json_of(bundle: &Bundle) -> Value {
    serde_json::from_slice(&bundle.to_json()).unwrap()
}

fn signature_of(content: &BundleContent) -> &[u8] {
    match content {
        BundleContent::MessageSignature(message) => &message.signature,
        BundleContent::DsseEnvelope(envelope) => &envelope.signatures[0].sig,
    }
}

/// The proof of an entry among seven others, with a checkpoint.
fn proof(entry: &[u8], sign: impl FnOnce(TreeHead) -> String) -> InclusionProof {
    let leaf = |index| match index {
        INDEX => oracle::leaf(entry),
        other => oracle::leaf(format!("entry {other}").as_bytes()),
    };
    let leaves: Vec<Hash> = (0..8).map(leaf).collect();
    let head = TreeHead { size: TreeSize::new(8).unwrap(), root: oracle::root(&leaves) };
    let hashes = oracle::inclusion(usize::try_from(INDEX).unwrap(), &leaves);
    InclusionProof {
        log_index: INDEX,
        root_hash: *head.root.as_bytes(),
        tree_size: head.size.get(),
        hashes: hashes.iter().map(|hash| *hash.as_bytes()).collect(),
        checkpoint: sign(head),
    }
}
