//! What operators have: metrics, and the alerts, the dashboard, the runbook and `fasti top` that
//! are made of them.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use fasti_buckets::{S3Options, S3Server};
use fasti_kit::process::{Process, program};
use serde_json::Value;
use tiles_spec::CosigningKey;
use tokio::runtime::Runtime;

use crate::serving::server::{ask, serve};
use crate::world::{World, write_private};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(repository().join(path)).expect("readable")
}

fn page(metrics: Option<SocketAddr>) -> String {
    let answer = ask(metrics.expect("it serves metrics"), "GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200);
    answer.text()
}

/// The names of the samples that a page has, or can have.
fn names(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let families = types.filter_map(|line| line.split_once(' '));
    let names = families.flat_map(|(name, kind)| {
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "gauge" => &[""],
            "info" => &["_info"],
            other => panic!("{name} is a {other}"),
        };
        endings.iter().map(move |ending| format!("{name}{ending}"))
    });
    names.collect()
}

/// A witness that nobody runs.
fn witness() -> CosigningKey {
    CosigningKey::from_seed("w.test".parse().expect("a name"), &[7; 32])
}

/// A writer on a directory or bucket, with metrics and with a witness that is out of reach.
fn writer(world: &World, store: &str, variables: &[(&str, &str)]) -> (Process, String, String) {
    let key = witness().verifier_key().to_string();
    world.write("policy", format!("witness w {key} http://127.0.0.1:9/\nquorum w\n"));
    let mut command = Command::new(program("fasti-writer"));
    command
        .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
        .args(["--origin", "localhost", "--key", "log.key", "--store", store])
        .args(["--state-dir", &format!("state-of-{}", store.len()), "--accept-opaque"])
        .args(["--witness-policy", "policy", "--witness-optional"])
        .env("FASTI_LOG_FILTER", "warn")
        .envs(variables.iter().copied())
        .current_dir(world.path(""));
    let mut process = Process::spawn(command);
    let started = process.expect_started();
    let added = ask(started.address, "POST", "/add", &[], b"an entry");
    assert_eq!(added.status, 200, "{}", added.text());
    let metrics = started.metrics.expect("it serves metrics");
    (process, page(Some(metrics)), format!("http://{metrics}"))
}

/// The words in a text that look like the names of metrics.
fn named(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_part(c));
    let is_metric = |word: &&str| word.starts_with("fasti_") || word.starts_with("process_");
    words.filter(is_metric).collect()
}

#[test]
fn what_is_named_is_exported_and_what_is_exported_is_described() {
    let world = World::new();
    let runtime = Runtime::new().expect("a runtime");
    let bucket = runtime.block_on(S3Server::start(S3Options::default())).expect("it listens");
    let (url, account) = (bucket.url(), bucket.options());
    let variables = [
        ("FASTI_STORE_ENDPOINT", url.as_str()),
        ("AWS_ACCESS_KEY_ID", &account.access_key),
        ("AWS_SECRET_ACCESS_KEY", &account.secret_key),
        ("AWS_REGION", "eu-central-1"),
    ];
    let (_in_bucket, bucket_page, _) = writer(&world, "s3://log/some/log", &variables);
    let (_in_directory, directory_page, url) = writer(&world, "log", &[]);
    let of_writers: BTreeSet<String> =
        names(&bucket_page).into_iter().chain(names(&directory_page)).collect();

    let log = world.path("log").display().to_string();
    let reader = serve(&world, &log, &["--metrics-listen", "127.0.0.1:0"]);
    let mut exported = of_writers.clone();
    exported.extend(names(&page(reader.metrics)));
    exported.extend(names(&witness_page(&world)));

    for path in ["terraform/monitoring/alerts.yaml", "terraform/monitoring/dashboard.json"] {
        for name in named(&text(path)) {
            assert!(exported.contains(name), "{path}: nothing exports {name}");
        }
    }
    let (monitoring, runbook) = (text("src/docs/monitoring.md"), text("src/docs/runbook.md"));
    let rows: String = monitoring.lines().filter(|line| line.starts_with("| `")).collect();
    for name in named(&rows).into_iter().chain(named(&runbook)) {
        let is_family = exported.iter().any(|known| {
            known.strip_prefix(name).is_some_and(|rest| ["", "_count"].contains(&rest))
        });
        assert!(is_family, "the documents name {name}, and nothing exports it");
    }
    let described = named(&rows);
    for name in &of_writers {
        let family = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        assert!(described.contains(family), "monitoring.md has no row for {family}");
    }
    for (name, labels) in [
        ("fasti_http_request_duration_seconds_count", r#"{route="add",class="2xx"} 1"#),
        ("fasti_store_operation_duration_seconds_count", r#"{operation="create_record",out"#),
        ("fasti_filesystem_available_bytes", r#"{directory="state"} "#),
        ("fasti_submission_duration_seconds_count", " 1"),
        ("fasti_pool_wait_duration_seconds_count", " 1"),
        ("fasti_batch_duration_seconds_count", " 1"),
        ("fasti_ready", " 1"),
    ] {
        let sample = format!("\n{name}{labels}");
        assert!(directory_page.contains(&sample), "{sample} is not in:\n{directory_page}");
    }
    let published = directory_page.lines().find_map(|line| {
        line.strip_prefix("fasti_checkpoint_timestamp_seconds ")?.parse::<u64>().ok()
    });
    assert!(published.is_some_and(|time| time > 1_700_000_000), "{published:?}");
    top(&world, &url);
}

fn witness_page(world: &World) -> String {
    write_private(&world.path("witness.key"), &witness().to_private_string());
    world.write("logs", "logs/v0\n");
    let mut command = Command::new(program("fasti-witness"));
    command
        .args(["--state", "state-of-the-witness", "--logs", "logs", "--key", "witness.key"])
        .args(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
        .current_dir(world.path(""));
    let mut process = Process::spawn(command);
    page(process.expect_started().metrics)
}

/// `fasti top` of one writer that runs, and one that does not.
fn top(world: &World, url: &str) {
    let ended = world.fasti(&["top", "--once", "--interval", "1", url, "http://127.0.0.1:9"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    let place = url.trim_start_matches("http://");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let [summary, "", columns, running, other, why] = lines[..] else { panic!("{ended:?}") };
    assert!(summary.starts_with(&format!("{place} leads, size 1, 0 entries/s, ")), "{summary}");
    let words: Vec<&str> = columns.split_ascii_whitespace().collect();
    assert_eq!(words[..4], ["WRITER", "ROLE", "SIZE", "ENTRIES/S"], "{columns}");
    let words: Vec<&str> = running.split_ascii_whitespace().collect();
    assert_eq!(words[..4], [place, "leads", "1", "0"], "{running}");
    assert!(running.ends_with(" MiB"), "{running}");
    let words: Vec<&str> = other.split_ascii_whitespace().collect();
    assert_eq!(words[..5], ["127.0.0.1:9", "out", "of", "reach", "-"], "{other}");
    assert!(why.starts_with("127.0.0.1:9: no answer from http://127.0.0.1:9/metrics"), "{why}");

    let ended = world.fasti(&[
        "top",
        "--once",
        "--interval",
        "1",
        "--format",
        "json",
        "http://127.0.0.1:9/metrics",
    ]);
    assert_eq!(ended.status, 1, "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(json["Leaders"], Value::Array(Vec::new()));
    assert_eq!(json["Writers"][0]["Size"], Value::Null);
}

#[test]
fn every_alert_is_in_the_runbook() {
    let rules = text("terraform/monitoring/alerts.yaml");
    assert_eq!(rules, text("terraform/helm/fasti/files/alerts.yaml"), "the chart has other rules");
    let runbook = text("src/docs/runbook.md");
    let entries: BTreeSet<&str> =
        runbook.lines().filter_map(|line| line.strip_prefix("### Fasti")).collect();
    let value = |line: &'static str| {
        rules.lines().filter_map(move |found| found.trim_start().strip_prefix(line))
    };
    let alerts: BTreeSet<&str> = value("- alert: Fasti").collect();
    assert_eq!(alerts, entries);
    let urls: BTreeSet<&str> = value("runbook_url: src/docs/runbook.md#").collect();
    let anchors: BTreeSet<String> =
        entries.iter().map(|name| format!("fasti{}", name.to_lowercase())).collect();
    assert_eq!(urls, anchors.iter().map(String::as_str).collect());
    let count = rules.matches("- alert: ").count();
    for part in ["summary: ", "description: ", "runbook_url: ", "labels: {severity: "] {
        assert_eq!(rules.matches(part).count(), count, "{part}");
    }
}
