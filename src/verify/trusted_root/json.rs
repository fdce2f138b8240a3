//! The messages of a trusted root in protobuf JSON, as far as they are read.

use fasti_entry::EntryError;
use fasti_entry::protojson::{
    EnumValue, Unknown, Value, each, fields, optional, parse, repeated, required,
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

/// The elements of a list, each of which can be malformed without harm to the others.
pub(super) type Each<T> = Vec<Result<T, EntryError>>;

/// `dev.sigstore.trustroot.v1.TrustedRoot`.
pub(super) struct Root {
    pub(super) tlogs: Each<LogInstance>,
    pub(super) certificate_authorities: Each<CertificateAuthority>,
    pub(super) ctlogs: Each<LogInstance>,
    pub(super) timestamp_authorities: Each<CertificateAuthority>,
}

/// `TransparencyLogInstance`.
pub(super) struct LogInstance {
    pub(super) base_url: String,
    /// The DER `SubjectPublicKeyInfo`; an `RSAPublicKey` for some kinds of keys.
    pub(super) key: Vec<u8>,
    /// The name in `PublicKeyDetails`, or the number if it has none that is known here.
    pub(super) key_details: String,
    pub(super) valid_for: Option<Span>,
    /// Empty if only the other ID is given.
    pub(super) log_id: Vec<u8>,
    /// `checkpointKeyId`, the ID in the log's signature lines, which can be shorter.
    pub(super) checkpoint_key_id: Vec<u8>,
}

/// `CertificateAuthority`.
pub(super) struct CertificateAuthority {
    pub(super) uri: String,
    /// DER.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) valid_for: Option<Span>,
}

impl Root {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TrustedRootError> {
        let [tlogs, authorities, ctlogs, timestamps] = LISTS;
        let names = ["mediaType", tlogs, authorities, ctlogs, timestamps];
        let [media_type, logs, issuing, certificate_logs, stamping] =
            fields(parse(json)?, names, Unknown::Ignore)?;
        let media_type =
            required(media_type, "mediaType", "a trusted root's media type", Value::string)?;
        if !media_type.starts_with(MEDIA_TYPE_STEM) {
            return Err(TrustedRootError::MediaType(media_type.chars().take(100).collect()));
        }
        let log = LogInstance::from_json;
        let authority = CertificateAuthority::from_json;
        Ok(Self {
            tlogs: each(logs, tlogs, ELEMENTS_MAX, log)?,
            certificate_authorities: each(issuing, authorities, ELEMENTS_MAX, authority)?,
            ctlogs: each(certificate_logs, ctlogs, ELEMENTS_MAX, log)?,
            timestamp_authorities: each(stamping, timestamps, ELEMENTS_MAX, authority)?,
        })
    }
}

impl Root {
    /// Why parts of it cannot be read.
    pub(super) fn into_errors(self) -> impl Iterator<Item = EntryError> {
        let logs = self.tlogs.into_iter().chain(self.ctlogs).filter_map(Result::err);
        let authorities = self.certificate_authorities.into_iter();
        let authorities = authorities.chain(self.timestamp_authorities).filter_map(Result::err);
        logs.chain(authorities)
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
            required(public_key, "publicKey", "the log's key", public_key_from_json)?;
        let checkpoint_key_id = optional(checkpoint_key_id, "checkpointKeyId", id_from_json)?;
        let log_id = match (log_id, &checkpoint_key_id) {
            (None, Some(_)) => Vec::new(),
            (log_id, _) => required(log_id, "logId", "the log's ID", id_from_json)?,
        };
        Ok(Self {
            base_url: optional(base_url, "baseUrl", Value::string)?.unwrap_or_default(),
            key,
            key_details,
            valid_for,
            log_id,
            checkpoint_key_id: checkpoint_key_id.unwrap_or_default(),
        })
    }

    /// Its ID, or else that of the key in its checkpoints.
    fn id(&self) -> &[u8] {
        if self.log_id.is_empty() { &self.checkpoint_key_id } else { &self.log_id }
    }

    /// Whether both have the same ID, as far as they say. The ID of a checkpoint's key is the
    /// beginning of the log's.
    pub(super) fn is_known_as(&self, other: &Self) -> bool {
        let [one, other] = [self.id(), other.id()];
        let [short, long] = if one.len() < other.len() { [one, other] } else { [other, one] };
        !short.is_empty() && long.starts_with(short)
    }
}

/// `dev.sigstore.common.v1.LogId`.
fn id_from_json(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    let [key_id] = fields(value, ["keyId"], Unknown::Ignore)?;
    required(key_id, "keyId", "the log's key ID in base64", Value::bytes)
}

/// `dev.sigstore.common.v1.PublicKey`.
fn public_key_from_json(value: Value<'_>) -> Result<(Vec<u8>, String, Option<Span>), EntryError> {
    let names = ["rawBytes", "keyDetails", "validFor"];
    let [raw_bytes, details, valid_for] = fields(value, names, Unknown::Ignore)?;
    Ok((
        required(raw_bytes, "rawBytes", "the key in base64", Value::bytes)?,
        required(details, "keyDetails", "the kind of key", |value| {
            value.enumeration(|details| Ok(name_of(details)))
        })?,
        optional(valid_for, "validFor", Span::from_json)?,
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
        let names = ["uri", "certChain", "validFor"];
        let [uri, chain, valid_for] = fields(value, names, Unknown::Ignore)?;
        Ok(Self {
            uri: optional(uri, "uri", Value::string)?.unwrap_or_default(),
            certificates: required(chain, "certChain", "certificates", |value| {
                let [certificates] = fields(value, ["certificates"], Unknown::Ignore)?;
                repeated(certificates, "certificates", ELEMENTS_MAX, |value| {
                    let [bytes] = fields(value, ["rawBytes"], Unknown::Ignore)?;
                    required(bytes, "rawBytes", "base64 of DER", Value::nonempty_bytes)
                })
            })?,
            valid_for: optional(valid_for, "validFor", Span::from_json)?,
        })
    }
}
