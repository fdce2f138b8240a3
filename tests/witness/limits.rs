//! Bodies without end, too many requests, and what is not there.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::home::Home;
use crate::made::Log;

/// Sends bytes and reads until the other side closes.
fn exchange(address: std::net::SocketAddr, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
    for part in parts {
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // What comes after a refusal may be cut off.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_body_without_end_ends() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&["--body-timeout-seconds", "2"]);
    let head = |fields: &str| format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\n{fields}\r\n");
    let announced = head("content-length: 1000000\r\n");
    let answer = exchange(witness.address, &[announced.as_bytes()]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // In chunks, more and more.
    let chunked = head("transfer-encoding: chunked\r\n");
    let chunk = [b"2000\r\n".to_vec(), vec![b'a'; 0x2000], b"\r\n".to_vec()].concat();
    let endless: Vec<&[u8]> =
        std::iter::once(chunked.as_bytes()).chain((0..100).map(|_| &chunk[..])).collect();
    let answer = exchange(witness.address, &endless);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // A body that never comes.
    let slow = head("content-length: 100\r\n");
    let answer = exchange(witness.address, &[slow.as_bytes(), b"old 0\n"]);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let packed = head("content-encoding: gzip\r\ncontent-length: 3\r\nconnection: close\r\n");
    let answer = exchange(witness.address, &[packed.as_bytes(), b"abc"]);
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
    log.cosign(&witness, &home.keys(), 0, 5);
}

#[test]
fn notes_of_too_many_lines_are_refused() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    let stranger = Log::new("stranger.test");
    let text = log.text(log.head(3));
    let body = |strangers: usize| {
        let line = stranger.key.sign(&text).to_string();
        format!("old 0\n\n{text}\n{}{}", line.repeat(strangers), log.key.sign(&text)).into_bytes()
    };
    assert_eq!(witness.post("/add-checkpoint", &body(100)).status, 400);
    assert_eq!(witness.post("/add-checkpoint", &body(99)).status, 200);
    let shown = String::from_utf8(log.shown(&witness).body).expect("text");
    assert!(!shown.contains("stranger"), "only what verified is kept: {shown}");
}

#[test]
fn who_asks_too_often_waits() {
    let (home, a, b) = (Home::new(), Log::new("a.test"), Log::new("b.test"));
    let list = format!("vkey {}\nqpd 3\nvkey {}\n", a.vkey(), b.vkey());
    std::fs::write(home.path("logs"), list).expect("a file");
    let witness = home.start(&["--rate-limit-client", "1/h:12"]);
    // What the log has not signed does not count for it.
    let forged = Log { key: b.key.clone(), ..Log::new("a.test") };
    let text = a.text(a.head(1));
    let body = format!("old 0\n\n{text}\n{}", forged.key.sign(&text));
    for _ in 0..5 {
        assert_eq!(witness.post("/add-checkpoint", body.as_bytes()).status, 403);
    }
    for size in 0..3 {
        a.cosign(&witness, &home.keys(), size, size + 1);
    }
    let answer = a.ask(&witness, 3, 4);
    assert_eq!(answer.status, 429, "{}", String::from_utf8_lossy(&answer.body));
    for size in 0..3 {
        b.cosign(&witness, &home.keys(), size, size + 1);
    }
    let answer = b.ask(&witness, 3, 4);
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 429, "{said}");
    assert!(said.contains("from your address"), "{said}");
    assert_eq!(b.shown(&witness).status, 200, "reading is free");
}

#[test]
fn paths_and_methods() {
    let home = Home::new();
    let witness = home.start(&[]);
    assert_eq!(witness.get("/healthz").body, b"ok\n");
    let front = String::from_utf8(witness.get("/").body).expect("text");
    for key in home.keys() {
        assert!(front.contains(&key.to_string()), "{front}");
    }
    for (path, status) in [
        ("/add-checkpoint", 405),
        ("/sign-subtree", 405),
        ("/nothing", 404),
        ("/checkpoint", 404),
        ("//checkpoint", 404),
        ("/../state/lock/checkpoint", 404),
        ("/lock", 404),
        (&format!("/{}/checkpoint", "A".repeat(64)), 404),
        (&format!("/{}/checkpoint", "a".repeat(64)), 404),
        (&format!("/{}/checkpoint.new", "a".repeat(64)), 404),
    ] {
        assert_eq!(witness.get(path).status, status, "{path}");
    }
    assert_eq!(witness.post("/healthz", b"").status, 405);
}
