//! The location of a store as a user gives it, and how it is opened: a bucket, a directory, or the
//! memory of one process.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::{
    BucketError, BucketLocation, BucketOptions, BucketStore, DirectoryError, DirectoryOptions,
    DirectoryStore, Housekeeping, MemoryStore, ObjectPath, PrefixStore, Store, StoreError, Stores,
};

/// The location of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this bucket, for any number of writers.
    Bucket(BucketLocation),
    /// In this directory, for one writer.
    Directory(PathBuf),
    /// In memory, for a trial: nothing of it outlives the process.
    Memory,
}

/// The text is not the location of a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreLocation {
    /// It is a URL of a kind that no store has.
    #[error(
        "{text:?} is not the location of a store: use s3://, gs://, az://, file:///, a directory \
         or memory:"
    )]
    Scheme {
        /// The text.
        text: String,
        /// The URL's scheme.
        scheme: String,
    },
    /// It is malformed.
    #[error("{text:?} is not the location of a store: {reason}")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// How to open stores.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// How to open a bucket.
    pub bucket: BucketOptions,
    /// How to open a directory.
    pub directory: DirectoryOptions,
}

/// A store that is open.
#[derive(Clone)]
pub enum OpenedStore {
    /// In a bucket.
    Bucket(Arc<BucketStore>),
    /// In a directory.
    Directory(Arc<DirectoryStore>),
    /// In memory.
    Memory(Arc<MemoryStore>),
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// The bucket cannot be.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The directory cannot be.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl OpenStoreError {
    /// The files are not those that were left there: a copy, or damaged.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Directory(error) => error.is_refusal(),
            Self::Bucket(_) => false,
        }
    }
}

impl StoreLocation {
    /// Opens the store. A directory is created if it does not exist, and locked; no request is sent
    /// to a bucket yet.
    pub async fn open(&self, options: &StoreOptions) -> Result<OpenedStore, OpenStoreError> {
        match self {
            Self::Bucket(location) => {
                let store = BucketStore::open(location.clone(), &options.bucket).await?;
                Ok(OpenedStore::Bucket(Arc::new(store)))
            }
            Self::Directory(path) => {
                let store = DirectoryStore::open(path, options.directory)?;
                Ok(OpenedStore::Directory(Arc::new(store)))
            }
            Self::Memory => Ok(OpenedStore::Memory(Arc::default())),
        }
    }
}

impl OpenedStore {
    /// The parts that a log needs.
    pub fn stores(&self) -> Stores {
        match self {
            Self::Bucket(store) => Stores::shared(store.clone()),
            Self::Directory(store) => Stores::of(store.clone()),
            Self::Memory(store) => Stores::shared(store.clone()),
        }
    }

    /// What a lookup index needs in addition: its old runs are removed by its builder, not by the
    /// store.
    pub fn housekeeping(&self) -> Arc<dyn Housekeeping> {
        match self {
            Self::Bucket(store) => store.clone(),
            Self::Directory(store) => store.clone(),
            Self::Memory(store) => store.clone(),
        }
    }

    /// One of several logs in it, below a prefix. What its objects are follows from the rest of
    /// their paths, as in a store of its own.
    pub fn below(&self, prefix: ObjectPath) -> Result<Arc<dyn Store>, StoreError> {
        let objects: Arc<dyn Store> = match self {
            Self::Bucket(store) => return Ok(Arc::new(store.below(prefix)?)),
            Self::Directory(store) => store.clone(),
            Self::Memory(store) => store.clone(),
        };
        Ok(Arc::new(PrefixStore::new(objects, prefix)))
    }

    /// Whether it is a directory that was copied, and was accepted as a copy.
    pub fn was_copied(&self) -> bool {
        matches!(self, Self::Directory(store) if store.was_copied())
    }
}

impl FromStr for StoreLocation {
    type Err = InvalidStoreLocation;

    fn from_str(text: &str) -> Result<Self, InvalidStoreLocation> {
        let bad = |reason: &str| InvalidStoreLocation::Malformed {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        match text.split_once(':') {
            _ if BucketLocation::is_meant_by(text) => match text.parse() {
                Ok(bucket) => Ok(Self::Bucket(bucket)),
                Err(BucketError::Location { reason, .. }) => Err(bad(&reason)),
                Err(other) => Err(bad(&other.to_string())),
            },
            Some(("memory", _)) => Ok(Self::Memory),
            Some(("file", rest)) => match rest.strip_prefix("//") {
                Some(path) if path.starts_with('/') => Ok(Self::Directory(path.into())),
                _ => Err(bad("a file URL is file:///ABSOLUTE/PATH")),
            },
            Some(("http" | "https", rest)) if rest.starts_with("//") => {
                Err(bad("give the bucket or directory behind it"))
            }
            Some((scheme, rest)) if rest.starts_with("//") => Err(InvalidStoreLocation::Scheme {
                text: text.to_owned(),
                scheme: scheme.to_owned(),
            }),
            _ if text.is_empty() => Err(bad("it is empty")),
            _ => Ok(Self::Directory(text.into())),
        }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(location) => location.fmt(f),
            // Read back without a scheme, it could be taken for one.
            Self::Directory(path)
                if path.is_absolute() && path.to_string_lossy().contains("://") =>
            {
                write!(f, "file://{}", path.display())
            }
            Self::Directory(path) => path.display().fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_of_stores() {
        let directory = |path: &str| StoreLocation::Directory(path.into());
        for (text, expected) in [
            ("s3://logs/a/", StoreLocation::Bucket("s3://logs/a".parse().unwrap())),
            ("memory:", StoreLocation::Memory),
            ("file:///srv/log", directory("/srv/log")),
            ("./log", directory("./log")),
            ("log:1", directory("log:1")),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!(StoreLocation::Memory.to_string().parse(), Ok(StoreLocation::Memory));
        for (text, why) in [
            ("", "it is empty"),
            ("file:log", "file:///ABSOLUTE/PATH"),
            ("file://log", "file:///ABSOLUTE/PATH"),
            ("s3://", "the name of the bucket is missing"),
            ("https://log.example", "give the bucket or directory behind it"),
            ("ftp://log.example", "use s3://, gs://, az://"),
        ] {
            let refused = text.parse::<StoreLocation>().unwrap_err().to_string();
            assert!(refused.contains(why) && refused.contains(text), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_directory_is_for_one_writer_and_its_index_is_tidied_by_the_builder() {
        let root = tempfile::tempdir().unwrap();
        let location = StoreLocation::Directory(root.path().join("log"));
        let opened = location.open(&StoreOptions::default()).await.unwrap();
        assert!(opened.stores().housekeeping.is_none() && !opened.was_copied());
        assert_eq!(opened.housekeeping().list("lookup/", None, 10).await.unwrap(), []);
        let again = location.open(&StoreOptions::default()).await.err();
        assert!(matches!(again, Some(OpenStoreError::Directory(DirectoryError::InUse { .. }))));
    }
}
