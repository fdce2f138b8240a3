//! How a verdict is printed: what is proved, what was not checked, and apart from both what the
//! signer claims.

use fasti::causes::with_causes;
use fasti::verify::{
    CertificateContent, CertificateLogged, LoggedV1, Refusal, SignerSeen, StatementSeen, Verdict,
};
use serde_json::{Value, json};
use tiles_spec::LeafIndex;

use super::predicate;
use crate::advice;
use crate::counted::counted;
use crate::output::Output;

/// What the user wants to see.
#[derive(Clone, Copy)]
pub struct Show {
    /// Who signed is said first, because anybody would have done.
    pub any_signer: bool,
    /// The predicate is printed.
    pub predicate: bool,
}

/// The first line if the user accepts a certificate that might have expired before it was used.
const UNTIMED: &str =
    "Verified OK, but nothing shows that the certificate was valid when it was used";

/// What the first line adds if no artifact was given.
const ENVELOPE_ALONE: &str = "; no artifact was given, so only the envelope is verified";

impl Show {
    /// The verdict on one artifact, or on an envelope alone.
    pub fn one(self, artifact: Option<&str>, verdict: &Verdict) -> Output {
        let mut first = self.first_line(None, verdict);
        if artifact.is_none() {
            first += ENVELOPE_ALONE;
        }
        let mut lines = vec![first];
        lines.extend(self.details(verdict));
        Output::good(lines, self.json(artifact, verdict))
    }

    /// The verdicts on several artifacts, of which each must be good.
    pub fn several(self, judged: Vec<(Option<&str>, Result<Verdict, Refusal>)>) -> Output {
        let count = judged.len();
        let bad = judged.iter().filter(|(_, judged)| judged.is_err()).count();
        let is_known =
            |judged: &Result<_, Refusal>| judged.as_ref().err().is_none_or(Refusal::is_verdict);
        let status = match bad {
            0 => 0,
            _ if judged.iter().all(|(_, judged)| is_known(judged)) => 1,
            _ => 2,
        };
        let mut lines = vec![match bad {
            0 => format!("Verified OK: all {count} artifacts"),
            _ => {
                format!("Not verified: {} of {count}", counted(bad as u64, "artifact", "artifacts"))
            }
        }];
        let mut each = Vec::new();
        for (name, judged) in judged {
            let name = name.unwrap_or_default();
            match judged {
                Ok(verdict) => {
                    lines.push(self.first_line(Some(name), &verdict));
                    lines.extend(self.details(&verdict));
                    each.push(self.json(Some(name), &verdict));
                }
                Err(refusal) => {
                    let refused = refusal.is_verdict();
                    let error = anyhow::Error::from(refusal);
                    let (words, advice) = (with_causes(error.as_ref()), advice::on(&error));
                    let verdict = if refused { "Refused" } else { "No verdict" };
                    lines.push(format!("{verdict}: {name}: {words}"));
                    lines.extend(advice.map(|advice| format!("  {advice}")));
                    each.push(json!({
                        "Verified": false,
                        "Artifact": name,
                        "error": words,
                        "refused": refused,
                        "advice": advice,
                    }));
                }
            }
        }
        let json = json!({"Verified": bad == 0, "Artifacts": each});
        Output::good(lines, json).with_status(status)
    }

    /// "OK", and what the user should not overlook.
    fn first_line(self, name: Option<&str>, verdict: &Verdict) -> String {
        let mut line = if verdict.is_untimed() { UNTIMED } else { "Verified OK" }.to_owned();
        line.extend(name.map(|name| format!(": {name}")));
        if self.any_signer {
            line += "; any signer was accepted: ";
            line += &who(verdict);
        }
        line
    }

    /// All lines but the first.
    fn details(self, verdict: &Verdict) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(verdict.proved().iter().map(|sentence| format!("  proved: {sentence}")));
        let not_checked = verdict.not_checked();
        lines.extend(not_checked.iter().map(|sentence| format!("  not checked: {sentence}")));
        let claimed = verdict.claimed();
        if !claimed.is_empty() {
            lines.push(String::new());
            lines.push("Claimed by the signer, not checked:".to_owned());
            lines.extend(claimed.iter().map(|sentence| format!("  {sentence}")));
        }
        if self.predicate {
            lines.push(String::new());
            lines.extend(predicate::lines(verdict.statement()));
        }
        lines
    }

    fn json(self, artifact: Option<&str>, verdict: &Verdict) -> Value {
        let signer = verdict.signer.as_ref();
        let certificate = signer.and_then(|signer| signer.certificate.as_ref());
        let proved = verdict.proved_identity();
        let times: Vec<_> = verdict
            .times
            .iter()
            .map(|time| json!({"Time": time.moment(), "By": time.source.to_string()}))
            .collect();
        let logs = certificate.map(|certificate| match &certificate.logged {
            CertificateLogged::By(logs) => logs.as_slice(),
            CertificateLogged::NotAsked | CertificateLogged::Waived => &[],
        });
        json!({
            "Verified": true,
            "Artifact": artifact,
            "AnySigner": self.any_signer,
            "Logged": logged(verdict),
            "Algorithm": signer.map(|signer| signer.algorithm.to_string()),
            "KeyFingerprint": signer.map(|signer| &signer.fingerprint),
            "Identities": proved.map(names),
            "IdentityKinds": proved.map(kinds),
            "RequiredIdentity": certificate.and_then(|certificate| {
                let matched = certificate.matched.as_ref()?;
                Some(json!({"Name": matched.name, "Kind": matched.kind.name()}))
            }),
            "OidcIssuer": proved.and_then(|content| content.issuer.as_ref()),
            "TrustedTimes": times,
            "UntimedCertificate": verdict.is_untimed(),
            "CertificateLogs": logs,
            "Statement": verdict.statement().map(|statement| self.statement(statement)),
            "Claims": verdict.claimed_identity().map(|content| json!({
                "Identities": names(content),
                "IdentityKinds": kinds(content),
                "OidcIssuer": content.issuer,
            })),
            "Proved": verdict.proved(),
            "NotChecked": verdict.not_checked(),
            "Claimed": verdict.claimed(),
        })
    }

    fn statement(self, statement: &StatementSeen) -> Value {
        let mut json = json!({
            "Type": statement.statement_type,
            "PredicateType": statement.predicate_type,
        });
        if self.predicate {
            let predicate = statement.predicate.as_deref();
            json["Predicate"] =
                predicate.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        }
        json
    }
}

/// Who signed, as far as that is proved.
fn who(verdict: &Verdict) -> String {
    match (verdict.proved_identity(), &verdict.signer) {
        (Some(identity), _) => identity.in_words(),
        (None, Some(SignerSeen { fingerprint, .. })) => {
            format!("somebody with the key {fingerprint}, for whom nobody vouches")
        }
        (None, None) => "nobody signed it".to_owned(),
    }
}

fn names(content: &CertificateContent) -> Vec<&str> {
    content.identities.iter().map(|identity| identity.name.as_str()).collect()
}

fn kinds(content: &CertificateContent) -> Vec<&str> {
    content.identities.iter().map(|identity| identity.kind.name()).collect()
}

fn logged(verdict: &Verdict) -> Vec<Value> {
    let logged = verdict.logged.iter().map(|logged| {
        json!({
            "Origin": logged.log.name().as_str(),
            "LogIndex": logged.index.get(),
            "UUID": logged.leaf.to_string(),
            "TreeSize": logged.head.size.get(),
            "RootHash": logged.head.root.to_string(),
            "Witnesses": logged.cosigned.iter().map(|w| w.witness.to_string())
                .collect::<Vec<_>>(),
        })
    });
    logged.chain(verdict.logged_v1.iter().map(logged_v1)).collect()
}

/// A place in a log of Rekor v1. The index is that of the whole log if the log has signed it.
fn logged_v1(logged: &LoggedV1) -> Value {
    let tree = logged.tree.as_ref();
    let promised = logged.promise.as_ref().map(|promise| promise.index);
    json!({
        "Origin": tree.map_or(logged.log.as_str(), |tree| tree.origin.as_str()),
        "LogIndex": promised.or(tree.map(|tree| tree.index)).map(LeafIndex::get),
        "UUID": logged.leaf.to_string(),
        "TreeIndex": tree.map(|tree| tree.index.get()),
        "TreeSize": tree.map(|tree| tree.head.size.get()),
        "RootHash": tree.map(|tree| tree.head.root.to_string()),
        "IntegratedTime": logged.promise.map(|promise| promise.time.unix_timestamp()),
        "Witnesses": [],
    })
}
