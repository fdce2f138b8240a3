//! Colours: none where no terminal shows them, and never those sent by a server.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use fasti_kit::process::program;
use fasti_kit::skipped::skipped;

use crate::world::{Ended, World};

const ESCAPE: char = '\u{1b}';

fn is_coloured(ended: &Ended) -> bool {
    ended.stdout.contains(ESCAPE) || ended.stderr.contains(ESCAPE)
}

#[test]
fn what_goes_into_pipes_is_plain() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..3).map(|n| format!("entry {n}")));
    world.stop();
    for arguments in [
        &["--help"][..],
        &["loginfo", "--help"],
        &["no-such-verb"],
        &["get", "--log-index", "x"],
        &["get", "--log-index", "7"],
        &["loginfo"],
        &["loginfo", "--state-dir", "/dev/null/x"],
        &["fsck"],
    ] {
        let coloured = |variables: &[(&str, &str)]| {
            let variables =
                [&[("FASTI_VKEY", world.vkey()), ("TERM", "xterm")], variables].concat();
            is_coloured(&world.fasti_with(&variables, arguments))
        };
        assert!(!coloured(&[]), "{arguments:?}");
        assert!(!coloured(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), "{arguments:?}");
    }
    let forced = world.fasti_with(&[("CLICOLOR_FORCE", "1")], &["no-such-verb"]);
    assert!(is_coloured(&forced), "{}", forced.stderr);
}

/// Runs the writer for a second; its output ends with a log line.
fn writer_says(on_terminal: bool, variables: &[(&str, &str)]) -> String {
    let writer = program("fasti-writer").display().to_string();
    let run = format!("timeout -s TERM 1 '{writer}' --store memory: --listen 127.0.0.1:0 2>&1");
    let mut command = if on_terminal { Command::new("script") } else { Command::new("sh") };
    if on_terminal {
        command.args(["-qec", &run, "/dev/null"]);
    } else {
        command.args(["-c", &run]);
    }
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FASTI_LOG_FILTER"] {
        command.env_remove(name);
    }
    let output = command.env("TERM", "xterm").envs(variables.iter().copied()).output();
    let output = output.expect("it runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("told to stop"), "{said}");
    said
}

#[test]
fn a_writers_log_has_colours_on_terminals_alone() {
    let is_coloured = |on_terminal: bool, variables: &[(&str, &str)]| {
        writer_says(on_terminal, variables).contains(ESCAPE)
    };
    assert!(!is_coloured(false, &[]), "through a pipe");
    assert!(is_coloured(false, &[("CLICOLOR_FORCE", "1")]));
    if Command::new("script").arg("--version").output().is_err() {
        skipped("a terminal, for which `script` is needed");
        return;
    }
    assert!(is_coloured(true, &[]), "on a terminal");
    assert!(!is_coloured(true, &[("NO_COLOR", "1")]));
    assert!(!is_coloured(true, &[("TERM", "dumb")]));
}

/// A server's output does not control the reader's terminal.
#[test]
fn what_others_say_is_plain_too() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let body = r#"{"status":"ready","origin":"\u001b]0;owned\u0007","role":"leading\u001b[31m",
        "leader":"\u009b2J","epoch":1,"treeSize":1,"lag":0,"waiting":0}"#;
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked).expect("a request");
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).expect("it is taken");
    });
    let said = World::new().fasti(&["loginfo", "--writer", &url]).good();
    answering.join().expect("it has answered");
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
    assert!(said.contains(r"Role:              leading\u{1b}[31m"), "{said}");
}
