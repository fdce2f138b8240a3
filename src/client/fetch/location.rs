//! The location of a log as a user gives it: a URL, or the store that holds it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

#[cfg(feature = "http")]
use fasti_seams::egress::Redirects;
use fasti_store::{BucketOptions, InvalidStoreLocation, StoreLocation};
#[cfg(feature = "http")]
use reqwest::Url;

use super::bucket::BucketFetch;
use super::directory::DirectoryFetch;
use super::error::FetchError;
#[cfg(feature = "http")]
use super::http::HttpFetch;
use super::interface::Fetch;

/// The location of a log, as a user gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Below this URL (`http` or `https`), which is displayed without a trailing slash.
    #[cfg(feature = "http")]
    Http(Url),
    /// In this store.
    Store(StoreLocation),
}

impl Location {
    /// Opens the location. Nothing is read yet. `options` apply to buckets. Redirects are followed
    /// within a URL's origin.
    pub fn open(&self, options: &BucketOptions) -> Result<Arc<dyn Fetch>, FetchError> {
        match self {
            #[cfg(feature = "http")]
            Self::Http(url) => Ok(Arc::new(HttpFetch::new(url, Redirects::default())?)),
            Self::Store(store) => open_store(store, options),
        }
    }

    /// Opens the location, as [`open`](Self::open) does. Redirects are followed as far as they may
    /// lead.
    #[cfg(feature = "http")]
    pub fn open_following(
        &self,
        redirects: Redirects,
        options: &BucketOptions,
    ) -> Result<Arc<dyn Fetch>, FetchError> {
        match self {
            Self::Http(url) => Ok(Arc::new(HttpFetch::new(url, redirects)?)),
            Self::Store(store) => open_store(store, options),
        }
    }

    /// The URL, if the location is one.
    #[cfg(feature = "http")]
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::Http(url) => Some(url),
            Self::Store(_) => None,
        }
    }
}

fn open_store(
    store: &StoreLocation,
    options: &BucketOptions,
) -> Result<Arc<dyn Fetch>, FetchError> {
    match store {
        StoreLocation::Bucket(bucket) => {
            Ok(Arc::new(BucketFetch::new(bucket.clone(), options.clone())))
        }
        StoreLocation::Directory(path) => Ok(Arc::new(DirectoryFetch::open(path.clone())?)),
        StoreLocation::Memory => Err(not_a_location(
            &store.to_string(),
            "a log in memory can be read only from its writer, at a URL".to_owned(),
        )),
    }
}

impl FromStr for Location {
    type Err = FetchError;

    fn from_str(text: &str) -> Result<Self, FetchError> {
        match text.split_once("://") {
            #[cfg(feature = "http")]
            Some(("http" | "https", _)) => url(text).map(Self::Http),
            #[cfg(not(feature = "http"))]
            Some(("http" | "https", _)) => Err(not_a_location(
                text,
                "this program was built without URLs; the cargo feature http-client adds them"
                    .to_owned(),
            )),
            _ => Ok(Self::Store(text.parse()?)),
        }
    }
}

/// Reads the URL of a log.
#[cfg(feature = "http")]
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
            #[cfg(feature = "http")]
            Self::Http(url) => f.write_str(url.as_str().trim_end_matches('/')),
            Self::Store(store) => store.fmt(f),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "http")]
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
