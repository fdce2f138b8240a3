//! A tagged `COSE_Sign1` message (RFC 9052, sections 2 to 4).
//!
//! Headers are checked as Go's library does that Rekor reads with (github.com/veraison/go-cose):
//! labels are numbers or texts and occur once, those of the standard have values of their types,
//! and what is critical is there. Countersignatures can only be among the headers that are not
//! signed, and are not read.

use fasti_entry::cbor::{Item, Items, bytes};

use crate::error::{KindError, invalid};

/// The tag, and the beginning of a list of four.
const BEGINNING: &[u8] = &[0xd2, 0x84];
/// The beginning of a list of four, and its first item: `Signature1`.
const CONTEXT: &[u8] = b"\x84\x6aSignature1";

/// The most headers of each kind.
const HEADERS_MAX: usize = 64;

const ALGORITHM: i128 = 1;
const CRITICAL: i128 = 2;
const CONTENT_TYPE: i128 = 3;
const KEY_ID: i128 = 4;
const IV: i128 = 5;
const PARTIAL_IV: i128 = 6;
const COUNTERSIGNATURE: i128 = 7;
const COUNTERSIGNATURE_0: i128 = 9;
const COUNTERSIGNATURE_V2: i128 = 11;
const COUNTERSIGNATURE_0_V2: i128 = 12;
const TYPE: i128 = 16;

/// A message. Its signature is not verified.
#[derive(Debug)]
pub(super) struct Message<'a> {
    protected: &'a [u8],
    pub algorithm: Option<Algorithm<'a>>,
    pub content_type: Option<ContentType<'a>>,
    pub payload: &'a [u8],
    pub signature: &'a [u8],
}

/// How a message says that it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm<'a> {
    Number(i128),
    Text(&'a str),
}

/// What a message says that its payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType<'a> {
    Number(i128),
    Text(&'a str),
}

impl<'a> Message<'a> {
    /// Reads a message.
    pub fn parse(encoded: &'a [u8]) -> Result<Self, KindError> {
        let items = encoded.strip_prefix(BEGINNING);
        let items = items.ok_or_else(|| invalid("cbor: invalid COSE_Sign1_Tagged object"))?;
        let mut items = Items(items);
        let malformed = || invalid("cbor: malformed COSE_Sign1 object");
        let Some(Item::Bytes(protected)) = items.head() else { return Err(malformed()) };
        let unprotected = Headers::read(&mut items).ok_or_else(malformed)?;
        let payload = match items.head() {
            Some(Item::Bytes(payload)) => payload,
            Some(Item::Simple(22)) => return Err(invalid("missing payload")),
            _ => return Err(malformed()),
        };
        let Some(Item::Bytes(signature)) = items.head() else { return Err(malformed()) };
        if !items.0.is_empty() {
            return Err(malformed());
        }
        if signature.is_empty() {
            return Err(invalid("empty signature"));
        }
        let headers = Headers::protected(protected).ok_or_else(malformed)?;
        headers.check(true).and_then(|()| unprotected.check(false)).ok_or_else(malformed)?;
        let mixed = [(&headers, &unprotected), (&unprotected, &headers)];
        if mixed.iter().any(|(one, other)| one.has(IV) && other.has(PARTIAL_IV)) {
            return Err(malformed());
        }
        let algorithm = headers.value(ALGORITHM).and_then(|value| match value {
            Item::Number(number) => Some(Algorithm::Number(number)),
            Item::Text(text) => Some(Algorithm::Text(text)),
            _ => None,
        });
        let content_type = headers.value(CONTENT_TYPE).and_then(|value| match value {
            Item::Number(number) => Some(ContentType::Number(number)),
            Item::Text(text) => Some(ContentType::Text(text)),
            _ => None,
        });
        Ok(Self { protected, algorithm, content_type, payload, signature })
    }

    /// What its signature is over (`Sig_structure`), with this data beside it.
    pub fn signed(&self, aad: &[u8]) -> Vec<u8> {
        [CONTEXT, &bytes(self.protected), &bytes(aad), &bytes(self.payload)].concat()
    }
}

/// A label of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label<'a> {
    Number(i128),
    Text(&'a str),
}

impl<'a> Label<'a> {
    fn of(item: Item<'a>) -> Option<Self> {
        match item {
            Item::Number(number) => i64::try_from(number).ok().map(|_| Self::Number(number)),
            Item::Text(text) => Some(Self::Text(text)),
            _ => None,
        }
    }
}

/// Headers: each label, the beginning of its value, and the value as a whole.
#[derive(Debug, Default)]
struct Headers<'a>(Vec<(Label<'a>, Item<'a>, &'a [u8])>);

impl<'a> Headers<'a> {
    /// Reads headers from a byte string; an empty string has none.
    fn protected(encoded: &'a [u8]) -> Option<Self> {
        if encoded.is_empty() {
            return Some(Self::default());
        }
        let mut items = Items(encoded);
        let headers = Self::read(&mut items)?;
        items.0.is_empty().then_some(headers)
    }

    fn read(items: &mut Items<'a>) -> Option<Self> {
        let Some(Item::Map(count @ ..=HEADERS_MAX)) = items.head() else { return None };
        let mut headers = Self::default();
        for _ in 0..count {
            let label = Label::of(items.head()?)?;
            let value = items.0;
            let item = items.skip()?;
            if headers.0.iter().any(|(other, _, _)| *other == label) {
                return None;
            }
            headers.0.push((label, item, &value[..value.len() - items.0.len()]));
        }
        Some(headers)
    }

    fn value(&self, number: i128) -> Option<Item<'a>> {
        let label = Label::Number(number);
        self.0.iter().find(|(found, _, _)| *found == label).map(|(_, item, _)| *item)
    }

    fn has(&self, number: i128) -> bool {
        self.value(number).is_some()
    }

    /// Checks those that the standard names.
    fn check(&self, are_protected: bool) -> Option<()> {
        let is_good = self.0.iter().all(|(label, item, encoded)| {
            let Label::Number(label) = *label else { return true };
            match label {
                ALGORITHM => matches!(item, Item::Number(_) | Item::Text(_)),
                CRITICAL => are_protected && self.are_there(encoded).is_some(),
                CONTENT_TYPE | TYPE => is_media_type(item),
                KEY_ID => matches!(item, Item::Bytes(_)),
                IV => matches!(item, Item::Bytes(_)) && !self.has(PARTIAL_IV),
                PARTIAL_IV => matches!(item, Item::Bytes(_)) && !self.has(IV),
                COUNTERSIGNATURE | COUNTERSIGNATURE_V2 => {
                    !are_protected && matches!(item, Item::List(_))
                }
                COUNTERSIGNATURE_0 | COUNTERSIGNATURE_0_V2 => {
                    !are_protected && matches!(item, Item::Bytes(_))
                }
                _ => true,
            }
        });
        is_good.then_some(())
    }

    /// Checks that this is a list of labels, at least one, and that each is here.
    fn are_there(&self, list: &[u8]) -> Option<()> {
        let mut items = Items(list);
        let Some(Item::List(count @ 1..=HEADERS_MAX)) = items.head() else { return None };
        for _ in 0..count {
            let label = Label::of(items.head()?)?;
            self.0.iter().find(|(found, _, _)| *found == label)?;
        }
        Some(())
    }
}

/// Whether this is a number that is not negative, or a text with a slash in it.
fn is_media_type(item: &Item<'_>) -> bool {
    match *item {
        Item::Number(number) => number >= 0,
        Item::Text(text) => {
            let is_trimmed = !text.starts_with(' ') && !text.ends_with(' ');
            is_trimmed && text.matches('/').count() == 1
        }
        _ => false,
    }
}
