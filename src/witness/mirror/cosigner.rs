//! What a mirror has cosigned of each log, and what it takes to cosign more.
//!
//! Whoever has a log's turn is the only one that changes its copy, or what was cosigned of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{ForwardOnly, Found};
use fasti_seams::entropy::Entropy;
use fasti_seams::offload::offload;
use fasti_store::{Object, ObjectPath, Store, StoreError};
use tiles_spec::mirror::MirrorInfo;
use tiles_spec::witness::origin_hash;
use tiles_spec::{CHECKPOINT_BYTES_MAX, NoteSignature, SignedCheckpoint, TreeSize};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use super::copy::Copy;
use super::refusal::MirrorRefusal;
use super::ticket::Tickets;
use crate::dated::time_after;
use crate::known_logs::KnownLog;
use crate::own_keys::OwnKeys;
use crate::refusal::Refusal;
use crate::state::{Recorded, StateError};
use crate::witness::{Witness, by_the_log};

/// Opens the store of one copy, below a prefix of its own. It may say that the prefix is too long.
pub type Copies = Box<dyn Fn(ObjectPath) -> Result<Arc<dyn Store>, StoreError> + Send + Sync>;

/// A mirror.
pub struct Mirror {
    pub(super) witness: Arc<Witness>,
    pub(super) tickets: Tickets,
    keys: Arc<OwnKeys>,
    copies: Copies,
    /// One for each log that was ever mirrored by this process.
    logs: Mutex<HashMap<String, Arc<Turns<Mirrored>>>>,
}

/// A log as it is mirrored.
#[derive(Default)]
pub(super) struct Mirrored {
    /// `None` until it was read.
    copy: Option<Copy>,
    cosigned: Cosigned,
}

/// What was cosigned last of a log, and with which lines.
#[derive(Default)]
enum Cosigned {
    /// Not known: a record failed, or is under way. It must be settled and read.
    #[default]
    Unread,
    /// Known; `None` if nothing was.
    Read(Option<Recorded>),
}

/// A turn at a log.
pub(super) type Turn = OwnedMutexGuard<Mirrored>;

impl Mirrored {
    /// The copy, once it was read.
    pub fn copy(&mut self) -> &mut Copy {
        self.copy.as_mut().expect("it was read")
    }

    /// The size of the checkpoint that was cosigned last; `None` if none was.
    pub fn cosigned(&self) -> Option<TreeSize> {
        match &self.cosigned {
            Cosigned::Read(Some(recorded)) => Some(recorded.head.size),
            Cosigned::Read(None) | Cosigned::Unread => None,
        }
    }
}

impl Mirror {
    /// A mirror beside this witness, with these keys, which keeps its copies in these stores: each
    /// below the hash of its log's origin.
    pub fn new(
        witness: Arc<Witness>,
        keys: OwnKeys,
        copies: Copies,
        entropy: &dyn Entropy,
    ) -> Arc<Self> {
        let (keys, tickets) = (Arc::new(keys), Tickets::new(entropy));
        Arc::new(Self { witness, keys, copies, tickets, logs: Mutex::default() })
    }

    /// Its own keys.
    pub fn keys(&self) -> &Arc<OwnKeys> {
        &self.keys
    }

    /// Where the copy is of the log whose origin has this hash.
    pub fn copy_of(&self, hash: &str) -> Result<Arc<dyn Store>, MirrorRefusal> {
        let prefix = ObjectPath::new(hash).expect("hexadecimal digits");
        Ok((self.copies)(prefix)?)
    }

    /// How many logs it mirrors.
    pub fn log_count(&self) -> usize {
        self.witness.logs().all().values().filter(|log| log.is_mirrored).count()
    }

    /// Publishes what was cosigned last of each log once more: what was published before may not
    /// have been safe on the disk. Reports what is wrong with copies, as far as their edges show.
    pub async fn restore(self: &Arc<Self>) -> Vec<(String, MirrorRefusal)> {
        let mut wrong = Vec::new();
        for (hash, log) in &*self.witness.logs().all() {
            if !log.is_mirrored {
                continue;
            }
            let restored = async {
                drop(self.turn_with_copy(log).await?);
                match self.newest(hash).await? {
                    Some(note) => self.publish(hash, note.into()).await,
                    None => Ok(()),
                }
            };
            if let Err(refusal) = restored.await {
                wrong.push((log.origin.clone(), refusal));
            }
        }
        wrong
    }

    /// Whether it mirrors the log whose origin has this hash, in lower-case hexadecimal.
    pub fn mirrors(&self, origin_hash: &str) -> bool {
        self.witness.logs().with_hash(origin_hash).is_some_and(|log| log.is_mirrored)
    }

    /// The newest cosigned checkpoint of that log; `None` before the first.
    pub async fn newest(self: &Arc<Self>, hash: &str) -> Result<Option<Vec<u8>>, MirrorRefusal> {
        let Some(log) = self.witness.logs().with_hash(hash) else { return Ok(None) };
        // Nobody sees what is not safe on the disk yet.
        let turn = self.turn(&log).await?;
        let (this, hash) = (self.clone(), hash.to_owned());
        let found = offload(move || {
            let found = this.witness.state().newest_mirrored(&hash);
            drop(turn);
            found
        });
        Ok(found.await?)
    }

    /// The checkpoint that was cosigned last, with the log's own lines alone.
    pub(super) async fn cosigned_by_log(
        self: &Arc<Self>,
        log: &Arc<KnownLog>,
    ) -> Result<Option<SignedCheckpoint>, MirrorRefusal> {
        let note = self.newest(&origin_hash(&log.origin)).await?;
        Ok(note.and_then(|note| by_the_log(&note, log)))
    }

    /// Where to go on.
    pub(super) fn info(&self, checkpoint: &SignedCheckpoint, next: TreeSize) -> MirrorInfo {
        MirrorInfo { pending: size_of(checkpoint), next, ticket: self.tickets.write(checkpoint) }
    }

    /// Where a client should go on that has uploaded entries up to this checkpoint.
    pub(super) async fn info_after(
        self: &Arc<Self>,
        log: &Arc<KnownLog>,
        checkpoint: &SignedCheckpoint,
    ) -> Result<MirrorInfo, MirrorRefusal> {
        let next = self.turn_with_copy(log).await?.copy().size();
        if next <= size_of(checkpoint) {
            return Ok(self.info(checkpoint, next));
        }
        // Others were faster: what is left is beyond the checkpoint.
        let pending = self.witness.pending(log).await?.ok_or(MirrorRefusal::NoPending)?;
        Ok(self.info(&pending, next))
    }

    /// Waits for a turn at this log. What was cosigned last is known then.
    async fn turn(self: &Arc<Self>, log: &Arc<KnownLog>) -> Result<Turn, MirrorRefusal> {
        let hash = origin_hash(&log.origin);
        let turns = {
            let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
            logs.entry(hash.clone()).or_default().clone()
        };
        let mut turn = turns.lock_owned().await;
        if matches!(turn.cosigned, Cosigned::Read(_)) {
            return Ok(turn);
        }
        let (this, log) = (self.clone(), log.clone());
        let read = offload(move || {
            let state = this.witness.state();
            state.settle_mirrored(&hash)?;
            let found = state.mirrored(&log.origin, this.keys.verifier_keys(), &log.keys)?;
            turn.cosigned = Cosigned::Read(found);
            Ok::<_, StateError>(turn)
        });
        Ok(read.await?)
    }

    /// The same with the copy, which is read if it was not yet.
    pub(super) async fn turn_with_copy(
        self: &Arc<Self>,
        log: &Arc<KnownLog>,
    ) -> Result<Turn, MirrorRefusal> {
        let mut turn = self.turn(log).await?;
        if turn.copy.is_none() {
            let size = turn.cosigned().unwrap_or(TreeSize::ZERO);
            let objects = self.copy_of(&origin_hash(&log.origin))?;
            turn.copy = Some(Copy::open(objects, self.witness.clock().clone(), size).await?);
        }
        Ok(turn)
    }

    /// Cosigns a checkpoint, all of whose entries are there. Returns the lines.
    pub(super) async fn cosign(
        self: &Arc<Self>,
        log: &Arc<KnownLog>,
        checkpoint: &SignedCheckpoint,
    ) -> Result<String, MirrorRefusal> {
        let mut turn = self.turn_with_copy(log).await?;
        let head = checkpoint.checkpoint().head;
        if turn.cosigned() > Some(head.size) || turn.copy().size() < head.size {
            drop(turn);
            // Others were faster, or what was uploaded was lost meanwhile.
            let pending = self.witness.pending(log).await?.ok_or(MirrorRefusal::NoPending)?;
            let next = self.turn_with_copy(log).await?.copy().size();
            return Err(MirrorRefusal::Elsewhere(self.info(&pending, next)));
        }
        if !turn.copy().complete(head).await? {
            return Err(MirrorRefusal::OtherTree(head));
        }
        let hash = origin_hash(&log.origin);
        let (this, log, checkpoint) = (self.clone(), log.clone(), checkpoint.clone());
        // It goes on to its end even if the client leaves meanwhile.
        let (turn, note, lines) = offload(move || this.record(turn, &log, &checkpoint)).await?;
        self.publish(&hash, note.into()).await?;
        drop(turn);
        self.witness.metrics().mirrored.inc();
        Ok(lines.iter().map(ToString::to_string).collect())
    }

    /// Signs a checkpoint, and records that.
    fn record(
        &self,
        mut turn: Turn,
        log: &KnownLog,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(Turn, Vec<u8>, Vec<NoteSignature>), MirrorRefusal> {
        let head = checkpoint.checkpoint().head;
        let last = match &turn.cosigned {
            Cosigned::Read(Some(last)) => Some(last.clone()),
            Cosigned::Read(None) | Cosigned::Unread => None,
        };
        let time = last.as_ref().map_or(0, |last| last.time);
        let time = time_after(time, &**self.witness.clock(), &log.origin);
        let time = time.ok_or(Refusal::NoTime)?;
        // Anybody can ask, so once a second is enough.
        if last == Some(Recorded { head, time })
            && let Some(note) = self.witness.state().newest_mirrored(&origin_hash(&log.origin))?
            && let Some(lines) = self.own_lines(&note)
        {
            return Ok((turn, note, lines));
        }
        turn.cosigned = Cosigned::Unread;
        let mut note = checkpoint.note().clone();
        let lines = self.keys.cosign(note.text(), time).map_err(|_| Refusal::NotCovered)?;
        for line in &lines {
            note.append(line.clone()).map_err(|_| Refusal::NotCovered)?;
        }
        let note = note.to_bytes();
        if note.len() > CHECKPOINT_BYTES_MAX {
            return Err(Refusal::NotCovered.into());
        }
        // If this fails, what the file holds is settled and read again.
        self.witness.state().record_mirrored(&log.origin, &note)?;
        turn.cosigned = Cosigned::Read(Some(Recorded { head, time }));
        Ok((turn, note, lines))
    }

    /// The lines of all own keys in a checkpoint; `None` if any is missing.
    fn own_lines(&self, note: &[u8]) -> Option<Vec<NoteSignature>> {
        let signed = SignedCheckpoint::parse(note).ok()?;
        let keys = self.keys.verifier_keys();
        let is_own = |line: &&NoteSignature| keys.iter().any(|key| key.made(line));
        let lines: Vec<_> = signed.note().signatures().iter().filter(is_own).cloned().collect();
        (lines.len() == keys.len()).then_some(lines)
    }

    /// Publishes a checkpoint in the store, unless that of a larger tree is there.
    async fn publish(&self, hash: &str, note: Bytes) -> Result<(), MirrorRefusal> {
        let (objects, path) = (self.copy_of(hash)?, ObjectPath::checkpoint());
        let size = |note: &[u8]| SignedCheckpoint::parse(note).ok().map(|it| size_of(&it));
        let own = size(&note);
        let judge = |there: Option<&Object>| {
            // A file that a power cut has torn is less than any other.
            let is_enough = there.is_some_and(|it| it.bytes == note || size(&it.bytes) > own);
            Ok::<_, std::convert::Infallible>(if is_enough { Found::Enough } else { Found::Less })
        };
        let there = objects.get(&path).await?;
        if judge(there.as_ref()) == Ok(Found::Enough) {
            return Ok(());
        }
        let mut forward = ForwardOnly::new(path, there.map(|there| there.version));
        let clock = self.witness.clock();
        match forward.publish(&*objects, &**clock, note.clone(), judge).await {
            Ok(_) => Ok(()),
            Err(NotPublished::Store(error)) => Err(error.into()),
            Err(NotPublished::Judged(never)) => match never {},
        }
    }
}

pub(super) fn size_of(checkpoint: &SignedCheckpoint) -> TreeSize {
    checkpoint.checkpoint().head.size
}
