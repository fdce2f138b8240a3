//! The lookup index: the log of its revisions, the revisions, and the runs of the newest one.
//!
//! What vouches for all of it is the key of the lookup log. Whether the index is right about the
//! log is a question for `fasti fsck --lookup`, of the copy as of the log.

use std::sync::Arc;

use bytes::Bytes;
use fasti_client::fetch::{Fetch, LookupLog, PART_BYTES_MAX};
use fasti_client::reader::View;
use fasti_client::trust::Trust;
use fasti_lookup_spec::{LatestFile, LookupPath, Part, RevisionFile, Run, read_part};
use fasti_objects::Published;
use fasti_seams::offload::offload_large;
use fasti_store::{ObjectPath, PrefixStore};
use tiles_spec::tile::bundle_indices;
use tiles_spec::{
    LeafIndex, ResourcePath, SignedCheckpoint, TreeSize, leaf_hash, verify_inclusion,
};

use crate::copy::{Copy, Count, Place, publish};
use crate::error::MirrorError;
use crate::tree;

/// `lookup/latest` as it was read, and what it proves.
pub(crate) struct Shown {
    bytes: Vec<u8>,
    file: LatestFile,
}

/// What `lookup/latest` proves, under a trusted key.
pub(crate) fn shown(bytes: Vec<u8>, trust: &Trust) -> Result<Shown, MirrorError> {
    let path = LookupPath::Latest;
    let file =
        LatestFile::parse(&bytes).map_err(|source| MirrorError::Revision { path, source })?;
    let signed = trust.open(&file.proof.checkpoint).map_err(MirrorError::Indexer)?;
    let leaf = leaf_hash(&file.revision.manifest.revision_entry());
    verify_inclusion(&leaf, file.proof.index, &signed.head(), &file.proof.hashes)
        .map_err(|source| MirrorError::Proof { path, source })?;
    Ok(Shown { bytes, file })
}

impl Shown {
    /// How many entries the index covers.
    pub fn size(&self) -> TreeSize {
        self.file.revision.manifest.head.size
    }
}

/// Copies what `shown` implies: the lookup log up to it, its revisions, and the runs of the newest.
pub(crate) async fn copy(
    shown: &Shown,
    log: &mut View,
    trust: &Trust,
    place: &Place,
) -> Result<Count, MirrorError> {
    let head = shown.file.revision.manifest.head;
    if head.size > log.head().size || log.head_at(head.size).await? != head {
        return Err(MirrorError::Forked { size: head.size });
    }
    let mut count = copy_runs(shown, log.fetch(), place).await?;
    let lookup: Arc<dyn Fetch> = Arc::new(LookupLog(log.fetch().clone()));
    let signed = trust.open(&shown.file.proof.checkpoint).map_err(MirrorError::Indexer)?;
    let below = ObjectPath::new("lookup").expect("it is a path");
    let objects = Arc::new(PrefixStore::new(place.objects.clone(), below));
    let prefixed = Place { objects, clock: place.clock.clone() };
    let before = tree::copied(&prefixed, trust).await?;
    let old = before.map_or(TreeSize::ZERO, |before| before.size);
    let mut lookup = View::at(lookup, signed).await?;
    tree::expect_growth(&mut lookup, before).await?;
    count += tree::copy(&mut lookup, old, &prefixed, false, async |_, _| Ok(())).await?;
    count += copy_revisions(&mut lookup, old, log.fetch(), place).await?;
    // The checkpoint in the proof has the lookup log's own line, like `lookup/checkpoint`.
    let checkpoint = Bytes::from(shown.file.proof.checkpoint.clone());
    let (latest, path) =
        (Bytes::from(shown.bytes.clone()), LookupPath::Log(ResourcePath::Checkpoint));
    let size = lookup.head().size;
    publish(place, Published::Lookup(path), checkpoint, |there| Ok(size_of(there) >= Some(size)))
        .await?;
    let is_enough = |there: &[u8]| {
        let there = LatestFile::parse(there).ok();
        Ok(there.is_some_and(|there| size_of(&there.proof.checkpoint) >= Some(size)))
    };
    publish(place, Published::Lookup(LookupPath::Latest), latest, is_enough).await?;
    Ok(count)
}

fn size_of(checkpoint: &[u8]) -> Option<TreeSize> {
    Some(SignedCheckpoint::parse(checkpoint).ok()?.checkpoint().head.size)
}

async fn copy_revisions(
    lookup: &mut View,
    old: TreeSize,
    fetch: &Arc<dyn Fetch>,
    place: &Place,
) -> Result<Count, MirrorError> {
    let new = lookup.head().size;
    let mut copy = Copy::to(place);
    let mut bundles = lookup.bundles(bundle_indices(old, new));
    while let Some(bundle) = bundles.next().await? {
        for (index, _, entry) in bundle.entries().filter(|(index, ..)| index.get() >= old.get()) {
            let file = revision(&**fetch, index, entry).await?;
            copy.put(Published::Lookup(LookupPath::Revision(index)), file).await?;
        }
    }
    copy.finish().await
}

/// A revision's file, which must be the one in the lookup log.
async fn revision(
    fetch: &dyn Fetch,
    number: LeafIndex,
    entry: &[u8],
) -> Result<Vec<u8>, MirrorError> {
    let path = LookupPath::Revision(number);
    let bytes = fetch.fetch_lookup(&path).await?.ok_or(MirrorError::Missing { path })?;
    let file =
        RevisionFile::parse(&bytes).map_err(|source| MirrorError::Revision { path, source })?;
    if file.manifest.revision_entry() == entry {
        Ok(bytes)
    } else {
        Err(MirrorError::Unsigned { path })
    }
}

/// Copies the parts that the copy does not have yet.
async fn copy_runs(
    shown: &Shown,
    fetch: &Arc<dyn Fetch>,
    place: &Place,
) -> Result<Count, MirrorError> {
    let mut copy = Copy::to(place);
    for run in &shown.file.revision.manifest.runs {
        for (slice, part) in run.slices() {
            let path = LookupPath::Part { range: run.range, part: slice.index() };
            let object = ObjectPath::from(Published::Lookup(path));
            // Parts are written whole, and only after they were verified.
            if place.objects.length(&object).await? == Some(part.bytes()) {
                continue;
            }
            let bytes = read(&**fetch, path, part).await?;
            let verified = verified(run, slice, part, bytes).await;
            let bytes = verified.map_err(|source| MirrorError::Part { path, source })?;
            copy.put(Published::Lookup(path), bytes).await?;
        }
    }
    copy.finish().await
}

async fn read(fetch: &dyn Fetch, path: LookupPath, part: &Part) -> Result<Vec<u8>, MirrorError> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < part.bytes() {
        let from = bytes.len() as u64;
        let to = part.bytes().min(from + PART_BYTES_MAX);
        let read = fetch.fetch_part(&path, from..to).await?;
        bytes.extend(read.ok_or(MirrorError::Missing { path })?);
    }
    Ok(bytes)
}

async fn verified(
    run: &Run,
    slice: fasti_lookup_spec::KeySlice,
    part: &Part,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, fasti_lookup_spec::LookupError> {
    let (range, part) = (run.range, part.clone());
    offload_large(move || read_part(range, slice, &part, &bytes).map(|_| bytes)).await
}
