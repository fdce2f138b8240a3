//! The location of a log as a user gives it: a URL, a bucket or a directory.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use fasti_store::{BucketError, BucketLocation, BucketOptions};
use reqwest::Url;

use super::{BucketFetch, DirectoryFetch, Fetch, FetchError, HttpFetch};

/// The location of a log, as a user gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Below this URL (`http` or `https`), which is displayed without a trailing slash.
    Http(Url),
    /// In this bucket.
    Bucket(BucketLocation),
    /// In this directory.
    Directory(PathBuf),
}

impl Location {
    /// Opens the location. Nothing is read yet. `options` apply to buckets.
    pub fn open(&self, options: &BucketOptions) -> Result<Arc<dyn Fetch>, FetchError> {
        match self {
            Self::Http(url) => Ok(Arc::new(HttpFetch::new(url)?)),
            Self::Bucket(bucket) => Ok(Arc::new(BucketFetch::new(bucket.clone(), options.clone()))),
            Self::Directory(path) => Ok(Arc::new(DirectoryFetch::open(path.clone())?)),
        }
    }

    /// The URL, if the location is one.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Http(url) => Some(url),
            Self::Bucket(_) | Self::Directory(_) => None,
        }
    }
}

impl FromStr for Location {
    type Err = FetchError;

    fn from_str(text: &str) -> Result<Self, FetchError> {
        let bad = |reason: String| FetchError::Location { text: text.to_owned(), reason };
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(bad("it is empty".to_owned())),
                path => Ok(Self::Directory(path.into())),
            };
        };
        match scheme {
            "file" if rest.starts_with('/') => Ok(Self::Directory(rest.into())),
            "file" => Err(bad("a file URL is file:///ABSOLUTE/PATH".to_owned())),
            "http" | "https" => {
                let url: Url =
                    text.trim_end_matches('/').parse().map_err(|e| bad(format!("{e}")))?;
                if url.scheme() == "https" && cfg!(not(feature = "tls")) {
                    let left_out =
                        "this program was built without https; the cargo feature tls adds it";
                    return Err(bad(left_out.to_owned()));
                }
                if url.query().is_some() || url.fragment().is_some() || url.cannot_be_a_base() {
                    return Err(bad("it has a query or a fragment".to_owned()));
                }
                Ok(Self::Http(url))
            }
            _ if BucketLocation::is_meant_by(text) => match text.parse() {
                Ok(bucket) => Ok(Self::Bucket(bucket)),
                Err(BucketError::Location { reason, .. }) => Err(bad(reason)),
                Err(other) => Err(bad(other.to_string())),
            },
            other => Err(bad(format!(
                "{other} is not a known scheme: use http, https, s3, gs, az or file"
            ))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Bucket(bucket) => bucket.fmt(f),
            // Read back without a scheme, it would be taken for one.
            Self::Directory(path) if path.to_string_lossy().contains("://") => {
                write!(f, "file://{}", path.display())
            }
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_logs() {
        let shown = |text: &str| text.parse::<Location>().map(|place| place.to_string()).ok();
        for (text, expected) in [
            ("http://log.example", "http://log.example"),
            ("https://log.example:8443/a/b//", "https://log.example:8443/a/b"),
            ("file:///srv/log", "/srv/log"),
            ("file:///srv/a://b", "file:///srv/a://b"),
            ("s3://bucket/log/", "s3://bucket/log"),
            ("./log", "./log"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected));
        }
        for bad in [
            "",
            "file://log",
            "ftp://log.example",
            "http://",
            "http://log?x",
            "http://log#x",
            "s3://",
        ] {
            assert_eq!(shown(bad), None, "{bad:?}");
        }
    }
}
