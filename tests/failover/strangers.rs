//! Clients that pose as a writer of the log: without a secret, writers of another log with the same
//! secret, and writers with another secret.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::http::Connection;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};

use crate::bucket::{Bucket, HASTY};
use crate::scene::{Scene, index};
use crate::writer::{self, ORIGIN, Writer};

/// The duration of a flood, many times as long as a leader may be silent.
const FLOOD: Duration = Duration::from_secs(4);
/// Connections of the flood, each with the longest body that writers send, announced or half sent.
const FLOODERS: usize = 64;
const BODY_BYTES: usize = 4 << 20;
/// While the flood lasts, an entry is answered within this time.
const ANSWERED: Duration = Duration::from_secs(1);
/// The most that a writer's memory may grow during the flood; the bodies total 256 MiB.
const GROWTH_KIB_MAX: usize = 32 * 1024;
/// By then a takeover has happened, or the mistake was detected.
const SETTLED: Duration = Duration::from_secs(10);

const MAC: &str = "fasti-mac: 00000000000000000000000000000000000000000000000000000000000000ff";

/// A head like that of a writer, from a client without the secret.
fn head(protocol: &str, to: SocketAddr) -> String {
    let (log, nonce) = ("0".repeat(64), "1".repeat(32));
    format!("fasti-question: {protocol} {log} 1 {nonce} {BODY_BYTES} {log} http://{to}\r\n{MAC}")
}

/// Sends a question with this head and the beginning of its body, and reads the answer.
fn ask(to: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(ANSWERED))?;
    let fields = if head.is_empty() { String::new() } else { format!("{head}\r\n") };
    let request = format!(
        "POST /_writer/forward HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY_BYTES}\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    // The body need not be sent if the head is refused.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

struct Running {
    writer: Writer,
    address: SocketAddr,
}

impl Running {
    fn start(mut command: Command) -> Self {
        command.args(HASTY);
        let mut writer = Writer::spawn(command);
        let address = writer.expect_address();
        Self { writer, address }
    }

    fn standing(&self) -> Value {
        let answer = Connection::open(self.address).and_then(|mut open| open.get("/readyz"));
        serde_json::from_slice(&answer.expect("an answer").body).expect("JSON")
    }

    fn until(&self, role: &str) {
        let began = Instant::now();
        while self.standing()["role"] != role {
            assert!(began.elapsed() < SETTLED, "{}", self.standing());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn submit(&self, scene: &Scene, entry: &[u8]) -> Duration {
        let began = Instant::now();
        let mut connection = Connection::open(self.address).expect("connects");
        let answer = connection.post("/add", entry).expect("an answer");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        scene.acknowledge(entry.to_vec(), index(&answer.body));
        began.elapsed()
    }
}

fn finish(bucket: &Bucket, scene: &Scene, writers: impl IntoIterator<Item = Running>) {
    writers.into_iter().for_each(|running| running.writer.stop());
    let reader = bucket.reader();
    scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    bucket.fsck();
}

#[test]
fn a_question_is_refused_by_its_head() {
    let bucket = Bucket::new();
    let leader = Running::start(bucket.writer(0));
    let earlier = MAC.to_owned();
    for (head, status, words) in [
        (String::new(), "401", "only the log's own writers"),
        ("fasti-question: x".to_owned(), "401", "only the log's own writers"),
        (format!("fasti-question: fasti/q2 x\r\n{MAC}"), "401", "only the log's own writers"),
        (earlier, "400", "an earlier protocol"),
        (head("fasti/q9", leader.address), "400", "not fasti/q9"),
        (head("fasti/q2", leader.address), "421", "another log"),
    ] {
        let began = Instant::now();
        let answer = ask(leader.address, &head, b"").expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        assert!(answer.contains(words), "{head}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(began.elapsed() < ANSWERED, "the body is not awaited");
    }
    leader.writer.stop();
}

/// Stalled bodies, complete bodies, heads of every kind: the leader keeps leading, and its
/// followers keep forwarding what they accept.
#[test]
fn a_flood_of_strangers_deposes_nobody_and_takes_no_memory() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let leader = Running::start(bucket.writer(0));
    let follower = Running::start(bucket.writer(1));
    follower.until("following");
    follower.submit(&scene, b"before");
    let (epoch, memory) = (leader.standing()["epoch"].clone(), leader.writer.resident() / 1024);
    let until = Instant::now() + FLOOD;
    let (asked, slowest, most) = thread::scope(|threads| {
        let flooders: Vec<_> = (0..FLOODERS)
            .map(|n| {
                threads.spawn(move || {
                    let body = vec![0; [0, 100, BODY_BYTES / 2, BODY_BYTES][n % 4]];
                    let heads = [String::new(), head("fasti/q2", leader.address), MAC.to_owned()];
                    let mut asked = 0;
                    while Instant::now() < until {
                        drop(ask(leader.address, &heads[n % 3], &body));
                        asked += 1;
                    }
                    asked
                })
            })
            .collect();
        let (mut slowest, mut most) = (Duration::ZERO, 0);
        for n in 0.. {
            if Instant::now() >= until {
                break;
            }
            slowest = slowest.max(follower.submit(&scene, format!("entry {n}").as_bytes()));
            most = most.max(leader.writer.resident() / 1024);
        }
        let asked: u64 = flooders.into_iter().map(|one| one.join().expect("no panic")).sum();
        (asked, slowest, most)
    });
    println!(
        "{asked} questions of strangers; the slowest answer took {slowest:?}; {memory} KiB, at most {most} KiB"
    );
    assert!(asked > FLOODERS as u64);
    assert!(slowest < ANSWERED, "{slowest:?}");
    assert!(most < memory + GROWTH_KIB_MAX, "{memory} KiB, then {most} KiB");
    assert_eq!((&leader.standing()["epoch"], &follower.standing()["epoch"]), (&epoch, &epoch));
    finish(&bucket, &scene, [leader, follower]);
}

/// Holds as many silent connections as it gets, from an address of its own, until `until`. Returns
/// how many it opened.
async fn hold_connections(to: SocketAddr, count: usize, until: Instant) -> usize {
    let hold = |_| async move {
        let mut opened = 0;
        while Instant::now() < until {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(SocketAddr::from(([127, 0, 0, 2], 0))).expect("an address of this machine");
            if let Ok(mut stream) = socket.connect(to).await {
                opened += 1;
                // Returns when the leader closes the connection.
                let silent = stream.read_u8();
                drop(timeout(until.saturating_duration_since(Instant::now()), silent).await);
            }
            sleep(Duration::from_millis(50)).await;
        }
        opened
    };
    futures::future::join_all((0..count).map(hold)).await.into_iter().sum()
}

/// One host takes every connection that the leader allows, and takes it again when it is closed.
#[test]
fn a_flood_of_connections_deposes_nobody() {
    const CONNECTIONS: usize = 200;
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let mut command = bucket.writer(0);
    command.args(["--connections-max", &CONNECTIONS.to_string()]);
    let leader = Running::start(command);
    let follower = Running::start(bucket.writer(1));
    follower.until("following");
    follower.submit(&scene, b"before");
    let epoch = leader.standing()["epoch"].clone();
    let until = Instant::now() + FLOOD;
    let flood = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(hold_connections(
            leader.address,
            2 * CONNECTIONS,
            until,
        ))
    });
    // Everything is taken before anyone else connects.
    thread::sleep(FLOOD / 4);
    let (mut slowest, mut entries) = (Duration::ZERO, 0);
    while Instant::now() < until {
        slowest = slowest.max(follower.submit(&scene, format!("entry {entries}").as_bytes()));
        slowest = slowest.max(leader.submit(&scene, format!("and {entries}").as_bytes()));
        entries += 1;
    }
    let opened = flood.join().expect("no panic");
    println!("{opened} connections; {entries} entries each; the slowest answer took {slowest:?}");
    assert!(opened > CONNECTIONS && entries > 10, "{opened} connections, {entries} entries");
    assert!(slowest < ANSWERED, "{slowest:?}");
    assert_eq!((&leader.standing()["epoch"], &follower.standing()["epoch"]), (&epoch, &epoch));
    finish(&bucket, &scene, [leader, follower]);
}

/// The leader's address is taken over by a writer of another log that has the same secret and
/// leads, in a term with the same number.
#[test]
fn one_secret_for_two_logs_lets_nothing_from_one_into_the_other() {
    let (bucket, other) = (Bucket::new(), Bucket::new());
    let (scene, other_scene) = (Scene::new(SETTLED), Scene::new(SETTLED));
    let secret = bucket.path("secret");
    std::fs::write(&secret, "one secret for all the logs of the house\n").expect("a file");
    let address = free_address();
    let start = |bucket: &Bucket, n: usize, listen: SocketAddr| {
        let mut command = writer::command(ORIGIN, &listen.to_string());
        bucket.tell(&mut command, &bucket.server.url(), n);
        command.arg("--peer-secret").arg(&secret);
        Running::start(command)
    };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let leader = start(&bucket, 0, address);
    let follower = start(&bucket, 1, any);
    follower.until("following");
    follower.submit(&scene, b"of the first log");
    leader.writer.kill();
    let stranger = start(&other, 0, address);
    assert_eq!(stranger.standing()["role"], "leading");
    follower.submit(&scene, b"of the first log, too");
    follower.until("leading");
    stranger.submit(&other_scene, b"of the other log");
    assert_eq!(stranger.standing()["treeSize"], 1);
    assert_eq!(follower.standing()["treeSize"], 2);
    finish(&bucket, &scene, [follower]);
    finish(&other, &other_scene, [stranger]);
}

/// As during an upgrade to a release that speaks another protocol: neither writer accepts the
/// other. They take turns, and every client is answered.
#[test]
fn writers_that_do_not_understand_each_other_take_turns() {
    let (bucket, scene) = (Bucket::new(), Scene::new(SETTLED));
    let start = |n: usize| {
        let secret = bucket.path(&format!("secret{n}"));
        std::fs::write(&secret, format!("the secret of number {n} is long enough"))
            .expect("a file");
        let mut command = bucket.writer(n);
        command.arg("--peer-secret").arg(secret);
        Running::start(command)
    };
    let (one, two) = (start(0), start(1));
    let mut slowest = Duration::ZERO;
    for round in 0..3 {
        for (n, writer) in [&one, &two].into_iter().enumerate() {
            let entry = format!("entry {round} of writer {n}");
            slowest = slowest.max(writer.submit(&scene, entry.as_bytes()));
        }
    }
    println!("the slowest answer took {slowest:?}");
    finish(&bucket, &scene, [one, two]);
}

/// An address that nothing listens on.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}
