//! The location of a log as a user gives it: a URL, or the store that holds it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fasti_seams::egress::Redirects;
use fasti_store::{BucketOptions, InvalidStoreLocation, StoreLocation};
use reqwest::Url;

use super::bucket::BucketFetch;
use super::directory::DirectoryFetch;
use super::error::FetchError;
use super::http::HttpFetch;
use super::interface::Fetch;

/// The location of a log, as a user gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Below this URL (`http` or `https`), which is displayed without a trailing slash.
    Http(Url),
    /// In this store.
    Store(StoreLocation),
}

impl Location {
    /// Opens the location. Nothing is read yet. `options` apply to buckets. Redirects are followed
    /// within a URL's origin.
    pub fn open(&self, options: &BucketOptions) -> Result<Arc<dyn Fetch>, FetchError> {
        self.open_following(Redirects::default(), options)
    }

    /// Opens the location, as [`open`](Self::open) does. Redirects are followed as far as they may
    /// lead.
    pub fn open_following(
        &self,
        redirects: Redirects,
        options: &BucketOptions,
    ) -> Result<Arc<dyn Fetch>, FetchError> {
        match self {
            Self::Http(url) => Ok(Arc::new(HttpFetch::new(url, redirects)?)),
            Self::Store(StoreLocation::Bucket(bucket)) => {
                Ok(Arc::new(BucketFetch::new(bucket.clone(), options.clone())))
            }
            Self::Store(StoreLocation::Directory(path)) => {
                Ok(Arc::new(DirectoryFetch::open(path.clone())?))
            }
            Self::Store(StoreLocation::Memory) => Err(FetchError::Location {
                text: self.to_string(),
                reason: "a log in memory can be read only from its writer, at a URL".to_owned(),
            }),
        }
    }

    /// The URL, if the location is one.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Http(url) => Some(url),
            Self::Store(_) => None,
        }
    }
}

impl FromStr for Location {
    type Err = FetchError;

    fn from_str(text: &str) -> Result<Self, FetchError> {
        match text.split_once("://") {
            Some(("http" | "https", _)) => url(text).map(Self::Http),
            _ => Ok(Self::Store(text.parse()?)),
        }
    }
}

/// Reads the URL of a log.
fn url(text: &str) -> Result<Url, FetchError> {
    let bad = |reason: &str| not_a_location(text, reason.to_owned());
    let url: Url = text
        .trim_end_matches('/')
        .parse()
        .map_err(|error| not_a_location(text, format!("{error}")))?;
    if url.scheme() == "https" && cfg!(not(feature = "tls")) {
        return Err(bad("this program was built without https; the cargo feature tls adds it"));
    }
    if url.query().is_some() || url.fragment().is_some() || url.cannot_be_a_base() {
        return Err(bad("it has a query or a fragment"));
    }
    Ok(url)
}

fn not_a_location(text: &str, reason: String) -> FetchError {
    FetchError::Location { text: text.to_owned(), reason }
}

impl From<InvalidStoreLocation> for FetchError {
    fn from(error: InvalidStoreLocation) -> Self {
        match error {
            InvalidStoreLocation::Malformed { text, reason } => Self::Location { text, reason },
            InvalidStoreLocation::Scheme { text, scheme } => {
                let reason =
                    format!("{scheme} is not a known scheme: use http, https, s3, gs, az or file");
                Self::Location { text, reason }
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Store(store) => store.fmt(f),
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
            "file:log",
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
