//! The kinds of flood. Each comes from one host, continues until it is dropped, and reconnects
//! whenever the writer closes a connection.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{frames, source};

const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ENTRIES: &str = "/api/v2/log/entries";
/// How many connections are opened at once, so that the flood itself does not limit the
/// measurement.
const AT_ONCE: usize = 64;

/// The delay before a closed connection is reopened: this is not a flood of valid requests.
const AGAIN: Duration = Duration::from_secs(1);

/// How long an ambush keeps quiet: about as long as it takes to open all connections.
const SILENCE: Duration = Duration::from_millis(1300);

/// How large a flood may be.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The most connections.
    pub connections: usize,
}

/// What the flood consists of.
#[derive(Clone, Copy, Debug)]
pub enum Flood {
    /// Bodies of 4 MiB that lack their last byte.
    StandingBodies,
    /// The same over one HTTP/2 connection.
    StandingBodiesOnOneConnection,
    /// Bodies that arrive one byte at a time.
    SlowBodies,
    /// Requests to Rekor v1's API, with stalled bodies.
    StandingQuestions,
    /// Answers that may not be sent, on many connections with many streams each.
    AnswersNotTaken,
    /// Answers that are not read.
    AnswersNotRead,
    /// Heads that do not end.
    EndlessHeads,
    /// Heads of HTTP/2 that do not end.
    EndlessFrames,
    /// Requests that are reset at once, as fast as they can be sent.
    Resets,
    /// As many connections as allowed, all silent.
    Idle,
    /// As many connections as allowed, with an occasional PING.
    Pings,
    /// As many connections as allowed, with as many answers as possible.
    Everything,
    /// The same, but all of them are asked for at once, after a silence.
    Ambush,
}

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Flood {
    pub const ALL: [Self; 13] = [
        Self::StandingBodies,
        Self::StandingBodiesOnOneConnection,
        Self::SlowBodies,
        Self::StandingQuestions,
        Self::EndlessHeads,
        Self::EndlessFrames,
        Self::Resets,
        Self::Idle,
        Self::Pings,
        Self::AnswersNotTaken,
        Self::AnswersNotRead,
        Self::Everything,
        Self::Ambush,
    ];

    /// Reports whether the flood must not delay anybody else. Under the other kinds nobody must be
    /// refused; their delays are only in the table.
    pub fn is_borne(self) -> bool {
        !matches!(
            self,
            Self::AnswersNotTaken | Self::AnswersNotRead | Self::Everything | Self::Ambush
        )
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::StandingBodies => "stalled bodies",
            Self::StandingBodiesOnOneConnection => "... on one connection",
            Self::SlowBodies => "slow bodies",
            Self::StandingQuestions => "stalled questions",
            Self::AnswersNotTaken => "answers not taken",
            Self::AnswersNotRead => "answers not read",
            Self::EndlessHeads => "endless heads",
            Self::EndlessFrames => "endless heads in frames",
            Self::Resets => "requests that are reset",
            Self::Idle => "idle connections",
            Self::Pings => "connections with PINGs",
            Self::Everything => "all connections, all streams",
            Self::Ambush => "... at once, after a silence",
        }
    }

    pub fn run(self, writer: SocketAddr, scale: Scale) -> Run {
        let all = scale.connections;
        let some = |count: usize| count.min(all);
        match self {
            Self::StandingBodies => many(some(100), move |_| standing_body(writer)),
            Self::StandingBodiesOnOneConnection => many(1, move |_| standing_streams(writer)),
            Self::SlowBodies => many(some(500), move |_| slow_body(writer)),
            Self::StandingQuestions => many(some(500), move |_| standing_question(writer)),
            Self::AnswersNotTaken => many(some(978), move |_| answers_not_taken(writer)),
            Self::AnswersNotRead => many(some(500), move |_| answers_not_read(writer)),
            Self::EndlessHeads => many(some(4000), move |_| endless_head(writer)),
            Self::EndlessFrames => many(some(4000), move |_| endless_frames(writer)),
            Self::Resets => many(some(16), move |_| resets(writer)),
            Self::Idle => many(all, move |_| idle(writer)),
            Self::Pings => many(all, move |_| pings(writer)),
            Self::Everything => many(all, move |_| answers_not_taken(writer)),
            Self::Ambush => ambush(writer, all),
        }
    }
}

/// Keeps this many connections of one kind running.
fn many<F>(count: usize, one: impl Fn(usize) -> F + Clone + Send + 'static) -> Run
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    Box::pin(async move {
        let mut flood = JoinSet::new();
        for n in 0..count {
            let one = one.clone();
            flood.spawn(async move {
                sleep(Duration::from_millis((n / AT_ONCE * 8) as u64)).await;
                loop {
                    drop(one(n).await);
                    sleep(AGAIN).await;
                }
            });
        }
        while flood.join_next().await.is_some() {}
    })
}

async fn begin(writer: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(source(HOST))?;
    socket.connect(writer).await
}

/// Waits until the writer has closed the connection.
async fn until_closed(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

async fn standing_body(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nHost: t\r\nContent-Length: 4194304\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b' '; (4 << 20) - 1]).await?;
    until_closed(&mut stream).await
}

async fn slow_body(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nHost: t\r\nContent-Length: 4194304\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b' '; 1 << 20]).await?;
    loop {
        stream.write_all(b" ").await?;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn standing_question(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    let head = "POST /api/v1/index/retrieve HTTP/1.1\r\nHost: t\r\n\
                Content-Type: application/json\r\nContent-Length: 65536\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b' '; 65_535]).await?;
    until_closed(&mut stream).await
}

async fn standing_streams(writer: SocketAddr) -> std::io::Result<()> {
    let stream = begin(writer).await?;
    let other = std::io::Error::other;
    let (client, connection) = h2::client::handshake(stream).await.map_err(other)?;
    let mut bodies = JoinSet::new();
    for _ in 0..100 {
        bodies.spawn(standing_stream(client.clone()));
    }
    drop(connection.await);
    Ok(())
}

async fn standing_stream(client: SendRequest<Bytes>) -> Result<(), h2::Error> {
    loop {
        let request = Request::post(format!("http://log.test{ENTRIES}")).body(()).expect("good");
        let (answer, mut body) = client.clone().ready().await?.send_request(request, false)?;
        let mut left = (4 << 20) - 1;
        let sends = async {
            while left > 0 {
                body.reserve_capacity(left.min(1 << 16));
                let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
                let Some(Ok(room)) = room else { return };
                let room = room.min(left);
                left -= room;
                if body.send_data(vec![b' '; room].into(), false).is_err() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = answer => {}
            () = sends => {}
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// As many tiles as there are streams, with no window to send any.
async fn answers_not_taken(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    stream.write_all(&all_tiles()).await?;
    with_pings(stream).await
}

fn all_tiles() -> Vec<u8> {
    let mut bytes = frames::hello_without_a_window();
    for n in 0..128 {
        bytes.extend(frames::get(2 * n + 1, "/tile/0/000"));
    }
    bytes
}

/// The same on all connections at the same time, once they are open.
fn ambush(writer: SocketAddr, connections: usize) -> Run {
    let began = tokio::time::Instant::now();
    many(connections, move |_| async move {
        let mut stream = begin(writer).await?;
        tokio::time::sleep_until(began + SILENCE).await;
        stream.write_all(&all_tiles()).await?;
        with_pings(stream).await
    })
}

/// Tiles, one after another, that are never read.
async fn answers_not_read(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    let request = "GET /tile/0/000 HTTP/1.1\r\nHost: t\r\n\r\n".repeat(2000);
    stream.write_all(request.as_bytes()).await?;
    loop {
        sleep(Duration::from_secs(1)).await;
        stream.write_all(b"\r\n").await?;
    }
}

async fn endless_head(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    stream.write_all(b"GET /checkpoint HTTP/1.1\r\nX: ").await?;
    stream.write_all(&[b'x'; 15_000]).await?;
    loop {
        stream.write_all(b"x").await?;
        sleep(Duration::from_millis(500)).await;
    }
}

async fn endless_frames(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    stream.write_all(&frames::hello()).await?;
    stream.write_all(&frames::endless_head(12_000)).await?;
    until_closed(&mut stream).await
}

async fn resets(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    stream.write_all(&frames::hello()).await?;
    for n in 0..10_000 {
        let id = 2 * n + 1;
        let request = if n % 2 == 0 {
            frames::get(id, "/tile/entries/000")
        } else {
            frames::post(id, ENTRIES)
        };
        stream.write_all(&[request, frames::reset(id)].concat()).await?;
        if n % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    until_closed(&mut stream).await
}

async fn idle(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    until_closed(&mut stream).await
}

async fn pings(writer: SocketAddr) -> std::io::Result<()> {
    let mut stream = begin(writer).await?;
    stream.write_all(&frames::hello()).await?;
    with_pings(stream).await
}

async fn with_pings(stream: TcpStream) -> std::io::Result<()> {
    let (mut reads, mut writes) = stream.into_split();
    let pinging = async {
        loop {
            writes.write_all(frames::PING).await?;
            sleep(Duration::from_millis(900)).await;
        }
    };
    // Read the answers to PINGs, so that the connection stays alive.
    let mut bytes = [0; 1024];
    let reading = async {
        while reads.read(&mut bytes).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        done = pinging => done,
        done = reading => done,
    }
}
