//! A log that changes, a clock that is set, and reports that are kept.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_client::fetch::{Fetch, FetchError};
use fasti_client::monitor::Monitor;
use fasti_entry::{Submission, lookup_keys};
use fasti_kit::certificates::Signer;
use fasti_kit::fetched::trust;
use fasti_kit::made_index::MadeIndex;
use fasti_kit::made_log::MadeLog;
use fasti_kit::requests;
use fasti_lookup_spec::{LookupPath, Posting};
use fasti_seams::clock::Clock;
use fasti_seams::offload::Workers;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tiles_spec::{BundleCoord, LeafIndex, ResourcePath, leaf_hash};

use crate::alarm::{Alarm, AlarmKind};
use crate::event::{Event, What};
use crate::left_out::LeftOut;
use crate::matcher::Matcher;
use crate::patterns::{PatternTexts, Patterns};
use crate::rules::{Outlet, Rules, Source, Start, Watched};
use crate::turns::Turns;
use crate::watch::Watch;

/// When a test begins, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

/// A log, and everything to watch it with.
pub struct Scene {
    log: Arc<Mutex<MadeLog>>,
    clock: Arc<Mutex<u64>>,
    state: TempDir,
    matcher: Arc<Matcher>,
    turns: Arc<Turns>,
    pub outlet: Kept,
}

struct Changing(Arc<Mutex<MadeLog>>);

struct SetClock(Arc<Mutex<u64>>);

/// Keeps reports, unless it is broken.
#[derive(Default)]
pub struct Kept(Mutex<(Vec<Event>, bool)>);

impl Scene {
    pub fn of(entries: &[Vec<u8>], texts: &PatternTexts) -> Self {
        Self::with(entries, texts, false)
    }

    /// With nothing to look for but signatures that do not verify.
    pub fn verifying(entries: &[Vec<u8>]) -> Self {
        Self::with(entries, &PatternTexts::default(), true)
    }

    fn with(entries: &[Vec<u8>], texts: &PatternTexts, signatures: bool) -> Self {
        let patterns = Arc::new(Patterns::new(texts).unwrap());
        let matcher = Matcher { patterns, authorities: Vec::new(), signatures, salt: 7 };
        Self {
            log: Arc::new(Mutex::new(MadeLog::of(entries))),
            clock: Arc::new(Mutex::new(NOW)),
            state: tempfile::tempdir().unwrap(),
            matcher: Arc::new(matcher),
            turns: Arc::default(),
            outlet: Kept::default(),
        }
    }

    pub fn watch(&self, start: Start) -> Watch {
        let fetch = Arc::new(Changing(self.log.clone()));
        let source = Source::Tiles { fetch, trust: trust() };
        let log = Watched { place: "here".to_owned(), source, start };
        let rules = Rules {
            matcher: self.matcher.clone(),
            memory: Monitor::new(self.state.path().to_owned()),
            stalled_after: Some(Duration::from_hours(1)),
            reports_each: 100,
            reports_max: 1000,
            samples: 2,
            workers: Workers::processors(),
            turns: self.turns.clone(),
            clock: Arc::new(SetClock(self.clock.clone())),
        };
        Watch::new(log, rules)
    }

    pub fn log(&self) -> MadeLog {
        self.log.lock().unwrap().clone()
    }

    pub fn replace(&self, log: MadeLog) {
        *self.log.lock().unwrap() = log;
    }

    pub fn publish(&self, entries: &[Vec<u8>]) {
        self.log.lock().unwrap().publish(entries);
    }

    pub fn date(&self, times: &[u64]) {
        self.log.lock().unwrap().date(times);
    }

    pub fn remove(&self, path: &str) {
        self.log.lock().unwrap().objects.remove(path).unwrap();
    }

    pub fn damage(&self, path: &str) {
        let mut log = self.log.lock().unwrap();
        *log.objects.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
    }

    pub fn pass(&self, seconds: u64) {
        *self.clock.lock().unwrap() += seconds;
    }

    /// Adds an index of these entries with these postings, right or wrong.
    pub fn index(&self, entries: &[Vec<u8>], postings: &[Posting]) {
        MadeIndex::default().revise(&mut self.log.lock().unwrap(), entries, postings);
    }

    pub fn forget_checkpoint(&self) {
        for file in self.state.path().read_dir().unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|end| end == "checkpoint") {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

impl Kept {
    pub fn break_down(&self, is_broken: bool) {
        self.0.lock().unwrap().1 = is_broken;
    }

    fn each<T>(&self, find: impl Fn(&What) -> Option<T>) -> Vec<T> {
        self.0.lock().unwrap().0.iter().filter_map(|event| find(&event.what)).collect()
    }

    pub fn matches(&self) -> Vec<u64> {
        self.each(|what| match what {
            What::Match { finding, .. } => Some(finding.index.get()),
            _ => None,
        })
    }

    pub fn alarms(&self) -> Vec<Alarm> {
        self.each(|what| match what {
            What::Alarm(alarm) => Some(alarm.clone()),
            _ => None,
        })
    }

    pub fn kinds(&self) -> Vec<AlarmKind> {
        self.alarms().into_iter().map(|alarm| alarm.kind).collect()
    }

    pub fn left_out(&self) -> LeftOut {
        let found = self.each(|what| match what {
            What::LeftOut(left_out) => Some(left_out.clone()),
            _ => None,
        });
        found.into_iter().next().unwrap()
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().0.iter().map(Event::name).collect()
    }

    pub fn last(&self) -> What {
        self.0.lock().unwrap().0.last().unwrap().what.clone()
    }
}

#[async_trait]
impl Outlet for Kept {
    async fn deliver(&self, events: &[Event]) -> Result<(), String> {
        let mut kept = self.0.lock().unwrap();
        if kept.1 {
            return Err("broken".to_owned());
        }
        kept.0.extend_from_slice(events);
        Ok(())
    }
}

#[async_trait]
impl Clock for SetClock {
    async fn sleep(&self, _: Duration) {}

    fn now(&self) -> Instant {
        fasti_seams::clock::SystemClock.now()
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(*self.0.lock().unwrap())
    }
}

impl Changing {
    fn now(&self) -> Arc<dyn Fetch> {
        self.0.lock().unwrap().fetch()
    }

    fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }
}

#[async_trait]
impl Fetch for Changing {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.get(&path.to_string()))
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.get(&bundle.to_string().replace("tile/entries/", "time/")))
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(self.get(&path.to_string()))
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

/// All postings of entries.
pub fn postings(entries: &[Vec<u8>]) -> Vec<Posting> {
    let of = |(index, entry): (u64, &Vec<u8>)| {
        let index = LeafIndex::new(index).unwrap();
        let keys = lookup_keys(&leaf_hash(entry), entry).into_iter();
        keys.map(move |key| Posting { key, index })
    };
    (0..).zip(entries).flat_map(of).collect()
}

fn digest(number: usize) -> String {
    hex::encode(Sha256::digest(number.to_string()))
}

/// The digests in these entries.
pub fn digests(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|number| digest(*number)).collect()
}

/// This many entries of Rekor v1, each about another digest, without a signature.
pub fn typed(count: usize) -> Vec<Vec<u8>> {
    let entry = |number| {
        let hash = json!({"algorithm": "sha256", "value": digest(number)});
        let spec = json!({"data": {"hash": hash}});
        json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}).to_string()
    };
    (0..count).map(|number| entry(number).into_bytes()).collect()
}

/// An entry with a signature, and the same with a signature over something else.
pub fn signed_entries() -> [Vec<u8>; 2] {
    let signer = Signer::of("PKIX_ECDSA_P256_SHA_256");
    let request = requests::artifact(signer, b"artifact", None).to_string();
    let entry = Submission::parse(request.as_bytes()).unwrap().verify().unwrap().into_bytes();
    let [is, other] =
        [&b"artifact"[..], b"another"].map(|bytes| STANDARD.encode(Sha256::digest(bytes)));
    let text = String::from_utf8(entry.clone()).unwrap();
    assert!(text.contains(&is));
    [entry, text.replace(&is, &other).into_bytes()]
}
