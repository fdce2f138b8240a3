//! A writer logs little or nothing about misbehaving clients.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use fasti_kit::http::Connection;

use crate::writer;

const CONNECTIONS: usize = 200;
/// Requests cancelled at once on one connection: more than a server tolerates.
const TAKEN_BACK: u32 = 200;
/// A writer prints some lines at its start.
const LINES_MAX: usize = 10;

/// HTTP/2 with prior knowledge: requests that are each reset at once (the "rapid reset" of
/// CVE-2023-44487).
fn take_back(address: SocketAddr) {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    for stream in (0..TAKEN_BACK).map(|n| 2 * n + 1) {
        // GET, http, /, by their numbers in the static table.
        bytes.extend(frame(1, 5, stream, &[0x82, 0x86, 0x84]));
        bytes.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut open = TcpStream::connect(address).expect("connects");
    open.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
    drop(open.write_all(&bytes));
    drop(open.shutdown(Shutdown::Write));
    drop(open.read_to_end(&mut Vec::new()));
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn clients_that_misbehave_do_not_fill_the_log() {
    let home = tempfile::tempdir().expect("a directory");
    let state = home.path().join("state").display().to_string();
    let mut writer = writer::start(&home.path().join("log"), &["--state-dir", &state]);
    let address = writer.expect_address();
    for _ in 0..CONNECTIONS {
        take_back(address);
    }
    let answer = Connection::open(address).expect("connects").post("/add", b"an entry");
    assert_eq!(answer.expect("an answer").status, 200);
    let said = writer.said();
    assert!(said.lines().count() <= LINES_MAX, "{said}");
    writer.stop();
}
