//! What a policy says: logs, witnesses, and which of them are enough.

use crate::note::VerifierKey;

/// A rule that a checkpoint's cosignatures satisfy or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The witness at this place in the policy has cosigned.
    Witness(usize),
    /// Enough of other rules are satisfied.
    Group {
        /// How many: at least one, and at most all of them.
        needed: usize,
        /// Their places among the rules, all before this one.
        members: Vec<usize>,
    },
}

/// What a policy demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quorum {
    /// No cosignature.
    None,
    /// That the rule at this place is satisfied.
    Rule(usize),
}

/// A log that a policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the key's name is the log's origin.
    pub key: VerifierKey,
    /// Where it is; what that means is up to the application.
    pub url: Option<String>,
}

/// A witness that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the policy, which is any bytes but blanks and controls.
    pub name: Vec<u8>,
    /// Its key.
    pub key: VerifierKey,
    /// The prefix of its URLs for submission.
    pub url: Option<String>,
}

/// Which logs are known, and whose cosignatures are enough.
///
/// ```
/// use tiles_spec::{CosigningKey, NoteSigningKey, Policy};
///
/// let log = NoteSigningKey::from_seed("log.example".parse()?, &[7; 32]);
/// let [a, b] = ["a", "b"].map(|name| {
///     let seed = [name.as_bytes()[0]; 32];
///     CosigningKey::from_seed(format!("{name}.example").parse().expect("a name"), &seed)
/// });
/// let text = format!(
///     "log {}\nwitness a {}\nwitness b {}\ngroup either any a b\nquorum either\n",
///     log.verifier_key(), a.verifier_key(), b.verifier_key(),
/// );
/// let policy = Policy::parse(text.as_bytes())?;
/// assert!(!policy.is_met(|_| false));
/// assert!(policy.is_met(|witness| witness.name == b"b"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(super) logs: Vec<PolicyLog>,
    pub(super) witnesses: Vec<PolicyWitness>,
    pub(super) rules: Vec<Rule>,
    pub(super) quorum: Quorum,
}

impl Policy {
    /// The logs. Empty if the application knows its log.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, whether the quorum counts them or not.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The same witnesses and quorum, for a log that the application knows.
    #[must_use]
    pub fn without_logs(self) -> Self {
        Self { logs: Vec::new(), ..self }
    }

    /// Whether the quorum needs any witness.
    pub const fn needs_witnesses(&self) -> bool {
        matches!(self.quorum, Quorum::Rule(_))
    }

    /// Whether the witnesses that cosigned are enough.
    pub fn is_met(&self, cosigned: impl Fn(&PolicyWitness) -> bool) -> bool {
        let Quorum::Rule(quorum) = self.quorum else { return true };
        let mut met = Vec::with_capacity(quorum + 1);
        for rule in &self.rules[..=quorum] {
            met.push(match rule {
                Rule::Witness(place) => cosigned(&self.witnesses[*place]),
                Rule::Group { needed, members } => {
                    members.iter().filter(|member| met[**member]).count() >= *needed
                }
            });
        }
        met[quorum]
    }
}
