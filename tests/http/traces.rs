//! Traces: one from a request to the published checkpoint, for whom it was asked, and nobody waits
//! for a collector.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fasti_kit::trace_collector::{Mood, Received, Span, TraceCollector, attribute};
use fasti_kit::writer::{Home, Writer};

use crate::reader::ENTRIES;
use crate::submitter::good;
use crate::wire::{exchange, get, post};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// The stages of a submission, in order.
const STAGES: [&str; 9] =
    ["receive", "verify", "pool", "sequence", "commit", "apply", "sign", "publish", "acknowledge"];

/// Starts a writer whose traces go to this collector.
fn traced(collector: &TraceCollector, flags: &[&str]) -> Writer {
    let url = collector.url();
    let own = ["--accept-opaque", "--metrics-listen", "127.0.0.1:0", "--traces", &url];
    Writer::start(&[&own[..], flags].concat())
}

fn post_in(address: SocketAddr, path: &str, trace: &str, flags: &str, body: &[u8]) {
    let parent = format!("00-{trace}-{PARENT}-{flags}");
    let answer = exchange(address, "POST", path, &[("traceparent", &parent)], body);
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    assert_eq!(answer.field("x-request-id"), Some(trace));
}

fn is_request(received: &Received) -> bool {
    received.span.name.starts_with("POST ")
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).expect("it is after 1970");
    since.as_nanos().try_into().expect("it is before 2554")
}

/// A counter of a writer.
fn counter(writer: &Writer, line: &str) -> u64 {
    let metrics = get(writer.metrics.expect("it serves metrics"), "/metrics");
    let value =
        metrics.text().lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{line}: {}", metrics.text())).parse().expect("a number")
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_submission_is_one_trace_from_its_request_to_the_published_checkpoint() {
    let mut collector = TraceCollector::start(Mood::Takes);
    let writer = traced(&collector, &["--traces-sample", "0", "--origin", "log.test/traced"]);
    let before = nanos(SystemTime::now());
    post_in(writer.address, ENTRIES, TRACE, "01", good().as_bytes());
    let after = nanos(SystemTime::now());

    let Received { span: root, resource, .. } = collector.wait_for(is_request);
    assert_eq!((hex(&root.trace_id), hex(&root.parent_span_id)), (TRACE.into(), PARENT.into()));
    assert_eq!((&*root.name, root.kind), ("POST entries", 2), "2 is a server");
    assert!(root.status.as_ref().is_none_or(|status| status.code == 0), "{root:?}");
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "entries"),
        ("http.response.status_code", "201"),
        ("fasti.request_id", TRACE),
    ] {
        assert_eq!(attribute(&root.attributes, key).as_deref(), Some(value), "{root:?}");
    }
    for (key, value) in [
        ("service.name", "fasti-writer"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("fasti.origin", "log.test/traced"),
    ] {
        assert_eq!(attribute(&resource, key).as_deref(), Some(value), "{resource:?}");
    }

    // The trace is sent in one piece, in this order.
    collector.wait_for(|received| received.span.name == "acknowledge");
    let all: Vec<Span> = collector.all().iter().map(|received| received.span.clone()).collect();
    let mut stages: Vec<&Span> = all.iter().filter(|span| span.span_id != root.span_id).collect();
    stages.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano));
    assert_eq!(stages.iter().map(|span| &*span.name).collect::<Vec<_>>(), STAGES);
    assert!(before <= root.start_time_unix_nano && root.end_time_unix_nano <= after);
    let mut ended = root.start_time_unix_nano;
    for stage in stages {
        assert_eq!(stage.trace_id, root.trace_id);
        assert_eq!(stage.parent_span_id, root.span_id);
        assert!(ended <= stage.start_time_unix_nano, "{} began too early", stage.name);
        ended = stage.end_time_unix_nano;
        assert!(stage.start_time_unix_nano <= ended && ended <= root.end_time_unix_nano);
        let entries = attribute(&stage.attributes, "fasti.batch.entries");
        assert_eq!(entries.as_deref(), (stage.name == "pool").then_some("1"));
    }
    assert_eq!(ended, root.end_time_unix_nano, "the answer ends the trace");
    until("they are counted", || counter(&writer, "fasti_traces_sent_total") == 1);
}

#[test]
fn clients_choose_for_themselves_and_chance_chooses_among_the_submissions_of_others() {
    let mut collector = TraceCollector::start(Mood::Takes);
    let other = TRACE.replace('0', "1");
    let home = {
        let writer = traced(&collector, &["--traces-sample", "0"]);
        post_in(writer.address, "/add", &other, "00", b"not sampled");
        assert_eq!(post(writer.address, "/add", b"not chosen").status, 200);
        // What is refused has a trace, too, and so has what is read.
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let fields = [("traceparent", parent.as_str())];
        assert_eq!(exchange(writer.address, "POST", ENTRIES, &fields, b"{").status, 400);
        assert_eq!(exchange(writer.address, "GET", "/checkpoint", &fields, b"").status, 200);
        writer.stop()
    };
    let names = |collector: &mut TraceCollector| {
        let all = collector.all().iter().filter(|one| one.span.kind == 2);
        all.map(|one| (one.span.name.clone(), hex(&one.span.trace_id))).collect::<Vec<_>>()
    };
    let expected = ["POST entries", "GET read"].map(|name| (name.to_owned(), TRACE.to_owned()));
    assert_eq!(names(&mut collector), expected, "the last are sent at the end");

    let mut collector = TraceCollector::start(Mood::Takes);
    let writer = home.start(&["--accept-opaque", "--traces", &collector.url()]);
    assert_eq!(get(writer.address, "/checkpoint").status, 200);
    post_in(writer.address, "/add", &other, "00", b"not sampled, and there by now");
    assert_eq!(post(writer.address, "/add", b"all are chosen").status, 200);
    writer.stop();
    let names = names(&mut collector);
    assert_eq!(names.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["POST add"]);
    assert_ne!(names[0].1, other);
}

#[test]
fn standard_variables_are_followed() {
    let mut collector = TraceCollector::start(Mood::Takes);
    let home = Home::new();
    let url = collector.url();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20me"),
        ("OTEL_SERVICE_NAME", "our-log"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,fasti.origin=ours"),
    ];
    let mut process = home.spawn_with(&variables, &["--accept-opaque"]);
    let address = process.expect_address();
    assert_eq!(post(address, "/add", b"an entry").status, 200);
    let Received { resource, head, .. } = collector.wait_for(is_request);
    for (key, value) in [
        ("service.name", "our-log"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
        ("fasti.origin", "ours"),
    ] {
        assert_eq!(attribute(&resource, key).as_deref(), Some(value), "{resource:?}");
    }
    assert!(head.contains("authorization: Bearer me\r\n"), "{head}");

    // One that cannot be followed stops nobody; a flag does.
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "unix:///run/collector")];
    let home = Home::new();
    home.spawn_with(&variables, &[]).expect_started();
    assert!(home.said().contains("although OTEL_EXPORTER_OTLP_ENDPOINT is set"), "{}", home.said());
    for bad in [["--traces", "localhost:4317"], ["--traces-sample", "2"]] {
        assert_eq!(Home::new().refusal(&bad).0, Some(2), "{bad:?}");
    }
}

#[test]
fn nobody_waits_for_a_collector_that_is_gone_refuses_or_stalls() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let (refusing, stalling) =
        (TraceCollector::start(Mood::Refuses), TraceCollector::start(Mood::Stalls));
    for (url, words) in [
        (gone, "the collector does not answer"),
        (refusing.url(), "the collector did not take them"),
        (stalling.url(), "the collector does not answer"),
    ] {
        let flags = ["--accept-opaque", "--metrics-listen", "127.0.0.1:0", "--traces", &url];
        let writer = Writer::start(&flags);
        let began = Instant::now();
        for n in 0..20 {
            assert_eq!(post(writer.address, "/add", format!("entry {n}").as_bytes()).status, 200);
        }
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        let not_sent = "fasti_traces_dropped_total{reason=\"not_sent\"}";
        until("some are dropped", || counter(&writer, not_sent) > 0);
        assert_eq!(post(writer.address, "/add", b"one more").status, 200);
        assert_eq!(counter(&writer, "fasti_traces_sent_total"), 0);
        let stopping = Instant::now();
        let said = writer.stop().said();
        assert!(stopping.elapsed() < Duration::from_secs(15), "{:?}", stopping.elapsed());
        assert!(said.contains("cannot send traces") && said.contains(words), "{said}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
