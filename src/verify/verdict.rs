//! What a verification has proved, as data and as sentences.

use fasti_entry::{ArtifactDigest, KeyDetails};
use fasti_read::trust::Cosigned;
use fasti_read::window::Window;
use fasti_x509::Identity;
use tiles_spec::{Hash, LeafIndex, TreeHead, VerifierKey};
use time::OffsetDateTime;

use super::logged_v1::{LoggedV1, not_dated};
use super::trusted_time::TrustedTime;

/// The verdict that an artifact is signed, and that the signature is in a trusted log.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was signed or logged.
    pub subject: Subject,
    /// Who signed; `None` if the log entry is the artifact itself.
    pub signer: Option<SignerSeen>,
    /// Where it is logged; at least one place here or in the next.
    pub logged: Vec<Logged>,
    /// Where it is in logs of Rekor v1.
    pub logged_v1: Vec<LoggedV1>,
    /// When trusted parties saw the signature.
    pub times: Vec<TrustedTime>,
    /// What was skipped; [`Verdict::not_checked`] has everything not checked.
    pub(super) unchecked: Vec<String>,
}

/// What was signed or logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An artifact, by the digest that was signed.
    Artifact(ArtifactDigest),
    /// The payload of an envelope.
    Payload {
        /// Its media type.
        media_type: String,
        /// Its name for the given artifact.
        named: Option<String>,
    },
    /// The artifact itself is the log entry; nobody signed it.
    Entry,
}

/// A place in a log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The key of the log that signed; its name is the log's origin.
    pub log: VerifierKey,
    /// The tree that contains the entry.
    pub head: TreeHead,
    /// The entry's index.
    pub index: LeafIndex,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// When the caller trusts that key.
    pub in_use: Window,
    /// The trusted witnesses that saw that tree.
    pub cosigned: Vec<Cosigned>,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerSeen {
    /// The signing algorithm.
    pub algorithm: KeyDetails,
    /// SHA-256 of the key's `SubjectPublicKeyInfo`, hex.
    pub fingerprint: String,
    /// Whether the caller required this key.
    pub demanded: bool,
    /// The certificate, if there is one.
    pub certificate: Option<CertificateSeen>,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSeen {
    /// Its names, of all kinds.
    pub identities: Vec<Identity>,
    /// The first of them that is as required, if one was required.
    pub matched: Option<Identity>,
    /// The OIDC issuer that the authority recorded.
    pub issuer: Option<String>,
    /// The validity that it states.
    pub valid: Window,
    /// Whether a trusted authority vouches for it.
    pub vouched: Vouched,
    /// Whether it is in a certificate log.
    pub logged: CertificateLogged,
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

impl Verdict {
    /// When logs took it, each by its own clock and under its signature.
    pub fn integrated_times(&self) -> impl Iterator<Item = OffsetDateTime> + '_ {
        self.logged_v1.iter().filter_map(LoggedV1::integrated_time)
    }

    /// Whether an identity is proved, but not that its certificate was valid when it was used.
    pub fn is_untimed(&self) -> bool {
        self.times.is_empty() && SignerSeen::time(self.signer.as_ref()).is_some()
    }

    /// What was proved, one sentence each.
    pub fn proved(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(signer) = &self.signer {
            sentences.push(format!(
                "{} is signed with {} by the key {}{}",
                self.subject.in_words(),
                signer.algorithm,
                signer.fingerprint,
                if signer.demanded { ", as required" } else { "" },
            ));
            sentences.extend(signer.certificate.iter().flat_map(CertificateSeen::proved));
        }
        sentences.extend(
            self.times.iter().map(|time| {
                plain(&format!("{} saw the signature at {}", time.source, time.moment()))
            }),
        );
        for Logged { log, head, index, cosigned, .. } in &self.logged {
            let what = if self.signer.is_some() { "the signature" } else { "the artifact" };
            sentences.push(format!(
                "{what} is entry {index} of the log {}, in its tree of {} with root hash {}",
                log.name(),
                head.size,
                head.root,
            ));
            sentences.push(format!("that tree is signed by the log's key {log}"));
            sentences.extend(cosigned.iter().map(|seen| match seen {
                Cosigned { witness, unix_seconds: 0 } => {
                    format!("the witness {witness} saw that tree, but does not say when")
                }
                Cosigned { witness, unix_seconds } => {
                    format!("the witness {witness} saw that tree at {unix_seconds} (POSIX seconds)")
                }
            }));
        }
        sentences.extend(self.logged_v1.iter().flat_map(LoggedV1::proved));
        sentences
    }

    /// What was not checked and why that can matter, one sentence each.
    pub fn not_checked(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Subject::Payload { media_type, named: None } = &self.subject {
            sentences.push(format!("what the payload, a {}, is about", plain(media_type)));
        }
        if let Some(signer) = &self.signer {
            match &signer.certificate {
                Some(certificate) => sentences.extend(certificate.not_checked()),
                None if !signer.demanded => {
                    sentences.push("whose key that is: no key was required".to_owned());
                }
                None => {}
            }
        }
        if self.is_untimed() {
            let sentence = "whether the certificate was still valid when it was used: no trusted \
                            party says when that was";
            sentences.push(sentence.to_owned());
        }
        let when_signed = SignerSeen::time(self.signer.as_ref());
        if when_signed.is_none() {
            let bounded = self.logged.iter().filter(|logged| logged.in_use.is_bounded());
            sentences
                .extend(bounded.map(|logged| not_dated(logged.log.name().as_str(), logged.in_use)));
        }
        sentences.extend(self.logged_v1.iter().flat_map(|logged| logged.not_checked(when_signed)));
        if self.logged.iter().all(|logged| logged.cosigned.is_empty()) {
            sentences.push(
                "whether others are shown the same log: no trusted witness has cosigned".to_owned(),
            );
        }
        sentences.extend(self.unchecked.iter().map(|sentence| plain(sentence)));
        sentences
    }
}

impl SignerSeen {
    /// When it was signed, as far as a trusted party says so: while the certificate was valid.
    pub(super) fn time(signer: Option<&Self>) -> Option<Window> {
        let certificate = signer?.certificate.as_ref()?;
        matches!(certificate.vouched, Vouched::By(_)).then_some(certificate.valid)
    }
}

impl Subject {
    fn in_words(&self) -> String {
        match self {
            Self::Artifact(digest) => format!("the artifact ({digest:?})"),
            Self::Payload { media_type, named: Some(name) } => {
                format!("the payload ({}), which names the artifact {name},", plain(media_type))
            }
            Self::Payload { media_type, named: None } => {
                format!("the payload ({})", plain(media_type))
            }
            Self::Entry => "the artifact".to_owned(),
        }
    }
}

impl CertificateSeen {
    fn proved(&self) -> Vec<String> {
        let Vouched::By(authority) = &self.vouched else { return Vec::new() };
        let mut sentences = vec![format!("{authority} certified that key for {}", self.in_words())];
        sentences.extend(
            self.matched
                .iter()
                .map(|name| plain(&format!("the identity that was required is {name}"))),
        );
        if let CertificateLogged::By(logs) = &self.logged {
            sentences.extend(logs.iter().map(|log| {
                plain(&format!("the certificate log {log} promised to include that certificate"))
            }));
        }
        sentences
    }

    fn not_checked(&self) -> Option<String> {
        match (&self.vouched, &self.logged) {
            (Vouched::NotAsked, _) => Some(format!(
                "who the signer is: the certificate claims {}, and no authority was asked",
                self.in_words()
            )),
            (Vouched::By(_), CertificateLogged::By(_)) => None,
            (Vouched::By(_), CertificateLogged::NotAsked) => Some(
                "whether the certificate is in a certificate log: none is known for its authority"
                    .to_owned(),
            ),
            (Vouched::By(_), CertificateLogged::Waived) => Some(
                "whether the certificate is in a certificate log: none was required".to_owned(),
            ),
        }
    }

    fn in_words(&self) -> String {
        let names: Vec<_> = self.identities.iter().map(Identity::to_string).collect();
        let names = match names.as_slice() {
            [] => "nobody in particular".to_owned(),
            names => names.join(", "),
        };
        plain(&match &self.issuer {
            Some(issuer) => format!("{names}, vouched for by {issuer}"),
            None => names,
        })
    }
}

/// Text from others without control characters, which a terminal might obey.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
