//! Keys to search for, in the canonical form in which entries have them.
//!
//! Searches name a format as `rekord` does, and `tuf` besides, whose keys are whole root metadata.

use fasti_entry::LookupTerm;

use super::error::{KindError, invalid};
use super::kind::canonical_root;
#[cfg(feature = "pgp")]
use super::pki::pgp;
use super::pki::{minisign, ssh, x509};

/// The formats of keys that searches know.
pub const KEY_FORMATS: [&str; 5] = ["pgp", "x509", "minisign", "ssh", "tuf"];

/// What finds the entries with a key in one of the [`KEY_FORMATS`]. A key or certificate of X.509
/// is found by its SubjectPublicKeyInfo, and any other by its canonical form.
pub fn term_of_key(format: &str, text: &[u8]) -> Result<LookupTerm, KindError> {
    if format != "x509" {
        return Ok(LookupTerm::of_public_key(&canonical_key(format, text)?));
    }
    if let Some(term) = LookupTerm::of_pem(text) {
        return Ok(term);
    }
    // In a spelling of PEM that only Rekor reads.
    let term = LookupTerm::of_pem(&canonical_key(format, text)?);
    term.ok_or_else(|| invalid("no public key or certificate in PEM"))
}

/// The canonical form of a key in one of the [`KEY_FORMATS`], of which Rekor lists the SHA-256.
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
        _ => Err(invalid("the format is not pgp, x509, minisign, ssh or tuf")),
    }
}

#[cfg(test)]
mod tests {
    use fasti_kit::certificates::Signer;

    use super::*;
    use crate::testing::public_pem;

    #[test]
    fn every_format_finds_what_an_index_lists() {
        let signer = Signer::generate("PKIX_ECDSA_P256_SHA_256");
        let pem = public_pem(&signer);
        let term = term_of_key("x509", pem.as_bytes()).expect("a key");
        assert_eq!(term, LookupTerm::of_public_key(&signer.spki));
        let headed = pem.replacen("-----\n", "-----\nA-Header: of PEM\n\n", 1);
        assert_eq!(term_of_key("x509", headed.as_bytes()).expect("a key"), term);
        let ssh =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII+sTV6lbUT6GzYcfTLIJsQol9me018gMNg74uyOe+25";
        let term = term_of_key("ssh", format!("{ssh} me@example.com").as_bytes());
        let canonical = LookupTerm::of_public_key(format!("{ssh}\n").as_bytes());
        assert_eq!(term.expect("a key"), canonical);
        for format in KEY_FORMATS {
            assert!(term_of_key(format, b"no key").is_err(), "{format}");
        }
        assert!(term_of_key("jks", pem.as_bytes()).is_err());
    }
}
