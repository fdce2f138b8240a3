//! Trim: removes what is no longer needed, after all other work.
//!
//! - **Commit records.** Record k can be removed when its tree is strictly smaller than the
//!   published one, it is not the newest, and it is not the first of its epoch. The first records
//!   are kept forever. Only a rival's first record can take the next slot of a steady leader, so
//!   that slot stays filled, and a leader that was suspended for any time finds it taken (I7).
//! - **Partial tiles, bundles and times** can be removed once the full one is published. A reader
//!   with an older checkpoint that misses one reads the full one.
//!
//! Once true, both conditions stay true forever, so late removals do no harm. The trimmer knows
//! what its own term has written, and does not list any of it. What earlier terms have left behind
//! is found by listing, from where `_writer/trimmed` says that all earlier work is done. That note
//! is a hint, which may be stale or missing. A failure costs only space, and the removal is tried
//! again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use fasti_objects::Published;
use fasti_seams::causes::with_causes;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{CommitLog, Housekeeping, ObjectPath, RecordNumber, Store, StoreError};
use tiles_spec::{
    BundleCoord, TILE_WIDTH_MAX, TileCoord, TreeSize,
    tile::{bundles_for_growth, edge_bundle, edge_tiles, tiles_for_growth},
};

use crate::context::Context;
use crate::metrics::{LogMetrics, gauge};
use crate::record::Record;

/// The newest records that are left alone, so that rivals that are reading them need not restart.
const RECORDS_KEPT: usize = 8;
/// Records or objects are removed in lots of about this many.
const LOT: usize = 64;
/// Objects are also removed after this many bytes were written, so that leftover partial bundles
/// and records take no more space than this, in addition to those of the unfinished bundle.
const LOT_BYTES: u64 = 16 << 20;
/// Most paths in one listing.
const LIST_MAX: usize = 1000;
/// Most listings in one round.
const LISTINGS_MAX: usize = 64;
/// Most paths that are remembered for removal; any beyond that are left for a later term.
const DUE_MAX: usize = 1 << 16;
/// How much of the tree is searched in one round for leftovers of earlier terms.
const SWEEP_LEAVES: u64 = 16 * TILE_WIDTH_MAX as u64;

/// The trimmer of one term.
pub(super) struct Trimmer {
    housekeeping: Arc<dyn Housekeeping>,
    objects: Arc<dyn Store>,
    commits: Arc<dyn CommitLog>,
    metrics: Arc<LogMetrics>,
    /// The newest published record and its tree.
    told: (Option<RecordNumber>, TreeSize),
    /// Published records of this term, oldest first, each with an upper bound of its tree size.
    records: VecDeque<(RecordNumber, TreeSize)>,
    /// Partial objects that this term has written, by the full one that does not exist yet.
    partials: BTreeMap<ObjectPath, Vec<ObjectPath>>,
    /// Full objects, existing or not, that may have partial ones of an earlier term.
    unknown: BTreeSet<ObjectPath>,
    /// Partial objects whose full one is published.
    due: Vec<ObjectPath>,
    /// Full objects whose partial ones must be listed.
    to_list: Vec<ObjectPath>,
    /// How many bytes of tiles and bundles were written since the last round.
    written: u64,
    sweep: Sweep,
    noted: Option<Note>,
}

/// The search for leftovers of earlier terms.
struct Sweep {
    /// Where this term begins: its first record, and the tree at that time.
    until: (Option<RecordNumber>, TreeSize),
    /// Up to where everything is done; `None` until the note was read.
    from: Option<(Option<RecordNumber>, TreeSize)>,
}

impl Trimmer {
    /// The trimmer of a term whose first record is `first`, made when the tree of `size` was
    /// published.
    pub fn new(
        housekeeping: Arc<dyn Housekeeping>,
        context: &Context,
        first: Option<RecordNumber>,
        size: TreeSize,
    ) -> Self {
        Self {
            housekeeping,
            objects: context.stores.objects.clone(),
            commits: context.stores.commits.clone(),
            metrics: context.metrics.clone(),
            told: (first, size),
            records: VecDeque::new(),
            partials: BTreeMap::new(),
            unknown: edge(size).map(|(full, _)| full).collect(),
            due: Vec::new(),
            to_list: if planted(Bug::PartialsRemovedEarly) {
                edge(size).map(|(full, _)| full).collect()
            } else {
                Vec::new()
            },
            written: 0,
            sweep: Sweep { until: (first, size), from: None },
            noted: None,
        }
    }

    /// Notes that record `number` and the tree of `size` are published, for which `bytes` bytes of
    /// tiles and bundles were written.
    pub fn note(&mut self, number: RecordNumber, size: TreeSize, bytes: u64) {
        self.written += bytes;
        let (last, old) = std::mem::replace(&mut self.told, (Some(number), size));
        let first_untold = last.map_or(RecordNumber::FIRST, RecordNumber::next);
        for n in (first_untold.get()..=number.get()).filter_map(RecordNumber::new) {
            self.records.push_back((n, size));
        }
        let knows_all = first_untold == number;
        for (full, partial) in growth(old, size) {
            match partial {
                None => self.is_full(full),
                Some(path) if knows_all => self.partials.entry(full).or_default().push(path),
                Some(_) => drop(self.unknown.insert(full)),
            }
        }
        self.metrics.records_kept.set(gauge(self.records.len() as u64));
    }

    fn is_full(&mut self, full: ObjectPath) {
        let partials = self.partials.remove(&full).unwrap_or_default();
        if self.due.len() < DUE_MAX {
            self.due.extend(partials);
        }
        if self.unknown.remove(&full) {
            self.to_list.push(full);
        }
    }

    /// Removes what can be removed, if it is worthwhile.
    pub async fn trim_some(&mut self) {
        let records = self.removable_records();
        let left = self.sweep.from != Some(self.sweep.until) || !self.to_list.is_empty();
        let is_much = self.written >= LOT_BYTES && records + self.due.len() > 0;
        if records >= LOT || self.due.len() >= LOT || is_much || left {
            self.trim_all().await;
        }
    }

    /// Removes what can be removed.
    pub async fn trim_all(&mut self) {
        if let Err(error) = self.trim().await {
            self.metrics.trim_failures.inc();
            tracing::warn!(
                error = with_causes(&error),
                "cannot remove superseded objects; trying again later"
            );
        }
    }

    /// How many of the oldest records can be removed: their trees are smaller than the published
    /// one, so they are not the newest either.
    fn removable_records(&self) -> usize {
        let published = self.told.1;
        if planted(Bug::TrimNewest) {
            return self.records.len();
        }
        let old = self.records.len().saturating_sub(RECORDS_KEPT);
        self.records.iter().take(old).take_while(|(_, size)| *size < published).count()
    }

    async fn trim(&mut self) -> Result<(), StoreError> {
        self.written = 0;
        self.trim_records().await?;
        if !self.due.is_empty() {
            self.housekeeping.remove(&self.due).await?;
            self.metrics.trimmed_objects.inc_by(self.due.len() as u64);
            self.due.clear();
        }
        self.sweep().await?;
        for _ in 0..LISTINGS_MAX {
            let Some(full) = self.to_list.pop() else { break };
            if let Err(error) = self.remove_partials(&full).await {
                self.to_list.push(full);
                return Err(error);
            }
        }
        self.take_note().await
    }

    async fn trim_records(&mut self) -> Result<(), StoreError> {
        let count = self.removable_records();
        let paths: Vec<ObjectPath> = self.records.iter().take(count).map(record_path).collect();
        if paths.is_empty() {
            return Ok(());
        }
        self.housekeeping.remove(&paths).await?;
        self.records.drain(..count);
        self.metrics.trimmed_records.inc_by(count as u64);
        Ok(())
    }

    /// Lists and removes the partial objects of a full one that is published.
    async fn remove_partials(&self, full: &ObjectPath) -> Result<(), StoreError> {
        let partials = self.housekeeping.list(&format!("{full}.p/"), None, LIST_MAX).await?;
        self.housekeeping.remove(&partials).await?;
        self.metrics.trimmed_objects.inc_by(partials.len() as u64);
        Ok(())
    }

    /// One step through the leftovers of earlier terms: records first, then partial objects.
    async fn sweep(&mut self) -> Result<(), StoreError> {
        let (first, size) = self.sweep.until;
        let (record, swept) = match self.sweep.from {
            Some(from) => from,
            None => self.read_note().await?,
        };
        self.sweep.from = Some((record, swept));
        if record.is_none_or(|record| Some(record) < first) {
            let seen = self.sweep_records(record, first).await?;
            self.sweep.from = Some((seen, swept));
        } else if swept < size {
            let to = swept.add_up_to(SWEEP_LEAVES, size);
            let full = growth(swept, to).filter(|(_, partial)| partial.is_none());
            self.to_list.extend(full.map(|(full, _)| full));
            self.sweep.from = Some((record, to));
        }
        Ok(())
    }

    /// Searches some of the records of earlier terms, and returns up to where.
    async fn sweep_records(
        &self,
        from: Option<RecordNumber>,
        first: Option<RecordNumber>,
    ) -> Result<Option<RecordNumber>, StoreError> {
        let after = from.map(ObjectPath::commit_record);
        let listed =
            self.housekeeping.list("_writer/commit/", after.as_ref(), LISTINGS_MAX).await?;
        let numbers: Vec<RecordNumber> =
            listed.iter().filter_map(ObjectPath::record_number).collect();
        let earlier = numbers.iter().copied().filter(|number| Some(*number) < first);
        let mut removable = Vec::new();
        for number in earlier {
            if self.is_superseded(number).await? {
                removable.push(ObjectPath::commit_record(number));
            }
        }
        self.housekeeping.remove(&removable).await?;
        self.metrics.trimmed_records.inc_by(removable.len() as u64);
        let is_last_page = listed.len() < LISTINGS_MAX;
        Ok(if is_last_page { first } else { numbers.last().copied().min(first) })
    }

    /// Whether the record has a batch, and its tree is smaller than the published one.
    async fn is_superseded(&self, number: RecordNumber) -> Result<bool, StoreError> {
        let Some(bytes) = self.commits.read(number).await? else { return Ok(false) };
        // A record that does not read back is left for inspection.
        let Ok((record, _)) = offload(move || Record::decode(&bytes)).await else {
            return Ok(false);
        };
        let is_batch = !record.entries.is_empty() || planted(Bug::TrimFirstOfEpoch);
        let is_smaller = record.after.size < self.told.1;
        Ok(is_batch && (is_smaller || planted(Bug::TrimPublished)))
    }

    async fn read_note(&self) -> Result<(Option<RecordNumber>, TreeSize), StoreError> {
        let note = self.objects.get(&ObjectPath::trimmed()).await?;
        let note = note.and_then(|object| Note::parse(&object.bytes));
        Ok(note.map_or((None, TreeSize::ZERO), |note| (Some(note.record), note.size)))
    }

    /// Writes down up to where everything is done.
    async fn take_note(&mut self) -> Result<(), StoreError> {
        let Some((Some(record), size)) = self.sweep.from else { return Ok(()) };
        let is_through = (Some(record), size) == self.sweep.until && self.to_list.is_empty();
        let oldest_kept = self.records.front().and_then(|(number, _)| number.previous());
        let note = match oldest_kept {
            Some(seen) if is_through => Note { record: seen, size: self.told.1 },
            _ if self.to_list.is_empty() => Note { record, size },
            _ => return Ok(()),
        };
        if self.noted.as_ref() != Some(&note) {
            self.housekeeping.note(&ObjectPath::trimmed(), note.to_string().into()).await?;
            self.noted = Some(note);
        }
        Ok(())
    }
}

fn record_path((number, _): &(RecordNumber, TreeSize)) -> ObjectPath {
    ObjectPath::commit_record(*number)
}

/// The contents of `_writer/trimmed`: a record number and a tree size, one per line.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    /// Records up to this one are done.
    record: RecordNumber,
    /// Partial objects whose full one is in the tree of this size are done.
    size: TreeSize,
}

impl Note {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (record, size) = std::str::from_utf8(bytes).ok()?.trim_end().split_once('\n')?;
        let record = RecordNumber::new(record.parse().ok()?)?;
        Some(Self { record, size: TreeSize::new(size.parse().ok()?)? })
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\n{}", self.record, self.size)
    }
}

/// What a growth step adds: the path of each full object, and its own path if it is partial.
fn growth(old: TreeSize, new: TreeSize) -> impl Iterator<Item = (ObjectPath, Option<ObjectPath>)> {
    let tiles = tiles_for_growth(old, new).into_iter().map(tile_paths);
    tiles.chain(bundles_for_growth(old, new).into_iter().flat_map(bundle_paths))
}

/// The unfinished objects of a tree.
fn edge(size: TreeSize) -> impl Iterator<Item = (ObjectPath, Option<ObjectPath>)> {
    let tiles = edge_tiles(size).into_iter().map(tile_paths);
    tiles.chain(edge_bundle(size).into_iter().flat_map(bundle_paths))
}

fn tile_paths(tile: TileCoord) -> (ObjectPath, Option<ObjectPath>) {
    let passes_for_full = planted(Bug::FullAt255) && tile.width.as_usize() == 255;
    (tile.full().into(), (!tile.width.is_full() && !passes_for_full).then(|| tile.into()))
}

/// Those of a bundle, and of the times of its entries.
fn bundle_paths(bundle: BundleCoord) -> [(ObjectPath, Option<ObjectPath>); 2] {
    let is_partial = !bundle.width.is_full();
    let times = |bundle| ObjectPath::from(Published::Times(bundle));
    [
        (bundle.full().into(), is_partial.then(|| bundle.into())),
        (times(bundle.full()), is_partial.then(|| times(bundle))),
    ]
}
