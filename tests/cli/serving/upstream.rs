//! A place of files that is gone, wrong or larger than memory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use fasti_kit::made_log::{self, MadeLog};

use super::server::serve;
use crate::world::World;

/// What a server of files does with those of some paths.
#[derive(Clone, Debug)]
enum Mood {
    Good,
    /// Fails.
    Broken(&'static str),
    /// Sends this much.
    Sends(&'static str, usize),
    /// Sends something else of the right length.
    Wrong(&'static str),
}

/// A server of the files in a directory.
struct Upstream {
    url: String,
    mood: Arc<Mutex<Mood>>,
}

impl Upstream {
    fn of(directory: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mood = Arc::new(Mutex::new(Mood::Good));
        let seen = mood.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mood = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let directory = directory.clone();
                // Whoever hangs up has enough.
                thread::spawn(move || stream.and_then(|it| answer(it, &directory, &mood)));
            }
        });
        Self { url, mood }
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }
}

fn answer(mut stream: TcpStream, directory: &std::path::Path, mood: &Mood) -> std::io::Result<()> {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request)?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let file = std::fs::read(directory.join(path));
    let (status, body) = match (mood, file) {
        (Mood::Broken(part), _) if path.contains(part) => ("500 Out of Order", Vec::new()),
        (Mood::Sends(part, length), _) if path.contains(part) => ("200 OK", vec![b'x'; *length]),
        (Mood::Wrong(part), Ok(file)) if path.contains(part) => ("200 OK", vec![7; file.len()]),
        (_, Ok(file)) => ("200 OK", file),
        (_, Err(_)) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &body].concat())
}

#[test]
fn what_is_gone_or_wrong_is_told_and_not_kept() {
    let world = World::of(made_log::ORIGIN, 9);
    let log = MadeLog::of(&made_log::entries(600));
    log.write_to(&world.path("log"));
    let upstream = Upstream::of(world.path("log"));
    let server = serve(&world, &upstream.url, &["--refresh-seconds", "1"]);
    let (tile, bundle) = ("/tile/0/001", "/tile/entries/001");
    let entry = "/api/v1/log/entries?logIndex=300";
    let sentence = |path: &str, status: u16, words: &str| {
        let refused = server.get(path);
        assert_eq!(refused.status, status, "{path}: {refused:?}");
        assert!(refused.text().contains(words), "{path}: {refused:?}");
        assert_eq!(refused.field("cache-control"), Some("no-store"));
    };
    for mood in [Mood::Broken("tile/"), Mood::Broken("")] {
        upstream.be(mood);
        for path in [tile, bundle, entry] {
            sentence(path, 503, "out of reach");
        }
        // What is shown, and what was read before, is still there.
        assert_eq!(server.get("/checkpoint").status, 200);
        assert_eq!(server.get("/api/v1/log").status, 200);
    }
    for mood in [Mood::Sends("tile/", 1), Mood::Sends("tile/", 100 << 20), Mood::Sends("tile/", 0)]
    {
        upstream.be(mood);
        for path in [tile, bundle, entry] {
            sentence(path, 502, "is not what was signed");
        }
    }
    // What has the right form cannot be told from a tile, except by those who verify.
    upstream.be(Mood::Wrong("tile/0/001"));
    assert_eq!(server.get(tile).body, vec![7; 8192]);
    sentence(entry, 502, "is not what was signed");
    upstream.be(Mood::Good);
    server.wait_for(entry, "what was wrong is forgotten", |answer| answer.status == 200);
    assert_eq!(server.get(tile).body, log.objects["tile/0/001"]);
    assert_eq!(server.get(bundle).body, log.objects["tile/entries/001"]);
    server.wait_for("/readyz", "it recovers", |answer| answer.status == 200);
    let peak = server.process.peak() >> 20;
    assert!(peak < 300, "{peak} MiB");
}

/// 64 MiB of entries, of which 3 MiB are kept.
#[test]
fn a_log_that_is_larger_than_the_memory_for_it() {
    let world = World::of(made_log::ORIGIN, 9);
    let entry = |n: usize| {
        let mut noise = u64::try_from(n).expect("it is small") | 1 << 40;
        let noise = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            noise.to_be_bytes()[0]
        });
        noise.take(4096).collect::<Vec<u8>>()
    };
    let entries: Vec<_> = (0..64 * 256).map(entry).collect();
    MadeLog::of(&entries).write_to(&world.path("log"));
    let flags = ["--cache-mib", "4", "--metrics-listen", "127.0.0.1:0"];
    let server = serve(&world, "log", &flags);
    let read_all = |codings: &str| {
        for bundle in 0..64 {
            let path = format!("/tile/entries/{bundle:03}");
            let answer = server.get_with(&path, &[codings]);
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.body.len() > 256 * 4000, "{path}");
            let kept = server.metric("fasti_followed_kept_bytes");
            assert!(kept <= 3 << 20, "{kept} bytes are kept");
        }
    };
    thread::scope(|scope| {
        for codings in ["accept-encoding: identity", "accept-encoding: gzip", "x: y", "x: z"] {
            scope.spawn(move || read_all(codings));
        }
    });
    assert!(server.metric("fasti_followed_files_read_total") >= 64);
    assert_eq!(server.metric("fasti_followed_files_failed_total"), 0);
    let peak = server.process.peak() >> 20;
    assert!(peak < 128, "{peak} MiB");
    server.process.stop();
}
