//! Whom a verifier trusts: the keys of logs and witnesses, and certificate authorities.

use fasti_read::Trust;

use super::authority::Authority;

/// Everyone a verifier trusts.
#[derive(Clone, Debug, Default)]
pub struct TrustedRoot {
    /// The keys of logs and witnesses.
    pub trust: Trust,
    /// Authorities that can issue certificates for signing.
    pub authorities: Vec<Authority>,
    /// What a file names that cannot be trusted, each with the reason, for people.
    pub left_out: Vec<String>,
}

/// Trust in keys, and in no authority.
impl From<Trust> for TrustedRoot {
    fn from(trust: Trust) -> Self {
        Self { trust, ..Self::default() }
    }
}
