//! Sigstore's `trusted_root.json`: trust in the format of other clients
//! (`sigstore_trustroot.proto`, protobuf JSON). [`merge`] combines several, for logs that succeed
//! each other.
//!
//! Only the logs and certificate authorities are read. A log's name (its origin) is not in the
//! file. It is the host of the log's URL, or another part of the URL that gives the key ID in the
//! file.

mod merge;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tiles_spec::{PublicKey, VerifierKey};

use super::authority::{Authority, AuthorityError};
use super::trust::{Trust, TrustedLog};
use super::window::{Window, WindowError};

pub use merge::merge;

/// The maximum size of a file, in bytes.
pub const TRUSTED_ROOT_BYTES_MAX: usize = 4 << 20;

const ROOT_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
const ROOT_MEDIA_TYPE_STEM: &str = "application/vnd.dev.sigstore.trustedroot";

const ED25519: &str = "PKIX_ED25519";
const ECDSA_P256: &str = "PKIX_ECDSA_P256_SHA_256";
/// The part of an Ed25519 `SubjectPublicKeyInfo` before the key itself (RFC 8410).
const ED25519_SPKI_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a trusted root cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedRootError {
    /// Not valid JSON of this format.
    #[error("not a trusted root: {0}")]
    Json(#[from] serde_json::Error),
    /// The wrong media type.
    #[error("its media type is {0:?}, not that of a Sigstore trusted root")]
    MediaType(String),
    /// A field that cannot be read.
    #[error("{field} is malformed: {reason}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// An invalid time window.
    #[error("the validFor of {of} is malformed: {source}")]
    Window {
        /// What the window is for.
        of: String,
        /// Why.
        #[source]
        source: WindowError,
    },
    /// Two roots contradict each other about a log.
    #[error("the roots contradict each other: {0}")]
    Conflict(String),
    /// An authority's certificate is malformed.
    #[error("a certificate of a certificate authority is malformed")]
    Authority(#[from] AuthorityError),
    /// There is no log whose checkpoints can be verified.
    #[error("it names no log with an Ed25519 or ECDSA P-256 key")]
    NoLog,
    /// The key only makes cosignatures.
    #[error("the key {0} makes cosignatures; a log's own Ed25519 or ECDSA key is needed")]
    Witness(Box<VerifierKey>),
}

/// Reads the logs and certificate authorities. Logs with keys of other kinds are left out.
pub fn read(json: &[u8]) -> Result<Trust, TrustedRootError> {
    let root = parse(json)?;
    let mut logs = Vec::new();
    for log in &root.tlogs {
        logs.extend(trusted_log(log)?);
    }
    if logs.is_empty() {
        return Err(TrustedRootError::NoLog);
    }
    let mut authorities = Vec::new();
    for authority in &root.certificate_authorities {
        let Window { from, until } = authority.valid_for.window("a certificate authority")?;
        for certificate in &authority.cert_chain.certificates {
            let der = bytes(&certificate.raw_bytes, "certificateAuthorities.certChain")?;
            authorities.push(Authority::new(&der, from, until)?);
        }
    }
    Ok(Trust { logs, authorities, ..Trust::default() })
}

fn parse(json: &[u8]) -> Result<Root, TrustedRootError> {
    let root: Root = serde_json::from_slice(json)?;
    if root.media_type.starts_with(ROOT_MEDIA_TYPE_STEM) {
        return Ok(root);
    }
    Err(TrustedRootError::MediaType(root.media_type.chars().take(100).collect()))
}

/// Writes the trusted root of one log, whose key was in use in `span`.
pub fn write(key: &VerifierKey, base_url: &str, span: &Span) -> Result<String, TrustedRootError> {
    span.window(base_url)?;
    let (spki, details) = match key.public_key() {
        PublicKey::Ed25519(point) => ([&ED25519_SPKI_HEAD[..], point].concat(), ED25519),
        PublicKey::EcdsaP256(spki) => (spki.clone(), ECDSA_P256),
        PublicKey::Ed25519Cosignature(_) | PublicKey::MlDsa44Cosignature(_) => {
            return Err(TrustedRootError::Witness(key.clone().into()));
        }
    };
    let log = LogInstance {
        base_url: base_url.to_owned(),
        hash_algorithm: "SHA2_256".to_owned(),
        public_key: LogKey {
            raw_bytes: STANDARD.encode(spki),
            key_details: details.to_owned(),
            valid_for: span.clone(),
        },
        log_id: LogId { key_id: STANDARD.encode(key.log_id()) },
    };
    let root = Root {
        media_type: ROOT_MEDIA_TYPE.to_owned(),
        tlogs: vec![log],
        certificate_authorities: Vec::new(),
        ctlogs: [],
    };
    Ok(serde_json::to_string_pretty(&root)?)
}

fn trusted_log(log: &LogInstance) -> Result<Option<TrustedLog>, TrustedRootError> {
    let spki = bytes(&log.public_key.raw_bytes, "tlogs.publicKey.rawBytes")?;
    let log_id = bytes(&log.log_id.key_id, "tlogs.logId.keyId")?;
    let log_id = <[u8; 32]>::try_from(log_id)
        .map_err(|_| malformed("tlogs.logId.keyId", "it is not the 32 bytes of a SHA-256 hash"))?;
    let public_key = match log.public_key.key_details.as_str() {
        ED25519 => PublicKey::Ed25519(ed25519_point(&spki)?),
        ECDSA_P256 => PublicKey::EcdsaP256(spki),
        _ => return Ok(None),
    };
    let mut keys = Vec::new();
    for name in names(&log.base_url)? {
        let Ok(name) = name.parse() else { continue };
        let key = VerifierKey::new(name, public_key.clone());
        keys.push(key.map_err(|e| malformed("tlogs.publicKey", &e.to_string()))?);
    }
    let stated = keys.iter().position(|key| key.log_id() == log_id).unwrap_or(0);
    if keys.is_empty() {
        return Err(malformed("tlogs.baseUrl", "no part of it gives the log's name"));
    }
    let in_use = log.public_key.valid_for.window(&log.base_url)?;
    Ok(Some(TrustedLog { key: keys.swap_remove(stated), log_id, in_use }))
}

/// The possible names of a log at this URL, most likely first.
fn names(base_url: &str) -> Result<Vec<String>, TrustedRootError> {
    let bad = |reason: &str| malformed("tlogs.baseUrl", reason);
    let (scheme, whole) = base_url.split_once("://").ok_or_else(|| bad("it is not a URL"))?;
    let authority = whole.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    // The colons within an IPv6 address are between brackets.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("its host is not written in ASCII, or is missing"));
    }
    let host = host.to_ascii_lowercase();
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    let mut names = vec![host.clone()];
    let port = port.filter(|port| !port.is_empty() && *port != default);
    names.extend(port.map(|port| format!("{host}:{port}")));
    names.push(whole.trim_end_matches('/').to_owned());
    Ok(names)
}

fn ed25519_point(spki: &[u8]) -> Result<[u8; 32], TrustedRootError> {
    spki.strip_prefix(&ED25519_SPKI_HEAD)
        .and_then(|point| point.try_into().ok())
        .ok_or_else(|| malformed("tlogs.publicKey.rawBytes", "it is not an Ed25519 public key"))
}

fn bytes(base64: &str, field: &'static str) -> Result<Vec<u8>, TrustedRootError> {
    STANDARD.decode(base64).map_err(|e| malformed(field, &e.to_string()))
}

fn malformed(field: &'static str, reason: &str) -> TrustedRootError {
    TrustedRootError::Malformed { field, reason: reason.to_owned() }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Root {
    media_type: String,
    #[serde(default)]
    tlogs: Vec<LogInstance>,
    #[serde(default)]
    certificate_authorities: Vec<CertificateAuthority>,
    /// Not read, and written empty: sigstore-python refuses a root without this field or the one
    /// above.
    #[serde(default, skip_deserializing)]
    ctlogs: [(); 0],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInstance {
    base_url: String,
    hash_algorithm: String,
    public_key: LogKey,
    log_id: LogId,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogKey {
    raw_bytes: String,
    key_details: String,
    #[serde(default)]
    valid_for: Span,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CertificateAuthority {
    cert_chain: CertificateChain,
    #[serde(default)]
    valid_for: Span,
}

#[derive(Serialize, Deserialize)]
struct CertificateChain {
    certificates: Vec<RawCertificate>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCertificate {
    raw_bytes: String,
}

/// `validFor`, as text (RFC 3339).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

impl Span {
    fn window(&self, of: &str) -> Result<Window, TrustedRootError> {
        Window::parse(self.start.as_deref(), self.end.as_deref())
            .map_err(|source| TrustedRootError::Window { of: of.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::NoteSigningKey;

    use super::*;

    fn key(name: &str) -> VerifierKey {
        NoteSigningKey::from_seed(name.parse().unwrap(), &[1; 32]).verifier_key().clone()
    }

    fn span(start: &str, end: &str) -> Span {
        Span { start: Some(start.to_owned()), end: Some(end.to_owned()) }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (name, url) in [
            ("log.example", "https://log.example"),
            ("log.example:8443", "https://log.example:8443"),
            ("log.example/one", "https://log.example/one/"),
            ("log.example", "http://log.example:3000"),
        ] {
            let span = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
            let json = write(&key(name), url, &span).unwrap();
            let in_use = span.window("a log").unwrap();
            let expected = TrustedLog { in_use, ..TrustedLog::new(key(name)) };
            assert_eq!(read(json.as_bytes()).unwrap().logs, [expected], "{url}");
        }
    }

    #[test]
    fn fields_that_clients_require_are_there_even_if_empty() {
        let json = write(&key("log.example"), "https://log.example", &Span::default());
        let root: serde_json::Value = serde_json::from_str(&json.unwrap()).unwrap();
        for field in ["certificateAuthorities", "ctlogs"] {
            assert_eq!(root[field], serde_json::json!([]), "{field}");
        }
    }

    #[test]
    fn the_names_of_a_log_follow_from_its_url() {
        for (url, expected) in [
            ("https://log.example", &["log.example", "log.example"][..]),
            ("https://Log.Example/", &["log.example", "Log.Example"]),
            ("https://log.example:443/a/", &["log.example", "log.example:443/a"]),
            ("http://u@log.example:443", &["log.example", "log.example:443", "u@log.example:443"]),
            ("https://[::1]/a?b", &["[::1]", "[::1]/a?b"]),
            ("https://[::1]:9/a", &["[::1]", "[::1]:9", "[::1]:9/a"]),
        ] {
            assert_eq!(names(url).unwrap(), expected, "{url}");
        }
        for bad in
            ["log.example", "https://", "https:///a", "https://:9", "https://l\u{f6}g.example"]
        {
            assert!(names(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refusals_name_the_part() {
        let year = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let json = write(&key("log.example"), "https://log.example", &year).unwrap();
        for (from, to, part) in [
            (ROOT_MEDIA_TYPE, "text/plain", "media type"),
            ("MCow", "AAAA", "publicKey.rawBytes"),
            (ED25519, "PKIX_ED25519_PH", "no log"),
            ("https://log.example", "log.example", "baseUrl"),
            ("2027-", "2025-", "before it begins"),
            ("\"keyId\": \"", "\"keyId\": \"AAAA", "logId.keyId"),
        ] {
            let damaged = json.replace(from, to);
            assert_ne!(damaged, json);
            let error = read(damaged.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let odd = span("yesterday", "2027-01-01T00:00:00Z");
        assert!(write(&key("log.example"), "https://log.example", &odd).is_err());
    }
}
