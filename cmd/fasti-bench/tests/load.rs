//! `fasti-bench load` as a user runs it, against servers that behave and servers that do not.

mod server;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use server::{Log, Reply, Request, Server, bench, load};

fn number(report: &Value, pointer: &str) -> u64 {
    let value = report.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {report}"));
    value.as_u64().unwrap_or_else(|| panic!("{pointer} is {value}"))
}

fn errors(report: &Value) -> HashMap<String, u64> {
    serde_json::from_value(report["errors"].clone()).expect("counts by kind")
}

fn unchanged(entry: &[u8]) -> Vec<u8> {
    entry.to_vec()
}

/// A log that behaves; `reply` turns an index into an answer to the request with that number.
fn opaque_log(reply: impl Fn(u64, u64) -> Reply + Send + Sync + 'static) -> (Server, Arc<Log>) {
    let log = Arc::new(Log::default());
    let shared = Arc::clone(&log);
    let server = Server::start(move |request| match request.number {
        None => shared.read(&request.path, unchanged),
        Some(number) => {
            assert_eq!((&*request.path, request.body.len()), ("/add", 100));
            reply(shared.add(&request.body).0, number)
        }
    });
    (server, log)
}

#[test]
fn a_log_that_behaves_passes_every_check() {
    let (server, log) = opaque_log(|index, _| Reply::index(index));
    let (code, report) = load(&server, &["--verify", "300", "--threads", "2"]);
    assert_eq!(code, 0, "{report}");
    assert!(number(&report, "/entries") > 0);
    assert_eq!(number(&report, "/indices/highest") + 1, log.size());
    assert_eq!(number(&report, "/indices/lowest"), 0);
    assert_eq!(number(&report, "/verified/checked"), log.size().min(300));
    assert_eq!(number(&report, "/latency_us/count"), log.size());
    for nothing in
        ["/verified/wrong", "/indices/given_twice", "/pushbacks", "/unanswered", "/unsent"]
    {
        assert_eq!(number(&report, nothing), 0, "{nothing}");
    }
    assert!(errors(&report).is_empty(), "{report}");
}

#[test]
fn the_same_seed_submits_the_same_entries() {
    let bodies = |seed: &str| {
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let shared = Arc::clone(&seen);
        let server = Server::start(move |request: &Request| {
            shared.lock().unwrap().insert(request.body.clone());
            Reply::index(request.number.unwrap())
        });
        load(&server, &["--seed", seed, "--duration", "100ms"]);
        seen.lock().unwrap().clone()
    };
    let (first, again, other) = (bodies("7"), bodies("7"), bodies("8"));
    let (fewer, more) = if first.len() < again.len() { (&first, &again) } else { (&again, &first) };
    assert!(!fewer.is_empty() && fewer.intersection(more).count() + 8 >= fewer.len());
    assert!(first.is_disjoint(&other));
}

#[test]
fn answers_in_pieces_are_put_together() {
    let (server, log) = opaque_log(|index, number| {
        Reply::index(index).in_pieces_of(if number % 2 == 0 { 1 } else { 40 })
    });
    let (code, report) = load(&server, &["--verify", "10"]);
    assert_eq!((code, number(&report, "/indices/highest") + 1), (0, log.size()));
    assert!(errors(&report).is_empty(), "{report}");
}

#[test]
fn a_body_larger_than_the_socket_arrives_whole() {
    let server = Server::start(|request: &Request| {
        assert_eq!(request.body.len(), 65_535);
        Reply::index(request.number.unwrap())
    });
    let (code, report) = load(&server, &["--entry-bytes", "65535", "--connections", "64"]);
    assert_eq!((code, errors(&report).len()), (0, 0), "{report}");
}

#[test]
fn pushback_is_counted_and_the_same_entry_comes_again() {
    let log = Arc::new(Log::default());
    let (shared, refused) = (Arc::clone(&log), Mutex::new(HashSet::new()));
    let server = Server::start(move |request| {
        // Every entry is refused once, with either status, with and without closing.
        if refused.lock().unwrap().insert(request.body.clone()) {
            let closes = request.number.unwrap() % 3 == 0;
            let status = if closes { 503 } else { 429 };
            let field = if closes { "Connection: close\r\n" } else { "" };
            let reply = Reply::new(status, &format!("Retry-After: 0\r\n{field}"), b"later");
            return Reply { close: closes, ..reply };
        }
        let (index, new) = shared.add(&request.body);
        assert!(new, "an acknowledged entry came again");
        Reply::index(index)
    });
    let (code, report) = load(&server, &[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(number(&report, "/pushbacks"), log.size());
    assert_eq!(number(&report, "/indices/highest") + 1, log.size());
    assert!(errors(&report).is_empty(), "{report}");
}

#[test]
fn troubles_are_told_apart_and_survived() {
    let (server, _) = opaque_log(|index, number| {
        let good = Reply::index(index);
        match number % 40 {
            3 => Reply::new(500, "", b"broken"),
            7 => Reply::new(201, "", format!("{index}").as_bytes()),
            11 => Reply::new(200, "", b"index 5"),
            15 => Reply { pieces: vec![b"what?\r\n".to_vec()], close: true, hang: false },
            19 => Reply { pieces: vec![], close: true, hang: false },
            23 => Reply {
                pieces: good.in_pieces_of(25).pieces[..1].to_vec(),
                close: true,
                hang: false,
            },
            27 => {
                Reply { pieces: vec![[good.pieces.concat(), b"extra".to_vec()].concat()], ..good }
            }
            31 => Reply {
                close: true,
                ..Reply::new(200, "Connection: close\r\n", index.to_string().as_bytes())
            },
            _ => good,
        }
    });
    let (code, report) = load(&server, &["--duration", "1s"]);
    assert_eq!(code, 0, "{report}");
    let errors = errors(&report);
    for kind in [
        "status 500",
        "status 201",
        "no index in the answer",
        "malformed answer: no HTTP/1 status line",
        "closed before the answer",
        "closed within the answer",
        "malformed answer: bytes nobody asked for",
    ] {
        assert!(errors.get(kind).is_some_and(|count| *count >= 1), "{kind} in {errors:?}");
    }
    assert_eq!(errors.len(), 7, "{errors:?}");
    let lost: u64 = errors.values().sum();
    assert!(number(&report, "/indices/highest") > 3 * lost, "{report}");
}

#[test]
fn an_index_given_twice_fails_the_run() {
    let (server, _) = opaque_log(|index, _| Reply::index(if index == 60 { 50 } else { index }));
    let (code, report) = load(&server, &[]);
    assert_eq!((code, number(&report, "/indices/given_twice")), (1, 1), "{report}");
    assert_eq!(report["passed"], false);
}

#[test]
fn other_bytes_in_a_bundle_fail_the_run() {
    let log = Log::default();
    let server = Server::start(move |request| match request.number {
        None => log.read(&request.path, |entry| vec![0; entry.len()]),
        Some(_) => Reply::index(log.add(&request.body).0),
    });
    let (code, report) = load(&server, &["--verify", "5"]);
    assert_eq!((code, number(&report, "/verified/wrong")), (1, 5), "{report}");
}

#[test]
fn compressed_bundles_are_read() {
    let log = Log::default();
    let server = Server::start(move |request| {
        if request.number.is_some() {
            return Reply::index(log.add(&request.body).0);
        }
        let plain = log.read(&request.path, unchanged).pieces.concat();
        let body_at = plain.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&plain[body_at..]).unwrap();
        Reply::new(200, "Content-Encoding: gzip\r\n", &gzip.finish().unwrap())
    });
    let (code, report) = load(&server, &["--verify", "20"]);
    assert_eq!((code, number(&report, "/verified/wrong")), (0, 0), "{report}");
}

#[test]
fn a_log_that_acknowledges_nothing_fails_the_run() {
    let server = Server::start(|_| Reply::new(500, "", b""));
    assert_eq!(load(&server, &[]).0, 1);
}

#[test]
fn an_open_loop_accounts_for_every_entry_of_its_schedule() {
    // From the twentieth entry on the server does not answer: the schedule continues without it.
    let server = Server::start(|request: &Request| {
        let number = request.number.unwrap();
        Reply { hang: number >= 20, ..Reply::index(number) }
    });
    let arguments = ["--rate", "200/s", "--duration", "500ms", "--timeout", "1s"];
    let (code, report) = load(&server, &arguments);
    assert_eq!((code, number(&report, "/indices/highest")), (0, 19), "{report}");
    let timed_out = errors(&report).get("timed out").copied().unwrap_or(0);
    assert_eq!(timed_out + number(&report, "/unanswered"), 8, "{report}");
    assert_eq!(number(&report, "/unsent"), 100 - 20 - 8, "{report}");
    // Entries never sent or answered count in the percentiles with their waiting time.
    assert_eq!(number(&report, "/latency_us/count"), 100);
}

#[test]
fn an_open_loop_keeps_its_schedule_on_two_threads() {
    let (server, log) = opaque_log(|index, _| Reply::index(index));
    let arguments = ["--rate", "300/s", "--duration", "1s", "--threads", "2"];
    let (code, report) = load(&server, &arguments);
    let sent = log.size() + number(&report, "/unsent");
    assert_eq!((code, sent), (0, 300), "{report}");
}

#[test]
fn repeats_are_compared_with_the_first_index() {
    let (server, _) = opaque_log(|index, _| Reply::index(index));
    let (_, report) = load(&server, &["--duplicates", "30"]);
    let repeats = number(&report, "/repeats");
    assert!(repeats > 0);
    assert_eq!(number(&report, "/repeats_same_index"), repeats);

    let server = Server::start(|request: &Request| Reply::index(request.number.unwrap()));
    let (_, report) = load(&server, &["--duplicates", "30"]);
    assert!(number(&report, "/repeats_same_index") < number(&report, "/repeats"), "{report}");
}

/// Answers as Rekor v2 does: 201 with a TransparencyLogEntry, here in chunks, or 409.
fn rekor_log() -> (Server, Arc<Log>) {
    let log = Arc::new(Log::default());
    let shared = Arc::clone(&log);
    let server = Server::start(move |request| {
        if request.number.is_none() {
            return shared.read(&request.path, unchanged);
        }
        assert_eq!(request.path, "/api/v2/log/entries");
        let (index, new) = shared.add(&canonical(&request.body));
        if !new {
            return Reply::new(409, &format!("x-log-index: {index}\r\n"), b"{}");
        }
        let body = format!(r#"{{"logIndex":"{index}","logId":{{"keyId":""}}}}"#);
        let mut answer = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
        for chunk in body.as_bytes().chunks(9) {
            let text = std::str::from_utf8(chunk).unwrap();
            let _ = write!(answer, "{:x}\r\n{text}\r\n", chunk.len());
        }
        answer.push_str("0\r\n\r\n");
        Reply { pieces: vec![answer.into_bytes()], ..Reply::default() }
    });
    (server, log)
}

fn canonical(request: &[u8]) -> Vec<u8> {
    let request: Value = serde_json::from_slice(request).expect("JSON");
    let request = &request["hashedRekordRequestV002"];
    let (signature, verifier) = (&request["signature"], &request["signature"]["verifier"]);
    let entry = serde_json::json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": {
            "data": { "algorithm": "SHA2_256", "digest": request["digest"] },
            "signature": { "content": signature["content"], "verifier": verifier },
        } },
    });
    entry.to_string().into_bytes()
}

#[test]
fn signed_entries_are_submitted_until_they_are_used_up() {
    let (server, log) = rekor_log();
    let arguments = ["--kind", "hashedrekord", "--submissions", "400", "--keys", "3"];
    let (code, report) =
        load(&server, &[&arguments[..], &["--verify", "400", "--duration", "30s"]].concat());
    assert_eq!((code, log.size()), (0, 400), "{report}");
    assert_eq!(report["used_up"], true);
    assert!(report["seconds"].as_f64().unwrap() < 30.0);
    assert_eq!(number(&report, "/verified/checked"), 400);
    assert!(errors(&report).is_empty(), "{report}");
}

/// The log answers as Rekor v1 does; what is posted is the leaf.
#[test]
fn proposals_of_rekor_v1_are_submitted() {
    let log = Arc::new(Log::default());
    let shared = Arc::clone(&log);
    let server = Server::start(move |request| {
        if request.number.is_none() {
            return shared.read(&request.path, unchanged);
        }
        assert_eq!(request.path, "/api/v1/log/entries");
        let (index, _) = shared.add(&request.body);
        let entry = format!(r#"{{"body":"","logIndex":{index},"verification":{{"logIndex":9}}}}"#);
        Reply::new(201, "", format!(r#"{{"id":{entry}}}"#).as_bytes())
    });
    let arguments = ["--kind", "v1-hashedrekord", "--submissions", "200", "--keys", "3"];
    let (code, report) =
        load(&server, &[&arguments[..], &["--verify", "200", "--duration", "30s"]].concat());
    assert_eq!((code, log.size()), (0, 200), "{report}");
    assert_eq!(number(&report, "/verified/checked"), 200);
    assert!(errors(&report).is_empty(), "{report}");
}

#[test]
fn a_conflict_acknowledges_a_repeat() {
    let (server, log) = rekor_log();
    let arguments = ["--kind", "hashedrekord", "--submissions", "300", "--duplicates", "50"];
    let (code, report) =
        load(&server, &[&arguments[..], &["--threads", "2", "--duration", "30s"]].concat());
    assert_eq!((code, log.size()), (0, 300), "{report}");
    let conflicts = number(&report, "/conflicts");
    assert!(conflicts > 50);
    assert_eq!(number(&report, "/repeats"), conflicts);
    assert_eq!(number(&report, "/repeats_same_index"), conflicts);
}

#[test]
fn costs_are_read_from_the_server() {
    let log = Arc::new(Log::default());
    let server = Server::start(move |request| match request.number {
        None => {
            let batches = log.size();
            let page = format!(
                "fasti_batches_total {batches}\nfasti_fsyncs_total{{file=\"a\"}} {batches}\n\
                 fasti_fsyncs_total{{file=\"b\"}} {batches}\n\
                 fasti_store_puts_total {}\nfasti_store_gets_total 7\nfasti_store_lists_total 7\n\
                 fasti_store_deletes_total 7\nfasti_store_written_bytes_total {}\n",
                4 * batches,
                1000 * batches,
            );
            Reply::new(200, "", page.as_bytes())
        }
        Some(_) => Reply::index(log.add(&request.body).0),
    });
    let (pid, metrics) = (std::process::id().to_string(), server.url() + "/metrics");
    let (code, report) = load(&server, &["--server-pid", &pid, "--metrics", &metrics]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["disk"]["fsyncs_per_batch"], 2.0);
    let batches = report["batches"]["count"].as_f64().unwrap();
    let bucket = &report["bucket"]["per_million_entries"];
    let (puts, bytes) =
        (bucket["puts"].as_f64().unwrap(), bucket["bytes_written"].as_f64().unwrap());
    let scale = 1e6 / report["entries"].as_f64().unwrap();
    assert!((puts - 4.0 * batches * scale).abs() < 1.0, "{report}");
    assert!((bytes - 1000.0 * batches * scale).abs() < 1.0, "{report}");
    assert_eq!(bucket["gets"], 0.0);
    let usd = report["bucket"]["usd_per_million_entries"].as_f64().unwrap();
    assert!((usd - puts * 5e-6).abs() < 1e-3, "{report}");
    assert!(report["server"]["peak_rss_kib"].as_u64().unwrap() > 100);
    assert!(report["server"]["user_seconds"].is_f64());
    assert!(report["client"]["cpu_us_per_entry"].as_f64().unwrap() > 0.0);
}

#[test]
fn several_writers_share_the_connections() {
    let log = Arc::new(Log::default());
    let asked = [0, 1].map(|_| Arc::new(AtomicUsize::new(0)));
    let start = |n: usize| {
        let (log, asked) = (log.clone(), asked[n].clone());
        Server::start(move |request| {
            asked.fetch_add(1, Ordering::SeqCst);
            Reply::index(log.add(&request.body).0)
        })
    };
    let (first, second) = (start(0), start(1));
    let (code, report) = load(&first, &["--log", &second.url()]);
    assert_eq!(code, 0, "{report}");
    let asked = asked.map(|asked| asked.load(Ordering::SeqCst));
    assert!(asked.iter().all(|asked| *asked > 10), "{asked:?}");
}

#[test]
fn a_run_that_cannot_be_made_says_why() {
    let (server, _) = opaque_log(|index, _| Reply::index(index));
    for (arguments, reason) in [
        (["--entry-bytes", "7"], "--entry-bytes"),
        (["--connections", "0"], "--connections"),
        (["--duplicates", "100"], "--duplicates"),
        (["--server-pid", "4294967295"], "/proc/4294967295/stat"),
        (["--metrics", "http://127.0.0.1:1/metrics"], "127.0.0.1:1"),
        (["--rate", "0"], "--rate"),
    ] {
        let (code, report) = load(&server, &arguments);
        assert_eq!(code, 2);
        assert!(report.as_str().is_some_and(|text| text.contains(reason)), "{reason}: {report}");
    }
    let (code, report) = bench(&["load", "--log", "http://127.0.0.1:1"]);
    assert!(code == 2 && report.to_string().contains("connecting to 127.0.0.1:1"), "{report}");
}
