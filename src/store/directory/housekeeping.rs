//! Listing and removing in a directory.
//!
//! Directories that become empty are removed too, so that removed objects leave nothing behind.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use super::error::failed;
use super::store::{DirectoryStore, Inner};
use crate::{Housekeeping, InvalidPath, ObjectPath, StoreError};

#[async_trait]
impl Housekeeping for DirectoryStore {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        self.run(move |inner| {
            let mut found = Vec::new();
            let directory = prefix.rsplit_once('/').map_or("", |(directory, _)| directory);
            inner.each_file(directory, &mut |path| {
                if path.as_str().starts_with(&prefix)
                    && after.as_ref().is_none_or(|after| path > *after)
                {
                    found.push(path);
                }
            })?;
            found.sort_unstable();
            found.truncate(max);
            Ok(found)
        })
        .await
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        let paths = paths.to_vec();
        self.run(move |inner| paths.iter().try_for_each(|path| inner.objects.remove(path))).await
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        let path = path.clone();
        self.run(move |inner| inner.objects.overwrite(&path, &bytes)).await
    }
}

impl Inner {
    /// Passes on the path of every object below a relative directory.
    fn each_file(
        &self,
        directory: &str,
        each: &mut dyn FnMut(ObjectPath),
    ) -> Result<(), StoreError> {
        let absolute = self.root.join(directory);
        for name in self.names_in(&absolute)? {
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            match ObjectPath::new(path) {
                Ok(path) if self.is_directory(&self.root.join(path.as_str()))? => {
                    self.each_file(path.as_str(), each)?;
                }
                Ok(path) => each(path),
                // Not ours; no object has such a name.
                Err(InvalidPath(_)) => {}
            }
        }
        Ok(())
    }

    fn names_in(&self, path: &Path) -> Result<Vec<String>, StoreError> {
        match self.files.list(path) {
            Ok(names) => Ok(names),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(failed("list", path, source)),
        }
    }

    fn is_directory(&self, path: &Path) -> Result<bool, StoreError> {
        match self.files.list(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
            // It existed a moment ago.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(failed("list", path, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DirectoryOptions, Store as _};

    fn path(text: &str) -> ObjectPath {
        ObjectPath::new(text).unwrap()
    }

    #[tokio::test]
    async fn what_is_removed_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let store = DirectoryStore::open(root.path(), DirectoryOptions::default()).unwrap();
        let names = ["lookup/run/0/256/0", "lookup/run/0/256/1", "lookup/run/256/300/0"];
        for name in names.iter().chain(&["lookup/latest", "lookup/runs"]) {
            store.create(&path(name), "x".into()).await.unwrap();
        }
        let listed = async |prefix, after: Option<&str>, max| {
            let after = after.map(path);
            let found = store.list(prefix, after.as_ref(), max).await.unwrap();
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listed("lookup/run/", None, 10).await, names);
        assert_eq!(listed("lookup/run/", Some(names[0]), 1).await, names[1..2]);
        assert_eq!(listed("lookup/run", None, 10).await.len(), 4);
        assert_eq!(listed("elsewhere/", None, 10).await, [""; 0]);

        store.remove(&names.map(path)[..1]).await.unwrap();
        assert_eq!(listed("lookup/run/", None, 10).await, names[1..]);
        store.remove(&names.map(path)).await.unwrap();
        assert!(!root.path().join("lookup/run").exists(), "empty directories go too");
        assert!(root.path().join("lookup/latest").exists());
        // And they are created again.
        store.create(&path(names[0]), "y".into()).await.unwrap();
        assert_eq!(store.get(&path(names[0])).await.unwrap().unwrap().bytes, "y");

        for note in ["one", "two"] {
            store.note(&path("_writer/note"), note.into()).await.unwrap();
            let there = store.get(&path("_writer/note")).await.unwrap().unwrap().bytes;
            assert_eq!(there, note);
        }
    }
}
