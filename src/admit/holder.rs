//! What a certificate says of its holder: names, and what Fulcio has recorded of the login or build
//! (`docs/oid-info.md` of Fulcio). None of it is true until the certificate's chain holds.

use std::time::Duration;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_CODE_SIGNING;
use der::{AnyRef, Decode as _, Tag, Tagged as _};
use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

/// The arc of Fulcio's extensions.
const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
/// The login's issuer in its older form, and in the present one.
const ISSUERS: [u32; 2] = [1, 8];
/// A user name, as another name among the subject alternative names.
const USERNAME: u32 = 7;
/// Below this number values are bare text; from it on they are DER.
const FIRST_DER: u32 = 7;

/// What a policy calls Fulcio's extensions: their own names, in snake case.
const NAMES: [(&str, u32); 20] = [
    ("github_workflow_trigger", 2),
    ("github_workflow_sha", 3),
    ("github_workflow_name", 4),
    ("github_workflow_repository", 5),
    ("github_workflow_ref", 6),
    ("build_signer_uri", 9),
    ("build_signer_digest", 10),
    ("runner_environment", 11),
    ("source_repository_uri", 12),
    ("source_repository_digest", 13),
    ("source_repository_ref", 14),
    ("source_repository_identifier", 15),
    ("source_repository_owner_uri", 16),
    ("source_repository_owner_identifier", 17),
    ("build_config_uri", 18),
    ("build_config_digest", 19),
    ("build_trigger", 20),
    ("run_invocation_uri", 21),
    ("source_repository_visibility_at_signing", 22),
    ("deployment_environment", 23),
];

/// The extension that a policy calls so: by name, or by its object identifier.
pub fn extension_id(name: &str) -> Option<ObjectIdentifier> {
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, number)) => Some(fulcio(*number)),
        None => ObjectIdentifier::new(name).ok(),
    }
}

fn fulcio(number: u32) -> ObjectIdentifier {
    FULCIO.push_arc(number).expect("the arc is short")
}

/// Kinds of subject alternative names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameKind {
    /// An email address.
    Email,
    /// A URI: a workflow, a SPIFFE ID.
    Uri,
    /// A host's name.
    Dns,
    /// A user name of Fulcio's, `name!domain`.
    Username,
}

/// Who holds a certificate, as it says itself.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The subject alternative names of those kinds.
    pub names: Vec<(NameKind, String)>,
    /// Who has vouched for the login; empty if the certificate does not tell.
    pub issuer: String,
    /// Since 1970, the first second in which it is valid.
    pub not_before: Duration,
    /// And the last one.
    pub not_after: Duration,
    /// It says that it is for signing code.
    pub signs_code: bool,
    extensions: Vec<Extension>,
}

impl Holder {
    /// Reads a certificate in which no extension occurs twice.
    pub fn of(der: &[u8]) -> Result<Self, der::Error> {
        let certificate = Certificate::from_der(der)?.tbs_certificate;
        let validity = certificate.validity;
        let mut holder = Self {
            names: Vec::new(),
            issuer: String::new(),
            not_before: validity.not_before.to_unix_duration(),
            not_after: validity.not_after.to_unix_duration(),
            signs_code: false,
            extensions: certificate.extensions.unwrap_or_default(),
        };
        if let Some(names) = holder.pkix::<SubjectAltName>()? {
            holder.names = names.0.into_iter().filter_map(name).collect();
        }
        if let Some(ExtendedKeyUsage(purposes)) = holder.pkix()? {
            holder.signs_code = purposes.contains(&ID_KP_CODE_SIGNING);
        }
        let issuers = ISSUERS.map(|number| holder.extension(fulcio(number)).map(str::to_owned));
        let [old, new] = issuers;
        holder.issuer = new.or(old).unwrap_or_default();
        Ok(holder)
    }

    fn value(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        let found = self.extensions.iter().find(|extension| extension.extn_id == id);
        found.map(|extension| extension.extn_value.as_bytes())
    }

    fn pkix<'a, T: const_oid::AssociatedOid + der::Decode<'a>>(
        &'a self,
    ) -> Result<Option<T>, der::Error> {
        self.value(T::OID).map(T::from_der).transpose()
    }

    /// The text of an extension; none if it is not there or is no text.
    pub fn extension(&self, id: ObjectIdentifier) -> Option<&str> {
        let value = self.value(id)?;
        if (1..FIRST_DER).any(|number| fulcio(number) == id) {
            return std::str::from_utf8(value).ok();
        }
        let text = AnyRef::from_der(value).ok()?;
        let is_text = [Tag::Utf8String, Tag::PrintableString, Tag::Ia5String];
        is_text.contains(&text.tag()).then(|| std::str::from_utf8(text.value()).ok())?
    }
}

fn name(name: GeneralName) -> Option<(NameKind, String)> {
    match name {
        GeneralName::Rfc822Name(text) => Some((NameKind::Email, text.to_string())),
        GeneralName::UniformResourceIdentifier(text) => Some((NameKind::Uri, text.to_string())),
        GeneralName::DnsName(text) => Some((NameKind::Dns, text.to_string())),
        GeneralName::OtherName(other) if other.type_id == fulcio(USERNAME) => {
            Some((NameKind::Username, other.value.decode_as().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Subject, fulcio as extension, fulcio_text, signer};
    use super::*;

    #[test]
    fn names_of_every_kind_and_extensions_in_both_forms() {
        let mut params = signer("dev@example.com");
        params.subject_alt_names.extend([
            rcgen::SanType::URI("https://example.com/w".try_into().unwrap()),
            rcgen::SanType::DnsName("build.example.com".try_into().unwrap()),
            rcgen::SanType::IpAddress([192, 0, 2, 1].into()),
            rcgen::SanType::OtherName((
                vec![1, 3, 6, 1, 4, 1, 57264, 1, 7],
                "mia!example.com".into(),
            )),
            rcgen::SanType::OtherName((vec![1, 2, 3, 4], "nobody".into())),
        ]);
        params.custom_extensions = vec![
            extension(1, b"https://old.example.com"),
            extension(4, b"\x0c\x01a bare text that looks like DER"),
            fulcio_text(8, "https://issuer.example.com"),
            fulcio_text(12, "https://example.com/repository"),
            extension(13, b"no DER"),
            extension(14, b"\x0c\x01ab"),
            extension(15, b"\x02\x01\x07"),
            extension(16, b"\x13\x03abc"),
        ];
        let holder = Holder::of(&Subject::new().signed_by_itself(&params)).unwrap();
        let names: Vec<_> = holder.names.iter().map(|(kind, name)| (*kind, &name[..])).collect();
        assert_eq!(
            names,
            [
                (NameKind::Email, "dev@example.com"),
                (NameKind::Uri, "https://example.com/w"),
                (NameKind::Dns, "build.example.com"),
                (NameKind::Username, "mia!example.com"),
            ]
        );
        assert_eq!(holder.issuer, "https://issuer.example.com");
        assert!(holder.signs_code);
        for (name, text) in [
            ("github_workflow_name", Some("\u{c}\u{1}a bare text that looks like DER")),
            ("source_repository_uri", Some("https://example.com/repository")),
            ("1.3.6.1.4.1.57264.1.12", Some("https://example.com/repository")),
            ("source_repository_digest", None),
            ("source_repository_ref", None),
            ("source_repository_identifier", None),
            ("source_repository_owner_uri", Some("abc")),
            ("build_trigger", None),
        ] {
            assert_eq!(holder.extension(extension_id(name).unwrap()), text, "{name}");
        }
        assert_eq!(extension_id("repository"), None);
    }

    #[test]
    fn the_older_issuer_counts_where_there_is_no_newer() {
        let mut params = signer("dev@example.com");
        params.custom_extensions = vec![extension(1, b"https://old.example.com")];
        let issuer = |params: &rcgen::CertificateParams| {
            Holder::of(&Subject::new().signed_by_itself(params)).unwrap().issuer
        };
        assert_eq!(issuer(&params), "https://old.example.com");
        params.custom_extensions.clear();
        assert_eq!(issuer(&params), "");
    }
}
