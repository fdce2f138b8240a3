//! An existing log, shown as it was when it was smaller, so that it can grow again and again.
//!
//! Its checkpoint is signed again, and its partial tiles and bundles are cut from the existing
//! ones.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use async_trait::async_trait;
use fasti::client::fetch::{Fetch, FetchError};
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use fasti::lookup_spec::LookupPath;
use tiles_spec::{
    Checkpoint, EntryBundle, HASH_BYTES, Note, NoteSigningKey, ResourcePath, TileCoord, TreeSize,
};

/// The beginning of a log.
pub struct GrowingLog {
    whole: Arc<dyn Fetch>,
    key: NoteSigningKey,
    view: tokio::sync::Mutex<View>,
    /// The size of the whole log.
    size: TreeSize,
    shown: Mutex<Vec<u8>>,
}

impl GrowingLog {
    /// Opens the log with this key, and shows it without entries.
    pub async fn open(whole: Arc<dyn Fetch>, key: NoteSigningKey) -> Result<Self> {
        let trust = Trust::in_keys([key.verifier_key().clone()]);
        let view = View::open(whole.clone(), &trust).await?;
        let size = view.head().size;
        let log = Self { whole, key, view: view.into(), size, shown: Mutex::default() };
        log.show(TreeSize::ZERO).await?;
        Ok(log)
    }

    /// How many entries the whole log has.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// Shows the tree of this size.
    pub async fn show(&self, size: TreeSize) -> Result<()> {
        let head = self.view.lock().await.head_at(size).await?;
        let origin = self.key.verifier_key().name().to_string();
        let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
        let mut note = Note::unsigned(text.as_str()).context("the text of a checkpoint")?;
        note.append(self.key.sign(&text)).context("the first signature")?;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = note.to_bytes();
        Ok(())
    }
}

#[async_trait]
impl Fetch for GrowingLog {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        if *path == ResourcePath::Checkpoint {
            return Ok(Some(self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()));
        }
        let Some(there) = wider(path, self.size) else { return Ok(None) };
        Ok(self.whole.fetch(&there).await?.map(|bytes| cut(bytes, path, &there)))
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.whole.place(path)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.whole.fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.whole.fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.whole.place_of_lookup(path)
    }
}

/// Returns the resource that contains `path` in the log of this size, if any.
fn wider(path: &ResourcePath, size: TreeSize) -> Option<ResourcePath> {
    match path {
        ResourcePath::Checkpoint => None,
        ResourcePath::Tile(tile) => {
            TileCoord::at(size, tile.level, tile.index).map(ResourcePath::Tile)
        }
        ResourcePath::Bundle(bundle) => {
            let tile = bundle.tile();
            let there = TileCoord::at(size, tile.level, tile.index)?;
            there.bundle().map(ResourcePath::Bundle)
        }
    }
}

/// Cuts the object at `there` to the width of `path`. What cannot be cut stays as it is, for
/// readers to refuse.
fn cut(mut bytes: Vec<u8>, path: &ResourcePath, there: &ResourcePath) -> Vec<u8> {
    match (path, there) {
        (ResourcePath::Tile(tile), _) => bytes.truncate(tile.width.as_usize() * HASH_BYTES),
        (ResourcePath::Bundle(bundle), ResourcePath::Bundle(there)) => {
            if let Ok(entries) = EntryBundle::decode(bytes.as_slice(), there.width) {
                let kept = entries.entries().take(bundle.width.as_usize());
                let length = kept.map(|entry| size_of::<u16>() + entry.len()).sum();
                bytes.truncate(length);
            }
        }
        _ => {}
    }
    bytes
}
