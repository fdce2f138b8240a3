//! The location of a bucket as a user gives it: `s3://bucket/prefix`, `gs://bucket/prefix`,
//! `az://container/prefix`.
//!
//! The prefix is an [`ObjectPath`], so no part of a log can be outside it.

use std::fmt;
use std::str::FromStr;

use super::error::BucketError;
use crate::ObjectPath;

/// The longest bucket name that any of the clouds allows, in bytes.
const BUCKET_BYTES_MAX: usize = 222;

/// Which interface a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon S3, and the many stores compatible with it.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Cloud {
    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }

    /// The error of a program that was built without this cloud.
    #[cfg(not(all(feature = "s3", feature = "gcs", feature = "azure")))]
    pub(super) fn left_out(self) -> BucketError {
        let feature = match self {
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
        };
        BucketError::LeftOut { scheme: self.scheme(), feature }
    }
}

/// A prefix in a bucket (a container, on Azure).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketLocation {
    /// The interface.
    pub cloud: Cloud,
    /// The bucket's name.
    pub bucket: String,
    /// The prefix of all object names, without the `/` that follows; `None` if the whole bucket
    /// belongs to the log.
    pub prefix: Option<ObjectPath>,
}

impl BucketLocation {
    /// Whether `text` is meant as the location of a bucket, well formed or not.
    pub fn is_meant_by(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| cloud_of(scheme).is_some())
    }

    /// The same bucket, with `below` appended to the prefix.
    pub fn join(&self, below: &ObjectPath) -> Result<Self, BucketError> {
        format!("{self}/{below}").parse()
    }
}

fn cloud_of(scheme: &str) -> Option<Cloud> {
    [Cloud::S3, Cloud::Gcs, Cloud::Azure].into_iter().find(|cloud| cloud.scheme() == scheme)
}

impl FromStr for BucketLocation {
    type Err = BucketError;

    fn from_str(text: &str) -> Result<Self, BucketError> {
        let bad = |reason: &str| BucketError::Location {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        let cloud = cloud_of(scheme).ok_or_else(|| bad("its scheme is not one of s3, gs, az"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let in_names = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        match bucket.as_bytes() {
            [] => return Err(bad("the name of the bucket is missing")),
            [b'.' | b'-', ..] => return Err(bad("a bucket's name begins with a letter or digit")),
            name if name.len() > BUCKET_BYTES_MAX => {
                return Err(bad("the bucket's name is too long"));
            }
            name if !name.iter().copied().all(in_names) => {
                return Err(bad(
                    "the bucket's name can have letters, digits and -._; endpoint, account and \
                     keys are given separately",
                ));
            }
            _ => {}
        }
        let prefix = match prefix.trim_end_matches('/') {
            "" => None,
            prefix => Some(ObjectPath::new(prefix).map_err(|_| {
                bad("the prefix can have letters, digits and -._ between single slashes")
            })?),
        };
        Ok(Self { cloud, bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for BucketLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.cloud.scheme(), self.bucket)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_buckets() {
        for (text, shown) in [
            ("s3://logs", "s3://logs"),
            ("s3://logs/", "s3://logs"),
            ("s3://my.logs-1/a/b_2/", "s3://my.logs-1/a/b_2"),
            ("gs://my_logs/x", "gs://my_logs/x"),
            ("az://container/log", "az://container/log"),
        ] {
            let place: BucketLocation = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(BucketLocation::is_meant_by(text));
        }
        let below = ObjectPath::new("c").unwrap();
        let joined = "gs://b/a".parse::<BucketLocation>().unwrap().join(&below).unwrap();
        assert_eq!(joined.prefix.unwrap().as_str(), "a/c");
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("logs", "no scheme"),
            ("http://logs", "not one of s3, gs, az"),
            ("s3://", "missing"),
            ("s3:///a", "missing"),
            ("s3://.a", "begins with"),
            ("s3://key@bucket", "given separately"),
            ("s3://localhost:9000/b", "given separately"),
            ("s3://b/a//c", "prefix"),
            ("s3://b/../c", "prefix"),
            ("s3://b/a?x", "prefix"),
        ] {
            let refused = text.parse::<BucketLocation>().unwrap_err().to_string();
            assert!(refused.contains(why) && refused.contains(text), "{refused}");
        }
    }
}
