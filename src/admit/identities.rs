//! The identity policy: whose certificates may write. A TOML file:
//!
//! ```toml
//! roots = ["fulcio.pem"]         # the authorities; paths are relative to this file
//! max_age_seconds = 3600         # optional
//!
//! [[allow]]                      # one matching rule is enough
//! issuer = "https://token.actions.githubusercontent.com"
//! san = { regex = 'https://github\.com/org/[^/]+/\.github/workflows/release\.yml@refs/tags/.+' }
//! kind = "uri"                   # optional: email, uri, dns, ip, username
//! extensions = { source_repository_owner_uri = "https://github.com/org" }
//! ```
//!
//! A rule matches if every part of it matches. Without a kind, a name must have the form of its own
//! kind. A certificate without an issuer has the empty one; an absent extension matches nothing.
//! Cheap checks come first: rules, time, purpose, chain.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use const_oid::ObjectIdentifier;
use fasti_x509::{Identity, IdentityKind, NamePattern, Pattern};
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use super::authorities::Authorities;
use super::error::{AdmissionRefusal, IdentityReason, ListError, ListProblem, quote};
use super::fingerprint::Fingerprint;
use super::holder::{Holder, extension_id};
use super::pattern::PatternText;

/// Maximum number of rules.
const RULES_MAX: usize = 1024;
/// How far apart the clocks of a submitter, an authority and this machine can be.
pub const CLOCKS_APART_MAX: Duration = Duration::from_mins(1);

/// A policy, without the authorities that it names.
#[derive(Debug)]
pub struct Policy {
    /// The files of the authorities' certificates, as the policy names them.
    pub roots: Vec<String>,
    max_age: Option<Duration>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    issuer: Pattern,
    san: NamePattern,
    extensions: Vec<(ObjectIdentifier, Pattern)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyText {
    roots: Vec<String>,
    max_age_seconds: Option<u32>,
    allow: Vec<Spanned<RuleText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    issuer: Spanned<PatternText>,
    san: Spanned<PatternText>,
    #[serde(default, deserialize_with = "kind")]
    kind: Option<IdentityKind>,
    #[serde(default)]
    extensions: BTreeMap<String, Spanned<PatternText>>,
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IdentityKind>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Policy {
    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let line_at = |byte: usize| text.get(..byte).unwrap_or(text).matches('\n').count() + 1;
        let policy: PolicyText = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(span.start));
            ListProblem::Policy(error.message().replace('\n', ", ")).at(line)
        })?;
        if policy.roots.is_empty() || policy.allow.is_empty() {
            return Err(ListProblem::Empty.at(text.lines().count().max(1)));
        }
        let pattern = |text: Spanned<PatternText>| {
            let line = line_at(text.span().start);
            text.into_inner().compile().map_err(|error| ListProblem::from(error).at(line))
        };
        let rule = |rule: RuleText| {
            let extension = |(name, text): (String, Spanned<PatternText>)| {
                let line = line_at(text.span().start);
                let id =
                    extension_id(&name).ok_or_else(|| ListProblem::Extension(name).at(line))?;
                Ok((id, pattern(text)?))
            };
            let line = line_at(rule.san.span().start);
            let san = rule.san.into_inner().compile_for_names(rule.kind);
            Ok(Rule {
                issuer: pattern(rule.issuer)?,
                san: san.map_err(|error| ListProblem::from(error).at(line))?,
                extensions: rule.extensions.into_iter().map(extension).collect::<Result<_, _>>()?,
            })
        };
        if let Some(over) = policy.allow.get(RULES_MAX) {
            return Err(ListProblem::TooMany(RULES_MAX).at(line_at(over.span().start)));
        }
        Ok(Self {
            roots: policy.roots,
            max_age: policy.max_age_seconds.map(|seconds| Duration::from_secs(seconds.into())),
            rules: policy
                .allow
                .into_iter()
                .map(|text| rule(text.into_inner()))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Rule {
    fn fits(&self, holder: &Holder<'_>) -> bool {
        let extension_fits = |(id, pattern): &(ObjectIdentifier, Pattern)| {
            holder.extension(*id).is_some_and(|text| pattern.fits(text))
        };
        self.issuer.fits(&holder.issuer)
            && holder.names.iter().any(|name| self.san.fits(name))
            && self.extensions.iter().all(extension_fits)
    }
}

/// A policy with its authorities.
#[derive(Debug)]
pub struct IdentityList {
    policy: Policy,
    authorities: Authorities,
}

impl IdentityList {
    /// Combines a policy with the authorities from the files it names.
    pub fn new(policy: Policy, authorities: Authorities) -> Self {
        Self { policy, authorities }
    }

    /// How many rules there are.
    pub fn count(&self) -> usize {
        self.policy.rules.len()
    }

    /// Checks that this certificate, whose key is `key`, may write at `now`.
    pub fn judge(
        &self,
        der: &[u8],
        key: Fingerprint,
        now: SystemTime,
    ) -> Result<(), AdmissionRefusal> {
        let refusal = |holder: String, reason| AdmissionRefusal::Identity { holder, key, reason };
        let holder = Holder::of(der).map_err(|error| {
            refusal("an unknown holder".to_owned(), IdentityReason::Chain(error.to_string()))
        })?;
        self.objection(der, &holder, now)
            .map_or(Ok(()), |reason| Err(refusal(describe(&holder), reason)))
    }

    fn objection(
        &self,
        der: &[u8],
        holder: &Holder<'_>,
        now: SystemTime,
    ) -> Option<IdentityReason> {
        if !self.policy.rules.iter().any(|rule| rule.fits(holder)) {
            return Some(IdentityReason::NotListed);
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (now, apart) = (seconds(now), seconds(CLOCKS_APART_MAX));
        if now + apart < holder.not_before {
            return Some(IdentityReason::NotYet(moment(holder.not_before)));
        }
        let aged = self.policy.max_age.map(|age| holder.not_before.saturating_add(seconds(age)));
        let last = aged.map_or(holder.not_after, |aged| aged.max(holder.not_after));
        if now - apart > last {
            return Some(IdentityReason::Expired(moment(holder.not_after)));
        }
        if !holder.signs_code {
            return Some(IdentityReason::Purpose);
        }
        let issued = self.authorities.issued(der, holder.not_before);
        issued.map_err(IdentityReason::Chain).err()
    }
}

/// The names in a certificate, for people.
fn describe(holder: &Holder<'_>) -> String {
    let names: Vec<String> = holder.names.iter().map(Identity::to_string).collect();
    let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    match &holder.issuer[..] {
        "" => format!("\"{}\"", quote(&names)),
        issuer => format!("\"{}\" (by \"{}\")", quote(&names), quote(issuer)),
    }
}

/// Whole seconds, as certificates count them; capped so that sums do not overflow.
fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX / 2)
}

fn moment(since_1970: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(since_1970).ok();
    moment
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "another age".to_owned())
}

#[cfg(test)]
mod tests;
