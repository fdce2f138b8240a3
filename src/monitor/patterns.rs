//! What is looked for in entries: names, keys, digests, extensions, and what is odd.
//!
//! Texts and hashes are found in tables, so that their number costs nothing. All regular
//! expressions are compiled into one set, which reads a name once. Invariants: how many patterns
//! there are, and how large they are, is bounded; a name costs no more than [`NAME_BYTES_MAX`]
//! bytes of reading, and one that is longer counts as not compared.

use std::collections::HashMap;

use fasti_x509::{Pattern, PatternError, canonical_name};
use regex::{RegexSet, RegexSetBuilder};

use super::extension_name;

/// The most patterns of all kinds.
pub const PATTERNS_MAX: usize = 100_000;
/// The most regular expressions.
pub const REGEXES_MAX: usize = 1000;
/// The longest name that regular expressions read, in bytes. Fulcio's names are far shorter.
pub const NAME_BYTES_MAX: usize = 2048;
/// The longest regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 4096;
/// The most memory of all regular expressions, compiled, in bytes.
const REGEX_MEMORY_MAX: usize = 32 << 20;

/// The number of a pattern, in the order in which they were added.
pub type PatternId = u32;

/// Why patterns are refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternsError {
    /// There are too many.
    #[error("there are more than {PATTERNS_MAX} patterns")]
    TooMany,
    /// There are too many regular expressions.
    #[error("there are more than {REGEXES_MAX} regular expressions")]
    TooManyRegexes,
    /// A regular expression cannot be used.
    #[error("{text:?}: {reason}")]
    Regex {
        /// The expression.
        text: String,
        /// Why not.
        reason: String,
    },
    /// The expression for issuers cannot be used.
    #[error("the issuer {text:?}")]
    Issuer {
        /// The expression.
        text: String,
        /// Why not.
        #[source]
        source: PatternError,
    },
    /// Not a hash.
    #[error("{0:?} is not the SHA-256 of a key in hexadecimal: 64 digits")]
    Key(String),
    /// Not a digest.
    #[error("{0:?} is not a digest in hexadecimal: 2 to 128 digits")]
    Digest(String),
    /// Not an extension and its value.
    #[error("{0:?} is not NAME=VALUE, with the name or the object identifier of an extension")]
    Extension(String),
}

/// Who must have vouched for a name: an OIDC issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// This one.
    Exact(String),
    /// One that matches this expression as a whole.
    Regex(String),
}

/// Patterns as they are written.
#[derive(Clone, Debug, Default)]
pub struct PatternTexts {
    /// Names, exactly; ASCII letters match in either case.
    pub identities: Vec<(String, IssuerText)>,
    /// Regular expressions that must match a whole name.
    pub identity_regexes: Vec<(String, IssuerText)>,
    /// SHA-256 hashes of keys (DER SubjectPublicKeyInfo), in hexadecimal.
    pub keys: Vec<String>,
    /// Digests of artifacts, payloads or envelopes, in hexadecimal.
    pub digests: Vec<String>,
    /// Values of extensions: `NAME=VALUE`.
    pub extensions: Vec<String>,
    /// Whether to report certificates that no trusted authority issued.
    pub unvouched: bool,
}

/// The issuer that a pattern demands; `None` is any, or none.
pub type IssuerText = Option<Issuer>;

/// Patterns, ready for use.
#[derive(Debug, Default)]
pub struct Patterns {
    /// What each pattern is, for reports.
    labels: Vec<String>,
    /// By name in lower case.
    identities: HashMap<String, Vec<Named>>,
    regexes: RegexSet,
    regex_named: Vec<Named>,
    issuers: Vec<Pattern>,
    keys: HashMap<Vec<u8>, PatternId>,
    digests: HashMap<Vec<u8>, PatternId>,
    extensions: HashMap<Vec<u8>, HashMap<String, PatternId>>,
    unvouched: Option<PatternId>,
}

/// A pattern for names, and the number of the pattern for the issuer.
#[derive(Clone, Copy, Debug)]
struct Named {
    id: PatternId,
    issuer: Option<usize>,
}

impl Patterns {
    /// Compiles patterns.
    pub fn new(texts: &PatternTexts) -> Result<Self, PatternsError> {
        let count = texts.identities.len()
            + texts.identity_regexes.len()
            + texts.keys.len()
            + texts.digests.len()
            + texts.extensions.len();
        if count >= PATTERNS_MAX {
            return Err(PatternsError::TooMany);
        }
        let mut patterns = Self::default();
        let mut issuers = Vec::new();
        for (name, issuer) in &texts.identities {
            let issuer = patterns.issuer(&mut issuers, issuer.as_ref())?;
            let id = patterns.label(format!("identity {name}"));
            let name = canonical_name(name).to_ascii_lowercase();
            patterns.identities.entry(name).or_default().push(Named { id, issuer });
        }
        patterns.add_regexes(&mut issuers, &texts.identity_regexes)?;
        for text in &texts.keys {
            let key = hex::decode(text).ok().filter(|key| key.len() == 32);
            let key = key.ok_or_else(|| PatternsError::Key(text.clone()))?;
            let id = patterns.label(format!("key {}", hex::encode(&key)));
            patterns.keys.insert(key, id);
        }
        for text in &texts.digests {
            let digits = text.split_once(':').map_or(text.as_str(), |(_, digits)| digits);
            let digest = hex::decode(digits).ok().filter(|it| (1..=64).contains(&it.len()));
            let digest = digest.ok_or_else(|| PatternsError::Digest(text.clone()))?;
            let id = patterns.label(format!("digest {}", hex::encode(&digest)));
            patterns.digests.insert(digest, id);
        }
        for text in &texts.extensions {
            patterns.add_extension(text)?;
        }
        if texts.unvouched {
            patterns.unvouched = Some(patterns.label("unvouched".to_owned()));
        }
        Ok(patterns)
    }

    fn add_regexes(
        &mut self,
        issuers: &mut Vec<Issuer>,
        texts: &[(String, IssuerText)],
    ) -> Result<(), PatternsError> {
        if texts.len() > REGEXES_MAX {
            return Err(PatternsError::TooManyRegexes);
        }
        let mut whole = Vec::with_capacity(texts.len());
        for (text, issuer) in texts {
            let refused = |reason| PatternsError::Regex { text: text.clone(), reason };
            if text.len() > REGEX_BYTES_MAX {
                return Err(refused(format!("longer than {REGEX_BYTES_MAX} bytes")));
            }
            // By itself first: nothing may close the group that is put around it.
            Pattern::regex(text).map_err(|error| refused(error.to_string()))?;
            whole.push(format!(r"\A(?:{text})\z"));
            let issuer = self.issuer(issuers, issuer.as_ref())?;
            let id = self.label(format!("identity-regex {text}"));
            self.regex_named.push(Named { id, issuer });
        }
        let mut set = RegexSetBuilder::new(whole);
        set.size_limit(REGEX_MEMORY_MAX).dfa_size_limit(REGEX_MEMORY_MAX);
        self.regexes = set.build().map_err(|error| PatternsError::Regex {
            text: format!("{} expressions together", texts.len()),
            reason: error.to_string().lines().last().unwrap_or_default().to_owned(),
        })?;
        Ok(())
    }

    fn add_extension(&mut self, text: &str) -> Result<(), PatternsError> {
        let refused = || PatternsError::Extension(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(refused)?;
        let oid = extension_name::identifier(name).ok_or_else(refused)?;
        let id = self.label(format!("extension {text}"));
        self.extensions.entry(oid).or_default().insert(value.to_owned(), id);
        Ok(())
    }

    fn label(&mut self, label: String) -> PatternId {
        self.labels.push(label);
        PatternId::try_from(self.labels.len() - 1).expect("there are fewer than PATTERNS_MAX")
    }

    /// The number of the pattern for an issuer, compiled once for all that demand the same.
    fn issuer(
        &mut self,
        known: &mut Vec<Issuer>,
        issuer: Option<&Issuer>,
    ) -> Result<Option<usize>, PatternsError> {
        let Some(issuer) = issuer else { return Ok(None) };
        if let Some(at) = known.iter().position(|known| known == issuer) {
            return Ok(Some(at));
        }
        self.issuers.push(match issuer {
            Issuer::Regex(text) => Pattern::regex(text)
                .map_err(|source| PatternsError::Issuer { text: text.clone(), source })?,
            Issuer::Exact(text) => Pattern::exact(text.clone()),
        });
        known.push(issuer.clone());
        Ok(Some(known.len() - 1))
    }

    /// What a pattern is, for reports.
    pub fn label_of(&self, id: PatternId) -> &str {
        self.labels.get(id as usize).map_or("signature", String::as_str)
    }

    /// Whether anything in a certificate or name is looked for.
    pub(crate) fn has_any(&self) -> bool {
        !self.labels.is_empty()
    }

    /// The patterns that a name matches, whose issuer vouched for it. Returns whether it was
    /// compared with all of them.
    pub(crate) fn of_name(
        &self,
        name: &str,
        issuer: Option<&str>,
        to: &mut Vec<PatternId>,
    ) -> bool {
        let fits = |named: &&Named| match named.issuer.and_then(|at| self.issuers.get(at)) {
            None => true,
            Some(demand) => {
                issuer.is_some_and(|issuer| issuer.len() <= NAME_BYTES_MAX && demand.fits(issuer))
            }
        };
        if !self.identities.is_empty() {
            let exact = self.identities.get(&name.to_ascii_lowercase());
            to.extend(exact.into_iter().flatten().filter(fits).map(|named| named.id));
        }
        if self.regex_named.is_empty() {
            return true;
        }
        if name.len() > NAME_BYTES_MAX {
            return false;
        }
        let matched = self.regexes.matches(name);
        to.extend(matched.iter().map(|at| &self.regex_named[at]).filter(fits).map(|it| it.id));
        true
    }

    /// The pattern for the key with this SHA-256.
    pub(crate) fn of_key(&self, sha256: &[u8]) -> Option<PatternId> {
        self.keys.get(sha256).copied()
    }

    /// The pattern for this digest.
    pub(crate) fn of_digest(&self, digest: &[u8]) -> Option<PatternId> {
        self.digests.get(digest).copied()
    }

    /// The pattern for an extension with this text.
    pub(crate) fn of_extension(&self, oid: &[u8], text: &str) -> Option<PatternId> {
        self.extensions.get(oid)?.get(text).copied()
    }

    /// Whether values of extensions are looked for.
    pub(crate) fn has_extensions(&self) -> bool {
        !self.extensions.is_empty()
    }

    /// The pattern for certificates for which nobody vouches.
    pub(crate) const fn unvouched(&self) -> Option<PatternId> {
        self.unvouched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(patterns: &Patterns, name: &str, issuer: Option<&str>) -> Vec<String> {
        let mut ids = Vec::new();
        assert!(patterns.of_name(name, issuer, &mut ids));
        ids.into_iter().map(|id| patterns.label_of(id).to_owned()).collect()
    }

    #[test]
    fn names_are_exact_or_expressions_and_have_their_issuers() {
        let exact = |issuer: &str| Some(Issuer::Exact(issuer.to_owned()));
        let texts = PatternTexts {
            identities: vec![
                ("Dev@example.com".to_owned(), None),
                ("dev@example.com".to_owned(), exact("https://a.example")),
            ],
            identity_regexes: vec![
                (".*@example\\.com".to_owned(), None),
                ("dev|x".to_owned(), None),
                (".*".to_owned(), Some(Issuer::Regex("https://b\\..*".to_owned()))),
            ],
            ..PatternTexts::default()
        };
        let patterns = Patterns::new(&texts).unwrap();
        let both = ["identity Dev@example.com", "identity-regex .*@example\\.com"];
        assert_eq!(named(&patterns, "DEV@example.com", None), both);
        assert_eq!(
            named(&patterns, "dev@example.com", Some("https://a.example")),
            [both[0], "identity dev@example.com", both[1]]
        );
        assert_eq!(named(&patterns, "y", Some("https://b.example")), ["identity-regex .*"]);
        assert!(named(&patterns, "dev@example.com.evil", None).is_empty());
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        assert!(!patterns.of_name(&long, None, &mut Vec::new()), "it was not compared");
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let refused = |texts: PatternTexts| Patterns::new(&texts).unwrap_err().to_string();
        let regex = |text: &str| PatternTexts {
            identity_regexes: vec![(text.to_owned(), None)],
            ..PatternTexts::default()
        };
        assert!(refused(regex("a)|(?:b")).contains("unopened group"));
        assert!(refused(regex("(a{1000}){1000}")).contains("size limit"));
        let key = PatternTexts { keys: vec!["ab".to_owned()], ..PatternTexts::default() };
        assert!(refused(key).contains("64 digits"));
        let digest = PatternTexts { digests: vec!["sha256:x".to_owned()], ..Default::default() };
        assert!(refused(digest).contains("not a digest"));
        for text in ["issuer", "no-such=1", "=1"] {
            let extension =
                PatternTexts { extensions: vec![text.to_owned()], ..Default::default() };
            assert!(refused(extension).contains("NAME=VALUE"), "{text}");
        }
        let many = vec![("a".to_owned(), None); REGEXES_MAX + 1];
        let many = PatternTexts { identity_regexes: many, ..Default::default() };
        assert!(matches!(Patterns::new(&many), Err(PatternsError::TooManyRegexes)));
    }

    /// A list of thousands costs a name about as much as a list of one.
    #[test]
    fn many_patterns_are_tables() {
        let texts = PatternTexts {
            identities: (0..50_000).map(|n| (format!("user{n}@example.com"), None)).collect(),
            ..PatternTexts::default()
        };
        let patterns = Patterns::new(&texts).unwrap();
        assert_eq!(named(&patterns, "user49999@example.com", None).len(), 1);
        assert!(named(&patterns, "user50000@example.com", None).is_empty());
    }
}
