//! When did trusted parties see a bundle's signature?
//!
//! A time counts only if its source is trusted and has signed it for exactly this signature. A
//! source that is trusted but has not is a refusal, whatever the other sources say. What comes from
//! sources that nobody trusts, or from nobody that can be told, is noted as not checked.
//!
//! Sources are timestamp authorities, and logs of Rekor v1 that promised to log the signature.

use fasti_entry::Bundle;
use fasti_x509::Timestamp;

use super::logged_v1::LoggedV1;
use super::refusal::Refusal;
use super::timestamp_authority::TimestampAuthority;
use super::trust::TrustedRoot;
use super::trusted_time::{TimeSource, TrustedTime};

/// The times at which trusted parties saw this signature of the bundle, and what was not checked.
/// `logged` are its verified entries in logs of Rekor v1.
pub(super) fn trusted_times(
    bundle: &Bundle,
    signature: &[u8],
    logged: &[LoggedV1],
    trusted: &TrustedRoot,
) -> Result<(Vec<TrustedTime>, Vec<String>), Refusal> {
    let promised = logged.iter().filter_map(|logged| {
        let seconds = logged.integrated_time()?.unix_timestamp();
        Some(TrustedTime { seconds, source: TimeSource::Log(logged.log.clone()) })
    });
    let (mut times, mut unchecked) = (promised.collect::<Vec<_>>(), Vec::new());
    for (index, der) in bundle.timestamps.iter().enumerate() {
        let timestamp = match Timestamp::from_der(der) {
            Ok(timestamp) => timestamp,
            // It can be anybody's.
            Err(error) => {
                unchecked.push(format!("the timestamp {} of the bundle: {error}", index + 1));
                continue;
            }
        };
        match timestamped(&timestamp, signature, &trusted.timestamp_authorities)? {
            Some(time) => times.push(time),
            None => unchecked.push(format!(
                "the timestamp by {}, which is not a trusted timestamp authority",
                timestamp.signer()
            )),
        }
    }
    Ok((times, unchecked))
}

/// The time in a timestamp for this signature; `None` if no trusted authority is said to have made
/// it. The same authority can be listed several times, with other certificates or spans.
fn timestamped(
    timestamp: &Timestamp<'_>,
    signature: &[u8],
    authorities: &[TimestampAuthority],
) -> Result<Option<TrustedTime>, Refusal> {
    let mut refusal = None;
    for authority in authorities.iter().filter(|one| one.claims(timestamp)) {
        match authority.verify(timestamp, signature) {
            Ok(time) => return Ok(Some(time)),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    refusal.map_or(Ok(None), Err)
}

#[cfg(test)]
mod tests;
