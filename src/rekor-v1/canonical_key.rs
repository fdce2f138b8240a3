//! Keys to search for, in the canonical form in which entries have them.
//!
//! Searches name a format as `rekord` does, and `tuf` besides, whose keys are whole root metadata.

use super::error::{KindError, invalid};
use super::kind::canonical_root;
#[cfg(feature = "pgp")]
use super::pki::pgp;
use super::pki::{minisign, ssh, x509};

/// The canonical form of a key in one of the formats `pgp`, `x509`, `minisign`, `ssh` and `tuf`.
/// Its SHA-256 is what an index lists entries by, except that X.509 keys are listed by their
/// SubjectPublicKeyInfo.
pub fn canonical_key(format: &str, text: &[u8]) -> Result<Vec<u8>, KindError> {
    match format {
        #[cfg(feature = "pgp")]
        "pgp" => Ok(pgp::Key::parse(text)?.canonical().to_vec()),
        #[cfg(not(feature = "pgp"))]
        "pgp" => Err(KindError::LeftOut("pgp")),
        "x509" => Ok(x509::Key::parse(text)?.canonical().to_vec()),
        "minisign" => Ok(minisign::Key::parse(text)?.canonical().to_vec()),
        "ssh" => Ok(ssh::Key::parse(text)?.canonical().to_vec()),
        "tuf" => canonical_root(text),
        _ => Err(invalid("the format is none of pgp, x509, minisign, ssh and tuf")),
    }
}
