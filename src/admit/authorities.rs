//! The trusted certificate authorities, and the check that one of them issued a certificate.
//!
//! The operator's files bound the trust: a certificate whose issuer is not listed as well is an
//! anchor, root or not. The others are intermediates and must chain to an anchor.
//!
//! Everything is checked as of the certificate's `notBefore`, so that the result does not change
//! when an authority retires. What is checked is said in [`fasti_x509::Authorities`].

use fasti_x509::{Authorities as Chains, Authority, ChainError};

use super::error::{ListError, ListProblem};
use super::pem::{self, Line};

/// Maximum number of certificates in all files together.
const AUTHORITIES_MAX: usize = 256;

/// The trusted authorities.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    listed: Vec<Authority>,
    chains: Chains,
}

impl Authorities {
    /// Adds the certificates in a PEM file. Text around them is ignored.
    pub fn add(&mut self, text: &str) -> Result<(), ListError> {
        let before = self.listed.len();
        for (line, content) in pem::lines(text)? {
            let der = match content {
                Line::Text(_) => continue,
                Line::Certificate(der) => der,
                Line::PublicKey(_) => {
                    return Err(ListProblem::OtherPem("PUBLIC KEY".to_owned()).at(line));
                }
            };
            self.listed.push(read(&der).map_err(|problem| problem.at(line))?);
            if self.listed.len() > AUTHORITIES_MAX {
                return Err(ListProblem::TooMany(AUTHORITIES_MAX).at(line));
            }
        }
        if self.listed.len() == before {
            return Err(ListProblem::Empty.at(text.lines().count().max(1)));
        }
        self.chains = Chains::of_list(&self.listed);
        Ok(())
    }

    /// Checks that one of them issued this certificate, for code signing, at `not_before` (since
    /// 1970), the start of its validity. The error says why not.
    pub fn issued(&self, certificate: &[u8], not_before: i64) -> Result<(), String> {
        let checked = self.chains.check(certificate, [not_before; 2]);
        checked.map(drop).map_err(|error| match error {
            ChainError::UnknownIssuer => {
                "none of the authorities that this log trusts has issued it".to_owned()
            }
            other => other.to_string(),
        })
    }
}

fn read(der: &[u8]) -> Result<Authority, ListProblem> {
    let authority = Authority::from_der(der).map_err(|_| {
        ListProblem::Authority("not a certificate that can be checked (X.509 is required)")
    })?;
    if authority.may_issue() {
        return Ok(authority);
    }
    Err(ListProblem::Authority("this certificate is not for issuing others (CA:TRUE, keyCertSign)"))
}

#[cfg(test)]
mod tests;
