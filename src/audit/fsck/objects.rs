//! The objects of a log, read by threads that can block.

use std::sync::Arc;

use fasti_client::description::Description;
use fasti_client::fetch::{DirectoryFetch, Fetch, FetchError};
use tiles_spec::{BundleCoord, EntryBundle, Hash, HashTile, ResourcePath, TileCoord, TileWidth};
use tokio::runtime::Handle;

use crate::problem::Fault;

/// Where a log's objects are.
pub enum Objects {
    /// In a directory, which can contain other files as well.
    Directory(DirectoryFetch),
    /// Elsewhere, read through a runtime that drives the requests. The calling threads must not
    /// belong to that runtime.
    Remote {
        /// Fetches the objects.
        fetch: Arc<dyn Fetch>,
        /// Drives the requests.
        runtime: Handle,
    },
}

impl Objects {
    /// The [`Fetch`] that reads the objects.
    pub fn fetch(&self) -> Arc<dyn Fetch> {
        match self {
            Self::Directory(directory) => Arc::new(directory.clone()),
            Self::Remote { fetch, .. } => fetch.clone(),
        }
    }

    /// The object's name in messages.
    pub fn place(&self, path: &ResourcePath) -> String {
        match self {
            Self::Directory(directory) => directory.place(path),
            Self::Remote { fetch, .. } => fetch.place(path),
        }
    }

    /// Reads an object into `into`, replacing its content. Returns whether the object exists.
    pub(super) fn read_into(
        &self,
        path: &ResourcePath,
        into: &mut Vec<u8>,
    ) -> Result<bool, FetchError> {
        match self {
            Self::Directory(directory) => directory.read_into(path, into),
            Self::Remote { fetch, runtime } => {
                let fetched = runtime.block_on(fetch.fetch(path))?;
                into.clear();
                let found = fetched.is_some();
                *into = fetched.unwrap_or_default();
                Ok(found)
            }
        }
    }

    /// Reads the times of a bundle's entries into `into`, replacing its content. Returns whether
    /// they exist.
    pub(super) fn read_times_into(
        &self,
        bundle: BundleCoord,
        into: &mut Vec<u8>,
    ) -> Result<bool, FetchError> {
        match self {
            Self::Directory(directory) => directory.read_times_into(bundle, into),
            Self::Remote { fetch, runtime } => {
                let fetched = runtime.block_on(fetch.fetch_times(&bundle))?;
                let found = fetched.is_some();
                *into = fetched.unwrap_or_default();
                Ok(found)
            }
        }
    }

    /// Reads the attestation with this SHA-256.
    pub(super) fn attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        match self {
            Self::Directory(directory) => directory.read_attestation(sha256),
            Self::Remote { fetch, runtime } => runtime.block_on(fetch.fetch_attestation(sha256)),
        }
    }

    /// Reads what the log says about itself.
    pub(super) fn description(&self) -> Result<Description, FetchError> {
        let json = match self {
            Self::Directory(directory) => directory.read_description(),
            Self::Remote { fetch, runtime } => runtime.block_on(fetch.description()),
        };
        Ok(Description::parse(&json?.unwrap_or_default()))
    }

    /// Reads an object, or the full one that replaced it. Returns which was read.
    fn read_or_wider(
        &self,
        exact: ResourcePath,
        full: ResourcePath,
        into: &mut Vec<u8>,
    ) -> Result<ResourcePath, Fault> {
        let paths = if exact == full { &[exact][..] } else { &[exact, full] };
        for path in paths {
            match self.read_into(path, into) {
                Ok(true) => return Ok(*path),
                Ok(false) => {}
                Err(error) => return Err(Fault::unread(&error)),
            }
        }
        Err(Fault::missing())
    }

    /// Reads a hash tile.
    pub(super) fn tile(&self, coord: TileCoord, buffer: &mut Vec<u8>) -> Result<HashTile, Fault> {
        let (exact, full) = (ResourcePath::Tile(coord), ResourcePath::Tile(coord.full()));
        let read = self.read_or_wider(exact, full, buffer)?;
        let width = if read == exact { coord.width } else { TileWidth::FULL };
        HashTile::decode(buffer, width)
            .and_then(|tile| tile.truncate(coord.width))
            .map_err(|error| error.to_string().into())
    }

    /// Reads an entry bundle of at least the requested width.
    pub(super) fn bundle<'b>(
        &self,
        coord: BundleCoord,
        buffer: &'b mut Vec<u8>,
    ) -> Result<EntryBundle<&'b [u8]>, Fault> {
        let (exact, full) = (ResourcePath::Bundle(coord), ResourcePath::Bundle(coord.full()));
        let read = self.read_or_wider(exact, full, buffer)?;
        let width = if read == exact { coord.width } else { TileWidth::FULL };
        EntryBundle::decode(buffer.as_slice(), width).map_err(|error| error.to_string().into())
    }
}
