//! Replay: what the commit records and the published checkpoint say together.
//!
//! The order of reads is part of the protocol. The newest record is chosen and its digests are
//! followed back first; `checkpoint` is read only then. The other way round, a checkpoint could be
//! compared with records that were trimmed or written after it. (It is read once before, but only
//! to know how far to go back: the published tree only grows.) What this process has seen, and what
//! is remembered outside the store, is gathered before all of it: whatever it shows was committed
//! by then, so the records that are read later must lead to it. Everything inconsistent is refused
//! by name (I10). If other writers are running, the inconsistency may only mean that the picture
//! was taken in the middle of a change; recovery checks by taking another one.

use bytes::Bytes;
use fasti_objects::IntegratedTime;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{Object, ObjectPath, RecordNumber, Version};
use tiles_spec::{Checkpoint, SignedCheckpoint, TreeHead, TreeSize, open_checkpoint};

use crate::context::Context;
use crate::record::{Epoch, Record, RecordDigest};
use crate::recover_error::RecoverError;
use crate::remember::remembered;
use crate::seen::Seen;
use crate::sighting::{SeenBy, Sighting};
use crate::times::StatedTimes;

/// The checkpoint as it is published now.
pub(super) struct PublishedCheckpoint {
    /// `None` if a power cut has torn the file.
    pub head: Option<TreeHead>,
    /// The version that a replacement must name.
    pub version: Version,
    /// The contents of the file.
    pub bytes: Bytes,
}

/// What a store holds of a log.
pub(super) struct Replay {
    /// The checkpoint, read after the records.
    pub checkpoint: PublishedCheckpoint,
    /// The tree up to which everything is applied and durable.
    pub base: TreeHead,
    /// The tree of the newest record.
    pub newest: TreeHead,
    /// The number of the next record.
    pub next: RecordNumber,
    /// The digest that the next record will name.
    pub previous: RecordDigest,
    /// The newest record's term.
    pub epoch: Epoch,
    /// The newest record's time.
    pub time: Option<IntegratedTime>,
    /// What the record next to the base states about the times of its unfinished bundle: the oldest
    /// unfinished record, or else the newest one.
    pub stated: StatedTimes,
    /// Whether the newest record ends the log.
    pub is_frozen: bool,
    /// The records beyond `base`, oldest first.
    pub unfinished: Vec<RecordNumber>,
    /// Trees that were seen and that are older than all records that are kept: the tiles must prove
    /// that the log began with them.
    pub older: Vec<(SeenBy, TreeHead)>,
}

/// What is kept of a record that the walk passed.
struct Passed {
    number: RecordNumber,
    before: TreeHead,
    after: TreeHead,
    stated: StatedTimes,
}

impl Replay {
    /// Reads the records, then the checkpoint, and checks that they agree with each other, with
    /// what is remembered, with what this process has seen, and with what the operator has stated.
    pub async fn read(context: &Context, seen: &Seen) -> Result<Self, RecoverError> {
        let early = if planted(Bug::CheckpointBeforeRecords) {
            Some(read_checkpoint(context).await?)
        } else {
            None
        };
        let mut known = witnessed(context, seen).await?;
        let Some((newest, record, digest)) = read_newest(context).await? else {
            return Self::without_records(context, &known).await;
        };
        let (epoch, head, is_frozen) = (record.epoch, record.after, record.is_last);
        let (time, newest_states) = (record.time, StatedTimes::by(&record));
        let walked = walk_back(context, record, enough(context).await?).await?;
        let checkpoint = match early {
            Some(early) => early,
            None => read_checkpoint(context).await?,
        };

        let published = checkpoint.head.map_or(TreeSize::ZERO, |shown| shown.size);
        let floor = context.stores.commits.settled().await?.unwrap_or(published);
        let unfinished: Vec<&Passed> =
            walked.iter().take_while(|record| record.after.size > floor).collect();
        let base = unfinished.last().map_or(head, |oldest| oldest.before);
        if base.size > floor
            && !planted(Bug::AcceptAnyReplay)
            && let Some(number) = unfinished.last().and_then(|oldest| oldest.number.previous())
        {
            return Err(RecoverError::Gap { number, published });
        }
        let stated = unfinished.last().map_or(newest_states, |oldest| oldest.stated);
        let heads: Vec<TreeHead> =
            std::iter::once(head).chain(walked.iter().map(|record| record.before)).collect();
        if planted(Bug::SeenAfterRecords) {
            known = witnessed(context, seen).await?;
        }
        see(seen, &checkpoint);
        let older = if planted(Bug::AcceptAnyReplay) {
            Vec::new()
        } else {
            let older = check(context, &known, &checkpoint, &heads)?;
            refuse_if_overtaken(context, seen, head).await?;
            older
        };
        let mut unfinished: Vec<RecordNumber> = unfinished.iter().map(|r| r.number).collect();
        unfinished.reverse();
        if planted(Bug::NewestForgotten) {
            unfinished.pop();
        }
        let (next, previous) = (newest.next(), digest);
        let newest = head;
        Ok(Self {
            checkpoint,
            base,
            newest,
            next,
            previous,
            epoch,
            time,
            stated,
            is_frozen,
            unfinished,
            older,
        })
    }

    /// A log whose first record was not written yet.
    async fn without_records(
        context: &Context,
        witnessed: &[Witnessed],
    ) -> Result<Self, RecoverError> {
        let checkpoint = read_checkpoint(context).await?;
        let published = checkpoint.head.map_or(TreeSize::ZERO, |shown| shown.size);
        if !published.is_zero() {
            return Err(RecoverError::MissingRecords { published });
        }
        check(context, witnessed, &checkpoint, &[TreeHead::EMPTY])?;
        Ok(Self {
            checkpoint,
            base: TreeHead::EMPTY,
            newest: TreeHead::EMPTY,
            next: RecordNumber::FIRST,
            previous: genesis(context),
            epoch: Epoch(0),
            time: None,
            stated: StatedTimes::default(),
            is_frozen: false,
            unfinished: Vec::new(),
            older: Vec::new(),
        })
    }
}

/// Reads the newest record. One that was found and is gone when it is read was trimmed meanwhile,
/// so there is a newer one; it is missing only if no newer one is found.
pub(super) async fn read_newest(
    context: &Context,
) -> Result<Option<(RecordNumber, Record, RecordDigest)>, RecoverError> {
    let mut gone = None;
    loop {
        let Some(number) = find_newest(context).await? else { return Ok(None) };
        if let Some((record, digest)) = find_record(context, number).await? {
            return Ok(Some((number, record, digest)));
        }
        if gone.is_some_and(|gone| number <= gone) {
            return Err(RecoverError::Gap { number, published: TreeSize::ZERO });
        }
        gone = Some(number);
    }
}

/// The number of the newest record: the store's candidate, or one above it.
async fn find_newest(context: &Context) -> Result<Option<RecordNumber>, RecoverError> {
    let commits = &context.stores.commits;
    let Some(mut newest) = commits.newest().await? else { return Ok(None) };
    while commits.read(newest.next()).await?.is_some() {
        newest = newest.next();
    }
    Ok(Some(newest))
}

/// Reads a record that is known to be there.
pub(super) async fn read_record(
    context: &Context,
    number: RecordNumber,
) -> Result<(Record, RecordDigest), RecoverError> {
    let record = find_record(context, number).await?;
    record.ok_or(RecoverError::Gap { number, published: TreeSize::ZERO })
}

async fn find_record(
    context: &Context,
    number: RecordNumber,
) -> Result<Option<(Record, RecordDigest)>, RecoverError> {
    let Some(bytes) = context.stores.commits.read(number).await? else { return Ok(None) };
    let decoded = offload(move || Record::decode(&bytes)).await;
    let (record, digest) =
        decoded.map_err(|source| RecoverError::DamagedRecord { number, source })?;
    if record.number == number {
        Ok(Some((record, digest)))
    } else {
        Err(RecoverError::BrokenChain { number })
    }
}

/// The size below which records do not matter: what is durable and published is never undone.
async fn enough(context: &Context) -> Result<TreeSize, RecoverError> {
    match context.stores.commits.settled().await? {
        Some(settled) => Ok(settled),
        None => Ok(read_checkpoint(context).await?.head.map_or(TreeSize::ZERO, |shown| shown.size)),
    }
}

/// Follows the digests from `record` back to the oldest record that is kept or, if that comes
/// first, to one that leads to no more than `enough`; newest first.
async fn walk_back(
    context: &Context,
    record: Record,
    enough: TreeSize,
) -> Result<Vec<Passed>, RecoverError> {
    let mut passed = Vec::new();
    let mut later = record;
    loop {
        let stated = StatedTimes::by(&later);
        let Record { number, before, after, previous, .. } = later;
        passed.push(Passed { number, before, after, stated });
        let Some(below) = number.previous() else {
            if previous == genesis(context) && before == TreeHead::EMPTY {
                return Ok(passed);
            }
            // Most likely this is another log's key or origin; its checkpoint gives a better error.
            read_checkpoint(context).await?;
            return Err(RecoverError::BrokenChain { number });
        };
        if after.size <= enough {
            return Ok(passed);
        }
        let Some((earlier, digest)) = find_record(context, below).await? else {
            return Ok(passed);
        };
        if digest != previous || earlier.after != before {
            return Err(RecoverError::BrokenChain { number });
        }
        later = earlier;
    }
}

/// What record 1 names as its predecessor.
fn genesis(context: &Context) -> RecordDigest {
    let key = context.signer.verifier_key().to_string();
    RecordDigest::of_new_log(context.signer.origin().as_str(), &key)
}

/// Reads and verifies the checkpoint as it is published now.
pub(super) async fn read_checkpoint(
    context: &Context,
) -> Result<PublishedCheckpoint, RecoverError> {
    let path = ObjectPath::checkpoint();
    let Some(Object { bytes, version }) = context.stores.objects.get(&path).await? else {
        return Err(RecoverError::MissingCheckpoint { committed: TreeSize::ZERO });
    };
    let may_be_torn = context.stores.commits.settled().await?.is_some();
    if may_be_torn && is_torn(&bytes) {
        return Ok(PublishedCheckpoint { head: None, version, bytes });
    }
    let key = context.signer.verifier_key();
    let origin = context.signer.origin().to_string();
    if let Ok(signed) = SignedCheckpoint::parse(&bytes)
        && signed.checkpoint().origin != origin
    {
        let found = signed.checkpoint().origin.clone();
        return Err(RecoverError::WrongOrigin { found, expected: origin });
    }
    match open_checkpoint(&bytes, &origin, std::slice::from_ref(&key)) {
        Ok(Checkpoint { head, .. }) => Ok(PublishedCheckpoint { head: Some(head), version, bytes }),
        Err(source) => Err(RecoverError::WrongKey { key: Box::new(key), source }),
    }
}

/// What a power cut can leave of a checkpoint that was not flushed: nothing, whole sectors of zeros
/// (a note has no zero byte), or its first sectors.
fn is_torn(bytes: &[u8]) -> bool {
    const SECTOR_BYTES: usize = 512;
    let is_cut =
        bytes.len().is_multiple_of(SECTOR_BYTES) && SignedCheckpoint::parse(bytes).is_err();
    bytes.contains(&0) || is_cut
}

/// Notes that this process has verified what is published.
fn see(seen: &Seen, shown: &PublishedCheckpoint) {
    if let Some(head) = shown.head {
        seen.note(Sighting { head, checkpoint: shown.bytes.clone(), seen_by: SeenBy::Read });
    }
}

/// A tree that was seen, and by whom.
pub(super) type Witnessed = (SeenBy, TreeHead);

/// What is remembered outside the store, and what this process has seen.
pub(super) async fn witnessed(
    context: &Context,
    seen: &Seen,
) -> Result<Vec<Witnessed>, RecoverError> {
    let mut witnessed = match &context.memory {
        Some(memory) => remembered(memory, &*context.signer, &*context.clock).await?,
        None => Vec::new(),
    };
    witnessed.extend(seen.heads());
    Ok(witnessed)
}

/// Checks everything that has seen the log against the trees of the records. `heads` holds all that
/// are kept, newest first. Returns what is older than all of them.
fn check(
    context: &Context,
    witnessed: &[Witnessed],
    checkpoint: &PublishedCheckpoint,
    heads: &[TreeHead],
) -> Result<Vec<Witnessed>, RecoverError> {
    let mut older = Vec::new();
    if let Some(shown) = checkpoint.head
        && agrees(&SeenBy::Checkpoint, shown, heads)? == Agrees::Older
    {
        older.push((SeenBy::Checkpoint, shown));
    }
    older.extend(refuse_rollback(context, witnessed, heads)?);
    Ok(older)
}

/// Checks what was witnessed before the records were read, and what the operator has stated,
/// against the trees of the records.
pub(super) fn refuse_rollback(
    context: &Context,
    witnessed: &[Witnessed],
    heads: &[TreeHead],
) -> Result<Vec<Witnessed>, RecoverError> {
    let mut older = Vec::new();
    for (seen_by, head) in witnessed {
        if agrees(seen_by, *head, heads)? == Agrees::Older {
            older.push((seen_by.clone(), *head));
        }
    }
    let committed = heads[0].size;
    match context.config.size_seen {
        Some(seen) if seen > committed => {
            Err(RecoverError::RolledBack { seen_by: SeenBy::Operator, seen, committed })
        }
        _ => Ok(older),
    }
}

/// Looks once more at what is witnessed. A larger tree accuses nobody now, since it may have been
/// committed after the records were read; but nothing is begun either, and the next recovery, which
/// reads the records after it, finds out.
async fn refuse_if_overtaken(
    context: &Context,
    seen: &Seen,
    newest: TreeHead,
) -> Result<(), RecoverError> {
    let witnessed = witnessed(context, seen).await?;
    if witnessed.iter().any(|(_, head)| head.size > newest.size) {
        return Err(RecoverError::Fenced);
    }
    Ok(())
}

/// How a tree that was seen relates to the kept records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agrees {
    /// It is one of their trees.
    CameBy,
    /// It is older than all of them.
    Older,
}

fn agrees(seen_by: &SeenBy, seen: TreeHead, heads: &[TreeHead]) -> Result<Agrees, RecoverError> {
    let (committed, seen_by) = (heads[0].size, seen_by.clone());
    if seen.size > committed {
        Err(RecoverError::RolledBack { seen_by, seen: seen.size, committed })
    } else if heads.contains(&seen) {
        Ok(Agrees::CameBy)
    } else if heads.iter().all(|head| head.size > seen.size) {
        Ok(Agrees::Older)
    } else {
        Err(RecoverError::Forked { seen_by, size: seen.size })
    }
}
