//! The witnesses of a policy (C2SP tlog-policy), all asked at once.
//!
//! A checkpoint that satisfies the policy is published at once, but for a moment that is left to
//! the other witnesses. Whoever has not answered by then is heard later, while nothing else is
//! asked. Witnesses at one URL are one witness with several keys.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fasti_grow::{CosignError, Cosigned, Cosigners, Growth, LateLines};
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use futures::future::{BoxFuture, Either, FutureExt as _, ready, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tiles_spec::{NoteSignature, Policy, SignedCheckpoint, TreeSize, VerifierKey};

use super::ask::{Ask, AskError};
use super::quorum_metrics::QuorumMetrics;
use super::remote::{Remote, RemoteError};

/// What to do with a checkpoint that too few witnesses have cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Do not publish it.
    Withhold,
    /// Publish it with the cosignatures that it has.
    Publish,
}

/// How witnesses are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumConfig {
    /// How long they have to answer.
    pub answer_within: Duration,
    /// How long the others have once the policy is satisfied. Whoever waits for the log waits for
    /// that too, as long as one of them is slow.
    pub linger: Duration,
    /// How long those are listened to who have not answered by then.
    pub late: Duration,
    /// What to do if too few of them answer.
    pub missing: Missing,
}

impl Default for QuorumConfig {
    fn default() -> Self {
        Self {
            answer_within: Duration::from_secs(2),
            linger: Duration::from_millis(5),
            late: Duration::from_secs(30),
            missing: Missing::Withhold,
        }
    }
}

/// Why the witnesses of a policy cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
    /// The policy accepts other logs than this one.
    #[error("the policy names logs, but not {0}, which is this one")]
    OtherLogs(Box<VerifierKey>),
    /// A witness without a URL.
    #[error("the policy has no URL for the witness {0}")]
    NoUrl(String),
    /// A witness that cannot be reached like this.
    #[error("the witness {name}")]
    Ask {
        /// Its name.
        name: String,
        /// What is wrong with its URL.
        #[source]
        source: AskError,
    },
}

/// The witnesses of a policy.
pub struct QuorumCosigners {
    policy: Policy,
    witnesses: Arc<[Remote]>,
    config: QuorumConfig,
    clock: Arc<dyn Clock>,
}

type Answer = Result<Vec<NoteSignature>, RemoteError>;

/// A witness that is being asked; ends with its place among the witnesses.
type Asked = BoxFuture<'static, (usize, Answer)>;

impl QuorumCosigners {
    /// The witnesses of the policy, for the log with this key. `ask` makes the way to the witness
    /// below a URL.
    pub fn new(
        policy: Policy,
        log: &VerifierKey,
        config: QuorumConfig,
        clock: Arc<dyn Clock>,
        metrics: &QuorumMetrics,
        ask: impl Fn(&str) -> Result<Box<dyn Ask>, AskError>,
    ) -> Result<Self, QuorumError> {
        let logs = policy.logs();
        if !logs.is_empty() && !logs.iter().any(|known| known.key == *log) {
            return Err(QuorumError::OtherLogs(log.clone().into()));
        }
        let mut places: Vec<(String, String, Vec<VerifierKey>)> = Vec::new();
        for witness in policy.witnesses() {
            let name = String::from_utf8_lossy(&witness.name).into_owned();
            let Some(url) = witness.url.clone() else { return Err(QuorumError::NoUrl(name)) };
            match places.iter_mut().find(|(known, ..)| *known == url) {
                Some((_, _, keys)) => keys.push(witness.key.clone()),
                None => places.push((url, name, vec![witness.key.clone()])),
            }
        }
        let witnesses = places.into_iter().map(|(url, name, keys)| match ask(&url) {
            Ok(ask) => {
                let meter = metrics.of(&name);
                Ok(Remote::new(name, keys, meter, ask))
            }
            Err(source) => Err(QuorumError::Ask { name, source }),
        });
        let witnesses = witnesses.collect::<Result<_, _>>()?;
        Ok(Self { policy, witnesses, config, clock })
    }

    /// The names of the witnesses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.witnesses.iter().map(|witness| witness.name.as_str())
    }

    fn is_enough(&self, lines: &[NoteSignature]) -> bool {
        self.policy.is_met(|witness| lines.iter().any(|line| witness.key.made(line)))
    }

    /// Asks the witness at this place.
    fn ask(&self, place: usize, checkpoint: SignedCheckpoint, growth: Growth) -> Asked {
        let (witnesses, clock) = (self.witnesses.clone(), self.clock.clone());
        let asked = async move { witnesses[place].cosign(&*clock, &checkpoint, &growth).await };
        asked.map(move |answer| (place, answer)).boxed()
    }

    /// Those who have not answered yet.
    fn late(&self, asked: FuturesUnordered<Asked>, size: TreeSize) -> LateLines {
        let (witnesses, clock, time) =
            (self.witnesses.clone(), self.clock.clone(), self.config.late);
        let lines = asked.filter_map(move |(place, answer)| {
            let witness = &witnesses[place];
            if answer.is_ok() {
                witness.meter.late.inc();
            }
            ready(match heard(&witness.name, size, &answer) {
                Ok(()) => answer.ok().map(Ok),
                Err(error) => Some(Err(error)),
            })
        });
        lines.take_until(async move { clock.sleep(time).await }).boxed()
    }
}

/// Reports an answer. An error if it forbids that the log goes on.
fn heard(witness: &str, size: TreeSize, answer: &Answer) -> Result<(), CosignError> {
    match answer {
        Ok(_) => {}
        Err(RemoteError::Ahead(seen)) => {
            return Err(CosignError::Ahead { witness: witness.to_owned(), seen: *seen, size });
        }
        Err(error @ RemoteError::Contradicted(_)) => {
            tracing::error!(witness, error = with_causes(error), "a witness contradicts");
        }
        Err(error) => tracing::warn!(witness, error = with_causes(error), "not cosigned"),
    }
    Ok(())
}

#[async_trait]
impl Cosigners for QuorumCosigners {
    async fn cosign(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Cosigned, CosignError> {
        let size = growth.head().size;
        let places = 0..self.witnesses.len();
        let mut asked: FuturesUnordered<Asked> =
            places.map(|place| self.ask(place, checkpoint.clone(), growth.clone())).collect();
        let mut over = self.clock.sleep(self.config.answer_within);
        let mut answers: Vec<Option<Answer>> = self.witnesses.iter().map(|_| None).collect();
        let mut lines: Vec<NoteSignature> = Vec::new();
        while let Either::Left((Some((place, answer)), _)) = select(asked.next(), &mut over).await {
            heard(&self.witnesses[place].name, size, &answer)?;
            if let Ok(cosigned) = &answer {
                let was_enough = self.is_enough(&lines);
                lines.extend(cosigned.iter().cloned());
                if !was_enough && self.is_enough(&lines) {
                    over = self.clock.sleep(self.config.linger);
                }
            }
            answers[place] = Some(answer);
        }
        if !self.is_enough(&lines) && self.config.missing == Missing::Withhold {
            return Err(CosignError::TooFew { size, reasons: self.reasons(&answers) });
        }
        Ok(Cosigned { lines: self.in_order(&lines), late: self.late(asked, size) })
    }

    fn lines_of(&self, published: &SignedCheckpoint) -> Vec<NoteSignature> {
        let note = published.note();
        let verifies = |line: &&NoteSignature| {
            let mut keys = self.policy.witnesses().iter().map(|witness| &witness.key);
            keys.any(|key| key.made(line) && key.verify(note.text(), line.bytes()))
        };
        let lines: Vec<_> = note.signatures().iter().filter(verifies).cloned().collect();
        self.in_order(&lines)
    }
}

impl QuorumCosigners {
    /// What those did who did not cosign.
    fn reasons(&self, answers: &[Option<Answer>]) -> String {
        let named = self.witnesses.iter().zip(answers).filter_map(|(witness, answer)| {
            let reason = match answer {
                Some(Ok(_)) => return None,
                Some(Err(error)) => with_causes(error),
                None => with_causes(&RemoteError::Slow),
            };
            Some(format!("{}: {reason}", witness.name))
        });
        named.collect::<Vec<_>>().join("; ")
    }

    /// Lines in the order of the policy, one for each key.
    fn in_order(&self, lines: &[NoteSignature]) -> Vec<NoteSignature> {
        let of = |key: &VerifierKey| lines.iter().find(|line| key.made(line)).cloned();
        self.policy.witnesses().iter().filter_map(|witness| of(&witness.key)).collect()
    }
}

#[cfg(test)]
mod tests;
