//! A chain of certificates that came along with a signature: does each vouch for the one before?
//!
//! Nobody trusts the last one, which counts as the anchor. So this says nothing about who signed,
//! but only that the chain is one, as Go's `crypto/x509` judges it at the first second of the
//! signer's certificate, for any purpose. Logs of Rekor v1 ask for no more.

use super::authority::Authority;
use super::chain::Authorities;
use super::chain_error::ChainError;
use super::link::Purpose;
use super::x509::X509;

/// Checks a chain, DER, the signer's certificate first. The certificates between may stand in any
/// order. A single certificate is a chain.
pub fn check_brought_chain(chain: &[&[u8]]) -> Result<(), ChainError> {
    let [signer, between @ .., last] = chain else { return Ok(()) };
    if signer == last {
        return Ok(());
    }
    let anchor = Authority::from_der(last)?;
    let between: Result<_, _> = between.iter().map(|der| Authority::from_der(der)).collect();
    let moment = X509::from_der(signer).map_err(ChainError::Malformed)?.not_before;
    let authorities = Authorities::new(vec![anchor], between?);
    authorities.check_for(Purpose::Any, signer, &[], [moment; 2]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use fasti_kit::certificates::{Authority, P256, Signer, authority, email, signing};
    use rcgen::ExtendedKeyUsagePurpose;

    use super::*;

    #[test]
    fn each_certificate_vouches_for_the_one_before() {
        let root = Authority::root(authority("root"));
        let inner = root.below(authority("inner"));
        let other = Authority::root(authority("inner"));
        let begin = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 20);
        let mut server = signing(email("dev@example.com"), "https://issuer", begin);
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signer = inner.issue(&server, Signer::of(P256));
        let [root, inner, other] = [&root.der[..], &inner.der, &other.der];
        let check = |chain: &[&[u8]]| check_brought_chain(chain).map_err(|e| e.to_string());
        for good in [
            &[&signer[..]][..],
            &[&signer, inner],
            &[&signer, inner, root],
            &[&signer, root, inner],
            &[&signer, other, inner, root],
            &[inner, root],
            &[root, root],
            &[],
        ] {
            check(good).expect("a chain");
        }
        let unknown = "no trusted authority has issued it";
        let forged = "its signature was not made by the issuer that it names";
        for (bad, why) in [
            (&[&signer[..], root][..], unknown),
            (&[&signer, other], forged),
            (&[root, inner], unknown),
        ] {
            assert_eq!(check(bad).unwrap_err(), why);
        }
        assert!(check(&[&signer, b"not a certificate"]).is_err());
        assert!(check(&[b"not a certificate", root]).is_err());
    }
}
