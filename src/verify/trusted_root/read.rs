//! A trusted root becomes trust in keys and authorities.
//!
//! What cannot be used is left out and named, as long as one log is left: a root is written for
//! many programs, and can have keys and authorities that this one does not know. Nothing is trusted
//! because something was left out: certificates of a root that lists certificate logs must be in
//! one of them, even if none can be used.

use std::error::Error;

use fasti_entry::{EntryError, SigningAlgorithm};
use fasti_read::{Trust, TrustedLog};
use tiles_spec::{PublicKey, VerifierKey};

use super::super::authority::Authority;
use super::super::certificate_log::CertificateLog;
use super::super::timestamp_authority::TimestampAuthority;
use super::super::trust::TrustedRoot;
use super::super::v1_log::V1Log;
use super::error::{TrustedRootError, malformed, window};
use super::json::{CertificateAuthority, ECDSA_P256, ED25519, Each, LISTS, LogInstance, Root};
use super::names::names;

/// Reads the logs and authorities of all kinds.
///
/// The file does not say whether a log is of Rekor v1, v2 or both, so it is read as both, as far as
/// its key allows.
pub fn read(json: &[u8]) -> Result<TrustedRoot, TrustedRootError> {
    let root = Root::parse(json)?;
    let [tlogs, authorities, ctlogs, timestamps] = LISTS;
    let mut left_out = Vec::new();
    let logs = usable(tlogs, root.tlogs, &mut left_out, log_of_any_version);
    if logs.is_empty() {
        return Err(TrustedRootError::NoLog { left_out });
    }
    let has_certificate_logs = !root.ctlogs.is_empty();
    let issuing = usable(authorities, root.certificate_authorities, &mut left_out, |authority| {
        issuing_authority(authority, has_certificate_logs)
    });
    let certificate_logs = usable(ctlogs, root.ctlogs, &mut left_out, certificate_log);
    let timestamp_authorities =
        usable(timestamps, root.timestamp_authorities, &mut left_out, |authority| {
            let in_use = window(authority.valid_for.as_ref(), "a timestamp authority")?;
            Ok(TimestampAuthority::new(&authority.certificates, in_use)?)
        });
    let (logs, rekor_v1): (Vec<_>, Vec<_>) = logs.into_iter().unzip();
    let logs = logs.into_iter().flatten().collect();
    Ok(TrustedRoot {
        trust: Trust { logs, ..Trust::default() },
        rekor_v1: rekor_v1.into_iter().flatten().collect(),
        authorities: issuing,
        timestamp_authorities,
        certificate_logs,
        left_out,
    })
}

/// A log of a trusted root, as one of Rekor v2, of v1, or of both.
#[derive(Clone, Debug)]
pub struct LogAt {
    /// The URL in the file.
    pub url: String,
    /// The log as one that signs the checkpoints of tiles.
    pub tiled: Option<TrustedLog>,
    /// The log as one of Rekor v1.
    pub rekor_v1: Option<V1Log>,
}

/// The logs, each with the URL in the file. What cannot be read or used is left out.
pub fn logs_at(json: &[u8]) -> Result<Vec<LogAt>, TrustedRootError> {
    let logs = Root::parse(json)?.tlogs.into_iter().flatten();
    let at = |log: LogInstance| {
        let (tiled, rekor_v1) = log_of_any_version(&log).ok()?;
        Some(LogAt { url: log.base_url, tiled, rekor_v1 })
    };
    Ok(logs.filter_map(at).collect())
}

/// Something in a list, with the place where it is.
trait Placed {
    fn place(&self) -> &str;
}

impl Placed for LogInstance {
    fn place(&self) -> &str {
        &self.base_url
    }
}

impl Placed for CertificateAuthority {
    fn place(&self) -> &str {
        &self.uri
    }
}

/// What can be used of a list. The rest is named in `left_out`.
fn usable<T: Placed, U>(
    list: &str,
    items: Each<T>,
    left_out: &mut Vec<String>,
    read: impl Fn(&T) -> Result<U, TrustedRootError>,
) -> Vec<U> {
    let mut used = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        match item {
            Ok(item) => match read(&item) {
                Ok(read) => used.push(read),
                Err(error) => left_out.push(format!(
                    "{list}[{index}] ({:?}): {}",
                    item.place().chars().take(200).collect::<String>(),
                    with_causes(&error)
                )),
            },
            // It begins with the place in the file.
            Err(error) => left_out.push(EntryError::to_string(&error)),
        }
    }
    used
}

/// An error with all its causes.
fn with_causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        cause = error.source();
    }
    words
}

/// A log as one of Rekor v2 and of v1, or why it is neither.
fn log_of_any_version(
    log: &LogInstance,
) -> Result<(Option<TrustedLog>, Option<V1Log>), TrustedRootError> {
    match (trusted_log(log), v1_log(log)) {
        (Err(error), None) => Err(error),
        (v2, v1) => Ok((v2.ok(), v1)),
    }
}

/// The log as one of Rekor v1, which can have keys of more kinds, RSA among them.
fn v1_log(log: &LogInstance) -> Option<V1Log> {
    let in_use = window(log.valid_for.as_ref(), &log.base_url).ok()?;
    let name = names(&log.base_url).ok()?.into_iter().next()?;
    V1Log::new(name, &log.key, in_use).ok().filter(|read| {
        let is_named = match log.log_id.len() {
            0 => read.log_id().starts_with(&log.checkpoint_key_id),
            length => length == 32,
        };
        if !is_named {
            return false;
        }
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

fn trusted_log(log: &LogInstance) -> Result<TrustedLog, TrustedRootError> {
    if ![ED25519, ECDSA_P256].contains(&log.key_details.as_str()) {
        let reason = format!("{} signs no checkpoints", log.key_details);
        return Err(malformed("publicKey.keyDetails", &reason));
    }
    let public_key = public_key(log)?;
    let mut keys = Vec::new();
    for name in names(&log.base_url)? {
        let Ok(name) = name.parse() else { continue };
        let key = VerifierKey::new(name, public_key.clone());
        keys.push(key.map_err(|e| malformed("publicKey", &e.to_string()))?);
    }
    if keys.is_empty() {
        return Err(malformed("baseUrl", "no part of it gives the log's name"));
    }
    let (log_id, short_id) = (log.log_id.as_slice(), log.checkpoint_key_id.as_slice());
    let is_stated = |key: &VerifierKey| match log_id {
        [] => key.log_id().starts_with(short_id),
        log_id => key.log_id() == log_id,
    };
    let key = keys.swap_remove(keys.iter().position(is_stated).unwrap_or(0));
    let log_id = match log_id {
        [] if is_stated(&key) => key.log_id(),
        [] => return Err(malformed("checkpointKeyId.keyId", "it is not the ID of the key")),
        log_id => log_id
            .try_into()
            .map_err(|_| malformed("logId.keyId", "it is not the 32 bytes of a SHA-256 hash"))?,
    };
    let in_use = window(log.valid_for.as_ref(), &log.base_url)?;
    Ok(TrustedLog { key, log_id, in_use })
}

/// The key of a log, which must be of the kind that the root states.
fn public_key(log: &LogInstance) -> Result<PublicKey, TrustedRootError> {
    let bad = |reason| malformed("publicKey.rawBytes", reason);
    let is_ed25519 = log.key_details == ED25519;
    match PublicKey::from_spki_der(&log.key) {
        Ok(key @ PublicKey::Ed25519(_)) if is_ed25519 => Ok(key),
        Ok(key @ PublicKey::EcdsaP256(_)) if !is_ed25519 => Ok(key),
        _ if is_ed25519 => Err(bad("it is not an Ed25519 public key")),
        _ => Err(bad("it is not an ECDSA public key on P-256")),
    }
}

fn issuing_authority(
    authority: &CertificateAuthority,
    is_logged: bool,
) -> Result<Authority, TrustedRootError> {
    let in_use = window(authority.valid_for.as_ref(), "a certificate authority")?;
    let read = Authority::of_list(&authority.certificates, in_use.from, in_use.until)?;
    Ok(if is_logged { read.with_logged_certificates() } else { read })
}

fn certificate_log(log: &LogInstance) -> Result<CertificateLog, TrustedRootError> {
    let in_use = window(log.valid_for.as_ref(), &log.base_url)?;
    let key = match fasti_x509::PublicKey::from_spki_der(&log.key) {
        Err(_) if log.key_details.starts_with("PKCS1_RSA") => {
            fasti_x509::PublicKey::from_pkcs1_der(&log.key)?
        }
        key => key?,
    };
    let log_of = CertificateLog::new(log.base_url.clone(), key.spki_der().to_vec(), in_use)?;
    if log_of.id().as_bytes() != log.log_id {
        return Err(malformed("logId.keyId", "it is not the SHA-256 hash of the key"));
    }
    Ok(log_of)
}
