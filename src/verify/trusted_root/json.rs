//! The messages of a trusted root in protobuf JSON, as far as they are read.

use fasti_entry::EntryError;
use fasti_entry::protojson::{
    EnumValue, Unknown, Value, fields, optional, parse, repeated, required,
};

use super::super::span::Span;
use super::error::TrustedRootError;

/// The media type that is written.
pub(super) const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
const MEDIA_TYPE_STEM: &str = "application/vnd.dev.sigstore.trustedroot";

/// The lists of a trusted root.
pub(super) const LISTS: [&str; 4] =
    ["tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities"];

/// How many elements a list can have.
const ELEMENTS_MAX: usize = 1024;

pub(super) const ED25519: &str = "PKIX_ED25519";
pub(super) const ECDSA_P256: &str = "PKIX_ECDSA_P256_SHA_256";

/// `dev.sigstore.trustroot.v1.TrustedRoot`.
pub(super) struct Root {
    pub(super) tlogs: Vec<LogInstance>,
    pub(super) certificate_authorities: Vec<CertificateAuthority>,
}

/// `TransparencyLogInstance`.
pub(super) struct LogInstance {
    pub(super) base_url: String,
    /// The DER `SubjectPublicKeyInfo`.
    pub(super) key: Vec<u8>,
    /// The name in `PublicKeyDetails`, or the number if it has none that is known here.
    pub(super) key_details: String,
    pub(super) valid_for: Span,
    /// The ID of the log, or else that of the key in its checkpoints; empty if neither is there.
    pub(super) log_id: Vec<u8>,
}

/// `CertificateAuthority`.
pub(super) struct CertificateAuthority {
    /// DER.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) valid_for: Span,
}

impl Root {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TrustedRootError> {
        let [tlogs, authorities, ctlogs, timestamps] = LISTS;
        let names = ["mediaType", tlogs, authorities, ctlogs, timestamps];
        let [media_type, logs, issuing, ..] = fields(parse(json)?, names, Unknown::Ignore)?;
        let media_type =
            required(media_type, "mediaType", "a trusted root's media type", Value::string)?;
        if !media_type.starts_with(MEDIA_TYPE_STEM) {
            return Err(TrustedRootError::MediaType(media_type.chars().take(100).collect()));
        }
        Ok(Self {
            tlogs: repeated(logs, tlogs, ELEMENTS_MAX, LogInstance::from_json)?,
            certificate_authorities: repeated(
                issuing,
                authorities,
                ELEMENTS_MAX,
                CertificateAuthority::from_json,
            )?,
        })
    }
}

impl LogInstance {
    /// Parses an element of a list of logs.
    pub(super) fn parse(json: &[u8]) -> Result<Self, EntryError> {
        Self::from_json(parse(json)?)
    }

    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = ["baseUrl", "publicKey", "logId", "checkpointKeyId"];
        let [base_url, public_key, log_id, checkpoint_key_id] =
            fields(value, names, Unknown::Ignore)?;
        let (key, key_details, valid_for) =
            optional(public_key, "publicKey", public_key_from_json)?.unwrap_or_default();
        let log_id = optional(log_id, "logId", key_id)?.filter(|id| !id.is_empty());
        let checkpoint_key_id = optional(checkpoint_key_id, "checkpointKeyId", key_id)?;
        Ok(Self {
            base_url: optional(base_url, "baseUrl", Value::string)?.unwrap_or_default(),
            key,
            key_details,
            valid_for,
            log_id: log_id.or(checkpoint_key_id).unwrap_or_default(),
        })
    }

    /// Whether both have the same ID, as far as they say. The ID of a checkpoint's key is the
    /// beginning of the log's.
    pub(super) fn is_known_as(&self, other: &Self) -> bool {
        let [short, long] =
            if self.log_id.len() < other.log_id.len() { [self, other] } else { [other, self] };
        !short.log_id.is_empty() && long.log_id.starts_with(&short.log_id)
    }
}

/// `dev.sigstore.common.v1.LogId`.
fn key_id(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    let [key_id] = fields(value, ["keyId"], Unknown::Ignore)?;
    Ok(optional(key_id, "keyId", Value::bytes)?.unwrap_or_default())
}

/// `dev.sigstore.common.v1.PublicKey`.
fn public_key_from_json(value: Value<'_>) -> Result<(Vec<u8>, String, Span), EntryError> {
    let names = ["rawBytes", "keyDetails", "validFor"];
    let [raw_bytes, details, valid_for] = fields(value, names, Unknown::Ignore)?;
    Ok((
        optional(raw_bytes, "rawBytes", Value::bytes)?.unwrap_or_default(),
        optional(details, "keyDetails", |value| value.enumeration(|details| Ok(name_of(details))))?
            .unwrap_or_default(),
        optional(valid_for, "validFor", Span::from_json_begun)?.unwrap_or_default(),
    ))
}

/// The name of a kind of key. Kinds that are not known here are not an error: there can be newer
/// ones than this program, and their logs are left out.
fn name_of(details: EnumValue<'_>) -> String {
    match (details.key_details(), details) {
        (Some(known), _) => known.name().to_owned(),
        (None, EnumValue::Name(name)) => name.to_owned(),
        (None, EnumValue::Number(number)) => number.to_string(),
    }
}

impl CertificateAuthority {
    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = ["certChain", "validFor"];
        let [chain, valid_for] = fields(value, names, Unknown::Ignore)?;
        Ok(Self {
            certificates: required(chain, "certChain", "certificates", |value| {
                let [certificates] = fields(value, ["certificates"], Unknown::Ignore)?;
                repeated(certificates, "certificates", ELEMENTS_MAX, |value| {
                    let [bytes] = fields(value, ["rawBytes"], Unknown::Ignore)?;
                    required(bytes, "rawBytes", "base64 of DER", Value::nonempty_bytes)
                })
            })?,
            valid_for: optional(valid_for, "validFor", Span::from_json)?.unwrap_or_default(),
        })
    }
}
