//! Who signed, and does that meet the caller's demand?

use fasti_entry::{
    ArtifactDigest, Certificate, EntryError, HashAlgorithm, KeyMaterial, SignedDigest,
    VerifiableSignature, Verifier,
};
use time::OffsetDateTime;

use super::artifact::Artifact;
use super::authority::{issuer_of, validity};
use super::certificate_log::logs_of;
use super::certificate_seen::{CertificateContent, CertificateLogged, CertificateSeen, Vouched};
use super::demand::{Demand, Detached};
use super::refusal::Refusal;
use super::trust::TrustedRoot;
use super::trusted_time::TrustedTime;
use super::verdict::SignerSeen;

/// Describes the signer of an already verified signature, which trusted parties saw at `times`, and
/// checks it against the demand.
pub(super) fn judge(
    signed: &SignedDigest,
    times: &[TrustedTime],
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<SignerSeen, Refusal> {
    if demand.identity.is_some() && demand.oidc_issuer.is_none() {
        return Err(Refusal::NoIssuer);
    }
    let key = signed.signature.verifier.public_key()?;
    if demand.public_key.as_ref().is_some_and(|demanded| *demanded != key) {
        return Err(Refusal::OtherKey);
    }
    let fingerprint = ArtifactDigest::of(HashAlgorithm::Sha256, key.spki_der());
    let certificate = match &signed.signature.verifier.material {
        KeyMaterial::Certificate(der) => Some(certificate(der, times, trusted, demand)?),
        KeyMaterial::PublicKey(_) if demand.identity.is_some() || demand.oidc_issuer.is_some() => {
            return Err(Refusal::NoCertificate);
        }
        KeyMaterial::PublicKey(_) => None,
    };
    Ok(SignerSeen {
        algorithm: key.algorithm().key_details(),
        fingerprint: hex::encode(fingerprint.as_bytes()),
        demanded: demand.public_key.is_some(),
        certificate,
    })
}

/// Builds the leaf of a detached signature over this artifact.
pub(super) fn rebuild(detached: &Detached, artifact: &dyn Artifact) -> Result<Vec<u8>, Refusal> {
    let verifier = Verifier::new(detached.material.clone())?;
    let digest = artifact.digest(verifier.public_key()?.algorithm().hash())?;
    let signature = VerifiableSignature { content: detached.signature.clone(), verifier };
    let signed = SignedDigest { digest, signature };
    signed.verify()?;
    Ok(signed.into_entry().to_leaf()?)
}

fn certificate(
    der: &[u8],
    times: &[TrustedTime],
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<CertificateSeen, Refusal> {
    let certificate = Certificate::from_der(der).map_err(EntryError::from)?;
    let identities = certificate.identities().to_vec();
    let issuer = certificate.fulcio_issuer().map_err(Refusal::UnclearIssuer)?.map(str::to_owned);
    let demands_identity = demand.identity.is_some() || demand.oidc_issuer.is_some();
    let has_authorities = !trusted.authorities.is_empty();
    let (vouched, logged) = match vouch(der, times, trusted, demand) {
        Ok(vouched) => vouched,
        // If the caller knows the signer's key, nobody needs to vouch for it.
        Err(_) if demand.public_key.is_some() && !demands_identity => NOBODY,
        Err(_) if !has_authorities && !demands_identity => NOBODY,
        Err(_) if !has_authorities => return Err(Refusal::NoAuthorities),
        Err(refusal) => return Err(refusal),
    };
    let mut matched = None;
    if let Some(demanded) = &demand.identity {
        matched = identities.iter().find(|name| demanded.fits(name)).cloned();
        if matched.is_none() {
            let found = identities.iter().map(ToString::to_string).collect();
            return Err(Refusal::Identity { found, demanded: demanded.to_string() });
        }
    }
    if let Some(demanded) = &demand.oidc_issuer
        && !demanded.fits(issuer.as_deref().unwrap_or_default())
    {
        let found = issuer.unwrap_or_default();
        return Err(Refusal::OidcIssuer { found, demanded: demanded.to_string() });
    }
    let content = CertificateContent { identities, issuer, valid: validity(der)? };
    Ok(CertificateSeen { content, matched, vouched, logged })
}

const NOBODY: (Vouched, CertificateLogged) = (Vouched::NotAsked, CertificateLogged::NotAsked);

/// Who vouches for a certificate: an authority that issued it, trusted parties that saw the
/// signature while it was valid, and certificate logs.
fn vouch(
    der: &[u8],
    times: &[TrustedTime],
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<(Vouched, CertificateLogged), Refusal> {
    let valid = validity(der)?;
    let [first, last] =
        [valid.from, valid.until].map(|end| end.map_or(0, OffsetDateTime::unix_timestamp));
    let is_outside = |time: &&TrustedTime| !(first..=last).contains(&time.seconds);
    if let Some(time) = times.iter().find(is_outside) {
        return Err(Refusal::OutsideValidity { time: time.clone(), valid });
    }
    let mut spans: Vec<_> = times.iter().map(|time| [time.seconds; 2]).collect();
    if times.is_empty() {
        spans.push([first, last]);
    }
    let issued = issuer_of(der, &trusted.authorities, &spans)?;
    if times.is_empty() && !demand.allow_untimed_certificate {
        return Err(Refusal::NoTrustedTime { valid, skipped: Vec::new() });
    }
    let logged = if !issued.authority.is_logged() {
        CertificateLogged::NotAsked
    } else if demand.allow_unlogged_certificate {
        CertificateLogged::Waived
    } else {
        CertificateLogged::By(logs_of(der, issued.key, &trusted.certificate_logs)?)
    };
    Ok((Vouched::By(issued.issuer), logged))
}
