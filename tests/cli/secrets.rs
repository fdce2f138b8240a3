//! Writers without a shell around them: secrets from variables and open files, and an address that
//! the writer finds itself.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use fasti_buckets::{S3Options, S3Server};
use fasti_kit::process::{Process, program};
use tokio::runtime::Runtime;

use crate::world::{ORIGIN, World, signing_key};

const SECRETS: [&str; 2] = ["FASTI_KEY_TEXT", "FASTI_PEER_SECRET_TEXT"];

/// A writer on this bucket that listens everywhere, with secrets in its environment.
fn writer(world: &World, server: &S3Server) -> Command {
    let account = server.options();
    let key = signing_key(1).to_private_string();
    let mut command = Command::new(program("fasti-writer"));
    command
        .args(["--store", "s3://log", "--origin", ORIGIN, "--listen", "0.0.0.0:0"])
        .args(["--advertise", "auto", "--state-dir", "made/state", "--drain-seconds", "0"])
        .env("FASTI_STORE_ENDPOINT", server.url())
        .env("AWS_ACCESS_KEY_ID", &account.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &account.secret_key)
        .env("AWS_REGION", "eu-central-1")
        .envs(SECRETS.into_iter().zip([&*key, "a secret that all of the writers share"]))
        .current_dir(world.path(""));
    command
}

#[test]
fn a_writer_takes_secrets_out_of_its_environment_and_finds_its_address() {
    let (world, runtime) = (World::new(), Runtime::new().expect("a runtime"));
    let server = runtime.block_on(S3Server::start(S3Options::default())).expect("it listens");
    let mut process = Process::spawn(writer(&world, &server));
    let outside = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let Ok(own) = outside.connect("192.0.2.1:9").and_then(|()| outside.local_addr()) else {
        let ended = process.wait();
        assert!(ended.stderr.contains("--advertise http://ADDRESS:"), "{}", ended.stderr);
        return;
    };
    let started = process.expect_started();
    assert_eq!(started.key.to_string(), world.vkey());
    let port = started.address.port();
    let url = format!("http://127.0.0.1:{port}");
    let ready = world.fasti(&["loginfo", "--writer", &url]).good();
    assert!(ready.contains(&format!("http://{}:{port}", own.ip())), "{ready}");
    let environment = process.environment();
    // Only the administrator may look at a process with a key.
    assert!(environment.is_empty() || environment.contains("AWS_REGION="), "{environment}");
    for secret in SECRETS {
        assert!(!environment.contains(secret), "{secret} is still there");
    }
    assert!(!environment.contains("PRIVATE+KEY"));
    process.stop();
}

#[test]
fn an_open_file_is_a_key_if_nobody_else_may_read_it() {
    let world = World::new();
    let start = |key: &str| {
        let mut command = Command::new("/bin/sh");
        let writer = program("fasti-writer").display().to_string();
        let line = format!("exec {writer} --store log --listen 127.0.0.1:0 --key {key} 3<log.key");
        let state = world.path("writer-state");
        command.args(["-c", &line]).env("XDG_STATE_HOME", state).current_dir(world.path(""));
        Process::spawn(command)
    };
    let mut process = start("fd:3");
    assert_eq!(process.expect_started().key.to_string(), world.vkey());
    process.stop();
    let said = start("fd:63").wait().stderr;
    assert!(said.contains("cannot use the key file fd:63"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(world.path("log.key"), mode).expect("it is ours");
    let said = start("fd:3").wait().stderr;
    assert!(said.contains("can be read by others"), "{said}");
}

#[test]
fn a_secret_is_given_once() {
    let world = World::new();
    let given = [("FASTI_KEY_TEXT", "PRIVATE+KEY+..."), ("FASTI_KEY", "log.key")];
    let said = world.start_refused(&given, &["--store", "log"]);
    assert!(said.contains("both FASTI_KEY_TEXT and FASTI_KEY are set"), "{said}");
    let long = "x".repeat(40_000);
    let said = world.start_refused(&[("FASTI_KEY_TEXT", &long)], &["--store", "log"]);
    assert!(said.contains("longer than 32768 bytes") && !said.contains("xx"), "{said}");
}
