//! Timestamps (RFC 3161, updated by RFC 5816): an authority says that it saw a message at a time.
//!
//! Read is the authority's whole response, in DER. It must grant a token, which is signed data
//! about a `TSTInfo`. Verified is that the token is over a message and that its signer signed it,
//! with a given certificate. Whether that is the certificate of a trusted authority is for
//! [`TimestampAuthority`](crate::TimestampAuthority).
//!
//! Three fields are read and decide nothing. The nonce is for whoever asked, who knows it. The name
//! of the authority is a hint, as the signed attributes name its certificate. The accuracy says by
//! how much the time can be wrong, mostly by a second: a signer whose certificate is a second old
//! could not be told from one without.

use super::algorithm::HashAlgorithm;
use super::authority::name;
use super::cms::{SignedData, SignerId, hash_of, version};
use super::digest::ArtifactDigest;
use super::element::{
    self, BOOLEAN, CONTEXT, EXPLICIT, Elements, Fault, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING,
    SEQUENCE,
};
use super::structure::Fields;
use super::timestamp_error::TimestampError;
use super::{cms, message_signature, primitives, time};

/// 1.2.840.113549.1.9, the arc of attributes.
const PKCS_9: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
const CONTENT_TYPE: &[u8] = &[3];
const MESSAGE_DIGEST: &[u8] = &[4];
const SIGNING_CERTIFICATE: &[u8] = &[16, 2, 12];
const SIGNING_CERTIFICATE_V2: &[u8] = &[16, 2, 47];
/// What the token is about.
const TST_INFO: &[u8] = &[16, 1, 4];

/// The tag of a name that is a distinguished name, among other kinds of names.
const DIRECTORY_NAME: u8 = EXPLICIT | 4;

const FAULT: Fault = "what it is about is malformed";

/// An authority's answer. Nothing in it is verified.
#[derive(Clone, Debug)]
pub struct Timestamp<'a> {
    /// When the authority saw the message, in whole seconds since 1970.
    pub seconds: i64,
    /// The hash of the message, by the content of its `AlgorithmIdentifier`.
    imprint: (&'a [u8], &'a [u8]),
    pub(crate) token: SignedData<'a>,
}

impl<'a> Timestamp<'a> {
    /// Reads a `TimeStampResp`.
    pub fn from_der(der: &'a [u8]) -> Result<Self, TimestampError> {
        Self::read(der, cms::VERSION)
    }

    /// The same for authorities that follow PKCS #7 as well, for [`check_alone`](Self::check_alone)
    /// in logs of Rekor v1.
    pub fn from_old_der(der: &'a [u8]) -> Result<Self, TimestampError> {
        Self::read(der, cms::OLD_VERSION)
    }

    fn read(der: &'a [u8], least: i64) -> Result<Self, TimestampError> {
        let token = granted(der)?;
        let token = SignedData::of(token, least)?;
        if token.content_type.strip_prefix(PKCS_9) != Some(TST_INFO) {
            return Err("its token is about something else than a time".into());
        }
        let (imprint, seconds) = about(token.content)?;
        Ok(Self { seconds, imprint, token })
    }

    /// The name of its signer's certificate, for people; or of that certificate's issuer, if the
    /// certificate is not in it.
    pub fn signer(&self) -> String {
        let subject = self.certificates().find_map(|one| Some(Fields::of(one).ok()?.subject));
        match (subject, self.token.signer.id) {
            (Some(subject), _) => name(subject),
            (None, SignerId::Serial { issuer, .. }) => {
                format!("an authority certified by {}", name(issuer))
            }
            (None, SignerId::KeyId(id)) => format!("the key {}", hex::encode(id)),
        }
    }

    /// The certificates that came along and can be its signer's.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &'a [u8]> {
        let all = self.token.certificates.iter().copied();
        all.filter(|certificate| self.token.signer.id.is(certificate))
    }

    /// Verifies that it was signed with the key of the certificate that came along with it, which
    /// is returned. Whose that is, and what the timestamp is for, is not asked. Old authorities
    /// are taken that name the kind of their key in place of an algorithm.
    pub fn check_alone(&self) -> Result<&'a [u8], TimestampError> {
        let certificate = self.certificates().next().ok_or(TimestampError::NoCertificate)?;
        self.check_attributes()?;
        let signer = &self.token.signer;
        let (key, signature) = (Fields::of(certificate)?.public_key, signer.signature);
        let algorithm = message_signature::of_kind(signer.algorithm, signer.hash);
        let made = message_signature::made(key, &algorithm, signer.hash, &signer.signed, signature);
        if made { Ok(certificate) } else { Err(TimestampError::Signature) }
    }

    /// Verifies that the owner of a certificate signed it, for this message.
    pub(crate) fn check(&self, message: &[u8], certificate: &[u8]) -> Result<(), TimestampError> {
        let (hash, imprint) = self.imprint;
        let hash = hash_of(hash)?.ok_or(TimestampError::Hash)?;
        if ArtifactDigest::of(hash, message).as_bytes() != imprint {
            return Err(TimestampError::Message);
        }
        self.check_attributes()?;
        let named = [(SIGNING_CERTIFICATE, false), (SIGNING_CERTIFICATE_V2, true)]
            .map(|(id, has_hash)| Some(names(self.attribute(id)?, certificate, has_hash)));
        let mut named = named.into_iter().flatten().peekable();
        if named.peek().is_none() || !named.all(|named| named == Ok(true)) {
            return Err(TimestampError::Attribute("its signer's certificate"));
        }
        let signer = &self.token.signer;
        let key = Fields::of(certificate)?.public_key;
        let (algorithm, signature) = (signer.algorithm, signer.signature);
        let made = message_signature::made(key, algorithm, signer.hash, &signer.signed, signature);
        if made { Ok(()) } else { Err(TimestampError::Signature) }
    }

    /// Verifies that what is signed states the content.
    fn check_attributes(&self) -> Result<(), TimestampError> {
        let kind = element::encode(OBJECT_IDENTIFIER, self.token.content_type);
        if self.attribute(CONTENT_TYPE) != Some(&kind) {
            return Err(TimestampError::Attribute("the kind of its content"));
        }
        let digest = ArtifactDigest::of(self.token.signer.hash, self.token.content);
        let digest = element::encode(OCTET_STRING, digest.as_bytes());
        if self.attribute(MESSAGE_DIGEST) != Some(&digest) {
            return Err(TimestampError::Attribute("the digest of its content"));
        }
        Ok(())
    }

    fn attribute(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.token.signer.attribute(&[PKCS_9, id].concat())
    }
}

/// The token in a response, if it was granted.
fn granted(der: &[u8]) -> Result<&[u8], TimestampError> {
    let fault = "it is not a response of a timestamp authority";
    let mut whole = Elements::of(der);
    let mut response = whole.enter(SEQUENCE, fault)?;
    whole.end(fault)?;
    let mut info = response.enter(SEQUENCE, fault)?;
    let status = element::small_integer(info.next(INTEGER, fault)?).ok_or(fault)?;
    // 1 is granted with changes to the request, which the token shows.
    if ![0, 1].contains(&status) {
        return Err(TimestampError::NotGranted { status });
    }
    let token = response.next_encoded(SEQUENCE, "it has no token")?;
    response.end(fault)?;
    Ok(token)
}

type Imprint<'a> = (&'a [u8], &'a [u8]);

/// The imprint and the time in a `TSTInfo`.
fn about(info: &[u8]) -> Result<(Imprint<'_>, i64), Fault> {
    let mut whole = Elements::of(info);
    let mut fields = whole.enter(SEQUENCE, FAULT)?;
    whole.end(FAULT)?;
    version(&mut fields, 1..=1, "it is not of version 1")?;
    // The policy.
    fields.object_identifier(FAULT)?;
    let mut imprint = fields.enter(SEQUENCE, FAULT)?;
    let hash = imprint.next(SEQUENCE, FAULT)?;
    let digest = imprint.next(OCTET_STRING, FAULT)?;
    imprint.end(FAULT)?;
    integer(fields.next(INTEGER, FAULT)?)?;
    let seconds = moment(&mut fields)?;
    if let Some(accuracy) = fields.optional(SEQUENCE, FAULT)? {
        check_accuracy(accuracy)?;
    }
    if let Some(is_ordered) = fields.optional(BOOLEAN, FAULT)? {
        element::boolean(is_ordered).ok_or(FAULT)?;
    }
    if let Some(nonce) = fields.optional(INTEGER, FAULT)? {
        integer(nonce)?;
    }
    fields.optional(EXPLICIT, FAULT)?;
    if let Some(extensions) = fields.optional(EXPLICIT | 1, FAULT)? {
        check_extensions(extensions)?;
    }
    fields.end(FAULT)?;
    Ok(((hash, digest), seconds))
}

fn integer(content: &[u8]) -> Result<(), Fault> {
    if element::is_integer(content) { Ok(()) } else { Err(FAULT) }
}

/// A `GeneralizedTime` in UTC. It can have a fraction of a second, which has no zeros at its end.
fn moment(fields: &mut Elements<'_>) -> Result<i64, Fault> {
    const GENERALIZED_TIME: u8 = 0x18;
    const FAULT: Fault = "its time is malformed";
    let text = fields.next(GENERALIZED_TIME, FAULT)?.strip_suffix(b"Z").ok_or(FAULT)?;
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let is_fraction = |digits: &[u8]| {
        digits.iter().all(u8::is_ascii_digit) && digits.last().is_some_and(|last| *last != b'0')
    };
    if !parts.next().is_none_or(is_fraction) {
        return Err(FAULT);
    }
    let whole = element::encode(GENERALIZED_TIME, &[whole, b"Z"].concat());
    time::read(&mut Elements::of(&whole), FAULT)
}

/// Seconds, milliseconds and microseconds, each of which can be missing.
fn check_accuracy(accuracy: &[u8]) -> Result<(), Fault> {
    let fault = "its accuracy is malformed";
    let mut fields = Elements::of(accuracy);
    for (tag, range) in [(INTEGER, 0..=i64::MAX), (CONTEXT, 1..=999), (CONTEXT | 1, 1..=999)] {
        let number = fields.optional(tag, fault)?.map(element::small_integer);
        if number.is_some_and(|number| number.is_none_or(|number| !range.contains(&number))) {
            return Err(fault);
        }
    }
    fields.end(fault)
}

/// Nobody has defined an extension, so none that is critical can be understood.
fn check_extensions(extensions: &[u8]) -> Result<(), Fault> {
    let mut list = Elements::of(extensions);
    while !list.is_empty() {
        let mut extension = list.enter(SEQUENCE, FAULT)?;
        extension.object_identifier(FAULT)?;
        match extension.optional(BOOLEAN, FAULT)?.map(element::boolean) {
            None | Some(Some(false)) => {}
            Some(_) => return Err("it has a critical extension"),
        }
        extension.next(OCTET_STRING, FAULT)?;
        extension.end(FAULT)?;
    }
    Ok(())
}

/// Whether the first of the certificates in `signingCertificate` (RFC 2634, section 5.4) or
/// `signingCertificateV2` (RFC 5035, section 3) is this one: by its hash, and by its issuer and
/// serial number if they are there.
fn names(attribute: &[u8], certificate: &[u8], has_hash: bool) -> Result<bool, Fault> {
    let fault = "its attribute for its signer's certificate is malformed";
    let mut lists = Elements::of(attribute).enter(SEQUENCE, fault)?;
    let mut ids = lists.enter(SEQUENCE, fault)?;
    let mut id = ids.enter(SEQUENCE, fault)?;
    let digest = if has_hash {
        let hash = match id.optional(SEQUENCE, fault)? {
            Some(named) => hash_of(named)?,
            None => Some(HashAlgorithm::Sha256),
        };
        let Some(hash) = hash else { return Ok(false) };
        ArtifactDigest::of(hash, certificate).as_bytes().to_vec()
    } else {
        // The only hash of the older attribute.
        primitives::sha1(certificate).to_vec()
    };
    let mut is_it = id.next(OCTET_STRING, fault)? == digest;
    if let Some(serial) = id.optional(SEQUENCE, fault)? {
        let fields = Fields::of(certificate)?;
        let mut serial = Elements::of(serial);
        let mut names = serial.enter(SEQUENCE, fault)?;
        is_it &= names.next(DIRECTORY_NAME, fault)? == fields.issuer && names.is_empty();
        is_it &= serial.next(INTEGER, fault)? == fields.serial_number;
        serial.end(fault)?;
    }
    id.end(fault)?;
    Ok(is_it)
}

#[cfg(test)]
mod tests;
