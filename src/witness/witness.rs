//! A witness: cosigns checkpoints of the logs that it knows, as long as each extends the last.
//!
//! C2SP tlog-witness. [`tiles_spec::witness::judge`] decides; here is what it decides about, in
//! which order things are done, and what is remembered.
//!
//! Invariants: what was cosigned last is compared and replaced under one lock for each log, and is
//! on the disk before anybody sees the cosignature. So two cosigned trees of a log are always
//! consistent, unless the state was rolled back from outside.

use std::sync::Arc;

use fasti_entry::quote;
use fasti_rate::Rate;
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use tiles_spec::witness::{
    AddCheckpoint, SignSubtree, WitnessRefusal, Witnessed, judge, judge_subtree, origin_hash,
};
use tiles_spec::{
    CHECKPOINT_BYTES_MAX, CosignError, Note, NoteSignature, SignedCheckpoint, TreeHead,
};

use super::dated::time_after;
use super::known_logs::{KnownLog, KnownLogs, Last};
use super::log_list::LogList;
use super::metrics::WitnessMetrics;
use super::own_keys::OwnKeys;
use super::refusal::Refusal;
use super::state::{Recorded, StateError, WitnessState};

/// A witness.
pub struct Witness {
    keys: OwnKeys,
    state: WitnessState,
    logs: KnownLogs,
    clock: Arc<dyn Clock>,
    metrics: WitnessMetrics,
}

impl Witness {
    /// A witness with these keys, which knows no log yet. `default_rate` is how often a log may ask
    /// of which the list does not say.
    pub fn new(
        keys: OwnKeys,
        state: WitnessState,
        default_rate: Option<Rate>,
        clock: Arc<dyn Clock>,
        metrics: WitnessMetrics,
    ) -> Arc<Self> {
        let logs = KnownLogs::new(clock.clone(), default_rate);
        Arc::new(Self { keys, state, logs, clock, metrics })
    }

    /// Its own keys.
    pub fn keys(&self) -> &OwnKeys {
        &self.keys
    }

    /// How many logs it knows.
    pub fn log_count(&self) -> usize {
        self.logs.len()
    }

    /// Replaces the logs that it knows. Reads what was cosigned of those that are new; if that
    /// fails, nothing is replaced. Blocks.
    pub fn know(&self, list: &LogList) -> Result<(), StateError> {
        let read =
            |origin: &str, keys: &[_]| self.state.recorded(origin, self.keys.verifier_keys(), keys);
        self.logs.replace(list, read)?;
        self.metrics.knows(self.logs.len());
        Ok(())
    }

    /// Answers `add-checkpoint`: the signature lines of all its keys.
    pub async fn add_checkpoint(self: &Arc<Self>, body: &[u8]) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        let log = self.known(&request.checkpoint.checkpoint().origin)?;
        let mut last = log.last.clone().lock_owned().await;
        let this = self.clone();
        // It goes on to its end even if the client leaves meanwhile.
        let lines = offload(move || this.decide(&log, &request, &mut last)).await?;
        Ok(lines.iter().map(ToString::to_string).collect())
    }

    /// Judges a request, records its checkpoint, and cosigns it.
    fn decide(
        &self,
        log: &KnownLog,
        request: &AddCheckpoint,
        last: &mut Last,
    ) -> Result<Vec<NoteSignature>, Refusal> {
        let known = match std::mem::take(last) {
            Last::Read(known) => known,
            Last::Unread => {
                self.state.settle(&origin_hash(&log.origin))?;
                self.state.recorded(&log.origin, self.keys.verifier_keys(), &log.keys)?
            }
        };
        let head = known.as_ref().map_or(TreeHead::EMPTY, |known| known.head);
        let judged = judge(request, &log.keys, &head);
        let decided = self.sign(log, request, judged, known.as_ref());
        let (note, lines, time) = match decided {
            Ok(signed) => signed,
            Err(refusal) => {
                *last = Last::Read(known);
                return Err(refusal);
            }
        };
        // If this fails, what the file holds is settled and read again.
        self.state.record(&log.origin, &note)?;
        let head = request.checkpoint.checkpoint().head;
        *last = Last::Read(Some(Recorded { head, time }));
        self.metrics.cosigned.inc();
        Ok(lines)
    }

    /// What to record, what to answer, and the time in it.
    fn sign(
        &self,
        log: &KnownLog,
        request: &AddCheckpoint,
        judged: Result<Witnessed, WitnessRefusal>,
        known: Option<&Recorded>,
    ) -> Result<(Vec<u8>, Vec<NoteSignature>, u64), Refusal> {
        // Only the log itself uses up what it may ask.
        if !matches!(judged, Err(WitnessRefusal::Signature(_))) {
            log.pace().map_err(Refusal::TooMany)?;
        }
        let Witnessed { mut note, .. } = judged.inspect_err(|refusal| {
            if refusal.is_suspicious() {
                self.report(log, request, known);
            }
        })?;
        let last = known.map_or(0, |known| known.time);
        let time = time_after(last, &*self.clock, &log.origin).ok_or(Refusal::NoTime)?;
        let lines = self.keys.cosign(note.text(), time).map_err(|error| match error {
            CosignError::Time(_) => Refusal::NoTime,
            _ => Refusal::NotCovered,
        })?;
        for line in &lines {
            note.append(line.clone()).map_err(|_| Refusal::NotCovered)?;
        }
        let note = note.to_bytes();
        if note.len() > CHECKPOINT_BYTES_MAX {
            return Err(Refusal::NotCovered);
        }
        Ok((note, lines, time))
    }

    /// Reports a checkpoint that the log has signed, and that does not extend the last one, and
    /// keeps it if it proves by itself that the log has forked.
    fn report(&self, log: &KnownLog, request: &AddCheckpoint, known: Option<&Recorded>) {
        self.metrics.inconsistent.inc();
        let head = request.checkpoint.checkpoint().head;
        let (origin, size, root) = (quote(&log.origin), head.size.get(), head.root.to_base64());
        let last = known.map_or(TreeHead::EMPTY, |known| known.head);
        let (last_size, last_root) = (last.size.get(), last.root.to_base64());
        if last.size != head.size || last.root == head.root {
            tracing::warn!(
                log = origin,
                size,
                root,
                last_size,
                last_root,
                "a checkpoint that the log has signed was not proved to extend the last one"
            );
            return;
        }
        self.metrics.forked.inc();
        let note = request.checkpoint.to_bytes();
        let kept = self.state.keep_conflict(&log.origin, &note);
        let error = kept.err().map(|error| with_causes(&error));
        tracing::error!(
            log = origin,
            size,
            root,
            last_root,
            error,
            "the log has signed two trees of one size: it has forked"
        );
    }

    /// Answers `sign-subtree`: signature lines for a part of a tree that was cosigned, by those who
    /// cosigned it: this witness, or the mirror beside it, which has other keys.
    pub async fn sign_subtree(
        self: &Arc<Self>,
        body: &[u8],
        mirror: Option<Arc<OwnKeys>>,
    ) -> Result<String, Refusal> {
        let mut all = self.keys.verifier_keys().to_vec();
        all.extend(mirror.iter().flat_map(|keys| keys.verifier_keys().iter().cloned()));
        if ![Some(&self.keys), mirror.as_deref()].into_iter().flatten().any(OwnKeys::sign_subtrees)
        {
            return Err(Refusal::NoSubtrees);
        }
        let request = SignSubtree::parse(body)?;
        self.known(&request.checkpoint.checkpoint().origin)?;
        let this = self.clone();
        offload(move || {
            let signers = judge_subtree(&request, &all)?;
            let mut lines = Vec::new();
            for keys in [Some(&this.keys), mirror.as_deref()].into_iter().flatten() {
                if keys.verifier_keys().iter().any(|key| signers.contains(&key)) {
                    let signed = keys.cosign_subtree(&request.signed(), &signers);
                    lines.extend(signed.map_err(|_| Refusal::NotCovered)?);
                }
            }
            if lines.is_empty() {
                return Err(Refusal::NoSubtrees);
            }
            this.metrics.subtrees.inc();
            Ok(lines.iter().map(ToString::to_string).collect())
        })
        .await
    }

    /// The checkpoint of a log that was cosigned last, with the log's own lines alone; `None`
    /// before the first, or if no key of the log has signed it.
    pub(crate) async fn pending(
        self: &Arc<Self>,
        log: &Arc<KnownLog>,
    ) -> Result<Option<SignedCheckpoint>, Refusal> {
        let note = match self.newest(&origin_hash(&log.origin)).await {
            Ok(note) => note,
            Err(Refusal::NeverCosigned) => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        let log = log.clone();
        offload(move || Ok(by_the_log(&note, &log))).await
    }

    /// The log with this origin.
    pub(crate) fn known(&self, origin: &str) -> Result<Arc<KnownLog>, Refusal> {
        self.logs.find(origin).ok_or_else(|| Refusal::UnknownLog(origin.to_owned()))
    }

    /// The logs that it knows.
    pub(crate) const fn logs(&self) -> &KnownLogs {
        &self.logs
    }

    /// What it has cosigned.
    pub(crate) const fn state(&self) -> &WitnessState {
        &self.state
    }

    /// Its clock.
    pub(crate) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What it counts.
    pub(crate) const fn metrics(&self) -> &WitnessMetrics {
        &self.metrics
    }

    /// The newest checkpoint that was cosigned of the log whose origin has this hash, in lower-case
    /// hexadecimal, with the signature lines that were verified and returned.
    pub async fn newest(self: &Arc<Self>, origin_hash: &str) -> Result<Vec<u8>, Refusal> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if origin_hash.len() != 64 || !origin_hash.bytes().all(is_digit) {
            return Err(Refusal::NeverCosigned);
        }
        // Nobody sees what is not safe on the disk yet.
        let turn = match self.logs.last(origin_hash) {
            Some(last) => Some(last.lock_owned().await),
            None => None,
        };
        let (this, hash) = (self.clone(), origin_hash.to_owned());
        let found = offload(move || {
            if turn.as_deref().is_some_and(|last| matches!(last, Last::Unread)) {
                this.state.settle(&hash)?;
            }
            this.state.newest(&hash)
        });
        found.await?.ok_or(Refusal::NeverCosigned)
    }
}

/// A checkpoint with those lines alone that a key of the log has made.
pub(crate) fn by_the_log(note: &[u8], log: &KnownLog) -> Option<SignedCheckpoint> {
    let signed = SignedCheckpoint::parse(note).ok()?;
    let signers = signed.verify(&log.keys).ok()?;
    let mut note = Note::unsigned(signed.note().text()).ok()?;
    for line in signed.note().signatures() {
        if signers.iter().any(|key| key.made(line)) {
            note.append(line.clone()).ok()?;
        }
    }
    SignedCheckpoint::parse(&note.to_bytes()).ok()
}
