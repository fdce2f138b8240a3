//! What the generator itself costs, against a server that does next to nothing. A measurement,
//! not a check: `cargo test --release -p fasti-bench --test cost -- --ignored --nocapture`.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[test]
#[ignore = "a measurement for release builds"]
fn cpu_per_request() {
    let opaque = start_responder(|index| {
        format!("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{index:020}").into_bytes()
    });
    // As long as a TransparencyLogEntry of a log with about ten million entries.
    let rest = "x".repeat(3000);
    let rekor = start_responder(move |index| {
        let body = format!("{{\"logIndex\":\"{index}\",\"rest\":\"{rest}\"}}");
        let length = body.len();
        format!("HTTP/1.1 201 Created\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    });
    let base = ["--duration", "5s", "--warmup", "1s"];
    for (log, arguments) in [
        (opaque, ["--connections", "512"].as_slice()),
        (opaque, &["--connections", "64"]),
        (opaque, &["--rate", "10000/s"]),
        (rekor, &["--kind", "hashedrekord", "--submissions", "500000"]),
    ] {
        let status = Command::new(env!("CARGO_BIN_EXE_fasti-bench"))
            .args(["load", "--log", &format!("http://{log}")])
            .args(base)
            .args(arguments)
            .status()
            .expect("fasti-bench runs");
        assert!(status.success());
        println!();
    }
}

/// Counts requests on a single thread, which leaves the other core to the generator.
fn start_responder(answer: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let local = tokio::task::LocalSet::new();
        let state = std::rc::Rc::new((answer, std::cell::Cell::new(0)));
        local.block_on(&runtime.expect("a runtime"), async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let state = std::rc::Rc::clone(&state);
                tokio::task::spawn_local(async move {
                    let next = || {
                        state.1.set(state.1.get() + 1);
                        state.0(state.1.get())
                    };
                    respond(stream, next).await;
                });
            }
        });
    });
    address
}

/// Takes every read for one request, which is true if a request fits into one segment on loopback.
async fn respond(mut stream: TcpStream, mut answer: impl FnMut() -> Vec<u8>) {
    let mut request = vec![0; 16 * 1024];
    while let Ok(length) = stream.read(&mut request).await {
        if length == 0 || stream.write_all(&answer()).await.is_err() {
            return;
        }
    }
}
