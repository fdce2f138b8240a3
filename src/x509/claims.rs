//! The key and the names in a certificate, and nothing about its validity: what an index lists an
//! entry by.
//!
//! This takes a tenth of the work of [`Certificate`](crate::Certificate), which refuses what a log
//! must not admit. Algorithms, dates and most extensions are skipped, so that a certificate of a
//! future kind can still be found by its key.

use std::borrow::Cow;

use super::element::{CONTEXT, EXPLICIT, Elements, SEQUENCE};
use super::extension::SUBJECT_ALT_NAME;
use super::fulcio;
use super::identity::{IdentityKind, address};
use super::structure::{self, Fields};

/// The parts of a certificate by which it is found. Nothing is validated.
pub struct Claims<'a> {
    /// The DER SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
    /// The subject alternative names in text form, in the certificate's order.
    pub names: Vec<(IdentityKind, Cow<'a, str>)>,
    /// Fulcio's OIDC issuer: that of the newer extension if both are there, whatever the older one
    /// says. Who trusts an issuer asks [`Certificate`](crate::Certificate), which then has none.
    pub issuer: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// Reads a certificate; `None` if its structure is malformed.
    pub fn of(der: &'a [u8]) -> Option<Self> {
        let Fields { public_key, mut rest, .. } = Fields::of(der).ok()?;
        structure::skip_unique_ids(&mut rest).ok()?;
        let found = Found::of(structure::extensions(&mut rest).ok()?)?;
        rest.is_empty().then(|| Self { public_key, names: found.names(), issuer: found.issuer() })
    }
}

/// The extensions of a certificate, each as the content of its object identifier and its value, as
/// far as they can be read. Nothing is validated, and one can occur twice.
pub fn extension_values(der: &[u8]) -> Vec<(&[u8], &[u8])> {
    let Ok(Fields { mut rest, .. }) = Fields::of(der) else { return Vec::new() };
    let is_read = structure::skip_unique_ids(&mut rest).is_ok();
    let Some(list) = is_read.then(|| structure::extensions(&mut rest).ok()).flatten() else {
        return Vec::new();
    };
    list.map_while(Result::ok).map(|extension| (extension.id, extension.value)).collect()
}

/// The text of an extension that has one: a DER `UTF8String`, or the bytes themselves.
pub fn extension_text(value: &[u8]) -> Option<&str> {
    fulcio::utf8_string(value).or_else(|| std::str::from_utf8(value).ok())
}

/// The relevant extensions, by number. One that occurs twice is ignored.
struct Found<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Found<'a> {
    fn of(extensions: structure::Extensions<'a>) -> Option<Self> {
        let mut found = Vec::with_capacity(4);
        for extension in extensions {
            let extension = extension.ok().filter(|extension| extension.rest.is_empty())?;
            if [SUBJECT_ALT_NAME, fulcio::ISSUER, fulcio::ISSUER_LEGACY].contains(&extension.id) {
                found.push((extension.id, extension.value));
            }
        }
        Some(Self(found))
    }

    fn value(&self, id: &[u8]) -> Option<&'a [u8]> {
        let mut named = self.0.iter().filter(|(found, _)| *found == id);
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value)
    }

    fn names(&self) -> Vec<(IdentityKind, Cow<'a, str>)> {
        self.value(SUBJECT_ALT_NAME).and_then(names).unwrap_or_default()
    }

    /// The older form counts only if the newer one is missing.
    fn issuer(&self) -> Option<&'a str> {
        let issuer = if self.0.iter().any(|(id, _)| *id == fulcio::ISSUER) {
            fulcio::utf8_string(self.value(fulcio::ISSUER)?)
        } else {
            std::str::from_utf8(self.value(fulcio::ISSUER_LEGACY)?).ok()
        };
        issuer.filter(|issuer| !issuer.is_empty())
    }
}

/// `None` if the list is malformed; a name that cannot be read is skipped.
fn names(der: &[u8]) -> Option<Vec<(IdentityKind, Cow<'_, str>)>> {
    let mut whole = Elements::of(der);
    let mut list = whole.enter(SEQUENCE, "").ok()?;
    whole.end("").ok()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        let element = list.any()?;
        names.extend(name(element.tag, element.content));
    }
    Some(names)
}

fn name(tag: u8, value: &[u8]) -> Option<(IdentityKind, Cow<'_, str>)> {
    const EMAIL: u8 = CONTEXT | 1;
    const DNS: u8 = CONTEXT | 2;
    const URI: u8 = CONTEXT | 6;
    const IP: u8 = CONTEXT | 7;
    let text = || std::str::from_utf8(value).ok().map(Cow::Borrowed);
    let (kind, name) = match tag {
        EXPLICIT => (IdentityKind::Username, fulcio::username(value).map(Cow::Borrowed)),
        EMAIL => (IdentityKind::Email, text()),
        DNS => (IdentityKind::Dns, text()),
        URI => (IdentityKind::Uri, text()),
        IP => (IdentityKind::Ip, address(value).map(Cow::Owned)),
        _ => return None,
    };
    Some((kind, name.filter(|name| !name.is_empty())?))
}

#[cfg(test)]
mod tests {
    use rcgen::CustomExtension;

    use super::*;
    use crate::SigningAlgorithm;
    use crate::testing::Signer;

    #[test]
    fn a_name_of_an_unknown_kind_hides_no_other() {
        // An rfc822Name after an element of a tag that no name has.
        let names = [&[0x30, 8, 0x07, 1, b'x', 0x81, 3][..], b"a@b"].concat();
        let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], names);
        let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
        let der = signer.certificate_with(Vec::new(), vec![names]);
        let email = (IdentityKind::Email, Cow::Borrowed("a@b"));
        assert_eq!(Claims::of(&der).expect("a certificate").names, [email]);
        let error = crate::X509::from_der(&der).unwrap_err().to_string();
        assert!(error.contains("is of an unknown kind"), "{error}");
    }
}
