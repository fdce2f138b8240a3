//! The list of keys that may write, by the SHA-256 of their `SubjectPublicKeyInfo`.

use std::collections::HashSet;

use fasti_entry::{Certificate, PublicKey};

use super::error::{ListError, ListProblem};
use super::fingerprint::Fingerprint;
use super::pem::{self, Line};

/// Maximum number of keys in all lists together.
pub const KEYS_MAX: usize = 100_000;

/// The keys that may write.
#[derive(Clone, Debug, Default)]
pub struct KeyList(HashSet<Fingerprint>);

impl KeyList {
    /// Adds the keys in a file: PEM blocks of public keys and of certificates (whose keys count),
    /// and fingerprints, one per line. `#` begins a comment.
    pub fn add(&mut self, text: &str) -> Result<(), ListError> {
        let mut added = 0;
        for (line, content) in pem::lines(text)? {
            let Some(key) = fingerprint(&content).map_err(|problem| problem.at(line))? else {
                continue;
            };
            self.0.insert(key);
            added += 1;
            if self.0.len() > KEYS_MAX {
                return Err(ListProblem::TooMany(KEYS_MAX).at(line));
            }
        }
        if added == 0 { Err(ListProblem::Empty.at(text.lines().count().max(1))) } else { Ok(()) }
    }

    /// Whether this key is listed.
    pub fn holds(&self, key: &Fingerprint) -> bool {
        self.0.contains(key)
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

fn fingerprint(line: &Line<'_>) -> Result<Option<Fingerprint>, ListProblem> {
    let text = match line {
        Line::PublicKey(der) => return Ok(Some(Fingerprint::of(&PublicKey::from_spki_der(der)?))),
        Line::Certificate(der) => {
            return Ok(Some(Fingerprint::of(Certificate::from_der(der)?.public_key())));
        }
        Line::Text(text) => text.split('#').next().unwrap_or_default().trim(),
    };
    if text.is_empty() {
        return Ok(None);
    }
    Fingerprint::parse(text).map(Some).ok_or(ListProblem::NoKey)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Subject, pem};
    use super::*;

    #[test]
    fn keys_are_listed_as_blocks_and_as_fingerprints() {
        let [bare, certified, late, colons, other] = std::array::from_fn(|_| Subject::new());
        let print = |subject: &Subject| Fingerprint::of(&subject.public_key());
        let upper = print(&colons).to_string()[7..].to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|n| &upper[2 * n..2 * n + 2]).collect();
        let text = format!(
            "# ours\n{}  # a\n\n{}# a certificate's\n{}{}\n",
            print(&bare),
            pem("PUBLIC KEY", bare.public_key().spki_der()),
            pem("CERTIFICATE", &certified.self_signed("b@example.com")),
            pairs.join(":"),
        );
        let mut list = KeyList::default();
        list.add(&text).unwrap();
        list.add(&print(&late).to_string()[7..]).unwrap();
        assert_eq!(list.count(), 4);
        for (subject, listed) in
            [(&bare, true), (&certified, true), (&late, true), (&colons, true), (&other, false)]
        {
            assert_eq!(list.holds(&print(subject)), listed);
        }
    }

    #[test]
    fn bad_lists_are_refused_with_the_line() {
        let good = "00".repeat(32);
        for (text, why) in [
            (String::new(), "line 1: the list is empty"),
            ("# nobody\n\n".to_owned(), "line 2: the list is empty"),
            (format!("{good}\n{}", &good[2..]), "line 2: neither a PEM block nor the SHA-256"),
            (format!("{good}\n\n# x\n{good} {good}"), "line 4: neither"),
            (pem("PUBLIC KEY", b"\x30\x00"), "line 1: not a DER encoded SubjectPublicKeyInfo"),
            (format!("{good}\n{}", pem("CERTIFICATE", b"0")), "line 2: not a DER encoded X.509"),
        ] {
            let message = KeyList::default().add(&text).unwrap_err().to_string();
            assert!(message.starts_with(why), "{message}");
        }
    }
}
