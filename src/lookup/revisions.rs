//! The lookup log: the revisions of an index as the leaves of a small log below `lookup/`.
//!
//! A revision is committed by ONE create-only write of its file; that makes it leaf `n`, whoever
//! finds it. Everything else follows from the files and is written after it: tiles and bundles, the
//! signed checkpoint, `lookup/latest`. So several builders cannot contradict each other, and any
//! builder that opens the index finishes what was left undone. The tree is grown by the log's own
//! pure steps, and signed by the same guard (I6).
//!
//! Invariant: the files before a checkpoint are durable (I3), and the checkpoint only moves forward
//! (I2).

use std::sync::Arc;

use bytes::Bytes;
use fasti_grow::cosigners::with_cosignatures;
use fasti_grow::{
    CosignError, Edge, ForwardOnly, Growth, Holds, Integrated, Leaf, SigningGuard, create, tree,
    write_once,
};
use fasti_lookup_spec::{LatestFile, LookupPath, Manifest, RevisionFile};
use fasti_seams::causes::with_causes;
use fasti_store::{ObjectPath, PrefixStore, Store, StoreError};
use tiles_spec::{
    BundleCoord, LeafIndex, ResourcePath, SignedCheckpoint, TileCoord, TileMap, TileSource as _,
    TileWidth, TlogProof, TreeHead, open_checkpoint, plan_inclusion,
};

use super::context::IndexContext;
use super::error::IndexError;
use super::files::{Published, publish};

/// The lookup log, as one builder continues it.
pub(super) struct Revisions {
    context: IndexContext,
    /// The objects below `lookup/`.
    lookup_log: Arc<PrefixStore>,
    edge: Edge,
    guard: SigningGuard,
    checkpoint: ForwardOnly,
    latest: ForwardOnly,
    /// The tiles of the right edge, for proofs.
    tiles: Arc<TileMap>,
    newest: Option<RevisionFile>,
    /// The tree of the log's index so far.
    head: TreeHead,
    /// Partial tiles and bundles whose full ones are written.
    superseded: Vec<ObjectPath>,
}

impl Revisions {
    /// Opens the lookup log, and finishes what was left undone.
    pub(super) async fn open(context: IndexContext) -> Result<Self, IndexError> {
        let prefix = ObjectPath::new("lookup").expect("it is a path");
        let lookup_log = Arc::new(PrefixStore::new(context.objects.clone(), prefix));
        let path = ObjectPath::checkpoint();
        let shown = lookup_log.get(&path).await?;
        let signed = match &shown {
            Some(object) => signed_head(&context, &object.bytes)?,
            None => None,
        };
        let signed = signed.unwrap_or(TreeHead::EMPTY);
        let (tiles, bundle) = tree::edge(&*lookup_log, signed).await.map_err(IndexError::Edge)?;
        let edge = Edge::load(signed, &tiles, bundle);
        let edge = edge.map_err(|error| IndexError::Edge(error.into()))?;
        let latest = context.objects.get(&LookupPath::Latest.into()).await?;
        let mut revisions = Self {
            guard: SigningGuard::new(context.signer.clone(), signed),
            checkpoint: ForwardOnly::new(path, shown.map(|object| object.version)),
            latest: ForwardOnly::new(
                LookupPath::Latest.into(),
                latest.map(|object| object.version),
            ),
            context,
            lookup_log,
            edge,
            tiles: Arc::new(tiles),
            newest: None,
            head: TreeHead::EMPTY,
            superseded: Vec::new(),
        };
        revisions.catch_up(signed).await?;
        Ok(revisions)
    }

    /// Adopts the newest signed revision, and the committed ones after it.
    async fn catch_up(&mut self, signed: TreeHead) -> Result<(), IndexError> {
        if let Some(last) = signed.size.last_leaf() {
            let path = LookupPath::Revision(last);
            let file = self.read(last).await?.ok_or(IndexError::Missing { path })?;
            self.head = file.manifest.head;
            self.newest = Some(file);
        }
        let mut any = false;
        while let Some(next) = self.edge.size().next_leaf()
            && let Some(file) = self.read(next).await?
        {
            self.take(file).await?;
            any = true;
        }
        // A signed revision may not have reached `lookup/latest`.
        if any || !signed.size.is_zero() { self.show().await } else { Ok(()) }
    }

    /// The newest revision's manifest.
    pub(super) fn newest(&self) -> Option<&Manifest> {
        self.newest.as_ref().map(|file| &file.manifest)
    }

    /// Commits a revision, signs it and publishes it.
    pub(super) async fn append(&mut self, file: RevisionFile) -> Result<(), IndexError> {
        let revision = self.edge.size().next_leaf().ok_or(IndexError::Full)?;
        let (objects, clock) = (&*self.context.objects, &*self.context.clock);
        let path = LookupPath::Revision(revision).into();
        // Here the revision enters the lookup log.
        match create(objects, clock, &path, &file.to_bytes().into()).await? {
            Holds::Ours => {}
            Holds::Other => return Err(IndexError::Overtaken { revision }),
        }
        self.take(file).await?;
        self.show().await
    }

    /// Partial tiles and bundles that are not needed any more, since the last call.
    pub(super) fn take_superseded(&mut self) -> Vec<ObjectPath> {
        std::mem::take(&mut self.superseded)
    }

    /// Makes a committed revision the next leaf.
    async fn take(&mut self, file: RevisionFile) -> Result<(), IndexError> {
        let entry = Bytes::from(file.manifest.revision_entry());
        let leaf = Leaf::new(entry).expect("an entry of a few lines is short");
        let grown: Integrated = self.edge.integrate(&[leaf]).ok_or(IndexError::Full)?;
        for object in &grown.objects {
            write_once(&*self.lookup_log, &*self.context.clock, &object.path, &object.bytes)
                .await?;
            self.superseded.extend(partials_of(&object.path));
        }
        self.guard.check(&grown)?;
        self.tiles = Arc::new(grown.tiles);
        self.head = file.manifest.head;
        self.newest = Some(file);
        Ok(())
    }

    /// Signs the tree of revisions, and publishes it.
    async fn show(&mut self) -> Result<(), IndexError> {
        let checkpoint = self.guard.sign().await?;
        let checkpoint = self.cosigned(checkpoint).await?;
        let head = self.guard.signed();
        let (clock, context) = (self.context.clock.clone(), self.context.clone());
        let read = |bytes: &[u8]| match signed_head(&context, bytes)? {
            Some(shown) if shown.size == head.size && shown.root != head.root => {
                Err(IndexError::LookupForked { size: shown.size })
            }
            Some(shown) => Ok(Published::Revisions(shown.size)),
            None => Ok(Published::Nothing),
        };
        let bytes = checkpoint.clone();
        publish(&mut self.checkpoint, &*self.lookup_log, &*clock, bytes, head.size, &read).await?;
        self.show_latest(checkpoint, head).await
    }

    /// Adds the cosignatures of the witnesses that answer in time.
    async fn cosigned(&self, checkpoint: Bytes) -> Result<Bytes, IndexError> {
        let Some(cosigners) = &self.context.cosigners else { return Ok(checkpoint) };
        let (objects, tiles) = (self.lookup_log.clone(), self.tiles.clone());
        let growth = Growth::new(objects, tiles, self.guard.signed());
        match with_cosignatures(&**cosigners, &checkpoint, &growth).await {
            // Another builder has published more, or the index was put back.
            Err(error @ CosignError::Ahead { .. }) => Err(IndexError::Cosign(error)),
            Err(error) => {
                let error = with_causes(&error);
                tracing::warn!(error, "the index is published without cosignatures");
                Ok(checkpoint)
            }
            // Those who are late miss this revision, and are asked for the next.
            Ok((cosigned, _late)) => Ok(cosigned),
        }
    }

    async fn show_latest(&mut self, checkpoint: Bytes, head: TreeHead) -> Result<(), IndexError> {
        let index = head.size.last_leaf();
        let (Some(index), Some(revision)) = (index, self.newest.clone()) else { return Ok(()) };
        let plan = plan_inclusion(index, head.size).expect("the last leaf is in the tree");
        for &coord in plan.tiles() {
            // After a start the full tiles are not in memory.
            if self.tiles.tile(coord.level, coord.index, coord.width).is_none()
                && let Some(tile) = tree::tile(&*self.lookup_log, coord).await?
            {
                Arc::make_mut(&mut self.tiles).insert(coord, tile);
            }
        }
        let hashes = plan.build(&*self.tiles).map_err(|error| StoreError::Corrupt {
            path: "lookup/tile".to_owned(),
            reason: error.to_string(),
        })?;
        let proof = TlogProof { extra: None, index, hashes, checkpoint: checkpoint.into() };
        let bytes = LatestFile { revision, proof }.to_bytes().into();
        let read = |bytes: &[u8]| {
            // It is a convenience for readers: if it cannot be read, it is replaced.
            let shown = LatestFile::parse(bytes).ok();
            Ok(shown.map_or(Published::Nothing, |shown| {
                Published::Revisions(shown.proof.index.tree_size_after())
            }))
        };
        let (objects, clock) = (self.context.objects.clone(), self.context.clock.clone());
        publish(&mut self.latest, &*objects, &*clock, bytes, head.size, &read).await
    }

    /// Reads a committed revision, if there is one with that number.
    async fn read(&self, number: LeafIndex) -> Result<Option<RevisionFile>, IndexError> {
        let path = LookupPath::Revision(number);
        let Some(object) = self.context.objects.get(&path.into()).await? else { return Ok(None) };
        let file = RevisionFile::parse(&object.bytes);
        let file = file.map_err(|source| IndexError::Revision { path, source })?;
        let opened = self.context.trust.open(&file.checkpoint);
        let opened = opened.map_err(|source| IndexError::Checkpoint { path, source })?;
        let manifest = &file.manifest;
        let misplaced = |reason: String| Err(IndexError::Order { path, reason });
        if manifest.origin != self.context.origin {
            return misplaced(format!("it belongs to the log {}", manifest.origin));
        }
        let (indexed, signed) = (manifest.head, opened.head());
        if opened.log().origin() != self.context.origin.as_str()
            || signed.size < indexed.size
            || (signed.size == indexed.size && signed.root != indexed.root)
        {
            return misplaced("its checkpoint does not hold the tree that it indexes".to_owned());
        }
        if indexed.size < self.head.size {
            return misplaced(format!("it indexes {}, less than {}", indexed.size, self.head.size));
        }
        Ok(Some(file))
    }
}

/// The partial tiles or bundles that preceded a full one, by their paths in the log's store.
fn partials_of(path: &ObjectPath) -> Vec<ObjectPath> {
    let partial = |width| match path.as_str().parse() {
        Ok(ResourcePath::Tile(tile)) if tile.width.is_full() => {
            Some(ResourcePath::Tile(TileCoord { width, ..tile }))
        }
        Ok(ResourcePath::Bundle(bundle)) if bundle.width.is_full() => {
            Some(ResourcePath::Bundle(BundleCoord { width, ..bundle }))
        }
        _ => None,
    };
    let widths = (1..).map_while(TileWidth::new).take_while(|width| !width.is_full());
    widths.filter_map(partial).map(|resource| LookupPath::Log(resource).into()).collect()
}

/// The tree of revisions in a checkpoint; `None` if it is not a checkpoint at all, such as what a
/// power cut leaves: then everything is derived from the revisions again.
fn signed_head(context: &IndexContext, bytes: &[u8]) -> Result<Option<TreeHead>, IndexError> {
    if SignedCheckpoint::parse(bytes).is_err() {
        tracing::warn!("lookup/checkpoint is torn; deriving it again from the revisions");
        return Ok(None);
    }
    let origin = context.signer.origin().to_string();
    match open_checkpoint(bytes, &origin, &[context.signer.verifier_key()]) {
        Ok(checkpoint) => Ok(Some(checkpoint.head)),
        Err(source) => Err(IndexError::Foreign { origin, source }),
    }
}
