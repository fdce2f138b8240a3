//! A flood: one host takes all it can get, in every known way, and another client's submissions are
//! never refused meanwhile. Except in floods of answers, they are answered within a second. The
//! tests use the real binary and real sockets; each address of the loopback network is a client.
//!
//! | file | what it is |
//! |---|---|
//! | `floods` | the kinds of flood |
//! | `frames` | HTTP/2 as bytes, including some that no client would send |
//! | `bystander` | the other client, and how long it waits |
//!
//! `cargo test --test flood -- --nocapture` prints figures. `FASTI_FLOOD_SECONDS` is how long each
//! flood lasts, `FASTI_FLOOD_ONLY` the name of the only one. With `FASTI_FLOOD_WRITER=PATH` the
//! figures are those of another writer, which may fail.

mod bystander;
mod floods;
mod frames;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fasti_kit::writer::{Home, Writer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use bystander::Bystander;
use floods::{Flood, Scale};

/// The writer's default.
const CONNECTIONS_MAX: usize = 8192;
/// The limit for the writer's resident memory under any flood.
const RESIDENT_MAX: usize = 512 << 20;
/// The limit for the 99th percentile of answer times.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a flood lasts, unless another time is asked for.
const LASTS: Duration = Duration::from_secs(2);

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// How many connections this process may hold: somewhat more than the writer, if the system allows.
fn connections() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If it cannot be raised, the count below shows it.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = maximum.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let most = (CONNECTIONS_MAX + 300).min(files.saturating_sub(200));
    if most < CONNECTIONS_MAX {
        eprintln!("NOTE: only {files} files may be open here; the floods are smaller than the cap");
    }
    most
}

/// A writer with some entries to read.
fn writer() -> Writer {
    let home = Home::new();
    let flags = ["--accept-opaque", "--no-lookup"];
    let writer = match std::env::var("FASTI_FLOOD_WRITER") {
        Ok(program) => home.start_other(&program, &flags),
        Err(_) => home.start(&flags),
    };
    let mut first = Bystander::new(writer.address, Ipv4Addr::new(127, 0, 0, 8));
    for _ in 0..300 {
        first.submit();
    }
    assert_eq!(first.refused(), 0);
    writer
}

#[test]
fn one_flood_after_another_and_nobody_else_notices() {
    let seconds = std::env::var("FASTI_FLOOD_SECONDS").map(|text| text.parse().expect("a number"));
    let lasts = seconds.map_or(LASTS, Duration::from_secs);
    let only = std::env::var("FASTI_FLOOD_ONLY").ok();
    let scale = Scale { connections: connections() };
    let writer = writer();
    let mut faults = Vec::new();
    eprintln!(
        "flood                           answers  refused   p50 ms   p99 ms  max ms  peak MiB  then MiB"
    );
    for flood in Flood::ALL {
        if only.as_ref().is_some_and(|only| only != flood.name()) {
            continue;
        }
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        writer.forget_peak();
        let bystander = Bystander::new(writer.address, Ipv4Addr::new(127, 0, 0, 9));
        let flooding = runtime.spawn(flood.run(writer.address, scale));
        // The flood must be established before anyone else connects.
        std::thread::sleep(lasts / 4);
        let seen = bystander.watch(lasts);
        flooding.abort();
        let peak = writer.peak();
        drop(runtime);
        std::thread::sleep(Duration::from_millis(300));
        eprintln!(
            "{:30} {:>8} {:>8} {:>8.1} {:>8.1} {:>7.1} {:>9} {:>9}",
            flood.name(),
            seen.answers(),
            seen.refused(),
            seen.percentile(50).as_secs_f64() * 1000.0,
            seen.percentile(99).as_secs_f64() * 1000.0,
            seen.percentile(100).as_secs_f64() * 1000.0,
            peak >> 20,
            writer.resident() >> 20,
        );
        let name = flood.name();
        if seen.refused() > 0 {
            faults.push(format!("{name}: {} refusals: {}", seen.refused(), seen.why()));
        }
        if flood.is_borne() && (seen.answers() < 10 || seen.percentile(99) > PATIENCE) {
            faults.push(format!(
                "{name}: {} answers, p99 {:?}",
                seen.answers(),
                seen.percentile(99)
            ));
        }
        if peak > RESIDENT_MAX {
            faults.push(format!("{name}: {} MiB", peak >> 20));
        }
    }
    assert!(is_set("FASTI_FLOOD_WRITER") || faults.is_empty(), "{faults:#?}");
}

/// The source address of a flood.
fn source(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::new(address.into(), 0)
}
