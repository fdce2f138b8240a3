//! What a writer tells its supervisor, and what it reads again when it is told to.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::process::program;
use fasti_kit::writer::{Home, Writer};

use crate::reader::ENTRIES;
use crate::submitter::good;
use crate::wire::{get, post};

/// The next datagram with this line in it.
fn next(socket: &UnixDatagram, line: &str) -> String {
    let mut bytes = [0; 4096];
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        assert!(Instant::now() < until, "{line:?} was not said");
        let length = socket.recv(&mut bytes).expect("something is said");
        let text = std::str::from_utf8(&bytes[..length]).expect("UTF-8");
        if text.lines().any(|found| found.starts_with(line)) {
            return text.to_owned();
        }
    }
}

#[test]
fn a_supervisor_hears_when_it_is_ready_alive_reloading_and_stopping() {
    let home = Home::new();
    let path = home.file("notify", "");
    fs::remove_file(&path).expect("the name is free");
    let name = format!("fasti-test-{}", std::process::id());
    let abstract_name = SocketAddr::from_abstract_name(&name).expect("a name");
    for (place, socket) in [
        (path.clone(), UnixDatagram::bind(&path)),
        (format!("@{name}"), UnixDatagram::bind_addr(&abstract_name)),
    ] {
        let socket = socket.expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        let variables = [("NOTIFY_SOCKET", &*place), ("WATCHDOG_USEC", "300000")];
        let mut process = home.spawn_with(&variables, &[]);
        let address = process.expect_address();
        let ready = next(&socket, "READY=1");
        assert!(
            ready.contains("\nSTATUS=leading, ") || ready.contains("\nSTATUS=frozen"),
            "{ready}"
        );
        assert_eq!(get(address, "/readyz").status, 200);
        for _ in 0..3 {
            next(&socket, "WATCHDOG=1");
        }
        process.signal(rustix::process::Signal::HUP);
        let reloading = next(&socket, "RELOADING=1");
        let micros = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(micros.is_some_and(|micros| micros.parse::<u64>().is_ok()), "{reloading}");
        next(&socket, "READY=1");
        process.terminate();
        next(&socket, "STOPPING=1");
        assert!(process.wait().status.success());
    }
}

#[test]
fn a_supervisor_that_cannot_be_reached_is_an_error() {
    let home = Home::new();
    let mut process = home.spawn_with(&[("NOTIFY_SOCKET", "/nowhere/notify")], &[]);
    let ended = process.wait();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("NOTIFY_SOCKET=/nowhere/notify"), "{}", ended.stderr);
}

#[track_caller]
fn until_said(writer: &Writer, words: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    while !writer.home.said().contains(words) {
        assert!(Instant::now() < until, "{words:?} is not in {}", writer.home.said());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_reload_takes_over_what_it_can_and_names_the_rest() {
    let home = Home::new();
    let file = home.file("writer.toml", "log-filter = 'info'\n");
    let writer = home.start(&["--config", &file]);
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 201);
    assert!(!writer.home.said().contains("answered"));
    let changed = "log-filter = 'info,fasti_http=debug'\nrate-limit-global = '1/h'\n\
                   batch-max-entries = 9\n";
    fs::write(&file, changed).expect("the file is ours");
    writer.hang_up();
    until_said(&writer, "reloaded the configuration");
    let said = writer.home.said();
    assert!(said.contains("changed=\"rate-limit-global log-filter\""), "{said}");
    assert!(said.contains("takes a restart to have effect flags=\"batch-max-entries\""), "{said}");
    let mut statuses = [0; 2].map(|_| post(writer.address, ENTRIES, good().as_bytes()).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 429]);
    until_said(&writer, "answered method=POST route=\"entries\"");

    fs::write(&file, "log-filter = 'info'\nrate-limit-global = 5\n").expect("the file is ours");
    writer.hang_up();
    until_said(&writer, "cannot reload the configuration; it stays as it was: ");
    until_said(&writer, "line 2: rate-limit-global must be a string, not an integer");
    assert_eq!(post(writer.address, ENTRIES, good().as_bytes()).status, 429);
    writer.stop();
}

/// `--version` and a metric say what was built.
#[test]
fn a_program_says_what_it_was_built_from() {
    let said = Command::new(program("fasti-writer")).arg("--version").output().expect("it runs");
    let said = String::from_utf8(said.stdout).expect("UTF-8");
    let version = env!("CARGO_PKG_VERSION");
    assert!(said.starts_with(&format!("fasti-writer {version}\nrevision  ")), "{said}");
    for words in ["\ncompiler  rustc ", "\ntarget    ", "\nfeatures  aws-kms azure "] {
        assert!(said.contains(words), "{said}");
    }
    let writer = Writer::start(&["--metrics-listen", "127.0.0.1:0"]);
    let metrics = get(writer.metrics.expect("it serves metrics"), "/metrics");
    let line = format!("fasti_build_info{{version=\"{version}\",revision=\"");
    assert!(metrics.text().contains(&line), "{}", metrics.text());
}
