//! The configuration file: every flag works from it, and what is wrong is said with its line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use fasti_flags::config::{Kind, Known, known};
use fasti_kit::process::program;
use fasti_kit::writer::Home;
use toml::{Table, Value};

use crate::wire::get;

/// A value for a flag that is not its default.
fn sample(flag: &Known) -> Value {
    let text = match (flag.kind, &*flag.key) {
        (Kind::Switch, _) => return true.into(),
        (Kind::Truth, _) => return false.into(),
        (Kind::Number, "takeover-milliseconds") => return 400.into(),
        (Kind::Number, _) => return 40.into(),
        (Kind::Fraction, _) => return 0.5.into(),
        (_, "store") => "memory:",
        (_, "listen" | "metrics-listen") => "127.0.0.1:0",
        (_, "origin") => "log.test/2026",
        (_, "duplicates") => "reject",
        (_, "rekor-v1-duplicates") => "answer",
        (_, "entry-kinds") => "dsse",
        (_, "rekor-v1-shard") => "./a,size=7",
        (_, "cors-submit") => "https://a.test",
        (_, "advertise") => "http://a.test:3000",
        (_, "rate-limit-global" | "rate-limit-client") => "5/s",
        (_, "rate-limit-global-bytes" | "rate-limit-client-bytes") => "5KiB/s:6KiB",
        (_, "trusted-proxies") => "10.0.0.0/8",
        (_, "proxy-header") => "forwarded",
        (_, "trust-file-system") => "nfs",
        (_, "store-sse") => "kms",
        (_, "log-format") => "json",
        (_, "log-filter") => "info,h2=debug",
        // Files, and what is judged by those who get it.
        (_, "tls-cert" | "tls-key" | "rekor-v1-key" | "peer-secret" | "peer-ca") => "a \"file\"",
        (_, "allow-keys" | "allow-identities" | "add-tokens" | "witness-policy") => "a file",
        (_, "key" | "key-password" | "key-password-file" | "ml-dsa-key" | "state-dir") => "a/file",
        (_, "kms-endpoint" | "store-endpoint" | "traces") => "http://127.0.0.1:1",
        (_, "store-region" | "store-kms-key" | "store-class") => "a-name",
        (_, key) => panic!("the test knows no value for --{key}"),
    };
    if flag.is_list { vec![text].into() } else { text.into() }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(literal).collect::<String>()),
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        value => (value.as_bool() == Some(true)).to_string(),
    }
}

fn print(file: &Path, variables: &[(&str, &str)], flags: &[&str]) -> Output {
    let mut command = Command::new(program("fasti-writer"));
    command.env_clear().envs(variables.iter().copied()).arg("--config").arg(file);
    command.args(flags).args(["config", "print"]).output().expect("the writer runs")
}

fn printed(file: &Path, variables: &[(&str, &str)], flags: &[&str]) -> String {
    let output = print(file, variables, flags);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_flag_works_from_the_file() {
    let flags = known(&fasti_writer::command(), None);
    assert!(flags.len() > 60, "{flags:?}");
    let home = Home::new();
    let lines = flags.iter().map(|flag| format!("{} = {}\n", flag.key, literal(&sample(flag))));
    let file = home.file("writer.toml", &lines.collect::<String>());
    let text = printed(Path::new(&file), &[], &[]);
    let table: Table = text.parse().expect("it is TOML");
    for (number, flag) in flags.iter().enumerate() {
        let from = format!("{file}, line {}", number + 1);
        if flag.is_secret {
            assert!(text.contains(&format!("# {}: {from}, not shown\n", flag.key)), "{text}");
            assert_eq!(table.get(&flag.key), None);
            continue;
        }
        assert_eq!(table.get(&flag.key), Some(&sample(flag)), "{}", flag.key);
        let line = text.lines().find(|line| line.starts_with(&format!("{} = ", flag.key)));
        assert!(line.is_some_and(|line| line.ends_with(&format!("  # {from}"))), "{line:?}");
    }
    // What was printed is a file that says the same.
    fs::write(&file, &text).expect("the file is ours");
    let again: Table = printed(Path::new(&file), &[], &[]).parse().expect("it is TOML");
    assert_eq!(again, table);
}

#[test]
fn a_flag_wins_over_its_variable_and_that_over_the_file() {
    let home = Home::new();
    let file = home.file("writer.toml", "batch-max-entries = 1\nallow-keys = ['file', 'more']\n");
    let file = Path::new(&file);
    let variables = [("FASTI_BATCH_MAX_ENTRIES", "2"), ("FASTI_ALLOW_KEYS", "variable")];
    let flags = ["--batch-max-entries", "3", "--allow-keys", "flag"];
    for (variables, flags, number, keys, from) in [
        (&[][..], &[][..], 1, "[\"file\", \"more\"]", "writer.toml, line 1"),
        (&variables, &[], 2, "[\"variable\"]", "FASTI_BATCH_MAX_ENTRIES"),
        (&variables, &flags, 3, "[\"flag\"]", "command line"),
    ] {
        let text = printed(file, variables, flags);
        assert!(text.contains(&format!("allow-keys = {keys}  # ")), "{text}");
        let line = text.lines().find(|line| line.starts_with("batch-max-entries")).expect("there");
        assert!(line.starts_with(&format!("batch-max-entries = {number}  # ")), "{line}");
        assert!(line.ends_with(from), "{line}");
    }
    let text = printed(file, &[("FASTI_ORIGIN", "log.test")], &[]);
    assert!(text.contains("pool-max-entries = 16384  # default\n"), "{text}");
    assert!(text.contains("origin = \"log.test\"  # FASTI_ORIGIN\n"), "{text}");
    assert!(text.contains("# drain-seconds is not set\n"), "{text}");
}

#[test]
fn what_is_wrong_in_the_file_is_said_with_its_line() {
    let home = Home::new();
    for (text, words) in [
        ("\nlisten = 3000\n", "line 2: listen must be a string, not an integer"),
        ("orign = 'a.test'", "line 1: unknown key \"orign\"; did you mean \"origin\"?"),
        ("\n\norigin = 'two words'", "line 3: invalid value 'two words' for '--origin <ORIGIN>'"),
        ("connections-max = 0", "line 1: invalid value '0' for '--connections-max"),
        ("tls-cert = 'a.pem'", "--tls-key <FILE>"),
        ("accept-opaque = true\nallow-keys = 'a.pem'", "would let everyone write"),
        ("key = ", "line 1: "),
    ] {
        let file = home.file("writer.toml", text);
        let output = print(Path::new(&file), &[], &[]);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
    }
    let (code, said) = home.refusal(&["--config", "/nowhere/writer.toml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot read the configuration file /nowhere/writer.toml"), "{said}");
    assert!(!home.store().exists());
}

/// The file is named by a variable; what is checked is not opened, and what is started is used.
#[test]
fn a_checked_file_starts_a_writer() {
    let home = Home::new();
    let file = home.file("writer.toml", "origin = 'log.test'\nstore-attestations = true\n");
    let check = Command::new(program("fasti-writer"))
        .args(["config", "check"])
        .env_clear()
        .env("FASTI_CONFIG", &file)
        .env("FASTI_STORE", home.store())
        .output()
        .expect("the writer runs");
    assert!(check.status.success(), "{check:?}");
    assert!(!home.store().exists(), "nothing was opened");
    let writer = home.start(&["--config", &file]);
    assert_eq!(writer.key.name().as_str(), "log.test");
    assert_eq!(get(writer.address, "/log.json").json()["attestations"], true);
}
