//! What a certificate says about its holder: names, and what Fulcio recorded about the login or
//! build (`docs/oid-info.md` of Fulcio). Trust none of it until the certificate chain is verified.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_KP_CODE_SIGNING;
use der::{AnyRef, Decode as _, Tag, Tagged as _};
use fasti_x509::{Identity, X509, X509Error, X509Extension};

/// The OID arc of Fulcio's extensions.
const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
/// Values of extensions below this number are bare text; from it on they are DER.
const FIRST_DER: u32 = 7;

/// The names of Fulcio's extensions in a policy: Fulcio's own names, in snake case.
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

/// Looks up an extension by its name in a policy, or by its object identifier.
pub fn extension_id(name: &str) -> Option<ObjectIdentifier> {
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, number)) => Some(fulcio(*number)),
        None => ObjectIdentifier::new(name).ok(),
    }
}

fn fulcio(number: u32) -> ObjectIdentifier {
    FULCIO.push_arc(number).expect("the arc is short")
}

/// The holder of a certificate, according to the certificate.
#[derive(Clone, Debug)]
pub struct Holder<'a> {
    /// The subject alternative names.
    pub names: Vec<Identity>,
    /// Who vouched for the login; empty if the certificate does not say.
    pub issuer: String,
    /// The first second of validity, in Unix time; negative before 1970.
    pub not_before: i64,
    /// The last second of validity.
    pub not_after: i64,
    /// Whether it says that it is for signing code.
    pub signs_code: bool,
    extensions: Vec<X509Extension<'a>>,
}

impl<'a> Holder<'a> {
    /// Reads a certificate. An error as well if it is not clear who vouched for the login.
    pub fn of(der: &'a [u8]) -> Result<Self, X509Error> {
        let certificate = X509::from_der(der)?;
        let purposes = certificate.purposes().unwrap_or_default();
        Ok(Self {
            names: certificate.names().iter().filter_map(Identity::of).collect(),
            issuer: certificate.fulcio_issuer()?.unwrap_or_default().to_owned(),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            signs_code: purposes.contains(&ID_KP_CODE_SIGNING.as_bytes()),
            extensions: certificate.extensions,
        })
    }

    /// Returns the text of an extension, or `None` if it is absent or not text.
    pub fn extension(&self, id: ObjectIdentifier) -> Option<&str> {
        let mut extensions = self.extensions.iter();
        let value = extensions.find(|extension| extension.id == id.as_bytes())?.value;
        if (1..FIRST_DER).any(|number| fulcio(number) == id) {
            return std::str::from_utf8(value).ok();
        }
        let text = AnyRef::from_der(value).ok()?;
        let is_text = [Tag::Utf8String, Tag::PrintableString, Tag::Ia5String];
        is_text.contains(&text.tag()).then(|| std::str::from_utf8(text.value()).ok())?
    }
}

#[cfg(test)]
mod tests {
    use fasti_x509::IdentityKind;

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
            extension(1, b"https://issuer.example.com"),
            extension(4, b"\x0c\x01a bare text that looks like DER"),
            fulcio_text(8, "https://issuer.example.com"),
            fulcio_text(12, "https://example.com/repository"),
            extension(13, b"no DER"),
            extension(14, b"\x0c\x01ab"),
            extension(15, b"\x02\x01\x07"),
            extension(16, b"\x13\x03abc"),
        ];
        let der = Subject::new().signed_by_itself(&params);
        let holder = Holder::of(&der).unwrap();
        assert_eq!(
            holder.names,
            [
                (IdentityKind::Email, "dev@example.com"),
                (IdentityKind::Uri, "https://example.com/w"),
                (IdentityKind::Dns, "build.example.com"),
                (IdentityKind::Ip, "192.0.2.1"),
                (IdentityKind::Username, "mia!example.com"),
            ]
            .map(|(kind, name)| Identity { kind, name: name.to_owned() })
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
            let der = Subject::new().signed_by_itself(params);
            Holder::of(&der).map(|holder| holder.issuer).map_err(|error| error.to_string())
        };
        assert_eq!(issuer(&params).unwrap(), "https://old.example.com");
        // One that cannot be read is not replaced by the older one, and both must agree.
        params.custom_extensions.push(extension(8, b"not DER"));
        assert!(issuer(&params).unwrap_err().contains("its OIDC issuer is not a text"));
        params.custom_extensions[1] = fulcio_text(8, "https://new.example.com");
        assert!(issuer(&params).unwrap_err().contains("it names two OIDC issuers"));
        params.custom_extensions.clear();
        assert_eq!(issuer(&params).unwrap(), "");
    }
}
