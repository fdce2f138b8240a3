//! Parses requests of Rekor v1: `SearchIndex`, `SearchLogQuery`, and query parameters.
//!
//! Like v1, ignores members that it does not know, and takes null for a member that is not given.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_client::search::{Operator, Question};
use fasti_entry::{IdentityKind, LookupTerm};
use fasti_rekor_v1::{KEY_FORMATS, term_of_key};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{FormFault, V1Error};

/// Maximum number of entries that one request can name.
const ENTRIES_MAX: usize = 10;
/// The form of a digest in a search, and of which length each hash's is.
const HASH: &str = "^(sha512:)?[0-9a-fA-F]{128}$|^(sha384:)?[0-9a-fA-F]{96}$|\
                    ^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$";
/// The formats of keys, as in Rekor's refusal.
const FORMATS: &str = "pgp x509 minisign ssh tuf";
/// Maximum length of a subject alternative name, in characters.
const SUBJECT_CHARS_MAX: usize = 512;

/// v1's `SearchIndex`. Empty texts count as not given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SearchIndex {
    email: Option<String>,
    subject: Option<String>,
    public_key: Option<IndexKey>,
    hash: Option<String>,
    operator: Option<String>,
}

#[derive(Deserialize)]
struct IndexKey {
    format: Option<String>,
    content: Option<String>,
}

/// v1's `SearchLogQuery`.
#[derive(Deserialize)]
struct SearchLogQuery<'a> {
    #[serde(default, rename = "entryUUIDs")]
    entry_uuids: Option<Vec<String>>,
    #[serde(default, rename = "logIndexes")]
    log_indexes: Option<Vec<i64>>,
    #[serde(default, borrow)]
    entries: Option<Vec<&'a RawValue>>,
}

/// Which entries to look up.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    /// Entry IDs or UUIDs.
    pub(super) ids: Vec<String>,
    /// Proposals of entries.
    pub(super) proposals: Vec<&'a [u8]>,
    /// Leaf indices.
    pub(super) indices: Vec<u64>,
}

fn form(name: impl Into<Cow<'static, str>>, fault: FormFault) -> V1Error {
    V1Error::Form { name: name.into(), place: "body", fault }
}

/// Parses a body; null is like an empty object.
fn json<'a, T: Deserialize<'a>>(name: &'static str, body: &'a [u8]) -> Result<Option<T>, V1Error> {
    if body.is_empty() {
        return Err(form(name, FormFault::Required));
    }
    let bad = |reason| V1Error::Body { name, reason };
    // Otherwise an array would be taken for the members in order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(bad("it is not an object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| bad(error.to_string()))
}

/// Parses `SearchIndex`. The question asks for at most `limit` entries; `None` if it has no
/// condition, which nothing matches.
pub(super) fn search_index(body: &[u8], limit: usize) -> Result<Option<Question>, V1Error> {
    let Some(query) = json::<SearchIndex>("query", body)? else { return Ok(None) };
    let operator = match query.operator.as_deref() {
        None | Some("" | "or") => Operator::Or,
        Some("and") => Operator::And,
        Some(_) => return Err(form("operator", FormFault::OneOf("and or"))),
    };
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut terms = Vec::new();
    terms.extend(given(query.hash).map(|hash| digest(&hash)).transpose()?);
    terms.extend(query.public_key.as_ref().map(public_key).transpose()?);
    terms.extend(given(query.email).map(|address| email(&address)).transpose()?);
    terms.extend(given(query.subject).map(subject).transpose()?);
    let question = (!terms.is_empty()).then(|| Question::new(terms, operator));
    Ok(question.map(|question| Question { limit, ..question }))
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
    digest.map(LookupTerm::Digest).ok_or_else(|| form("hash", FormFault::Pattern(HASH)))
}

fn public_key(key: &IndexKey) -> Result<LookupTerm, V1Error> {
    let format = key.format.as_deref().unwrap_or_default();
    let fault = |fault| form("publicKey.publicKey.format", fault);
    if format.is_empty() {
        return Err(fault(FormFault::Required));
    }
    if !KEY_FORMATS.contains(&format) {
        return Err(fault(FormFault::OneOf(FORMATS)));
    }
    let content = key.content.as_deref().unwrap_or_default();
    let text = STANDARD.decode(content).map_err(|_| V1Error::PublicKey)?;
    term_of_key(format, &text).map_err(|_| V1Error::PublicKey)
}

/// Parses an email address, before which there can be a person's name, as in `Jo <jo@example.com>`.
fn email(email: &str) -> Result<LookupTerm, V1Error> {
    let bracketed = email.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let address = bracketed.map_or(email, |(_, address)| address);
    let is_one = address.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !address.contains(char::is_whitespace)
    });
    if is_one {
        let (kind, identity) = (IdentityKind::Email, address.to_owned());
        Ok(LookupTerm::IdentityOfKind { kind, identity, issuer: None })
    } else {
        Err(form("email", FormFault::Type("email", email.chars().take(100).collect())))
    }
}

fn subject(subject: String) -> Result<LookupTerm, V1Error> {
    if subject.chars().count() > SUBJECT_CHARS_MAX {
        return Err(form("subject", FormFault::Longer(SUBJECT_CHARS_MAX)));
    }
    Ok(LookupTerm::Identity(subject))
}

/// Parses `SearchLogQuery`.
pub(super) fn search_log_query(body: &[u8]) -> Result<Wanted<'_>, V1Error> {
    let query = json::<SearchLogQuery<'_>>("entry", body)?;
    let Some(query) = query else { return Ok(Wanted::default()) };
    let ids = some_of("entryUUIDs", query.entry_uuids)?;
    let indices = some_of("logIndexes", query.log_indexes)?;
    let proposals = some_of("entries", query.entries)?;
    if ids.len() + indices.len() + proposals.len() > ENTRIES_MAX {
        return Err(V1Error::TooMany(ENTRIES_MAX));
    }
    let indices = indices.into_iter().enumerate().map(|(place, index)| {
        let bad = |_| form(format!("logIndexes.{place}"), FormFault::AtLeast(0));
        u64::try_from(index).map_err(bad)
    });
    let proposals = proposals.into_iter().map(|proposal| proposal.get().as_bytes()).collect();
    Ok(Wanted { ids, proposals, indices: indices.collect::<Result<_, _>>()? })
}

/// A list, if it is given, that is neither empty nor too long.
fn some_of<T>(name: &'static str, list: Option<Vec<T>>) -> Result<Vec<T>, V1Error> {
    match list {
        None => Ok(Vec::new()),
        Some(list) if list.is_empty() => Err(form(name, FormFault::TooFew(1))),
        Some(list) if list.len() > ENTRIES_MAX => Err(form(name, FormFault::TooMany(ENTRIES_MAX))),
        Some(list) => Ok(list),
    }
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
        Some(_) => {
            Err(V1Error::Form { name: name.into(), place: "query", fault: FormFault::Twice })
        }
    }
}

/// Returns a query parameter that is a number of at least `least`. Like v1, takes an empty one for
/// one that is not given.
pub(super) fn number(
    query: Option<&str>,
    name: &'static str,
    least: u64,
) -> Result<Option<u64>, V1Error> {
    let bad = |fault| V1Error::Form { name: name.into(), place: "query", fault };
    let text = parameter(query, name)?.filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(None) };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.as_str()),
    };
    let magnitude = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let magnitude: Option<i64> = magnitude.and_then(|digits| digits.parse().ok());
    let Some(magnitude) = magnitude else {
        return Err(bad(FormFault::Type("int64", text.chars().take(40).collect())));
    };
    match u64::try_from(sign * magnitude) {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(bad(FormFault::AtLeast(least))),
    }
}

/// Requires a number to be given.
pub(super) fn required(name: &'static str, value: Option<u64>) -> Result<u64, V1Error> {
    value.ok_or(V1Error::Form { name: name.into(), place: "query", fault: FormFault::Required })
}
