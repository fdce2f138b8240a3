//! What a verification has proved, as data and as sentences.

use fasti_entry::{ArtifactDigest, Foreign, KeyDetails};
use fasti_read::trust::Cosigned;
use fasti_read::window::Window;
use tiles_spec::{Hash, LeafIndex, TreeHead, VerifierKey};
use time::OffsetDateTime;

use super::certificate_seen::{CertificateContent, CertificateSeen};
use super::logged_v1::{LoggedV1, not_dated};
use super::statement::StatementSeen;
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
        /// The in-toto statement that it is, if it is one.
        statement: Option<StatementSeen>,
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

impl Verdict {
    /// When logs took it, each by its own clock and under its signature.
    pub fn integrated_times(&self) -> impl Iterator<Item = OffsetDateTime> + '_ {
        self.logged_v1.iter().filter_map(LoggedV1::integrated_time)
    }

    /// Whether an identity is proved, but not that its certificate was valid when it was used.
    pub fn is_untimed(&self) -> bool {
        self.times.is_empty() && SignerSeen::time(self.signer.as_ref()).is_some()
    }

    /// The in-toto statement that was signed, if it was one. The signer says all of it.
    pub fn statement(&self) -> Option<&StatementSeen> {
        match &self.subject {
            Subject::Payload { statement, .. } => statement.as_ref(),
            Subject::Artifact(_) | Subject::Entry => None,
        }
    }

    /// What the signer's certificate says, if a trusted authority vouches for it.
    pub fn proved_identity(&self) -> Option<&CertificateContent> {
        self.certificate().and_then(CertificateSeen::proved)
    }

    /// What the signer's certificate says, if nobody vouches for it.
    pub fn claimed_identity(&self) -> Option<&CertificateContent> {
        self.certificate().and_then(CertificateSeen::claimed)
    }

    fn certificate(&self) -> Option<&CertificateSeen> {
        self.signer.as_ref()?.certificate.as_ref()
    }

    /// What was proved, one sentence each, which can be shown as they are.
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
            sentences.extend(signer.certificate.iter().flat_map(CertificateSeen::proved_in_words));
        }
        sentences.extend(self.statement().map(|statement| {
            let StatementSeen { predicate_type, .. } = statement;
            format!("it is an in-toto statement with a predicate of the type {predicate_type}")
        }));
        let times = self.times.iter();
        sentences.extend(
            times.map(|time| format!("{} saw the signature at {}", time.source, time.moment())),
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
        shown(&sentences)
    }

    /// What the signer claims and nobody vouches for, one sentence each, which can be shown as they
    /// are. Anyone can claim anything.
    pub fn claimed(&self) -> Vec<String> {
        shown(&self.certificate().map(CertificateSeen::claimed_in_words).unwrap_or_default())
    }

    /// What was not checked and why that can matter, one sentence each, which can be shown as they
    /// are.
    pub fn not_checked(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Subject::Payload { media_type, named: None, .. } = &self.subject {
            sentences.push(format!("what the payload, a {media_type}, is about"));
        }
        if let Some(StatementSeen { predicate_type, .. }) = self.statement() {
            sentences.push(format!(
                "whether the predicate is true: only its type was read, which is {predicate_type}"
            ));
        }
        if let Some(signer) = &self.signer {
            match &signer.certificate {
                Some(certificate) => {
                    sentences.extend(certificate.not_checked().map(str::to_owned));
                }
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
        sentences.extend(self.unchecked.iter().cloned());
        shown(&sentences)
    }
}

impl SignerSeen {
    /// When it was signed, as far as a trusted party says so: while the certificate was valid.
    pub(super) fn time(signer: Option<&Self>) -> Option<Window> {
        Some(signer?.certificate.as_ref()?.proved()?.valid)
    }
}

impl Subject {
    fn in_words(&self) -> String {
        match self {
            Self::Artifact(digest) => format!("the artifact ({digest:?})"),
            Self::Payload { media_type, named: Some(name), .. } => {
                format!("the payload ({media_type}), which names the artifact {name},")
            }
            Self::Payload { media_type, named: None, .. } => format!("the payload ({media_type})"),
            Self::Entry => "the artifact".to_owned(),
        }
    }
}

/// The sentences, in which text from others cannot pass for anything else.
fn shown(sentences: &[String]) -> Vec<String> {
    sentences.iter().map(|sentence| Foreign(sentence).to_string()).collect()
}
