//! Parses requests of Rekor v1: `SearchIndex`, `SearchLogQuery`, and query parameters.
//!
//! Stricter than v1: unknown members are refused, since ignoring a condition would change the
//! answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_client::search::{Operator, Question};
use fasti_entry::{IdentityKind, LookupTerm};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::error::V1Error;

/// Maximum number of entries that one request can name.
const ENTRIES_MAX: usize = 10;
/// Maximum length of a subject alternative name, in characters.
const SUBJECT_CHARS_MAX: usize = 512;

/// v1's `SearchIndex`. Empty texts count as not given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SearchIndex {
    email: Option<String>,
    subject: Option<String>,
    public_key: Option<IndexKey>,
    hash: Option<String>,
    operator: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexKey {
    format: String,
    content: Option<String>,
}

/// v1's `SearchLogQuery`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchLogQuery {
    #[serde(default, rename = "entryUUIDs")]
    entry_uuids: Option<Vec<String>>,
    #[serde(default, rename = "logIndexes")]
    log_indexes: Option<Vec<i64>>,
    #[serde(default)]
    entries: Option<Vec<serde_json::Value>>,
}

/// Which entries to look up.
pub(super) struct Wanted {
    /// Entry IDs or UUIDs.
    pub(super) ids: Vec<String>,
    /// Leaf indices.
    pub(super) indices: Vec<u64>,
}

fn form(name: &'static str, reason: impl Into<String>) -> V1Error {
    V1Error::Form { name, place: "body", reason: reason.into() }
}

fn json<'a, T: Deserialize<'a>>(name: &'static str, body: &'a [u8]) -> Result<T, V1Error> {
    serde_json::from_slice(body).map_err(|error| V1Error::Body { name, reason: error.to_string() })
}

/// Parses `SearchIndex`. The question asks for at most `limit` entries.
pub(super) fn search_index(body: &[u8], limit: usize) -> Result<Question, V1Error> {
    let query: SearchIndex = json("query", body)?;
    let operator = match query.operator.as_deref() {
        None | Some("" | "or") => Operator::Or,
        Some("and") => Operator::And,
        Some(_) => return Err(form("operator", "should be one of [and or]")),
    };
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut terms = Vec::new();
    terms.extend(given(query.hash).map(|hash| digest(&hash)).transpose()?);
    terms.extend(query.public_key.as_ref().map(public_key).transpose()?);
    terms.extend(given(query.email).map(email).transpose()?);
    terms.extend(given(query.subject).map(subject).transpose()?);
    if terms.is_empty() {
        return Err(V1Error::NothingAsked("email, subject, publicKey, hash"));
    }
    Ok(Question { limit, ..Question::new(terms, operator) })
}

/// Parses a digest. v1 supports SHA-1, SHA-256 and SHA-512 here; v2 entries can also have SHA-384.
fn digest(hash: &str) -> Result<LookupTerm, V1Error> {
    let (algorithm, digits) = hash.split_once(':').unwrap_or(("", hash));
    let expected = match algorithm.to_ascii_lowercase().as_str() {
        "" => &[20, 32, 48, 64][..],
        "sha1" => &[20],
        "sha256" => &[32],
        "sha384" => &[48],
        "sha512" => &[64],
        _ => &[],
    };
    let digest = hex::decode(digits).ok().filter(|digest| expected.contains(&digest.len()));
    digest.map(LookupTerm::Digest).ok_or_else(|| {
        form(
            "hash",
            "should be a SHA-1, SHA-256, SHA-384 or SHA-512 digest in hexadecimal digits, with or \
             without the prefix sha1:, sha256:, sha384: or sha512:",
        )
    })
}

fn public_key(key: &IndexKey) -> Result<LookupTerm, V1Error> {
    match key.format.as_str() {
        "x509" => {}
        "pgp" => return Err(V1Error::PkiFormat("pgp")),
        "minisign" => return Err(V1Error::PkiFormat("minisign")),
        "ssh" => return Err(V1Error::PkiFormat("ssh")),
        "tuf" => return Err(V1Error::PkiFormat("tuf")),
        _ => {
            return Err(form("publicKey.format", "should be one of [pgp x509 minisign ssh tuf]"));
        }
    }
    let content = key.content.as_deref().unwrap_or_default();
    let pem =
        STANDARD.decode(content).map_err(|_| form("publicKey.content", "should be base64"))?;
    LookupTerm::of_pem(&pem).ok_or(V1Error::PublicKey)
}

fn email(email: String) -> Result<LookupTerm, V1Error> {
    let is_one = email.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !email.contains(char::is_whitespace)
    });
    if is_one {
        let kind = IdentityKind::Email;
        Ok(LookupTerm::IdentityOfKind { kind, identity: email, issuer: None })
    } else {
        Err(form("email", "must be of type email"))
    }
}

fn subject(subject: String) -> Result<LookupTerm, V1Error> {
    if subject.chars().count() > SUBJECT_CHARS_MAX {
        let reason = format!("should be at most {SUBJECT_CHARS_MAX} chars long");
        return Err(form("subject", reason));
    }
    Ok(LookupTerm::Identity(subject))
}

/// Parses `SearchLogQuery`.
pub(super) fn search_log_query(body: &[u8]) -> Result<Wanted, V1Error> {
    let query: SearchLogQuery = json("entry", body)?;
    let ids = query.entry_uuids.unwrap_or_default();
    let indices = query.log_indexes.unwrap_or_default();
    let proposed = query.entries.unwrap_or_default();
    let count = ids.len() + indices.len() + proposed.len();
    if count > ENTRIES_MAX {
        return Err(V1Error::TooMany(ENTRIES_MAX));
    }
    if !proposed.is_empty() {
        return Err(V1Error::ProposedEntries);
    }
    if count == 0 {
        return Err(V1Error::NothingAsked("entryUUIDs, logIndexes"));
    }
    let indices = indices.into_iter().map(|index| {
        u64::try_from(index).map_err(|_| form("logIndexes", "should be greater than or equal to 0"))
    });
    Ok(Wanted { ids, indices: indices.collect::<Result<_, _>>()? })
}

/// Returns a query parameter.
pub(super) fn parameter(
    query: Option<&str>,
    name: &'static str,
) -> Result<Option<String>, V1Error> {
    let pairs = query.unwrap_or_default().split('&');
    let mut values = pairs.filter_map(|pair| match pair.split_once('=').unwrap_or((pair, "")) {
        (key, value) if key == name => Some(percent_decode_str(value).decode_utf8_lossy()),
        _ => None,
    });
    let value = values.next().map(std::borrow::Cow::into_owned);
    match values.next() {
        None => Ok(value),
        Some(_) => Err(V1Error::Form {
            name,
            place: "query",
            reason: "is given more than once".to_owned(),
        }),
    }
}

/// Returns a query parameter that is a number of at least `least`.
pub(super) fn number(
    query: Option<&str>,
    name: &'static str,
    least: u64,
) -> Result<Option<u64>, V1Error> {
    let bad = |reason: String| V1Error::Form { name, place: "query", reason };
    let Some(text) = parameter(query, name)? else { return Ok(None) };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.as_str()),
    };
    let magnitude = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let magnitude: Option<i64> = magnitude.and_then(|digits| digits.parse().ok());
    let Some(magnitude) = magnitude else {
        let quoted: String = text.chars().take(40).collect();
        return Err(bad(format!("must be of type int64: {quoted:?}")));
    };
    match u64::try_from(sign * magnitude) {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(bad(format!("should be greater than or equal to {least}"))),
    }
}

/// Requires a number to be given.
pub(super) fn required(name: &'static str, value: Option<u64>) -> Result<u64, V1Error> {
    value.ok_or_else(|| V1Error::Form { name, place: "query", reason: "is required".to_owned() })
}
