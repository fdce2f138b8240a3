//! A mirror in memory: every answer, every order of uploads, and a stop at every write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use fasti_grow::{Edge, Integrated, Leaf};
use fasti_kit::faulty::{FAULTS, Faulty};
use fasti_seams::clock::Clock;
use fasti_seams::entropy::OsEntropy;
use fasti_signer::WitnessKey;
use fasti_store::{MemoryStore, NewObject, ObjectPath, OsFiles, PrefixStore, Store};
use tempfile::TempDir;
use tiles_spec::mirror::{EXCESS_MAX, EntryPackage, MirrorInfo, PackageRange, UploadHead};
use tiles_spec::witness::{AddCheckpoint, SignSubtree, origin_hash};
use tiles_spec::{
    Checkpoint, CosigningKey, Hash, KeyName, Note, NoteSigningKey, SignedCheckpoint, Subtree,
    TreeCosigningKey, TreeHead, TreeSize, VerifierKey, append_entry, cosignature_time,
    plan_consistency, plan_subtree_consistency,
};

use super::*;
use crate::log_list::LogList;
use crate::metrics::WitnessMetrics;
use crate::own_keys::OwnKeys;
use crate::refusal::Refusal;
use crate::state::{Recorded, WitnessState};
use crate::witness::Witness;

const ORIGIN: &str = "log.test";

/// A clock that stands still until it is set.
struct At(AtomicU64);

#[async_trait]
impl Clock for At {
    async fn sleep(&self, _: Duration) {}

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A log, whose entries follow from its history.
struct Log {
    key: NoteSigningKey,
    leaves: Vec<Leaf>,
}

impl Log {
    fn new(history: &str, entries: usize) -> Self {
        let entry = |n: usize| format!("{history} {n}").into_bytes();
        let leaves = (0..entries).map(|n| Leaf::new(entry(n).into()).unwrap()).collect();
        Self { key: NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[9; 32]), leaves }
    }

    /// Everything that a checkpoint of this size implies, made in one piece.
    fn tree(&self, size: usize) -> Integrated {
        Edge::empty().integrate(&self.leaves[..size]).unwrap()
    }

    fn checkpoint(&self, head: TreeHead) -> SignedCheckpoint {
        let text = Checkpoint { origin: ORIGIN.into(), head, extensions: vec![] }.to_text();
        let mut note = Note::unsigned(text.as_str()).unwrap();
        note.append(self.key.sign(&text)).unwrap();
        SignedCheckpoint::parse(&note.to_bytes()).unwrap()
    }

    fn package(&self, range: &PackageRange, tree: &Integrated) -> EntryPackage {
        let mut entries = Vec::new();
        for leaf in &self.leaves[number(range.start())..number(range.end())] {
            append_entry(&mut entries, &leaf.entry).unwrap();
        }
        let plan = plan_subtree_consistency(range.subtree(), tree.head.size).unwrap();
        EntryPackage { entries, proof: plan.build(&tree.tiles).unwrap() }
    }
}

fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

fn number(size: TreeSize) -> usize {
    usize::try_from(size.get()).unwrap()
}

fn own_keys(name: &str) -> OwnKeys {
    let seed = [name.as_bytes()[0]; 32];
    let name = || -> KeyName { name.parse().unwrap() };
    let mut keys = vec![WitnessKey::Ed25519(Box::new(CosigningKey::from_seed(name(), &seed)))];
    if name().as_str().starts_with('m') {
        let key = TreeCosigningKey::from_seed(name(), &seed).unwrap();
        keys.push(WitnessKey::MlDsa44(Box::new(key)));
    }
    OwnKeys::new(keys).unwrap()
}

/// What outlives a mirror.
struct World {
    state: TempDir,
    objects: Arc<MemoryStore>,
    clock: Arc<At>,
}

/// A mirror that runs.
struct Running {
    witness: Arc<Witness>,
    mirror: Arc<Mirror>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(At(AtomicU64::new(1_800_000_000)));
        Self { state: tempfile::tempdir().unwrap(), objects: Arc::default(), clock }
    }

    fn start(&self) -> Running {
        self.start_on(self.objects.clone())
    }

    fn start_on(&self, objects: Arc<dyn Store>) -> Running {
        let state = WitnessState::on(self.state.path(), Arc::new(OsFiles::default()));
        let clock: Arc<dyn Clock> = self.clock.clone();
        let metrics = WitnessMetrics::default();
        let witness = Witness::new(own_keys("w.test"), state, None, clock, metrics);
        let key = |name: &str| {
            NoteSigningKey::from_seed(name.parse().unwrap(), &[9; 32]).verifier_key().clone()
        };
        let mut list = LogList::of_keys([key("witnessed.test")]).unwrap();
        list.extend(LogList::of_keys([key(ORIGIN)]).unwrap().mirrored()).unwrap();
        witness.know(&list).unwrap();
        let copies: Copies =
            Box::new(move |prefix| Ok(Arc::new(PrefixStore::new(objects.clone(), prefix))));
        let mirror = Mirror::new(witness.clone(), own_keys("mirror.test"), copies, &OsEntropy);
        Running { witness, mirror }
    }

    /// The copy has all that this checkpoint implies.
    fn expect_whole(&self, tree: &Integrated) {
        let there: BTreeMap<String, Bytes> =
            self.objects.objects().into_iter().map(|(path, b)| (path.to_string(), b)).collect();
        for NewObject { path, bytes } in &tree.objects {
            let found = there.get(&format!("{}/{path}", origin_hash(ORIGIN)));
            assert!(found == Some(bytes), "{path} at {}", tree.head.size);
        }
    }

    /// The checkpoint that the store publishes.
    fn published(&self) -> Option<SignedCheckpoint> {
        let path = format!("{}/checkpoint", origin_hash(ORIGIN));
        let bytes = self.objects.objects().get(&ObjectPath::new(path).unwrap()).cloned()?;
        Some(SignedCheckpoint::parse(&bytes).unwrap())
    }

    /// The copy ends with this tree, signed by the log and the mirror alone.
    fn expect_cosigned(&self, log: &Log, tree: &Integrated) {
        self.expect_whole(tree);
        let published = self.published().unwrap();
        assert_eq!(published.checkpoint().head, tree.head);
        let keys = mirror_keys();
        assert_eq!(published.verify(&keys).unwrap().len(), 2);
        assert!(published.verify(&[log.key.verifier_key().clone()]).is_ok());
        assert_eq!(published.note().signatures().len(), 3);
    }
}

fn mirror_keys() -> Vec<VerifierKey> {
    own_keys("mirror.test").verifier_keys().to_vec()
}

impl Running {
    async fn add_checkpoint(&self, log: &Log, old: usize, new: usize) -> Result<String, Refusal> {
        let tree = log.tree(new);
        let plan = plan_consistency(size(old), size(new)).unwrap();
        let proof = plan.build(&tree.tiles).unwrap();
        let checkpoint = log.checkpoint(tree.head);
        let request = AddCheckpoint { old: size(old), proof, checkpoint };
        self.witness.add_checkpoint(&request.to_bytes()).await
    }

    /// Uploads at most so many packages.
    async fn upload(
        &self,
        log: &Log,
        from: usize,
        tree: &Integrated,
        ticket: &[u8],
        packages: usize,
    ) -> Result<Uploaded, MirrorRefusal> {
        let mut upload = self.begin(from, tree, ticket).await?;
        for _ in 0..packages {
            let Some(range) = upload.next_package() else { break };
            upload.take(log.package(&range, tree)).await?;
        }
        upload.end().await
    }

    async fn begin(
        &self,
        from: usize,
        tree: &Integrated,
        ticket: &[u8],
    ) -> Result<Upload, MirrorRefusal> {
        let (origin, end) = (ORIGIN.to_owned(), tree.head.size);
        let head = UploadHead { origin, start: size(from), end, ticket: ticket.to_vec() };
        Upload::begin(&self.mirror, &head).await
    }

    /// Uploads all that is missing, a few packages at a time, as a client does.
    async fn push(&self, log: &Log, tree: &Integrated) -> Result<String, MirrorRefusal> {
        let end = number(tree.head.size);
        let (mut from, mut ticket) = (end, vec![]);
        for _ in 0..1000 {
            let info = match self.upload(log, from, tree, &ticket, 3).await {
                Ok(Uploaded::Cosigned(lines)) => return Ok(lines),
                Ok(Uploaded::GoOn(info)) | Err(MirrorRefusal::Elsewhere(info)) => info,
                Err(refusal) => return Err(refusal),
            };
            assert_eq!(info.pending, tree.head.size);
            (from, ticket) = (number(info.next), info.ticket);
        }
        panic!("it gets no further than {from}");
    }
}

fn elsewhere(answer: Result<Uploaded, MirrorRefusal>) -> MirrorInfo {
    match answer {
        Err(refusal @ MirrorRefusal::Elsewhere(_)) => {
            assert_eq!(refusal.status(), 409);
            let MirrorRefusal::Elsewhere(info) = refusal else { unreachable!() };
            info
        }
        other => panic!("{other:?}"),
    }
}

fn go_on(answer: Result<Uploaded, MirrorRefusal>) -> MirrorInfo {
    match answer {
        Ok(Uploaded::GoOn(info)) => info,
        other => panic!("{other:?}"),
    }
}

fn cosigned(answer: Result<Uploaded, MirrorRefusal>) -> String {
    match answer {
        Ok(Uploaded::Cosigned(lines)) => lines,
        other => panic!("{other:?}"),
    }
}

fn status(answer: Result<Uploaded, MirrorRefusal>) -> u16 {
    answer.map_or_else(|refusal| refusal.status(), |_| 200)
}

#[tokio::test]
async fn every_answer_in_the_order_of_the_specification() {
    let (world, log) = (World::new(), Log::new("one", 3000));
    let running = world.start();
    let tree = log.tree(600);
    // A log that is unknown, or only witnessed.
    for origin in ["unknown.test", "witnessed.test"] {
        let head =
            UploadHead { origin: origin.into(), start: size(0), end: size(600), ticket: vec![] };
        let refusal = Upload::begin(&running.mirror, &head).await.err().unwrap();
        assert_eq!(refusal.status(), 404, "{refusal}");
    }
    assert_eq!(status(running.upload(&log, 0, &tree, b"", 9).await), 422);
    // The witness signs the pending checkpoint, and the mirror does not.
    let lines = running.add_checkpoint(&log, 0, 600).await.unwrap();
    assert!(lines.starts_with("— w.test ") && !lines.contains("mirror.test"), "{lines}");
    assert!(world.published().is_none());
    // An end that nobody knows; a start beyond the first missing entry.
    let at = |pending: usize, next: usize| (size(pending), size(next));
    let info = elsewhere(running.upload(&log, 0, &log.tree(599), b"", 9).await);
    assert_eq!((info.pending, info.next), at(600, 0));
    let info = elsewhere(running.upload(&log, 1, &tree, b"", 9).await);
    assert_eq!((info.pending, info.next), at(600, 0));
    assert!(!info.ticket.is_empty());
    // Nothing, and a proof of something else.
    assert_eq!(status(running.upload(&log, 0, &tree, b"", 0).await), 400);
    let mut upload = running.begin(0, &tree, b"").await.unwrap();
    let mut package = log.package(&upload.next_package().unwrap(), &tree);
    package.entries[3] ^= 1;
    assert_eq!(upload.take(package).await.unwrap_err().status(), 422);
    let mut package = log.package(&upload.next_package().unwrap(), &tree);
    package.proof.pop();
    assert_eq!(upload.take(package).await.unwrap_err().status(), 422);
    assert_eq!(status(upload.end().await), 400);
    assert!(world.objects.objects().is_empty());
    // A part, the rest, and again.
    let info = go_on(running.upload(&log, 0, &tree, b"", 2).await);
    assert_eq!((info.pending, info.next), at(600, 512));
    assert!(world.published().is_none());
    let lines = cosigned(running.upload(&log, 512, &tree, b"", 9).await);
    assert_eq!(lines.lines().count(), 2);
    world.expect_cosigned(&log, &tree);
    cosigned(running.upload(&log, 600, &tree, b"", 0).await);
    cosigned(running.upload(&log, 300, &tree, b"", 9).await);
    // What the mirror has many times over.
    running.add_checkpoint(&log, 600, 3000).await.unwrap();
    let larger = log.tree(3000);
    let info = go_on(running.upload(&log, 600, &larger, b"", 9).await);
    assert_eq!((info.pending, info.next), at(3000, 2816));
    let late = usize::try_from(2816 - EXCESS_MAX).unwrap();
    elsewhere(running.upload(&log, late - 1, &larger, b"", 9).await);
    cosigned(running.upload(&log, late, &larger, b"", 99).await);
    world.expect_cosigned(&log, &larger);
    // The mirror's own tree is behind it now.
    elsewhere(running.upload(&log, 600, &tree, b"", 9).await);
}

#[tokio::test]
async fn a_copy_grows_through_every_kind_of_edge() {
    let (world, log) = (World::new(), Log::new("one", 1300));
    let mut old = 0;
    let mut running = world.start();
    for (round, new) in [0, 1, 2, 255, 256, 257, 512, 700, 1280, 1300].into_iter().enumerate() {
        if round % 2 == 1 {
            running = world.start();
        }
        running.add_checkpoint(&log, old, new).await.unwrap();
        let tree = log.tree(new);
        running.push(&log, &tree).await.unwrap();
        world.expect_cosigned(&log, &tree);
        let shown = running.mirror.newest(&origin_hash(ORIGIN)).await.unwrap().unwrap();
        assert_eq!(shown, world.published().unwrap().to_bytes());
        old = new;
    }
}

#[tokio::test]
async fn a_tree_of_three_levels_is_copied_and_found_again() {
    let (world, log) = (World::new(), Log::new("one", 66_000));
    let tree = log.tree(66_000);
    world.start().add_checkpoint(&log, 0, 66_000).await.unwrap();
    let running = world.start();
    go_on(running.upload(&log, 0, &tree, b"", 256).await);
    // What was full is found again.
    let info = elsewhere(world.start().upload(&log, 66_000, &tree, b"", 0).await);
    assert_eq!(info.next, size(65_536));
    world.start().push(&log, &tree).await.unwrap();
    world.expect_cosigned(&log, &tree);
}

#[tokio::test]
async fn tickets_lead_to_checkpoints_that_were_pending() {
    let (world, log) = (World::new(), Log::new("one", 1200));
    let running = world.start();
    running.add_checkpoint(&log, 0, 600).await.unwrap();
    let (first, second) = (log.tree(600), log.tree(1200));
    let info = go_on(running.upload(&log, 0, &first, b"", 1).await);
    running.add_checkpoint(&log, 600, 1200).await.unwrap();
    elsewhere(running.upload(&log, 256, &first, b"", 9).await);
    // Others are faster with the entries, beyond its end.
    go_on(running.upload(&log, 256, &second, b"", 3).await);
    // Anything but the ticket as it was made is refused.
    let mut altered = info.ticket.clone();
    *altered.last_mut().unwrap() ^= 1;
    for ticket in [&altered[..], &info.ticket[1..], &info.ticket[..31], b"ticket"] {
        elsewhere(running.upload(&log, 600, &first, ticket, 9).await);
    }
    elsewhere(world.start().upload(&log, 600, &first, &info.ticket, 9).await);
    // The older tree ends in the middle of what is a full bundle by now.
    cosigned(running.upload(&log, 600, &first, &info.ticket, 0).await);
    world.expect_cosigned(&log, &first);
    running.push(&log, &second).await.unwrap();
    world.expect_cosigned(&log, &second);
    world.expect_whole(&first);
    // It never goes back.
    let info = elsewhere(running.upload(&log, 600, &first, &info.ticket, 9).await);
    assert_eq!((info.pending, info.next), (size(1200), size(1200)));
    world.expect_cosigned(&log, &second);
}

#[tokio::test]
async fn a_cosignature_is_renewed_once_a_second() {
    let (world, log) = (World::new(), Log::new("one", 300));
    let running = world.start();
    running.add_checkpoint(&log, 0, 300).await.unwrap();
    let tree = log.tree(300);
    let first = running.push(&log, &tree).await.unwrap();
    let times = |lines: &str| -> Vec<u64> {
        let note = Note::parse(format!("x\n\n{lines}").as_bytes()).unwrap();
        note.signatures().iter().map(|line| cosignature_time(line).unwrap()).collect()
    };
    assert_eq!(times(&first), [1_800_000_000; 2]);
    assert_eq!(cosigned(running.upload(&log, 300, &tree, b"", 0).await), first);
    world.clock.0.fetch_add(5, Ordering::Relaxed);
    let later = cosigned(running.upload(&log, 300, &tree, b"", 0).await);
    assert_eq!(times(&later), [1_800_000_005; 2]);
    // The clock goes back a little, also over a restart.
    world.clock.0.fetch_sub(3, Ordering::Relaxed);
    let again = cosigned(world.start().upload(&log, 300, &tree, b"", 0).await);
    assert_eq!(times(&again), [1_800_000_005; 2]);
    world.expect_cosigned(&log, &tree);
}

#[tokio::test]
async fn uploads_at_once_help_each_other() {
    let (world, log) = (World::new(), Log::new("one", 1000));
    let running = world.start();
    running.add_checkpoint(&log, 0, 700).await.unwrap();
    let (first, second) = (log.tree(700), log.tree(1000));
    let mut slow = running.begin(0, &first, b"").await.unwrap();
    let range = slow.next_package().unwrap();
    slow.take(log.package(&range, &first)).await.unwrap();
    running.add_checkpoint(&log, 700, 1000).await.unwrap();
    let mut fast = running.begin(0, &second, b"").await.unwrap();
    for turn in 0..4 {
        if let Some(range) = fast.next_package() {
            fast.take(log.package(&range, &second)).await.unwrap();
        }
        if let Some(range) = slow.next_package().filter(|_| turn < 2) {
            slow.take(log.package(&range, &first)).await.unwrap();
        }
    }
    // The slow one's checkpoint is behind what is there, and still the next one.
    cosigned(slow.end().await);
    world.expect_cosigned(&log, &first);
    let mut slower = running.begin(600, &second, b"").await.unwrap();
    cosigned(fast.end().await);
    world.expect_cosigned(&log, &second);
    // Whoever is late finds all of it there.
    while let Some(range) = slower.next_package() {
        slower.take(log.package(&range, &second)).await.unwrap();
    }
    cosigned(slower.end().await);
}

#[tokio::test]
async fn whoever_is_overtaken_cosigns_nothing_older() {
    let (world, log) = (World::new(), Log::new("one", 900));
    let running = world.start();
    running.add_checkpoint(&log, 0, 500).await.unwrap();
    let (first, second) = (log.tree(500), log.tree(900));
    let late = running.begin(0, &first, b"").await.unwrap();
    running.add_checkpoint(&log, 500, 900).await.unwrap();
    running.push(&log, &second).await.unwrap();
    let mut late = late;
    while let Some(range) = late.next_package() {
        late.take(log.package(&range, &first)).await.unwrap();
    }
    let info = elsewhere(late.end().await);
    assert_eq!((info.pending, info.next), (size(900), size(900)));
    world.expect_cosigned(&log, &second);
}

#[tokio::test]
async fn a_copy_of_another_history_is_never_cosigned() {
    let (mut world, log) = (World::new(), Log::new("one", 600));
    let running = world.start();
    running.add_checkpoint(&log, 0, 300).await.unwrap();
    running.push(&log, &log.tree(300)).await.unwrap();
    let before = world.published();
    // The state is lost, and the log has forked.
    world.state = tempfile::tempdir().unwrap();
    let (running, forked) = (world.start(), Log::new("other", 600));
    running.add_checkpoint(&forked, 0, 600).await.unwrap();
    let refusal = running.push(&forked, &forked.tree(600)).await.unwrap_err();
    assert!(matches!(refusal, MirrorRefusal::OtherTree(_)), "{refusal}");
    assert_eq!((refusal.status(), world.published()), (500, before));
}

#[tokio::test]
async fn a_witness_that_was_rolled_back_is_noticed() {
    let (world, log) = (World::new(), Log::new("one", 600));
    let running = world.start();
    running.add_checkpoint(&log, 0, 300).await.unwrap();
    let path = world.state.path().join(origin_hash(ORIGIN));
    let old = std::fs::read(&path).unwrap();
    running.add_checkpoint(&log, 300, 600).await.unwrap();
    running.push(&log, &log.tree(600)).await.unwrap();
    std::fs::write(&path, old).unwrap();
    let refusal = world.start().push(&log, &log.tree(300)).await.unwrap_err();
    assert!(matches!(refusal, MirrorRefusal::RolledBack { .. }), "{refusal}");
}

#[tokio::test]
async fn parts_of_trees_are_signed_by_those_who_signed_the_tree() {
    let (world, log) = (World::new(), Log::new("one", 14));
    let running = world.start();
    let tree = log.tree(14);
    let lines = running.add_checkpoint(&log, 0, 14).await.unwrap();
    let mirrored = running.push(&log, &tree).await.unwrap();
    let plan = |start, end| {
        let part = Subtree::new(size(start), size(end)).unwrap();
        (part, plan_subtree_consistency(part, size(14)).unwrap().build(&tree.tiles).unwrap())
    };
    let hashes: Vec<Hash> = log.leaves[8..10].iter().map(|leaf| leaf.hash).collect();
    let ask = async |lines: &str| {
        let note = format!("{}{lines}", log.checkpoint(tree.head).note());
        let (subtree, proof) = plan(8, 10);
        let hash = tiles_spec::node_hash(&hashes[0], &hashes[1]);
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let body = SignSubtree { subtree, hash, proof, checkpoint }.to_bytes();
        running.witness.sign_subtree(&body, Some(running.mirror.keys().clone())).await
    };
    // The witness here has no key for parts, and the mirror does not step in for it.
    assert_eq!(ask(&lines).await.unwrap_err().status(), 404);
    assert_eq!(ask("").await.unwrap_err().status(), 403);
    let signed = ask(&mirrored).await.unwrap();
    assert!(signed.starts_with("— mirror.test ") && signed.lines().count() == 1, "{signed}");
    let signed = ask(&format!("{lines}{mirrored}")).await.unwrap();
    assert!(signed.starts_with("— mirror.test ") && signed.lines().count() == 1, "{signed}");
}

#[tokio::test]
async fn a_stop_at_any_write_is_gone_on_from() {
    let log = Log::new("one", 1100);
    let (first, second) = (log.tree(300), log.tree(1100));
    for fault in FAULTS {
        for write in 1.. {
            let world = World::new();
            let store = Arc::new(Faulty::over(&world.objects, write, fault));
            let running = world.start_on(store.clone());
            running.add_checkpoint(&log, 0, 300).await.unwrap();
            let pushed = store.run(async {
                running.push(&log, &first).await?;
                running.add_checkpoint(&log, 300, 1100).await.unwrap();
                running.push(&log, &second).await
            });
            let is_pushed = matches!(pushed.await, Some(Ok(_)));
            drop(running);
            // What was cosigned is there, before anything is mended.
            let trees = [&first, &second];
            if let Some(published) = world.published() {
                let head = published.checkpoint().head;
                world.expect_whole(trees.into_iter().find(|tree| tree.head == head).unwrap());
            }
            let state = WitnessState::on(world.state.path(), Arc::new(OsFiles::default()));
            let recorded = state.mirrored(ORIGIN, &mirror_keys(), &[]).unwrap();
            if let Some(Recorded { head, .. }) = recorded {
                world.expect_whole(trees.into_iter().find(|tree| tree.head == head).unwrap());
            }
            // Another process goes on, with a copy that shows what was cosigned.
            let running = world.start();
            assert!(running.mirror.restore().await.is_empty());
            let published = world.published().map(|published| published.checkpoint().head);
            assert_eq!(
                published,
                state.mirrored(ORIGIN, &mirror_keys(), &[]).unwrap().map(|r| r.head)
            );
            let known =
                if running.add_checkpoint(&log, 300, 1100).await.is_ok() { 300 } else { 1100 };
            assert!(known == 300 || running.add_checkpoint(&log, 1100, 1100).await.is_ok());
            running.push(&log, &second).await.unwrap();
            world.expect_cosigned(&log, &second);
            if is_pushed && write > store.writes() {
                assert!(write > 15, "{write}");
                break;
            }
        }
    }
}
