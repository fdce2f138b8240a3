//! Where a log's key is: a file, or a key of a service, in Sigstore's notation.
//!
//! `awskms://[ENDPOINT]/ID`, where the ID is a key's ID, its ARN, or `alias/NAME`;
//! `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`. Anything without
//! `://` is a path, or a descriptor (`fd:3`).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The location of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// A file, or a descriptor by its number.
    File(PathBuf),
    /// A key of AWS KMS.
    AwsKms(AwsKmsKey),
    /// One version of a key of Google Cloud KMS.
    GcpKms(GcpKmsKey),
}

/// A key of AWS KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKmsKey {
    /// The host and port of the service, unless it is AWS's own for the region.
    pub host: Option<String>,
    /// Key ID, ARN, or `alias/NAME`.
    pub id: String,
}

/// One version of a key of Google Cloud KMS: its resource name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcpKmsKey {
    pub(super) name: String,
}

/// The text is not the location of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyLocationError {
    /// It is empty.
    #[error("the location of the key is empty")]
    Empty,
    /// A service that is not supported.
    #[error("a log's key is a file, awskms:// or gcpkms://; {0}:// is not supported")]
    Scheme(String),
    /// Malformed.
    #[error("write awskms:///KEY-ID, awskms:///ARN or awskms:///alias/NAME, or a host after ://")]
    Aws,
    /// Malformed.
    #[error(
        "write gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N; the \
         version is part of it, as it is part of the log's key"
    )]
    Gcp,
}

impl AwsKmsKey {
    fn parse(rest: &str) -> Option<Self> {
        let (host, id) = rest.split_once('/')?;
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let host_is_plain = is_plain(host) && !host.contains(['?', '#', '@']);
        let is_good = host_is_plain && is_plain(id) && !id.is_empty();
        let host = (!host.is_empty()).then(|| host.to_owned());
        is_good.then(|| Self { host, id: id.to_owned() })
    }

    /// The region, if the ID is an ARN, which contains it.
    #[cfg(any(test, feature = "aws-kms"))]
    pub(super) fn region(&self) -> Option<&str> {
        let mut parts = self.id.strip_prefix("arn:")?.split(':');
        let (_partition, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        (service == "kms" && !region.is_empty()).then_some(region)
    }
}

impl GcpKmsKey {
    fn parse(name: &str) -> Option<Self> {
        const COLLECTIONS: [&str; 5] =
            ["projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions"];
        let parts: Vec<_> = name.split('/').collect();
        let mut canonical = Vec::new();
        for (pair, collection) in parts.chunks(2).zip(COLLECTIONS) {
            let [found, id] = pair else { return None };
            // Sigstore accepts the short form, too.
            let is_it =
                *found == collection || (collection, *found) == (COLLECTIONS[4], "versions");
            // Project IDs of domains contain colons and dots.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
            if !is_it || id.is_empty() || *id == ".." || !id.bytes().all(plain) {
                return None;
            }
            canonical.push(format!("{collection}/{id}"));
        }
        let is_whole = parts.len() == 2 * COLLECTIONS.len();
        is_whole.then(|| Self { name: canonical.join("/") })
    }
}

impl FromStr for KeyLocation {
    type Err = KeyLocationError;

    fn from_str(text: &str) -> Result<Self, KeyLocationError> {
        match text.split_once("://") {
            _ if text.is_empty() => Err(KeyLocationError::Empty),
            None => Ok(Self::File(text.into())),
            Some(("awskms", rest)) => {
                AwsKmsKey::parse(rest).map(Self::AwsKms).ok_or(KeyLocationError::Aws)
            }
            Some(("gcpkms", rest)) => {
                GcpKmsKey::parse(rest).map(Self::GcpKms).ok_or(KeyLocationError::Gcp)
            }
            Some((scheme, _)) => Err(KeyLocationError::Scheme(scheme.chars().take(32).collect())),
        }
    }
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::AwsKms(key) => key.fmt(f),
            Self::GcpKms(key) => key.fmt(f),
        }
    }
}

impl fmt::Display for AwsKmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "awskms://{}/{}", self.host.as_deref().unwrap_or_default(), self.id)
    }
}

impl fmt::Display for GcpKmsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gcpkms://{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GCP: &str = "gcpkms://projects/p-1/locations/eu/keyRings/r/cryptoKeys/k/";

    #[test]
    fn places_come_back() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for text in [
            "/etc/fasti/log.key",
            "log.key",
            "awskms:///1234abcd-12ab-34cd-56ef-1234567890ab",
            "awskms:///alias/the-log",
            "awskms://localhost:4566/alias/the-log",
            &format!("awskms:///{arn}"),
            &format!("{GCP}cryptoKeyVersions/7"),
        ] {
            assert_eq!(text.parse::<KeyLocation>().unwrap().to_string(), text);
        }
        let short: KeyLocation = format!("{GCP}versions/7").parse().unwrap();
        assert_eq!(short.to_string(), format!("{GCP}cryptoKeyVersions/7"));
        let region = |id: &str| AwsKmsKey { host: None, id: id.to_owned() };
        assert_eq!(region(arn).region(), Some("eu-west-1"));
        assert_eq!(region("alias/arn:aws").region(), None);
    }

    #[test]
    fn other_places_are_refused() {
        let refuse =
            |text: &str, error| assert_eq!(text.parse::<KeyLocation>(), Err(error), "{text}");
        refuse("", KeyLocationError::Empty);
        refuse("hashivault://log", KeyLocationError::Scheme("hashivault".into()));
        for bad in ["awskms://", "awskms:///", "awskms://host", "awskms:///a b", "awskms://u@h/id"]
        {
            refuse(bad, KeyLocationError::Aws);
        }
        for bad in ["", "cryptoKeyVersions", "cryptoKeyVersions/", "cryptoKeyVersions/7/8"] {
            refuse(&format!("{GCP}{bad}"), KeyLocationError::Gcp);
        }
        for bad in ["7/x/y", "7?x", "..", "7:asymmetricSign/"] {
            refuse(&format!("{GCP}cryptoKeyVersions/{bad}"), KeyLocationError::Gcp);
        }
        refuse("gcpkms://projects/p", KeyLocationError::Gcp);
    }
}
