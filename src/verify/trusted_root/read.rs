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

/// Reads the logs and certificate authorities. Those that cannot be used are left out, and named in
/// [`TrustedRoot::left_out`]. It is an error if no log is left.
///
/// The file does not say whether a log is of Rekor v1, v2 or both, so it is read as both, as far as
/// its key allows.
pub fn read(json: &[u8]) -> Result<TrustedRoot, TrustedRootError> {
    let root = Root::parse(json)?;
    let (mut logs, mut rekor_v1) = (Vec::new(), Vec::new());
    let (mut authorities, mut left_out) = (Vec::new(), Vec::new());
    for (number, log) in root.tlogs.iter().enumerate() {
        match (trusted_log(log), v1_log(log)) {
            (Err(reason), None) => {
                left_out.push(format!("the log {}: {reason}", called(number, log)));
            }
            (v2, v1) => {
                logs.extend(v2);
                rekor_v1.extend(v1);
            }
        }
    }
    if logs.is_empty() && rekor_v1.is_empty() {
        return Err(TrustedRootError::NoLog { left_out });
    }
    for (number, authority) in root.certificate_authorities.iter().enumerate() {
        let read = window(&authority.valid_for, "a certificate authority").and_then(|window| {
            Ok(Authority::of_list(&authority.certificates, window.from, window.until)?)
        });
        match read {
            Ok(authority) => authorities.push(authority),
            Err(reason) => {
                left_out
                    .push(format!("certificateAuthorities[{number}]: {}", with_source(&reason)));
            }
        }
    }
    let trust = Trust { logs, ..Trust::default() };
    Ok(TrustedRoot { trust, rekor_v1, authorities, left_out })
}

/// The log as one of Rekor v1, which can have keys of more kinds, RSA among them.
fn v1_log(log: &LogInstance) -> Option<V1Log> {
    let in_use = window(&log.valid_for, &log.base_url).ok()?;
    let name = names(&log.base_url).ok()?.into_iter().next()?;
    V1Log::new(name, &log.key, in_use).ok().filter(|read| {
        let details = log.key_details.as_str();
        match read.key().algorithm() {
            SigningAlgorithm::EcdsaP384Sha384 => details.starts_with("PKIX_ECDSA_P384_"),
            SigningAlgorithm::EcdsaP521Sha512 => details.starts_with("PKIX_ECDSA_P521_"),
            SigningAlgorithm::Ed25519ph => details == ED25519,
            // The older name of all RSA keys leaves the length to the key.
            algorithm if details == "PKIX_RSA_PKCS1V5" => algorithm.is_rsa(),
            algorithm => details == algorithm.key_details().name(),
        }
    })
}

/// A log by its URL, if it has one.
fn called(number: usize, log: &LogInstance) -> String {
    match log.base_url.as_str() {
        "" => format!("tlogs[{number}]"),
        url => fasti_entry::quote(url),
    }
}

fn with_source(error: &TrustedRootError) -> String {
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

fn trusted_log(log: &LogInstance) -> Result<TrustedLog, TrustedRootError> {
    if ![ED25519, ECDSA_P256].contains(&log.key_details.as_str()) {
        let reason = format!("keys of the kind {:?} sign no checkpoints", log.key_details);
        return Err(malformed("tlogs.publicKey.keyDetails", &reason));
    }
    let public_key = public_key(log)?;
    let mut keys = Vec::new();
    for name in names(&log.base_url)? {
        let Ok(name) = name.parse() else { continue };
        let key = VerifierKey::new(name, public_key.clone());
        keys.push(key.map_err(|e| malformed("tlogs.publicKey", &e.to_string()))?);
    }
    if keys.is_empty() {
        return Err(malformed("tlogs.baseUrl", "no part of it gives the log's name"));
    }
    let in_use = window(&log.valid_for, &log.base_url)?;
    let named = keys.iter().position(|key| key.log_id().starts_with(&log.log_id));
    let (key, log_id) = match (log.log_id.len(), named) {
        // The log can have an ID that does not follow from its name.
        (32, named) => {
            let log_id = log.log_id.as_slice().try_into().unwrap_or_default();
            (keys.swap_remove(named.unwrap_or(0)), log_id)
        }
        // Only the ID of the key in its checkpoints, which follows from the name.
        (4, Some(named)) => {
            let key = keys.swap_remove(named);
            let log_id = key.log_id();
            (key, log_id)
        }
        (4, None) => {
            return Err(malformed("tlogs.checkpointKeyId", "no part of the URL gives it"));
        }
        (0, _) => return Err(malformed("tlogs.logId.keyId", "it is missing")),
        _ => {
            let reason = "it is not the 32 bytes of a SHA-256 hash";
            return Err(malformed("tlogs.logId.keyId", reason));
        }
    };
    Ok(TrustedLog { key, log_id, in_use })
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
