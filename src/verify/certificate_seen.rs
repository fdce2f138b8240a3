//! What a verdict says about a certificate. Anyone can write any name into a certificate, so what
//! it says is proved only if a trusted authority issued it, and claimed otherwise: a caller has to
//! ask for the one or the other.

use fasti_read::window::Window;
use fasti_x509::Identity;

/// The signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSeen {
    pub(super) content: CertificateContent,
    /// The first of its names that is as required, if one was required.
    pub matched: Option<Identity>,
    /// Whether a trusted authority vouches for it.
    pub vouched: Vouched,
    /// Whether it is in a certificate log.
    pub logged: CertificateLogged,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateContent {
    /// Its names, of all kinds.
    pub identities: Vec<Identity>,
    /// The OIDC issuer that the authority recorded.
    pub issuer: Option<String>,
    /// The validity that it states.
    pub valid: Window,
}

/// Whether a trusted authority issued a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// This authority did.
    By(String),
    /// Nobody checked: the certificate can claim anything.
    NotAsked,
}

/// Whether a certificate is in a certificate log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateLogged {
    /// These logs promised to include it.
    By(Vec<String>),
    /// The caller knows no certificate log of its authority.
    NotAsked,
    /// The caller accepts it without.
    Waived,
}

impl CertificateSeen {
    /// What it says, if a trusted authority vouches for it.
    pub fn proved(&self) -> Option<&CertificateContent> {
        matches!(self.vouched, Vouched::By(_)).then_some(&self.content)
    }

    /// What it says, if nobody vouches for it.
    pub fn claimed(&self) -> Option<&CertificateContent> {
        matches!(self.vouched, Vouched::NotAsked).then_some(&self.content)
    }

    pub(super) fn proved_in_words(&self) -> Vec<String> {
        let Vouched::By(authority) = &self.vouched else { return Vec::new() };
        let mut sentences =
            vec![format!("{authority} certified that key for {}", self.content.in_words())];
        let matched = self.matched.iter();
        sentences.extend(matched.map(|name| format!("the identity that was required is {name}")));
        if let CertificateLogged::By(logs) = &self.logged {
            sentences.extend(logs.iter().map(|log| {
                format!("the certificate log {log} promised to include that certificate")
            }));
        }
        sentences
    }

    pub(super) fn claimed_in_words(&self) -> Vec<String> {
        let Some(content) = self.claimed() else { return Vec::new() };
        vec![
            format!("its certificate is for {}", content.in_words()),
            format!("its certificate was valid {}", content.valid),
        ]
    }

    pub(super) fn not_checked(&self) -> Option<&'static str> {
        match (&self.vouched, &self.logged) {
            (Vouched::NotAsked, _) => {
                Some("who the signer is: no authority was asked about the certificate")
            }
            (Vouched::By(_), CertificateLogged::By(_)) => None,
            (Vouched::By(_), CertificateLogged::NotAsked) => Some(
                "whether the certificate is in a certificate log: none is known for its authority",
            ),
            (Vouched::By(_), CertificateLogged::Waived) => {
                Some("whether the certificate is in a certificate log: none was required")
            }
        }
    }
}

impl CertificateContent {
    /// Its names, and who vouched for them.
    pub fn in_words(&self) -> String {
        let names: Vec<_> = self.identities.iter().map(Identity::to_string).collect();
        let names = match names.as_slice() {
            [] => "nobody in particular".to_owned(),
            names => names.join(", "),
        };
        match &self.issuer {
            Some(issuer) => format!("{names}, vouched for by {issuer}"),
            None => names,
        }
    }
}
