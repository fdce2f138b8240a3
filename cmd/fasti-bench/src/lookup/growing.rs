//! A log that lies there, shown as it was when it was smaller: so it grows as often as one likes.
//!
//! Only `checkpoint` is another; a partial tile that the smaller tree had is cut from the full one, as
//! every reader does.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use async_trait::async_trait;
use fasti::client::fetch::{Fetch, FetchError};
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use tiles_spec::lookup::LookupPath;
use tiles_spec::{Checkpoint, Note, NoteSigningKey, ResourcePath, TreeSize};

/// The beginning of a log.
pub struct GrowingLog {
    whole: Arc<dyn Fetch>,
    key: NoteSigningKey,
    view: tokio::sync::Mutex<View>,
    shown: Mutex<Vec<u8>>,
}

impl GrowingLog {
    /// Opens the log whose key that is, and shows it without entries.
    pub async fn open(whole: Arc<dyn Fetch>, key: NoteSigningKey) -> Result<Self> {
        let trust = Trust::in_keys([key.verifier_key().clone()]);
        let view = View::open(whole.clone(), &trust).await?;
        let log = Self { whole, key, view: view.into(), shown: Mutex::default() };
        log.show(TreeSize::ZERO).await?;
        Ok(log)
    }

    /// How many entries there are.
    pub async fn size(&self) -> TreeSize {
        self.view.lock().await.head().size
    }

    /// Shows the tree of that size.
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
        self.whole.fetch(path).await
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
