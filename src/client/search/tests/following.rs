//! A question followed over a log that grows, lags, is rolled back.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fasti_kit::made_index::MadeIndex;
use tiles_spec::ResourcePath;

use super::scene::postings;
use super::*;
use crate::fetch::{Fetch, FetchError};
use crate::monitor::MonitorError;

async fn news(
    follower: &Follower,
    scene: &Scene,
    question: &Question,
) -> Result<News, FollowError> {
    follower.news(scene.log.fetch(), &trust(), question).await
}

fn usual() -> Question {
    Question { limit: LIMIT_MAX, ..or(&[signed_by(0)]) }
}

/// The log of the first `size` entries, with an index of the first `indexed` of them.
fn grow(scene: &mut Scene, all: &[Vec<u8>], size: usize, indexed: usize) {
    scene.log.publish(&all[..size]);
    scene.index(&all[..indexed], &postings(&all[..indexed]));
}

#[tokio::test]
async fn what_is_new_comes_once() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().join("state"));
    let all = entries(9000);
    let mut scene = Scene::default();
    let (mut seen, mut before) = (Vec::new(), 0);
    // The log grows, stays the same, grows by a single leaf; the index lags and keeps up.
    for (size, indexed) in
        [(300, 300), (300, 300), (900, 300), (1000, 1000), (1001, 1000), (5000, 2000), (9000, 9000)]
    {
        grow(&mut scene, &all, size, indexed);
        // Not remembered: it comes again.
        drop(news(&follower, &scene, &usual()).await.unwrap());
        let news = news(&follower, &scene, &usual()).await.unwrap();
        assert_eq!((news.is_first, news.answer.since), (before == 0, self::size(before)));
        assert!(news.answer.complete);
        seen.extend(indices(&news.answer));
        news.remember().unwrap();
        assert_eq!(seen, by_hand(&all[..size], &usual()));
        before = size;
    }
    // Another question has a memory of its own.
    let news = news(&follower, &scene, &or(&[about(7)])).await.unwrap();
    assert!(news.is_first);
    assert_eq!(indices(&news.answer), by_hand(&all, &or(&[about(7)])));
}

#[tokio::test]
async fn leaves_that_were_not_searched_come_later() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let all = entries(3000);
    let question = Question { scan_max: 100, ..usual() };
    let mut scene = Scene::default();
    let mut seen = Vec::new();
    for (size, indexed, searched) in [
        (400, 350, 400),
        (2000, 350, 400), // nothing is searched: the question was answered beyond the index
        (2000, 600, 600),
        (3000, 2000, 2000),
        (3000, 2950, 3000),
    ] {
        grow(&mut scene, &all, size, indexed);
        let news = news(&follower, &scene, &question).await.unwrap();
        assert_eq!(news.answer.complete, searched == size);
        assert_eq!(news.answer.searched(), self::size(searched));
        seen.extend(indices(&news.answer));
        news.remember().unwrap();
        assert_eq!(seen, by_hand(&all[..searched], &question), "{size} {indexed}");
    }
}

/// The index's checkpoint of the log is of a larger tree than the index covers.
#[tokio::test]
async fn what_an_index_lacks_that_catches_up_comes_later() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let all = entries(3000);
    let question = Question { scan_max: 100, ..usual() };
    let mut scene = Scene::default();
    grow(&mut scene, &all, 3000, 600);
    let mut latest = scene.latest();
    latest.revision.checkpoint = scene.log.objects["checkpoint"].clone();
    scene.put(&LookupPath::Latest, latest.to_bytes());
    let first = news(&follower, &scene, &question).await.unwrap();
    assert_eq!((first.answer.complete, first.answer.searched()), (false, size(600)));
    assert_eq!(indices(&first.answer), by_hand(&all[..600], &question));
    first.remember().unwrap();
    grow(&mut scene, &all, 3000, 3000);
    let later = news(&follower, &scene, &question).await.unwrap();
    assert!(later.answer.complete && !later.is_first);
    assert_eq!(later.answer.since, size(600));
    let found = [indices(&first.answer), indices(&later.answer)].concat();
    assert_eq!(found, by_hand(&all, &question));
}

/// However much is new, it comes page by page, oldest first; a page that was not remembered comes
/// again.
#[tokio::test]
async fn no_number_of_news_is_too_many() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let all = entries(5000);
    let mut scene = Scene::default();
    for limit in [7, 64, 1000] {
        let question = Question { limit, ..or(&[signed_by(0), signed_by(1)]) };
        let follower = Follower::new(directory.path().join(limit.to_string()));
        let mut seen = Vec::new();
        for (size, indexed) in [(900, 900), (1400, 1150), (1400, 1400), (5000, 5000)] {
            grow(&mut scene, &all, size, indexed);
            for page in 0.. {
                let news = news(&follower, &scene, &question).await.unwrap();
                assert!(news.answer.entries.len() <= limit);
                assert_eq!(news.is_first, seen.is_empty());
                if page % 3 == 1 {
                    continue; // Interrupted.
                }
                seen.extend(indices(&news.answer));
                news.remember().unwrap();
                assert!(seen.len() < limit || news.answer.is_cut || news.answer.complete);
                if !news.has_more() {
                    break;
                }
                assert_eq!(news.answer.entries.len(), limit);
            }
            assert_eq!(seen, by_hand(&all[..size], &question), "{limit} {size}");
        }
    }
    // The first time, there is a place to begin.
    let question = Question { since: size(4000), ..usual() };
    let first = news(&follower, &scene, &question).await.unwrap();
    assert_eq!((first.is_first, first.answer.since), (true, size(4000)));
    assert_eq!(indices(&first.answer), by_hand(&all, &question));
    first.remember().unwrap();
    assert!(indices(&news(&follower, &scene, &usual()).await.unwrap().answer).is_empty());
}

#[tokio::test]
async fn a_position_that_is_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let scene = Scene::of(&entries(300), 300);
    let question = Question { limit: 3, ..usual() };
    news(&follower, &scene, &question).await.unwrap().remember().unwrap();
    let files = directory.path().read_dir().unwrap().map(|file| file.unwrap().path());
    let is_position = |path: &std::path::PathBuf| path.extension().unwrap() == "position";
    let path = files.into_iter().find(is_position).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "6\n");
    for damaged in ["", "6", "x\n", "-1\n", "99999999999999999999999\n"] {
        std::fs::write(&path, damaged).unwrap();
        let error = news(&follower, &scene, &question).await.unwrap_err();
        assert!(matches!(error, FollowError::Position(_)) && !error.is_refusal(), "{error}");
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
}

#[tokio::test]
async fn neither_log_may_go_back() {
    let directory = tempfile::tempdir().unwrap();
    let follower = Follower::new(directory.path().to_owned());
    let all = entries(900);
    let mut scene = Scene::default();
    grow(&mut scene, &all, 400, 400);
    let old = scene.clone();
    grow(&mut scene, &all, 600, 500);
    news(&follower, &scene, &usual()).await.unwrap().remember().unwrap();

    let error = news(&follower, &old, &usual()).await.unwrap_err();
    assert!(error.is_refusal() && error.to_string().contains("ROLLBACK"), "{error}");
    // The log is unchanged, but an older revision of the index is served.
    let mut stale = scene.clone();
    for (path, bytes) in old.log.objects.iter().filter(|(path, _)| path.starts_with("lookup/")) {
        stale.log.objects.insert(path.clone(), bytes.clone());
    }
    let error = news(&follower, &stale, &usual()).await.unwrap_err();
    assert!(matches!(error, FollowError::Monitor(MonitorError::Rollback(_))), "{error}");
    // A different history of revisions.
    let mut forked = Scene { log: scene.log.clone(), revisions: MadeIndex::default() };
    for indexed in [100, 200, 500] {
        forked.index(&all[..indexed], &postings(&all[..indexed]));
    }
    let error = news(&follower, &forked, &usual()).await.unwrap_err();
    assert!(matches!(error, FollowError::Monitor(MonitorError::Fork(_))), "{error}");
    // The index is gone.
    let mut gone = scene.clone();
    gone.log.objects.retain(|path, _| !path.starts_with("lookup/"));
    let error = news(&follower, &gone, &usual()).await.unwrap_err();
    assert!(error.is_refusal() && error.to_string().contains("is gone"), "{error}");
    // What was remembered is unchanged.
    let again = news(&follower, &scene, &usual()).await.unwrap();
    assert_eq!((indices(&again.answer), again.answer.since), (Vec::new(), size(600)));
}

/// A log that changes between requests.
struct Moving {
    before: TestLog,
    after: TestLog,
    /// The number of requests to answer from the old state.
    left: Mutex<usize>,
}

impl Moving {
    fn now(&self) -> &TestLog {
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(1);
        if *left > 0 { &self.before } else { &self.after }
    }
}

#[async_trait]
impl Fetch for Moving {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch().fetch(path).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: std::ops::Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

#[tokio::test]
async fn log_and_index_may_move_on_meanwhile() {
    let all = entries(1200);
    let before = Scene::of(&all[..700], 700);
    let mut after = before.clone();
    after.log.objects.retain(|path, _| !path.starts_with("lookup/run/"));
    grow(&mut after, &all, 1200, 1100);
    let question = usual();
    for left in 0..12 {
        let moving = Moving {
            before: before.log.clone(),
            after: after.log.clone(),
            left: Mutex::new(left + 1),
        };
        let answer = search(Arc::new(moving), &trust(), &question).await.unwrap();
        let size = usize::try_from(answer.head().size.get()).unwrap();
        expect_whole(&answer, &all[..size], &question);
    }
    // The index had already changed, but the checkpoint served was an old one.
    let mut lagging = before.log.clone();
    lagging.objects.extend(after.log.objects.clone());
    lagging.objects.insert("checkpoint".to_owned(), before.log.objects["checkpoint"].clone());
    let (after, left) = (after.log.clone(), Mutex::new(3));
    let moving = Moving { before: lagging, after, left };
    expect_whole(&search(Arc::new(moving), &trust(), &question).await.unwrap(), &all, &question);
    // Nothing waits for an index that does not come back.
    let mut gone = before.clone();
    gone.log.objects.retain(|path, _| !path.starts_with("lookup/run/"));
    let error = ask(&gone, &question).await.unwrap_err();
    assert!(matches!(error, SearchError::PartMissing { .. }) && error.is_refusal(), "{error}");
}
