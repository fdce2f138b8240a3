//! Who signed, and does that meet the caller's demand?

use fasti_entry::{
    ArtifactDigest, Certificate, EntryError, HashAlgorithm, KeyMaterial, SignedDigest,
    VerifiableSignature, Verifier,
};

use super::artifact::Artifact;
use super::authority::{Authority, issuer_of, validity};
use super::demand::{Demand, Detached};
use super::refusal::Refusal;
use super::verdict::{CertificateSeen, SignerSeen, Vouched};

/// Describes the signer of an already verified signature, and checks it against the demand.
pub(super) fn judge(
    signed: &SignedDigest,
    authorities: &[Authority],
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
        KeyMaterial::Certificate(der) => Some(certificate(der, authorities, demand)?),
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
    authorities: &[Authority],
    demand: &Demand,
) -> Result<CertificateSeen, Refusal> {
    let certificate = Certificate::from_der(der).map_err(EntryError::from)?;
    let identities = certificate.identities().to_vec();
    let issuer = certificate.fulcio_issuer().map_err(Refusal::UnclearIssuer)?.map(str::to_owned);
    let demands_identity = demand.identity.is_some() || demand.oidc_issuer.is_some();
    let vouched = match issuer_of(der, authorities) {
        Ok(authority) => Vouched::By(authority),
        // If the caller knows the signer's key, nobody needs to vouch for it.
        Err(_) if demand.public_key.is_some() && !demands_identity => Vouched::NotAsked,
        Err(_) if authorities.is_empty() && !demands_identity => Vouched::NotAsked,
        Err(_) if authorities.is_empty() => return Err(Refusal::NoAuthorities),
        Err(error) => return Err(error.into()),
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
    Ok(CertificateSeen { identities, matched, issuer, valid: validity(der)?, vouched })
}
