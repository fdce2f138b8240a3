//! Pushes a log to a mirror (C2SP tlog-mirror): a checkpoint, then what the mirror lacks of it,
//! until the mirror has cosigned.
//!
//! The mirror says after each request where to go on, so a push can stop anywhere, and the next one
//! goes on. Other clients can push at the same time.
//!
//! Invariants: what is sent was verified. No more than one request is held in memory. Each answer
//! brings the mirror further, or counts as an attempt.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_client::fetch::Fetch;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::Trust;
use fasti_seams::back_off::BackOff;
use fasti_seams::clock::Clock;
use fasti_seams::gzip::{Effort, gzip};
use fasti_seams::offload::offload;
use fasti_witness::{AskError, AskMirror, Asked};
use futures::future::{Either, select};
use tiles_spec::mirror::{
    InfoError, MIRROR_INFO_MEDIA_TYPE, MirrorInfo, PACKAGES_MAX, PackageRange, UploadHead, packages,
};
use tiles_spec::witness::{
    AddCheckpoint, ReplyError, SIZE_MEDIA_TYPE, open_cosignatures, parse_size,
};
use tiles_spec::{
    LeafIndex, Note, NoteError, NoteSignature, SignedCheckpoint, TileIndex, TreeHead, TreeSize,
    VerifierKey, append_entry, mirror::EntryPackage,
};

/// How often a mirror may be somewhere else than it said, or not get any further.
const ATTEMPTS_MAX: u32 = 6;
/// How often a mirror is asked that is busy, or out of reach.
const PATIENCE: u32 = 4;
/// How long a mirror may take to answer a request.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(3);
/// The pause before a mirror is asked again; the next ones are longer.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// A request is sent once it has so many bytes, even if it has few packages.
const REQUEST_BYTES: usize = 24 << 20;
/// The most characters of a mirror's own words that are passed on.
const WORDS_MAX: usize = 200;

/// What is pushed, and where to.
#[derive(Clone)]
pub struct PushContext {
    /// The log.
    pub log: Arc<dyn Fetch>,
    /// Who vouches for it.
    pub trust: Trust,
    /// The mirror.
    pub mirror: Arc<dyn AskMirror>,
    /// The mirror's keys. Without any, its lines are not verified.
    pub keys: Vec<VerifierKey>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
}

/// What a push has done.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The tree that the mirror has now.
    pub head: TreeHead,
    /// How many entries it had before; those were not sent.
    pub before: TreeSize,
    /// Its cosignatures, verified if its keys are known.
    pub lines: Vec<NoteSignature>,
}

/// Why a push has failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The log cannot be read, or does not verify.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// The mirror cannot be reached.
    #[error("cannot reach the mirror")]
    Ask(#[from] AskError),
    /// The mirror knows a larger tree than the log has.
    #[error("the mirror knows a checkpoint of {mirror} entries, but the log has only {log}")]
    Ahead {
        /// What the mirror knows.
        mirror: TreeSize,
        /// What the log has.
        log: TreeSize,
    },
    /// Another client has pushed a later checkpoint meanwhile.
    #[error("the mirror has gone on to a later checkpoint, of {0} entries")]
    Overtaken(TreeSize),
    /// The mirror says that the checkpoint or the entries are not of the log that it knows.
    #[error("the mirror says that this is not the log that it knows: {0:?}")]
    Contradicted(String),
    /// The mirror refuses.
    #[error("the mirror refuses with status {status}: {words:?}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        words: String,
    },
    /// The mirror does not get any further.
    #[error("the mirror gets no further than {0} entries")]
    Stuck(TreeSize),
    /// An answer that says where to go on is malformed.
    #[error("the mirror's answer does not say where to go on")]
    Info(#[from] InfoError),
    /// The mirror answered with something other than cosignatures.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The mirror answered with something other than signature lines.
    #[error("the mirror's answer is not signature lines")]
    Lines(#[from] NoteError),
    /// The log's origin is too long to be sent.
    #[error("the log's origin is too long for a mirror")]
    Origin,
}

impl PushError {
    /// Whether the log or the mirror is at fault, rather than the connection to them.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Read(error) => error.is_refusal(),
            // Others may have pushed what the log shows everybody soon.
            Self::Ahead { .. } | Self::Overtaken(_) => false,
            Self::Ask(_) | Self::Stuck(_) => false,
            Self::Refused { status, .. } => !may_pass(*status),
            _ => true,
        }
    }
}

/// Pushes the log as it is now. `announce` is told how many entries the mirror lacks, and
/// `progress` how many it has got.
pub async fn push(
    context: &PushContext,
    announce: impl FnOnce(u64) + Send,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Pushed, PushError> {
    let mut view = View::open(context.log.clone(), &context.trust).await?;
    let checkpoint = view.checkpoint().signed().clone();
    add_checkpoint(context, &mut view, &checkpoint).await?;
    add_entries(context, &mut view, &checkpoint, announce, progress).await
}

/// Makes the checkpoint the one that the mirror waits for.
async fn add_checkpoint(
    context: &PushContext,
    view: &mut View,
    checkpoint: &SignedCheckpoint,
) -> Result<(), PushError> {
    let log = view.head().size;
    let mut old = TreeSize::ZERO;
    for _ in 0..ATTEMPTS_MAX {
        let proof = if old.is_zero() { vec![] } else { view.consistency(old, log).await?.proof };
        let request = AddCheckpoint { old, proof, checkpoint: checkpoint.clone() }.to_bytes();
        let answer =
            patiently(context, async || context.mirror.add_checkpoint(request.clone()).await);
        let answer = answer.await?;
        match (answer.status, answer.content_type.as_str()) {
            (200, _) => return Ok(()),
            (409, SIZE_MEDIA_TYPE) => old = parse_size(&answer.body)?,
            (422, _) => return Err(PushError::Contradicted(words(&answer))),
            (status, _) => return Err(PushError::Refused { status, words: words(&answer) }),
        }
        if old > log {
            return Err(PushError::Ahead { mirror: old, log });
        }
    }
    Err(PushError::Stuck(old))
}

/// Uploads what the mirror lacks.
async fn add_entries(
    context: &PushContext,
    view: &mut View,
    checkpoint: &SignedCheckpoint,
    announce: impl FnOnce(u64) + Send,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Pushed, PushError> {
    let (head, origin) = (view.head(), checkpoint.checkpoint().origin.clone());
    // To begin with, only the mirror knows where: an upload of nothing at the end asks it.
    let (start, end, ticket) = (head.size, head.size, Vec::new());
    let mut next = UploadHead { origin, start, end, ticket };
    let (mut announce, mut before, mut in_vain) = (Some(announce), None, 0);
    loop {
        let request = request(view, &next).await?;
        let answer = patiently(context, async || context.mirror.add_entries(request.clone()).await);
        let answer = answer.await?;
        let info = match (answer.status, answer.content_type.as_str()) {
            (200, _) => {
                progress(end.get() - next.start.get());
                let lines = lines(checkpoint, &answer.body, &context.keys)?;
                return Ok(Pushed { head, before: before.unwrap_or(end), lines });
            }
            (202 | 409, MIRROR_INFO_MEDIA_TYPE) => MirrorInfo::parse(&answer.body)?,
            (422, _) => return Err(PushError::Contradicted(words(&answer))),
            (status, _) => return Err(PushError::Refused { status, words: words(&answer) }),
        };
        let at = info.next.min(end);
        let is_elsewhere = info.pending != end;
        if is_elsewhere && (at < end || before.is_some() && next.start == end) {
            return Err(PushError::Overtaken(info.pending));
        }
        if let Some(announce) = announce.take() {
            announce(end.get() - at.get());
            before = Some(at);
        } else if at > next.start {
            progress(at.get() - next.start.get());
            in_vain = 0;
        } else {
            in_vain += 1;
            if in_vain == ATTEMPTS_MAX {
                return Err(PushError::Stuck(at));
            }
        }
        // A ticket for another checkpoint is of no use for this one.
        if !is_elsewhere {
            next.ticket = info.ticket;
        }
        next.start = at;
    }
}

/// The body of the next request, packed.
async fn request(view: &mut View, head: &UploadHead) -> Result<Vec<u8>, PushError> {
    let mut body = head.to_bytes().ok_or(PushError::Origin)?;
    let ranges: Vec<PackageRange> = packages(head).take(PACKAGES_MAX).collect();
    let mut proofs = Vec::new();
    for range in &ranges {
        proofs.push(view.subtree_proof(range.subtree()).await?);
    }
    let bundles = match (ranges.first(), ranges.last()) {
        (Some(first), Some(last)) => {
            first.tile_index()..TileIndex::new(last.tile_index().get() + 1)
        }
        _ => TileIndex::new(0)..TileIndex::new(0),
    };
    let start = head.start;
    let mut bundles = view.bundles_with(bundles, move |bundle| {
        let mut entries = Vec::new();
        let is_meant = |index: LeafIndex| index.tree_size_before() >= start;
        for (_, _, entry) in bundle.entries().filter(|(index, _, _)| is_meant(*index)) {
            append_entry(&mut entries, entry).expect("it was read from a bundle");
        }
        entries
    });
    for proof in proofs {
        let Some(entries) = bundles.next().await? else { break };
        EntryPackage { entries, proof }.append_to(&mut body);
        if body.len() >= REQUEST_BYTES {
            break;
        }
    }
    drop(bundles);
    Ok(offload(move || gzip(&body, Effort::Quick)).await)
}

/// Asks again, after a while, if the mirror is busy or out of reach.
async fn patiently(
    context: &PushContext,
    ask: impl AsyncFn() -> Result<Asked, AskError>,
) -> Result<Asked, PushError> {
    let clock = &*context.clock;
    let in_time = async || match select(pin!(ask()), clock.sleep(ANSWER_TIME_MAX)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            let seconds = ANSWER_TIME_MAX.as_secs();
            Err(AskError(format!("it did not answer within {seconds} seconds")))
        }
    };
    let mut back_off = BackOff::new(PAUSE_MIN, Duration::MAX);
    for _ in 1..PATIENCE {
        match in_time().await {
            Ok(answer) if !may_pass(answer.status) => return Ok(answer),
            Ok(_) | Err(_) => back_off.wait(clock).await,
        }
    }
    Ok(in_time().await?)
}

/// Whether the mirror may answer otherwise the next time.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

fn lines(
    checkpoint: &SignedCheckpoint,
    answer: &[u8],
    keys: &[VerifierKey],
) -> Result<Vec<NoteSignature>, PushError> {
    let text = checkpoint.note().text();
    if keys.is_empty() {
        let note = [text.as_bytes(), b"\n", answer].concat();
        return Ok(Note::parse(&note)?.signatures().to_vec());
    }
    Ok(open_cosignatures(text, answer, keys)?)
}

/// The beginning of what a mirror says.
fn words(answer: &Asked) -> String {
    String::from_utf8_lossy(&answer.body).trim().chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests;
