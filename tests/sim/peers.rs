//! The network between writers: slow, lossy or cut, with peers that are dead, frozen or lying.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::clock::Clock;
use fasti::log::SubmitError;
use fasti::log::peers::{PeerAnswer, PeerError, PeerIncluded, PeerStatus, Peers, Role};
use fasti::log::record::Epoch;
use tiles_spec::{Checkpoint, Hash, LeafIndex, NoteSigningKey, TreeHead, TreeSize, leaf_hash};
use tokio::sync::oneshot;

use crate::defect::{self, Defect};
use crate::process::{ORIGIN, Process, origin};
use crate::sim::{Running, Sim};

/// How long to wait for a peer's status.
const STATUS_PATIENCE: Duration = Duration::from_secs(1);
const FORWARD_PATIENCE: Duration = Duration::from_secs(30);

/// One writer's connection to its peers.
pub struct Mail(pub Arc<Process>);

/// The fate of one message and its answer.
#[derive(Clone, Copy)]
struct Post {
    there: Duration,
    back: Duration,
    lost_there: bool,
    lost_back: bool,
    twice: bool,
    lie: Option<usize>,
}

impl Post {
    fn of(sim: &Sim) -> Self {
        let (rates, longest) = (&sim.mix.rates, sim.mix.longest);
        let mut post = sim.draw(|rng| Self {
            there: rng.span(1, 20),
            back: rng.span(1, 20),
            lost_there: rng.chance(rates.message_lost),
            lost_back: rng.chance(rates.message_lost),
            twice: rng.chance(rates.message_twice),
            lie: rng.chance(rates.lie).then(|| rng.below(64)),
        });
        if sim.is_quiet() {
            return Self { lost_there: false, lost_back: false, twice: false, lie: None, ..post };
        }
        if sim.draw(|rng| rng.chance(rates.message_slow)) {
            (post.there, post.back) =
                sim.draw(|rng| (rng.span(20, longest), rng.span(20, longest)));
            sim.count("messages slow");
        }
        if post.lost_there || post.lost_back {
            sim.count("messages lost");
        }
        if post.twice {
            sim.count("messages doubled");
        }
        post
    }
}

impl Mail {
    /// Sends a request to a peer and waits for the result of `serve` there.
    async fn send<T, F>(
        &self,
        address: &str,
        what: &str,
        patience: Duration,
        serve: impl Fn(Running) -> F + Send + Sync + 'static,
    ) -> Result<(T, Post), PeerError>
    where
        T: Send + 'static,
        F: Future<Output = Option<T>> + Send + 'static,
    {
        let sim = self.0.sim.clone();
        let post = Post::of(&sim);
        let first = sim.draw(|rng| rng.below(sim.mix.writers));
        let mut all = (first..sim.mix.writers).chain(0..first);
        let peer = all.find(|n| sim.address(*n) == address);
        let (answer, answered) = oneshot::channel();
        let name = format!("w{} to {address} #{}", self.0.writer, sim.next_request());
        sim.note(&format!("{name}: {what}"));
        if let Some(peer) = peer {
            let here = self.0.writer;
            let deliver = deliver(sim.clone(), (here, peer), name.clone(), post, serve, answer);
            tokio::spawn(deliver);
        }
        let reply = tokio::select! {
            biased;
            reply = answered => reply.ok(),
            () = self.0.sleep(patience) => None,
        };
        sim.note(&format!("{name}: {}", if reply.is_some() { "answered" } else { "no answer" }));
        match reply {
            Some(reply) => Ok((reply, post)),
            None => Err(PeerError::Unreachable {
                address: address.to_owned(),
                source: "no answer in time".into(),
            }),
        }
    }
}

/// What a leader would say of itself.
fn alive(address: &str, term: Epoch) -> PeerStatus {
    PeerStatus {
        role: Role::Leading,
        epoch: term,
        leader: address.to_owned(),
        published: TreeSize::ZERO,
        checkpoint: Bytes::new(),
    }
}

/// Carries one message to a peer and back.
async fn deliver<T, F>(
    sim: Arc<Sim>,
    (here, peer): (usize, usize),
    name: String,
    post: Post,
    serve: impl Fn(Running) -> F + Send + Sync + 'static,
    answer: oneshot::Sender<T>,
) where
    F: Future<Output = Option<T>> + Send,
{
    sim.sleep_or_land(post.there).await;
    if post.lost_there || sim.is_cut(here, peer) {
        return sim.sleep_until_quiet(FORWARD_PATIENCE).await;
    }
    let Some(running) = sim.running(peer) else { return };
    sim.note(&format!("{name} arrives"));
    let gate = running.gate.clone();
    let served = gate.run(serve(running.clone()));
    let (first, _second) = if post.twice {
        tokio::join!(served, gate.run(serve(running)))
    } else {
        (served.await, None)
    };
    sim.sleep_or_land(post.back).await;
    if post.lost_back || sim.is_cut(peer, here) {
        return sim.sleep_until_quiet(FORWARD_PATIENCE).await;
    }
    if let Some(reply) = first.flatten() {
        drop(answer.send(reply));
    }
}

#[async_trait]
impl Peers for Mail {
    async fn status(&self, address: &str, term: Epoch) -> Result<PeerStatus, PeerError> {
        let ask =
            move |running: Running| async move { running.log.map(|log| log.status_for_peer(term)) };
        let asked = self.send(address, "how do you stand", STATUS_PATIENCE, ask).await;
        let status = match asked {
            Ok((status, _)) => status,
            Err(_) if defect::has(Defect::NeverTakeOver) => alive(address, term),
            Err(error) => return Err(error),
        };
        self.0.sim.note(&format!("{address} is {:?} {:?}", status.role, status.epoch));
        Ok(status)
    }

    async fn forward(
        &self,
        address: &str,
        term: Epoch,
        entries: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError> {
        let handed: Vec<Bytes> = entries.to_vec();
        let take = move |running: Running| {
            let entries = handed.clone();
            async move { Some(running.log?.take_forwarded(term, entries).await) }
        };
        let what = format!("{} entries", entries.len());
        let (answers, post) = self.send(address, &what, FORWARD_PATIENCE, take).await?;
        let sim = &self.0.sim;
        sim.count("batches forwarded");
        let mut answers =
            answers.map_err(|_| PeerError::NotLeading { address: address.to_owned() })?;
        if let Some(how) = post.lie {
            sim.count("peers' lies");
            sim.note(&format!("{address} lies, {how}"));
            for (answer, entry) in answers.iter_mut().zip(entries) {
                lie(answer, entry, how);
            }
            if how == 0 {
                answers.pop();
            }
        }
        Ok(answers)
    }
}

/// Falsifies an answer.
fn lie(answer: &mut PeerAnswer, entry: &[u8], how: usize) {
    let PeerAnswer::Included(PeerIncluded { index, checkpoint, proof, .. }) = answer else {
        return;
    };
    match how % 5 {
        0 => *index = LeafIndex::new(index.get() ^ (1 << (how % 8))).expect("in range"),
        1 => proof.push(tiles_spec::EMPTY_ROOT),
        // A tree of this entry alone, signed with an unknown key.
        2 => {
            *index = LeafIndex::new(0).expect("in range");
            proof.clear();
            *checkpoint = forge(leaf_hash(entry)).into();
        }
        3 => {
            let mut bytes = checkpoint.to_vec();
            let at = how % bytes.len().max(1);
            bytes.truncate(at);
            *checkpoint = bytes.into();
        }
        _ => *answer = PeerAnswer::Refused(SubmitError::Pushback),
    }
}

/// A checkpoint of a single leaf, with the right origin and a key of the right name.
fn forge(root: Hash) -> String {
    let key = NoteSigningKey::from_seed(origin().key_name(), &[8; 32]);
    let head = TreeHead { size: TreeSize::new(1).expect("in range"), root };
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), head, extensions: Vec::new() };
    let text = checkpoint.to_text();
    let line = key.sign(&text);
    format!("{text}\n{line}")
}
