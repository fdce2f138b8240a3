//! Logs that grow, and witnesses that are late, behind, ahead, wrong or gone.

use std::collections::VecDeque;
use std::sync::Mutex;

use fasti_seams::clock::SystemClock;
use fasti_store::{MemoryStore, NewObject, ObjectPath};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tiles_spec::tile::tiles_for_growth;
use tiles_spec::tree::root_of;
use tiles_spec::witness::{AddCheckpoint, SIZE_MEDIA_TYPE, WitnessRefusal, judge, size_body};
use tiles_spec::{
    Checkpoint, CosigningKey, Hash, HashTile, Note, NoteSigningKey, TreeHead, TreeSize, cosign,
    leaf_hash,
};

use super::super::ask::Asked;
use super::*;

const ORIGIN: &str = "log.test";

fn log() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[9; 32])
}

fn key(n: u8) -> CosigningKey {
    CosigningKey::from_seed(format!("w{n}.test").parse().unwrap(), &[n; 32])
}

/// What a witness does instead of its duty, the next time that it is asked.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Hangs,
    Waits(Duration),
    Breaks,
    SignsAnother,
    Says(u16),
}

/// A witness that judges as one does, and keeps its state in memory.
struct Witness {
    key: CosigningKey,
    last: Mutex<TreeHead>,
    moods: Mutex<VecDeque<Mood>>,
    asked: Mutex<Vec<u64>>,
}

impl Witness {
    fn new(n: u8) -> Arc<Self> {
        let (last, moods, asked) =
            (Mutex::new(TreeHead::EMPTY), Mutex::default(), Mutex::default());
        Arc::new(Self { key: key(n), last, moods, asked })
    }

    fn size(&self) -> u64 {
        self.last.lock().unwrap().size.get()
    }

    fn is(&self, moods: impl IntoIterator<Item = Mood>) {
        self.moods.lock().unwrap().extend(moods);
    }

    /// The old sizes that it was asked about since the last call.
    fn asked(&self) -> Vec<u64> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn answer(&self, body: &[u8]) -> Asked {
        let request = AddCheckpoint::parse(body).expect("a request");
        self.asked.lock().unwrap().push(request.old.get());
        let mut last = self.last.lock().unwrap();
        let (status, content_type, body) =
            match judge(&request, &[log().verifier_key().clone()], &last) {
                Ok(witnessed) => {
                    *last = witnessed.checkpoint.head;
                    let line = cosign(&self.key, witnessed.note.text(), 1_800_000_000).unwrap();
                    (200, "text/plain", line.to_string())
                }
                Err(WitnessRefusal::Size(size)) => (409, SIZE_MEDIA_TYPE, size_body(size)),
                Err(refusal) => (refusal.status(), "text/plain", refusal.to_string()),
            };
        Asked { status, content_type: content_type.to_owned(), body: body.into_bytes() }
    }
}

#[async_trait]
impl Ask for Arc<Witness> {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError> {
        let mood = self.moods.lock().unwrap().pop_front();
        let answered = |status, body: String| Asked {
            status,
            content_type: "text/plain".to_owned(),
            body: body.into_bytes(),
        };
        match mood {
            None => Ok(self.answer(&body)),
            Some(Mood::Hangs) => std::future::pending().await,
            Some(Mood::Waits(time)) => {
                let answer = self.answer(&body);
                tokio::time::sleep(time).await;
                Ok(answer)
            }
            Some(Mood::Breaks) => Err(AskError("connection refused".to_owned())),
            Some(Mood::SignsAnother) => {
                let line = cosign(&self.key, "another text\n", 1_800_000_000).unwrap();
                Ok(answered(200, line.to_string()))
            }
            Some(Mood::Says(status)) => Ok(answered(status, "no \u{1b}[2J".repeat(100))),
        }
    }
}

/// A log of as many leaves, in a store.
struct World {
    store: Arc<MemoryStore>,
    /// Of the last checkpoint.
    late: Mutex<Option<LateLines>>,
    witnesses: Vec<Arc<Witness>>,
    metrics: QuorumMetrics,
    cosigners: QuorumCosigners,
}

impl World {
    fn new(rule: &str, config: QuorumConfig) -> Self {
        let witnesses: Vec<_> = (1..=3).map(Witness::new).collect();
        let line = |n: u8| format!("witness w{n} {} http://w{n}/\n", key(n).verifier_key());
        let lines: String = (1..=3).map(line).collect();
        let text = format!("log {}\n{lines}{rule}", log().verifier_key());
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let ask = |url: &str| {
            let n: usize = url.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            Ok(Box::new(witnesses[n - 1].clone()) as Box<dyn Ask>)
        };
        let (clock, metrics) = (Arc::new(SystemClock), QuorumMetrics::default());
        let cosigners =
            QuorumCosigners::new(policy, log().verifier_key(), config, clock, &metrics, ask);
        let cosigners = cosigners.unwrap();
        Self { store: Arc::default(), late: Mutex::default(), witnesses, metrics, cosigners }
    }

    /// What those sign of the last checkpoint who were late.
    async fn late(&self) -> Vec<Result<String, CosignError>> {
        let late = self.late.lock().unwrap().take().expect("it was cosigned");
        let name = |lines: Vec<NoteSignature>| lines[0].name().to_string();
        late.map(|lines| lines.map(name)).collect().await
    }

    /// Whether the metrics have this line.
    fn counts(&self, line: &str) -> bool {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.metrics.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        text.lines().any(|there| there == line)
    }

    /// Grows the log to a size, and has its checkpoint cosigned.
    async fn cosign(&self, size: u64) -> Result<Vec<String>, CosignError> {
        self.cosign_tree(size, "leaf").await
    }

    async fn cosign_tree(&self, size: u64, leaf: &str) -> Result<Vec<String>, CosignError> {
        let leaves: Vec<Hash> =
            (0..size).map(|n| leaf_hash(format!("{leaf} {n}").as_bytes())).collect();
        let head = TreeHead { size: TreeSize::new(size).unwrap(), root: root_of(&leaves) };
        let mut objects = Vec::new();
        for coord in tiles_for_growth(TreeSize::ZERO, head.size) {
            let start = usize::try_from(coord.index.get()).unwrap() * 256;
            let tile = HashTile::new(leaves[start..start + coord.width.as_usize()].to_vec());
            let bytes = tile.unwrap().encode().into();
            objects.push(NewObject { path: ObjectPath::from(coord), bytes });
        }
        for object in objects {
            self.store.overwrite(&object.path, object.bytes);
        }
        let text = Checkpoint { origin: ORIGIN.into(), head, extensions: vec![] }.to_text();
        let mut note = Note::unsigned(text.as_str()).unwrap();
        note.append(log().sign(&text)).unwrap();
        let checkpoint = SignedCheckpoint::parse(&note.to_bytes()).unwrap();
        drop(self.late.lock().unwrap().take());
        let growth = Growth::new(self.store.clone(), Arc::default(), head);
        let Cosigned { lines, late } = self.cosigners.cosign(&checkpoint, &growth).await?;
        *self.late.lock().unwrap() = Some(late);
        for line in &lines {
            note.append(line.clone()).unwrap();
        }
        let keys: Vec<_> = self.witnesses.iter().map(|it| it.key.verifier_key().clone()).collect();
        assert_eq!(note.verify(&keys).map_or(0, |signers| signers.len()), lines.len());
        Ok(lines.iter().map(|line| line.name().to_string()).collect())
    }
}

const TWO: &str = "group two 2 w1 w2 w3\nquorum two\n";

#[tokio::test(start_paused = true)]
async fn a_log_grows_beside_its_witnesses() {
    let world = World::new(TWO, QuorumConfig::default());
    let all = ["w1.test", "w2.test", "w3.test"];
    for size in [1, 1, 2, 7, 200, 255] {
        assert_eq!(world.cosign(size).await.unwrap(), all);
    }
    // Each is asked once, from the size that it has cosigned last.
    assert_eq!(world.witnesses[0].asked(), [0, 1, 1, 2, 7, 200]);
}

#[tokio::test(start_paused = true)]
async fn what_a_witness_knows_is_found_out() {
    let world = World::new(TWO, QuorumConfig::default());
    *world.witnesses[1].last.lock().unwrap() =
        TreeHead { size: TreeSize::new(3).unwrap(), root: root_of(&leaves(3)) };
    assert_eq!(world.cosign(7).await.unwrap().len(), 3);
    assert_eq!(world.witnesses[1].asked(), [0, 3]);
    // One that was restored is asked again.
    *world.witnesses[1].last.lock().unwrap() = TreeHead::EMPTY;
    assert_eq!(world.cosign(8).await.unwrap().len(), 3);
    assert_eq!(world.witnesses[1].asked(), [7, 0]);
    for line in [
        "cosigner_asked_total{witness=\"w1\"} 2",
        "cosigner_cosigned_total{witness=\"w2\"} 2",
        "cosigner_failures_total{witness=\"w1\",kind=\"conflict\"} 0",
        "cosigner_failures_total{witness=\"w2\",kind=\"conflict\"} 2",
        "cosigner_size_leaves{witness=\"w3\"} 8",
        "cosigner_answer_duration_seconds_count{witness=\"w3\"} 2",
    ] {
        assert!(world.counts(line), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_are_late_are_heard_later() {
    let late = Mood::Waits(Duration::from_secs(3));
    let world = World::new(TWO, QuorumConfig::default());
    world.cosign(2).await.unwrap();
    world.witnesses[0].is([late]);
    assert_eq!(world.cosign(3).await.unwrap(), ["w2.test", "w3.test"]);
    assert!(matches!(&world.late().await[..], [Ok(name)] if name == "w1.test"));
    assert!(world.counts("cosigner_late_total{witness=\"w1\"} 1"));
    assert!(world.counts("cosigner_size_leaves{witness=\"w1\"} 3"));

    // What it signed is known; and it is not waited for when the next checkpoint is there.
    world.witnesses[0].is([late, Mood::Hangs]);
    assert_eq!(world.cosign(4).await.unwrap().len(), 2);
    assert_eq!(world.cosign(5).await.unwrap().len(), 2);
    assert_eq!(world.witnesses[0].asked(), [0, 2, 3]);
    let began = tokio::time::Instant::now();
    assert!(world.late().await.is_empty(), "it stays silent");
    assert_eq!(began.elapsed(), QuorumConfig::default().late);
    assert!(world.counts("cosigner_failures_total{witness=\"w1\",kind=\"timeout\"} 2"));
    assert_eq!(world.cosign(6).await.unwrap().len(), 3);

    // Without a quorum, too, and what it says may still stop the log.
    let config = QuorumConfig { missing: Missing::Publish, ..QuorumConfig::default() };
    let world = World::new(TWO, config);
    world.cosign(2).await.unwrap();
    world.witnesses.iter().for_each(|witness| witness.is([late]));
    assert_eq!(world.cosign(3).await.unwrap(), [""; 0]);
    assert_eq!(world.late().await.len(), 3);
    *world.witnesses[2].last.lock().unwrap() =
        TreeHead { size: TreeSize::new(9).unwrap(), root: root_of(&leaves(9)) };
    world.witnesses[2].is([late]);
    assert_eq!(world.cosign(4).await.unwrap().len(), 2);
    assert!(matches!(&world.late().await[..], [Err(CosignError::Ahead { .. })]));
    assert!(world.counts("cosigner_failures_total{witness=\"w3\",kind=\"ahead\"} 1"));
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|n| leaf_hash(format!("leaf {n}").as_bytes())).collect()
}

#[tokio::test(start_paused = true)]
async fn those_who_fail_are_done_without() {
    for mood in [Mood::Hangs, Mood::Breaks, Mood::SignsAnother, Mood::Says(403), Mood::Says(500)] {
        let world = World::new(TWO, QuorumConfig::default());
        world.cosign(2).await.unwrap();
        world.witnesses[0].is([mood]);
        let began = tokio::time::Instant::now();
        assert_eq!(world.cosign(3).await.unwrap(), ["w2.test", "w3.test"], "{mood:?}");
        let waited = began.elapsed();
        assert!(waited <= QuorumConfig::default().linger * 2, "{mood:?}: {waited:?}");
        // It takes part again as soon as it can.
        assert_eq!(world.cosign(4).await.unwrap().len(), 3, "{mood:?}");

        world.witnesses[0].is([mood]);
        world.witnesses[2].is([mood]);
        let error = world.cosign(5).await.unwrap_err();
        assert!(error.is_passing(), "{error}");
        let words = error.to_string();
        assert!(words.starts_with("too few witnesses cosigned the tree of 5: w1: "), "{words}");
        assert!(words.contains("; w3: ") && !words.contains("w2: "), "{words}");
        assert!(words.len() < 1000 && !words.contains('\u{1b}'), "{words}");
        assert_eq!(world.cosign(5).await.unwrap().len(), 3, "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_may_go_on_without_them() {
    let config = QuorumConfig { missing: Missing::Publish, ..QuorumConfig::default() };
    let world = World::new(TWO, config);
    world.witnesses[0].is([Mood::Hangs]);
    world.witnesses[1].is([Mood::Breaks]);
    assert_eq!(world.cosign(2).await.unwrap(), ["w3.test"]);
    world.witnesses.iter().for_each(|witness| witness.is([Mood::Hangs]));
    assert_eq!(world.cosign(3).await.unwrap(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_has_seen_more_stops_the_log() {
    for missing in [Missing::Withhold, Missing::Publish] {
        let config = QuorumConfig { missing, ..QuorumConfig::default() };
        let world = World::new(TWO, config);
        world.cosign(7).await.unwrap();
        // The log was put back, and its writer started anew.
        let again = World { witnesses: world.witnesses.clone(), ..World::new(TWO, config) };
        let witness = |n: usize| Box::new(world.witnesses[n].clone()) as Box<dyn Ask>;
        let remotes = (0..3).map(|n| {
            let name = format!("w{}", n + 1);
            let keys = vec![world.witnesses[n].key.verifier_key().clone()];
            let meter = QuorumMetrics::default().of(&name);
            Remote::new(name, keys, meter, witness(n))
        });
        let cosigners = QuorumCosigners { witnesses: remotes.collect(), ..again.cosigners };
        let again = World { cosigners, ..again };
        for _ in 0..2 {
            let error = again.cosign(4).await.unwrap_err();
            let CosignError::Ahead { seen, size, .. } = &error else { panic!("{error}") };
            assert_eq!((seen.get(), size.get()), (7, 4));
        }
        // Another history of a larger size is not cosigned either.
        let error = again.cosign_tree(9, "another leaf").await;
        match missing {
            Missing::Withhold => {
                let words = error.unwrap_err().to_string();
                assert!(words.contains("does not extend the one that it cosigned"), "{words}");
            }
            Missing::Publish => assert_eq!(error.unwrap(), [""; 0]),
        }
        assert_eq!(world.witnesses[0].size(), 7);
    }
}

#[tokio::test(start_paused = true)]
async fn two_keys_at_one_place_are_one_witness() {
    let witness = Witness::new(1);
    let line = |n: u8| format!("witness w{n} {} http://w\n", key(n).verifier_key());
    let text = format!("{}{}quorum w1\n", line(1), line(2));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let (config, clock) = (QuorumConfig::default(), Arc::new(SystemClock));
    let ask = |_: &str| Ok(Box::new(witness.clone()) as Box<dyn Ask>);
    let (log, metrics) = (log(), QuorumMetrics::default());
    let both =
        QuorumCosigners::new(policy, log.verifier_key(), config, clock, &metrics, ask).unwrap();
    assert_eq!(both.names().collect::<Vec<_>>(), ["w1"]);
    assert_eq!(both.witnesses[0].keys.len(), 2);
}

#[test]
fn policies_that_cannot_be_used() {
    let witness = format!("witness w1 {}", key(1).verifier_key());
    let other = NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[8; 32]);
    let refused = |text: String| {
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let (config, clock) = (QuorumConfig::default(), Arc::new(SystemClock));
        let ask = |url: &str| Ok(Box::new(super::super::HttpAsk::new(url)?) as Box<dyn Ask>);
        let (log, metrics) = (log(), QuorumMetrics::default());
        let made = QuorumCosigners::new(policy, log.verifier_key(), config, clock, &metrics, ask);
        made.err().expect("it is refused")
    };
    let error = refused(format!("log {}\n{witness} http://w\nquorum w1\n", other.verifier_key()));
    assert!(matches!(error, QuorumError::OtherLogs(_)), "{error}");
    assert!(matches!(refused(format!("{witness}\nquorum w1\n")), QuorumError::NoUrl(_)));
    let error = refused(format!("{witness} ftp://w\nquorum w1\n"));
    assert!(matches!(error, QuorumError::Ask { .. }), "{error}");
}
