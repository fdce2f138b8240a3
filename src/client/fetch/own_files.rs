//! A log in a store that is open already: the log's own files, as its clients read them.

use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::ResourcePath;

use super::{Fetch, FetchError};
use crate::store::{ObjectPath, Store};

/// Reads a log in a store.
pub struct OwnFiles(pub Arc<dyn Store>);

#[async_trait]
impl Fetch for OwnFiles {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let path = ObjectPath::from(*path);
        let object = self.0.get(&path).await.map_err(|source| FetchError::Store {
            place: path.to_string(),
            source: Box::new(source),
        })?;
        Ok(object.map(|object| object.bytes.into()))
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }
}
