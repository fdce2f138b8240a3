//! The JSON form of a bundle. Versions 0.1 to 0.3 are read; a bundle is written in its own version.

use serde::Serialize;

use super::{
    Bundle, BundleContent, BundleVersion, DsseEnvelope, MessageSignature, TransparencyLogEntry,
    VerificationMaterial,
};
use crate::error::EntryError;
use crate::json::{self, Value};
use crate::protojson::{Base64, Unknown, fields, hash_output, optional, repeated, required};
use crate::quote::quote;
use crate::transparency_log_entry::Wire as TlogEntryWire;

const TLOG_ENTRIES_MAX: usize = 32;
const TIMESTAMPS_MAX: usize = 32;
const CERTIFICATES_MAX: usize = 32;

/// The first media type of each version is the one that is written.
const MEDIA_TYPES: [(BundleVersion, &str); 6] = [
    (BundleVersion::V0_3, "application/vnd.dev.sigstore.bundle.v0.3+json"),
    (BundleVersion::V0_3, "application/vnd.dev.sigstore.bundle+json;version=0.3"),
    (BundleVersion::V0_2, "application/vnd.dev.sigstore.bundle+json;version=0.2"),
    (BundleVersion::V0_2, "application/vnd.dev.sigstore.bundle.v0.2+json"),
    (BundleVersion::V0_1, "application/vnd.dev.sigstore.bundle+json;version=0.1"),
    (BundleVersion::V0_1, "application/vnd.dev.sigstore.bundle.v0.1+json"),
];

impl Bundle {
    /// Parses a bundle. The caller bounds its length.
    pub fn parse(json: &[u8]) -> Result<Self, EntryError> {
        Self::from_value(json::parse(json)?)
    }

    pub(super) fn from_value(value: Value<'_>) -> Result<Self, EntryError> {
        let names = ["mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope"];
        let [media_type, material, message, envelope] = fields(value, names, Unknown::Ignore)?;
        let version = required(media_type, "mediaType", "a bundle's media type", version)?;
        let (material, tlog_entries, timestamps) =
            required(material, "verificationMaterial", "verification material", |value| {
                verification_material(value, version)
            })?;
        let content = match (
            optional(message, "messageSignature", message_signature)?,
            optional(envelope, "dsseEnvelope", dsse_envelope)?,
        ) {
            (Some(message), None) => BundleContent::MessageSignature(message),
            (None, Some(envelope)) => BundleContent::DsseEnvelope(envelope),
            (None, None) => {
                return Err(EntryError::Missing { expected: "messageSignature or dsseEnvelope" });
            }
            (Some(_), Some(_)) => {
                let (first, second) = ("messageSignature", "dsseEnvelope");
                return Err(EntryError::Conflict { first, second });
            }
        };
        Ok(Self { version, material, tlog_entries, timestamps, content })
    }

    /// Encodes the bundle as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Wire::from(self)).expect("strings and lists always serialize")
    }
}

fn version(value: Value<'_>) -> Result<BundleVersion, EntryError> {
    let given = value.string()?;
    MEDIA_TYPES
        .iter()
        .find(|(_, media_type)| *media_type == given)
        .map(|(version, _)| *version)
        .ok_or_else(|| EntryError::UnknownValue {
            value: quote(&given),
            expected: MEDIA_TYPES.map(|(_, media_type)| media_type).join(" or "),
        })
}

type Material = (VerificationMaterial, Vec<TransparencyLogEntry>, Vec<Vec<u8>>);

fn verification_material(value: Value<'_>, version: BundleVersion) -> Result<Material, EntryError> {
    let names = [
        "publicKey",
        "x509CertificateChain",
        "certificate",
        "tlogEntries",
        "timestampVerificationData",
    ];
    let [key, chain, certificate, tlog_entries, timestamps] =
        fields(value, names, Unknown::Ignore)?;
    let material = match (
        optional(key, "publicKey", public_key_hint)?,
        optional(chain, "x509CertificateChain", certificate_chain)?,
        optional(certificate, "certificate", certificate_der)?,
    ) {
        (Some(hint), None, None) => VerificationMaterial::PublicKeyHint(hint),
        (None, Some(chain), None) if version < BundleVersion::V0_3 => {
            VerificationMaterial::CertificateChain(chain)
        }
        (None, None, Some(der)) => VerificationMaterial::Certificate(der),
        (None, Some(_), _) => {
            let (first, second) = ("x509CertificateChain", "a bundle of version 0.3");
            return Err(EntryError::Conflict { first, second });
        }
        (None, None, None) => {
            return Err(EntryError::Missing { expected: "publicKey or certificate" });
        }
        _ => {
            let (first, second) = ("publicKey", "certificate");
            return Err(EntryError::Conflict { first, second });
        }
    };
    let tlog_entries = self::tlog_entries(tlog_entries, "tlogEntries", version)?;
    let timestamps = optional(timestamps, "timestampVerificationData", timestamps_der)?;
    Ok((material, tlog_entries, timestamps.unwrap_or_default()))
}

fn public_key_hint(value: Value<'_>) -> Result<String, EntryError> {
    let [hint] = fields(value, ["hint"], Unknown::Ignore)?;
    Ok(optional(hint, "hint", Value::string)?.unwrap_or_default())
}

fn certificate_chain(value: Value<'_>) -> Result<Vec<Vec<u8>>, EntryError> {
    let [certificates] = fields(value, ["certificates"], Unknown::Ignore)?;
    let chain = repeated(certificates, "certificates", CERTIFICATES_MAX, certificate_der)?;
    if chain.is_empty() {
        return Err(EntryError::Missing { expected: "a certificate" }.within("certificates"));
    }
    Ok(chain)
}

fn certificate_der(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    let [bytes] = fields(value, ["rawBytes"], Unknown::Ignore)?;
    required(bytes, "rawBytes", "base64 of DER", Value::nonempty_bytes)
}

pub(super) fn tlog_entries(
    value: Option<Value<'_>>,
    name: &'static str,
    version: BundleVersion,
) -> Result<Vec<TransparencyLogEntry>, EntryError> {
    repeated(value, name, TLOG_ENTRIES_MAX, |value| tlog_entry(value, version))
}

/// From version 0.2 on, a verifier needs only the bundle and the log's key.
fn tlog_entry(
    value: Value<'_>,
    version: BundleVersion,
) -> Result<TransparencyLogEntry, EntryError> {
    let entry = TransparencyLogEntry::from_json(value)?;
    let proven = entry.inclusion_proof.as_ref().is_some_and(|proof| !proof.checkpoint.is_empty());
    if version > BundleVersion::V0_1 && !proven {
        let expected = "a proof with a checkpoint";
        return Err(EntryError::Missing { expected }.within("inclusionProof"));
    }
    Ok(entry)
}

fn timestamps_der(value: Value<'_>) -> Result<Vec<Vec<u8>>, EntryError> {
    let [timestamps] = fields(value, ["rfc3161Timestamps"], Unknown::Ignore)?;
    repeated(timestamps, "rfc3161Timestamps", TIMESTAMPS_MAX, |value| {
        let [signed] = fields(value, ["signedTimestamp"], Unknown::Ignore)?;
        required(signed, "signedTimestamp", "base64 of DER", Value::nonempty_bytes)
    })
}

fn message_signature(value: Value<'_>) -> Result<MessageSignature, EntryError> {
    let [digest, signature] = fields(value, ["messageDigest", "signature"], Unknown::Ignore)?;
    Ok(MessageSignature {
        digest: optional(digest, "messageDigest", |value| hash_output(value, Unknown::Ignore))?,
        signature: required(signature, "signature", "base64 of it", Value::nonempty_bytes)?,
    })
}

pub(super) fn dsse_envelope(value: Value<'_>) -> Result<DsseEnvelope, EntryError> {
    let envelope = DsseEnvelope::from_json(value, Unknown::Ignore)?;
    super::only_signature(&envelope)?;
    Ok(envelope)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    media_type: &'static str,
    verification_material: MaterialWire<'a>,
    #[serde(flatten)]
    content: ContentWire<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MaterialWire<'a> {
    #[serde(flatten)]
    key: KeyWire<'a>,
    tlog_entries: Vec<TlogEntryWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<TimestampsWire<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum KeyWire<'a> {
    PublicKey { hint: &'a str },
    Certificate(RawBytes<'a>),
    X509CertificateChain { certificates: Vec<RawBytes<'a>> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RawBytes<'a> {
    raw_bytes: Base64<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimestampsWire<'a> {
    rfc3161_timestamps: Vec<TimestampWire<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimestampWire<'a> {
    signed_timestamp: Base64<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum ContentWire<'a> {
    MessageSignature {
        #[serde(skip_serializing_if = "Option::is_none")]
        message_digest: Option<DigestWire<'a>>,
        signature: Base64<'a>,
    },
    DsseEnvelope {
        payload: Base64<'a>,
        payload_type: &'a str,
        signatures: Vec<DsseSignatureWire<'a>>,
    },
}

#[derive(Serialize)]
struct DigestWire<'a> {
    algorithm: &'static str,
    digest: Base64<'a>,
}

#[derive(Serialize)]
struct DsseSignatureWire<'a> {
    sig: Base64<'a>,
    keyid: &'a str,
}

impl<'a> From<&'a Bundle> for Wire<'a> {
    fn from(bundle: &'a Bundle) -> Self {
        let raw = |der: &'a Vec<u8>| RawBytes { raw_bytes: Base64(der) };
        let media_type = MEDIA_TYPES
            .iter()
            .find(|(version, _)| *version == bundle.version)
            .map(|(_, media_type)| *media_type)
            .expect("every version has a media type");
        let key = match &bundle.material {
            VerificationMaterial::PublicKeyHint(hint) => KeyWire::PublicKey { hint },
            VerificationMaterial::Certificate(der) => KeyWire::Certificate(raw(der)),
            VerificationMaterial::CertificateChain(chain) => {
                KeyWire::X509CertificateChain { certificates: chain.iter().map(raw).collect() }
            }
        };
        let timestamps = bundle
            .timestamps
            .iter()
            .map(|der| TimestampWire { signed_timestamp: Base64(der) })
            .collect::<Vec<_>>();
        let verification_material = MaterialWire {
            key,
            tlog_entries: bundle.tlog_entries.iter().map(TlogEntryWire::from).collect(),
            timestamp_verification_data: (!timestamps.is_empty())
                .then_some(TimestampsWire { rfc3161_timestamps: timestamps }),
        };
        Self { media_type, verification_material, content: ContentWire::from(&bundle.content) }
    }
}

impl<'a> From<&'a BundleContent> for ContentWire<'a> {
    fn from(content: &'a BundleContent) -> Self {
        match content {
            BundleContent::MessageSignature(message) => Self::MessageSignature {
                message_digest: message.digest.as_ref().map(|digest| DigestWire {
                    algorithm: digest.algorithm().name(),
                    digest: Base64(digest.as_bytes()),
                }),
                signature: Base64(&message.signature),
            },
            BundleContent::DsseEnvelope(envelope) => Self::DsseEnvelope {
                payload: Base64(&envelope.payload),
                payload_type: &envelope.payload_type,
                signatures: envelope
                    .signatures
                    .iter()
                    .map(|signature| DsseSignatureWire {
                        sig: Base64(&signature.sig),
                        keyid: &signature.keyid,
                    })
                    .collect(),
            },
        }
    }
}
