//! A trusted root becomes trust in keys and authorities.

use fasti_entry::SigningAlgorithm;
use fasti_read::{Trust, TrustedLog};
use tiles_spec::{PublicKey, VerifierKey};

use super::super::authority::Authority;
use super::super::trust::TrustedRoot;
use super::super::v1_log::V1Log;
use super::error::{TrustedRootError, malformed, window};
use super::json::{ECDSA_P256, ED25519, LogInstance, Root};
use super::names::names;

/// Reads the logs and certificate authorities. Logs with keys of other kinds are left out.
///
/// The file does not say whether a log is of Rekor v1, v2 or both, so it is read as both, as far as
/// its key allows.
pub fn read(json: &[u8]) -> Result<TrustedRoot, TrustedRootError> {
    let root = Root::parse(json)?;
    let (mut logs, mut rekor_v1) = (Vec::new(), Vec::new());
    for log in &root.tlogs {
        logs.extend(trusted_log(log)?);
        rekor_v1.extend(v1_log(log)?);
    }
    if logs.is_empty() && rekor_v1.is_empty() {
        return Err(TrustedRootError::NoLog);
    }
    let mut authorities = Vec::new();
    for authority in &root.certificate_authorities {
        let window = window(&authority.valid_for, "a certificate authority")?;
        for der in &authority.certificates {
            authorities.push(Authority::new(der, window.from, window.until)?);
        }
    }
    Ok(TrustedRoot { trust: Trust { logs, ..Trust::default() }, rekor_v1, authorities })
}

/// The log as one of Rekor v1, which can have keys of more kinds, RSA among them.
fn v1_log(log: &LogInstance) -> Result<Option<V1Log>, TrustedRootError> {
    let in_use = window(&log.valid_for, &log.base_url)?;
    let name = names(&log.base_url)?.swap_remove(0);
    Ok(V1Log::new(name, &log.key, in_use).ok().filter(|read| {
        let details = log.key_details.as_str();
        match read.key().algorithm() {
            SigningAlgorithm::EcdsaP384Sha384 => details.starts_with("PKIX_ECDSA_P384_"),
            SigningAlgorithm::EcdsaP521Sha512 => details.starts_with("PKIX_ECDSA_P521_"),
            SigningAlgorithm::Ed25519ph => details == ED25519,
            // The older name of all RSA keys leaves the length to the key.
            algorithm if details == "PKIX_RSA_PKCS1V5" => algorithm.is_rsa(),
            algorithm => details == algorithm.key_details().name(),
        }
    }))
}

fn trusted_log(log: &LogInstance) -> Result<Option<TrustedLog>, TrustedRootError> {
    let log_id = <[u8; 32]>::try_from(log.log_id.as_slice())
        .map_err(|_| malformed("tlogs.logId.keyId", "it is not the 32 bytes of a SHA-256 hash"))?;
    if ![ED25519, ECDSA_P256].contains(&log.key_details.as_str()) {
        return Ok(None);
    }
    let public_key = public_key(log)?;
    let mut keys = Vec::new();
    for name in names(&log.base_url)? {
        let Ok(name) = name.parse() else { continue };
        let key = VerifierKey::new(name, public_key.clone());
        keys.push(key.map_err(|e| malformed("tlogs.publicKey", &e.to_string()))?);
    }
    let stated = keys.iter().position(|key| key.log_id() == log_id).unwrap_or(0);
    if keys.is_empty() {
        return Err(malformed("tlogs.baseUrl", "no part of it gives the log's name"));
    }
    let in_use = window(&log.valid_for, &log.base_url)?;
    Ok(Some(TrustedLog { key: keys.swap_remove(stated), log_id, in_use }))
}

/// The key of a log, which must be of the kind that the root states.
fn public_key(log: &LogInstance) -> Result<PublicKey, TrustedRootError> {
    let bad = |reason| malformed("tlogs.publicKey.rawBytes", reason);
    let is_ed25519 = log.key_details == ED25519;
    match PublicKey::from_spki_der(&log.key) {
        Ok(key @ PublicKey::Ed25519(_)) if is_ed25519 => Ok(key),
        Ok(key @ PublicKey::EcdsaP256(_)) if !is_ed25519 => Ok(key),
        _ if is_ed25519 => Err(bad("it is not an Ed25519 public key")),
        _ => Err(bad("it is not an ECDSA public key on P-256")),
    }
}
