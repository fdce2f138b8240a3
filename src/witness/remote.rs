//! A witness as its log sees it.

use fasti_grow::{Growth, TreeError};
use fasti_seams::clock::Clock;
use tiles_spec::witness::{
    AddCheckpoint, ReplyError, SIZE_MEDIA_TYPE, open_cosignatures, parse_size,
};
use tiles_spec::{NoteSignature, SignedCheckpoint, TreeSize, VerifierKey};
use tokio::sync::Mutex;

use super::ask::{Ask, AskError, Asked};
use super::quorum_metrics::{Failure, WitnessMeter};

/// How often a witness is asked again because it knows another tree than was thought.
const ATTEMPTS_MAX: usize = 3;
/// The most characters of a witness's own words that are passed on.
const WORDS_MAX: usize = 200;

/// A witness of a log.
pub(crate) struct Remote {
    /// Its name in the policy, or the first of them.
    pub name: String,
    /// Its keys.
    pub keys: Vec<VerifierKey>,
    pub meter: WitnessMeter,
    ask: Box<dyn Ask>,
    /// The size of the tree that it cosigned last, if that is known. Locked while it is asked.
    known: Mutex<Option<TreeSize>>,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    /// It could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    Slow,
    /// It has cosigned a larger tree.
    #[error("it has cosigned a tree of {0}, which is larger")]
    Ahead(TreeSize),
    /// It says that the trees contradict each other.
    #[error("it says that the tree does not extend the one that it cosigned: {0:?}")]
    Contradicted(String),
    /// It refuses the log, or the request.
    #[error("it refuses with status {status}: {words:?}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        words: String,
    },
    /// Each time it was asked, it knew another tree.
    #[error("each time that it is asked it has cosigned another tree")]
    Moving,
    /// What it returned is no cosignature.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The proof for it cannot be made.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl RemoteError {
    fn kind(&self) -> Failure {
        match self {
            Self::Slow => Failure::Timeout,
            Self::Ahead(_) => Failure::Ahead,
            Self::Contradicted(_) => Failure::Contradicted,
            _ => Failure::Other,
        }
    }
}

impl Remote {
    pub fn new(
        name: String,
        keys: Vec<VerifierKey>,
        meter: WitnessMeter,
        ask: Box<dyn Ask>,
    ) -> Self {
        Self { name, keys, meter, ask, known: Mutex::new(None) }
    }

    /// Asks it to cosign a checkpoint, and returns the lines that verify under its keys.
    ///
    /// If this is dropped before it returns, the witness may have cosigned all the same; then it is
    /// known to be elsewhere the next time it is asked.
    pub async fn cosign(
        &self,
        clock: &dyn Clock,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Vec<NoteSignature>, RemoteError> {
        let (asking, began) = (self.meter.ask(), clock.now());
        let answer = self.ask_until_known(checkpoint, growth).await;
        match &answer {
            Ok(_) => asking.cosigned(growth.head().size, clock.now() - began, clock.date()),
            Err(error) => asking.failed(error.kind()),
        }
        answer
    }

    async fn ask_until_known(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Vec<NoteSignature>, RemoteError> {
        let mut known = self.known.lock().await;
        let size = growth.head().size;
        for _ in 0..ATTEMPTS_MAX {
            // What it knows is asked for by stating that it knows nothing.
            let old = known.unwrap_or(TreeSize::ZERO);
            if old > size {
                // It may have been restored since.
                *known = None;
                return Err(RemoteError::Ahead(old));
            }
            let proof = growth.since(old).await?;
            let request = AddCheckpoint { old, proof, checkpoint: checkpoint.clone() };
            let answer = self.ask.add_checkpoint(request.to_bytes()).await?;
            match (answer.status, answer.content_type.as_str()) {
                (200, _) => {
                    let text = checkpoint.note().text();
                    let lines = open_cosignatures(text, &answer.body, &self.keys)?;
                    *known = Some(size);
                    return Ok(lines);
                }
                (409, SIZE_MEDIA_TYPE) => {
                    let seen = parse_size(&answer.body)?;
                    *known = Some(seen);
                    if seen <= size {
                        self.meter.failed(Failure::Conflict);
                    }
                }
                (422, _) => return Err(RemoteError::Contradicted(words(&answer))),
                (status, _) => return Err(RemoteError::Refused { status, words: words(&answer) }),
            }
        }
        Err(RemoteError::Moving)
    }
}

/// The beginning of what a witness says.
fn words(answer: &Asked) -> String {
    String::from_utf8_lossy(&answer.body).trim().chars().take(WORDS_MAX).collect()
}
