//! The witnesses of the log: what they keep, what happens to what they are asked, and what must
//! hold of them.
//!
//! A witness judges as witnesses do, and records what it signs before it answers. It can be slow,
//! lose a question or its answer, get a question twice, and crash; then it is down for a while, and
//! has lost nothing. Random numbers come from a stream of their own, so that a run without
//! witnesses does not depend on whether others have some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fasti::grow::Cosigners;
use fasti::metrics::QuorumMetrics;
use fasti::witness::{Ask, AskError, Asked, Missing, QuorumConfig, QuorumCosigners};
use fasti_kit::seeded::Seeded;
use tiles_spec::witness::{AddCheckpoint, SIZE_MEDIA_TYPE, WitnessRefusal, judge, size_body};
use tiles_spec::{CosigningKey, Policy, SignedCheckpoint, TreeHead, VerifierKey, cosign};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::mix::Witnessing;
use crate::oracle::{Verdict, Violation};
use crate::process::{Process, signing_key};
use crate::sim::{Sim, lock};

/// The time of the first cosignature, in seconds since 1970.
const START: u64 = 1_780_000_000;

/// The witnesses; see the module documentation.
pub struct Witnesses {
    keys: Vec<CosigningKey>,
    states: Mutex<Vec<State>>,
    rng: Mutex<Seeded>,
    /// How many have signed each checkpoint that was looked at.
    counted: Mutex<BTreeMap<Vec<u8>, usize>>,
}

/// What is on a witness's disk, and until when it is down.
#[derive(Clone)]
struct State {
    last: TreeHead,
    down_until: Option<Instant>,
}

/// What happens to one question, and to its answer.
#[derive(Clone, Copy)]
struct Fate {
    there: Duration,
    back: Duration,
    lost_there: bool,
    lost_back: bool,
    twice: Option<Duration>,
    crash: Option<Crash>,
}

/// When a witness crashes, and for how long it is down.
#[derive(Clone, Copy)]
struct Crash {
    has_recorded: bool,
    down: Duration,
}

impl Witnesses {
    pub fn new(mix: &Witnessing, rng: Seeded) -> Self {
        let key = |n: usize| {
            let name = format!("witness{n}.test").parse().expect("a name");
            CosigningKey::from_seed(name, &[u8::try_from(n).expect("a few") + 1; 32])
        };
        let state = State { last: TreeHead::EMPTY, down_until: None };
        let states = Mutex::new(vec![state; mix.count]);
        let keys = (0..mix.count).map(key).collect();
        Self { keys, states, rng: Mutex::new(rng), counted: Mutex::default() }
    }

    pub fn keys(&self) -> Vec<VerifierKey> {
        self.keys.iter().map(|key| key.verifier_key().clone()).collect()
    }

    /// How many have signed a checkpoint.
    fn count(&self, checkpoint: &[u8]) -> usize {
        let count = || signers(&self.keys(), checkpoint).len();
        *lock(&self.counted).entry(checkpoint.to_vec()).or_insert_with(count)
    }

    fn fate(&self, mix: &Witnessing, is_quiet: bool) -> Fate {
        let rng = &mut *lock(&self.rng);
        let mut fate = Fate {
            there: rng.span(1, 20),
            back: rng.span(1, 20),
            lost_there: false,
            lost_back: false,
            twice: None,
            crash: None,
        };
        if is_quiet {
            return fate;
        }
        if rng.chance(mix.slow) {
            (fate.there, fate.back) = (rng.span(20, mix.slowest), rng.span(20, mix.slowest));
        }
        fate.lost_there = rng.chance(mix.lost);
        fate.lost_back = rng.chance(mix.lost);
        fate.twice = rng.chance(mix.twice).then(|| rng.span(1, mix.slowest));
        fate.crash = rng
            .chance(mix.crash)
            .then(|| Crash { has_recorded: rng.coin(), down: rng.span(10, mix.slowest * 4) });
        fate
    }

    fn policy(&self, quorum: usize) -> Policy {
        let witness = |n: usize| {
            let key = self.keys[n].verifier_key();
            format!("witness w{n} {key} http://witness{n}.test/{n}\n")
        };
        let witnesses: String = (0..self.keys.len()).map(witness).collect();
        let names: Vec<String> = (0..self.keys.len()).map(|n| format!(" w{n}")).collect();
        let names = names.concat();
        let log = signing_key().verifier_key().clone();
        let text = format!("log {log}\n{witnesses}group q {quorum}{names}\nquorum q\n");
        Policy::parse(text.as_bytes()).expect("a policy")
    }
}

/// Which of these keys have signed a checkpoint.
pub fn signers(keys: &[VerifierKey], checkpoint: &[u8]) -> BTreeSet<usize> {
    let Ok(signed) = SignedCheckpoint::parse(checkpoint) else { return BTreeSet::new() };
    let has_signed = |n: &usize| signed.verify(std::slice::from_ref(&keys[*n])).is_ok();
    (0..keys.len()).filter(has_signed).collect()
}

/// The way of a process to the log's witnesses, if it has any.
pub fn cosigners(process: &Arc<Process>) -> Option<Arc<dyn Cosigners>> {
    let sim = &process.sim;
    let (mix, witnesses) = (sim.mix.witnesses.as_ref()?, sim.witnesses.as_ref()?);
    let millis = Duration::from_millis;
    let config = QuorumConfig {
        answer_within: millis(mix.answer_within),
        linger: millis(mix.linger),
        late: millis(mix.late),
        missing: if mix.is_optional { Missing::Publish } else { Missing::Withhold },
    };
    let way = |url: &str| {
        let witness = url.rsplit('/').next().and_then(|n| n.parse().ok()).expect("a number");
        Ok(Box::new(Way { process: process.clone(), witness }) as Box<dyn Ask>)
    };
    let (log, metrics) = (signing_key().verifier_key().clone(), QuorumMetrics::default());
    let policy = witnesses.policy(mix.quorum);
    let made = QuorumCosigners::new(policy, &log, config, process.clone(), &metrics, way);
    Some(Arc::new(made.unwrap_or_else(|error| panic!("{error}"))))
}

/// Nothing is released that too few witnesses have signed, unless the log may do without them.
pub fn allow(sim: &Sim, checkpoint: &[u8], what: &str) -> Verdict {
    let (Some(mix), Some(witnesses)) = (&sim.mix.witnesses, &sim.witnesses) else { return Ok(()) };
    let signed = witnesses.count(checkpoint);
    if mix.is_optional || signed >= mix.quorum {
        return Ok(());
    }
    let text = format!("{what} with {signed} cosignatures instead of {}", mix.quorum);
    Err(Violation::of("I21", text))
}

/// A process's way to a witness.
struct Way {
    process: Arc<Process>,
    witness: usize,
}

#[async_trait]
impl Ask for Way {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError> {
        let sim = self.process.sim.clone();
        let (answer, answered) = oneshot::channel();
        let name =
            format!("w{} to witness {} #{}", self.process.writer, self.witness, sim.next_request());
        tokio::spawn(carry(sim.clone(), self.witness, name.clone(), body, answer));
        match answered.await {
            Ok(Some(asked)) => {
                sim.note(&format!("{name}: {}", asked.status));
                Ok(asked)
            }
            Ok(None) => Err(AskError("connection refused".to_owned())),
            Err(_) => std::future::pending().await,
        }
    }
}

/// Carries a question to a witness, and its answer back; `None` if the witness is down.
async fn carry(
    sim: Arc<Sim>,
    witness: usize,
    name: String,
    body: Vec<u8>,
    answer: oneshot::Sender<Option<Asked>>,
) {
    let (Some(mix), Some(witnesses)) = (&sim.mix.witnesses, &sim.witnesses) else { return };
    let fate = witnesses.fate(mix, sim.is_quiet());
    sim.sleep_or_land(fate.there).await;
    if fate.lost_there {
        return sim.count("witnesses: questions lost");
    }
    let Some(asked) = handle(&sim, witness, &name, &body, fate.crash) else {
        drop(answer.send(None));
        return;
    };
    if let Some(later) = fate.twice {
        let (sim, body) = (sim.clone(), body.clone());
        tokio::spawn(async move {
            sim.sleep_or_land(later).await;
            sim.count("witnesses: questions doubled");
            handle(&sim, witness, &format!("{name} again"), &body, None);
        });
    }
    sim.sleep_or_land(fate.back).await;
    if fate.lost_back {
        return sim.count("witnesses: answers lost");
    }
    drop(answer.send(Some(asked)));
}

/// What a witness does when it is asked; `None` if it is down, or goes down.
fn handle(
    sim: &Sim,
    witness: usize,
    name: &str,
    body: &[u8],
    crash: Option<Crash>,
) -> Option<Asked> {
    let witnesses = sim.witnesses.as_ref()?;
    let states = &mut *lock(&witnesses.states);
    let (state, now) = (&mut states[witness], Instant::now());
    if !sim.is_quiet() && state.down_until.is_some_and(|until| now < until) {
        sim.note(&format!("{name}: it is down"));
        return None;
    }
    if let Some(crash) = crash {
        sim.count("witnesses: crashes");
        sim.note(&format!("{name}: it crashes, recorded {}", crash.has_recorded));
        state.down_until = Some(now + crash.down);
        if !crash.has_recorded {
            return None;
        }
    }
    let key = &witnesses.keys[witness];
    let time = START + sim.passed(now).as_secs();
    let asked = judged(sim, witness, key, time, body, &mut state.last);
    sim.note(&format!("{name} arrives: {} at {}", asked.status, state.last.size));
    crash.is_none().then_some(asked)
}

/// Judges a question, and records what is signed.
fn judged(
    sim: &Sim,
    witness: usize,
    key: &CosigningKey,
    time: u64,
    body: &[u8],
    last: &mut TreeHead,
) -> Asked {
    let answered = |status, content_type: &str, body: String| Asked {
        status,
        content_type: content_type.to_owned(),
        body: body.into_bytes(),
    };
    let request = match AddCheckpoint::parse(body) {
        Ok(request) => request,
        Err(error) => return answered(400, "text/plain", error.to_string()),
    };
    match judge(&request, &[signing_key().verifier_key().clone()], last) {
        Ok(witnessed) => {
            *last = witnessed.checkpoint.head;
            sim.count("witnesses: cosignatures");
            sim.ask_releases(|releases| releases.cosigns(witness, *last));
            let line = cosign(key, witnessed.note.text(), time).expect("in range");
            answered(200, "text/plain", line.to_string())
        }
        Err(WitnessRefusal::Size(size)) => {
            sim.count("witnesses: another size");
            answered(409, SIZE_MEDIA_TYPE, size_body(size))
        }
        Err(refusal) => {
            sim.count(if refusal.is_suspicious() {
                "witnesses: alarms"
            } else {
                "witnesses: other refusals"
            });
            answered(refusal.status(), "text/plain", refusal.to_string())
        }
    }
}
