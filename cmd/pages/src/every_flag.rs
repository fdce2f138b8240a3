//! Every flag of every server works from its configuration file. That of the writer is also tried
//! with the program itself (`tests/http`).

use std::sync::LazyLock;

use clap::Command;
use fasti_flags::config::{Kind, Known, known, with_file};
use tiles_spec::NoteSigningKey;

static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = NoteSigningKey::from_seed("log.test".parse().expect("a name"), &[1; 32]);
    key.verifier_key().to_string()
});

/// A value that a flag takes, as it stands on a command line.
fn sample(flag: &Known) -> &'static str {
    match (flag.kind, &*flag.key) {
        (Kind::Switch, _) => "true",
        (Kind::Truth, _) => "false",
        (Kind::Number, "takeover-milliseconds") => "400",
        (Kind::Number, _) => "40",
        (Kind::Fraction, _) => "0.5",
        (_, "vkey" | "lookup-key") => &KEY,
        (_, "log" | "mirror-log") if flag.is_list => &KEY,
        (_, "origin" | "name") => "log.test/2026",
        (_, "store") => "memory:",
        (_, "duplicates" | "rekor-v1-duplicates") => "reject",
        (_, "entry-kinds") => "dsse",
        (_, "cors-submit") => "https://a.test",
        (_, "traces") => "http://a.test:4318",
        (_, key) if key.starts_with("rate-limit-") && key.ends_with("-bytes") => "5KiB/s",
        (_, key) if key.starts_with("rate-limit-") => "5/s",
        (_, "trusted-proxies") => "10.0.0.0/8",
        (_, "proxy-header") => "forwarded",
        (_, "trust-file-system") => "nfs",
        (_, "store-sse") => "kms",
        (_, "log-format" | "format") => "json",
        // Files and names.
        _ => "a/file",
    }
}

/// A line of the file.
fn line(flag: &Known) -> String {
    let value = match flag.kind {
        Kind::Text => format!("{:?}", sample(flag)),
        _ => sample(flag).to_owned(),
    };
    let value = if flag.is_list { format!("[{value}]") } else { value };
    format!("{} = {value}\n", flag.key)
}

fn expect_all(mut command: Command, verb: Option<&str>, least: usize) {
    let flags = known(&command, verb);
    assert!(flags.len() >= least, "{} flags: {flags:?}", flags.len());
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, flags.iter().map(line).collect::<String>()).expect("a file");
    let program = command.get_name().to_owned();
    let words = [Some(&*program), verb, Some("--config"), path.to_str()];
    let words = words.into_iter().flatten().map(Into::into).collect();
    let (words, _) = with_file(&mut command, verb, words).expect("the file is well-formed");
    let matches = command.try_get_matches_from(words).unwrap_or_else(|error| panic!("{error}"));
    let matches = match verb {
        Some(verb) => matches.subcommand_matches(verb).expect("it is that verb"),
        None => &matches,
    };
    for flag in flags {
        let values = matches.get_raw(&flag.id).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(values, [sample(&flag)], "{program} --{}", flag.key);
    }
}

#[test]
fn of_the_writer() {
    expect_all(fasti_writer::command(), None, 60);
}

#[test]
fn of_the_witness() {
    expect_all(fasti_witness_server::command(), None, 20);
}

#[test]
fn of_the_server_without_keys() {
    expect_all(fasti_cli::command(), Some("serve"), 20);
}
