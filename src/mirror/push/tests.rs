//! A push against a mirror that says what it is told to.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Instant, SystemTime};

use async_trait::async_trait;
use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, entries};
use fasti_seams::gzip::gunzip;
use fasti_witness::Ask;
use tiles_spec::mirror::PackageReader;
use tiles_spec::{CosigningKey, cosign, leaf_hash};

use super::*;

const SIZE: usize = 600;

/// A clock whose pauses take no time.
struct NoTime;

#[async_trait]
impl Clock for NoTime {
    async fn sleep(&self, _: Duration) {}

    fn now(&self) -> Instant {
        unreachable!("nothing is measured")
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// A mirror that gives these answers, one after the other.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Asked>>,
    checkpoints: Mutex<Vec<u64>>,
    uploads: Mutex<Vec<Vec<u8>>>,
}

impl Scripted {
    fn next(&self) -> Result<Asked, AskError> {
        self.answers.lock().unwrap().pop_front().ok_or_else(|| AskError("it is gone".to_owned()))
    }
}

#[async_trait]
impl Ask for Scripted {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError> {
        self.checkpoints.lock().unwrap().push(AddCheckpoint::parse(&body).unwrap().old.get());
        self.next()
    }
}

#[async_trait]
impl AskMirror for Scripted {
    async fn add_entries(&self, packed: Vec<u8>) -> Result<Asked, AskError> {
        self.uploads.lock().unwrap().push(gunzip(&packed, 1 << 20).unwrap());
        self.next()
    }
}

fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Asked {
    Asked { status, content_type: content_type.to_owned(), body: body.into() }
}

fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

fn info(status: u16, pending: usize, next: usize, ticket: &str) -> Asked {
    let (pending, next) = (size(pending), size(next));
    let info = MirrorInfo { pending, next, ticket: ticket.into() };
    answer(status, MIRROR_INFO_MEDIA_TYPE, info.to_string())
}

fn added() -> Asked {
    answer(200, "text/plain", "")
}

fn key() -> CosigningKey {
    CosigningKey::from_seed("m.test".parse().unwrap(), &[5; 32])
}

fn cosigned(log: &MadeLog) -> Asked {
    let checkpoint = SignedCheckpoint::parse(&log.objects["checkpoint"]).unwrap();
    answer(200, "text/plain", cosign(&key(), checkpoint.note().text(), 7).unwrap().to_string())
}

async fn pushed(answers: Vec<Asked>) -> (Result<Pushed, PushError>, Arc<Scripted>) {
    let log = MadeLog::of(&entries(SIZE));
    let mirror = Arc::new(Scripted { answers: Mutex::new(answers.into()), ..Scripted::default() });
    let context = PushContext {
        log: log.fetch(),
        trust: trust(),
        mirror: mirror.clone(),
        keys: vec![key().verifier_key().clone()],
        clock: Arc::new(NoTime),
    };
    (push(&context, |_| {}, &|_| {}).await, mirror)
}

/// What an upload states, and how many entries it has, all of which are proved.
fn read(log: &MadeLog, body: &[u8]) -> (usize, usize, Vec<u8>, usize) {
    let (head, length) = UploadHead::read(body).unwrap().unwrap();
    let checkpoint = SignedCheckpoint::parse(&log.objects["checkpoint"]).unwrap();
    let (mut rest, mut count) = (&body[length..], 0);
    let leaves: Vec<_> = entries(SIZE).iter().map(|entry| leaf_hash(entry)).collect();
    let number = |size: TreeSize| usize::try_from(size.get()).unwrap();
    for range in packages(&head) {
        let mut reader = PackageReader::new(&range);
        rest = reader.take(rest).unwrap();
        let Some(package) = reader.package() else { break };
        let leaves = &leaves[number(range.subtree().start())..number(range.end())];
        range.verify(leaves, &checkpoint.checkpoint().head, &package.proof).unwrap();
        count += range.entries();
    }
    assert!(rest.is_empty());
    (number(head.start), number(head.end), head.ticket, count)
}

#[tokio::test]
async fn a_push_goes_where_the_mirror_says() {
    let log = MadeLog::of(&entries(SIZE));
    let (done, mirror) = pushed(vec![
        answer(409, SIZE_MEDIA_TYPE, "5\n"),
        added(),
        info(409, SIZE, 250, "a"),
        answer(503, "", ""),
        info(202, SIZE, 256, "b"),
        cosigned(&log),
    ])
    .await;
    let done = done.unwrap();
    assert_eq!((done.head.size, done.before, done.lines.len()), (size(SIZE), size(250), 1));
    assert_eq!(*mirror.checkpoints.lock().unwrap(), [0, 5]);
    let uploads = mirror.uploads.lock().unwrap();
    let read: Vec<_> = uploads.iter().map(|body| read(&log, body)).collect();
    let expected = |start: usize, ticket: &str| (start, SIZE, ticket.into(), SIZE - start);
    let twice = expected(250, "a");
    assert_eq!(read, [expected(SIZE, ""), twice.clone(), twice, expected(256, "b")]);
}

#[tokio::test]
async fn what_a_mirror_has_is_not_sent() {
    let log = MadeLog::of(&entries(SIZE));
    let (done, mirror) = pushed(vec![added(), cosigned(&log)]).await;
    assert_eq!(done.unwrap().before, size(SIZE));
    assert_eq!(mirror.uploads.lock().unwrap().len(), 1);
    // It has more than that, and knows a later checkpoint.
    let (done, _) = pushed(vec![added(), info(409, 900, 700, "x"), cosigned(&log)]).await;
    assert_eq!(done.unwrap().before, size(SIZE));
}

#[tokio::test]
async fn why_a_push_fails() {
    let busy = answer(429, "text/plain", "later");
    let stuck = [vec![added()], vec![info(409, SIZE, 5, ""); 8]].concat();
    for (answers, words, is_refusal) in [
        (vec![], "cannot reach the mirror", false),
        (vec![busy; 4], "429", false),
        (vec![answer(404, "text/plain", "no such log\n")], "\"no such log\"", true),
        (vec![answer(422, "text/plain", "forked")], "not the log that it knows", true),
        (vec![answer(409, SIZE_MEDIA_TYPE, "700\n")], "knows a checkpoint of 700", false),
        (vec![added(), answer(422, "text/plain", "no")], "not the log that it knows", true),
        (vec![added(), answer(409, "text/plain", "x")], "refuses with status 409", true),
        (vec![added(), answer(202, MIRROR_INFO_MEDIA_TYPE, "x")], "where to go on", true),
        (vec![added(), info(409, 900, 5, "")], "later checkpoint, of 900", false),
        (
            vec![added(), info(409, 900, 900, ""), info(409, 900, 900, "")],
            "later checkpoint, of 900",
            false,
        ),
        (stuck, "no further than 5", false),
        (vec![added(), answer(200, "", "nothing\n")], "not valid cosignatures", true),
    ] {
        let (done, _) = pushed(answers).await;
        let error = done.unwrap_err();
        assert!(error.to_string().contains(words), "{error}, not {words}");
        assert_eq!(error.is_refusal(), is_refusal, "{error}");
    }
}
