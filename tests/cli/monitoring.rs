//! Watching logs: a real writer's, and made-up ones that lie, stop, lose files and flood.

pub mod between;
mod recorded;
mod rekor_v1;
pub mod served;
mod sources;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::made_log::{MadeLog, entries};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::keys::{certify, generate};
use crate::world::{Ended, World};
use served::{Hook, Served};

/// One round, with reports as JSON.
fn once(world: &World, vkey: &str, what: &[&str]) -> (i32, Vec<Value>) {
    let with = ["monitor", "--once", "--state", "watched", "--format", "json"];
    let ended = world.fasti_with(&[("FASTI_VKEY", vkey)], &[&with[..], what].concat());
    (ended.status, lines(&ended))
}

fn lines(ended: &Ended) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    ended.stdout.lines().map(read).collect()
}

fn matches(events: &[Value]) -> Vec<u64> {
    let found = events.iter().filter(|event| event["event"] == "match");
    found.map(|event| event["index"].as_u64().expect("an index")).collect()
}

fn alarms(events: &[Value]) -> Vec<&str> {
    let found = events.iter().filter(|event| event["event"] == "alarm");
    found.map(|event| event["alarm"].as_str().expect("a name")).collect()
}

fn digest(number: usize) -> String {
    hex::encode(Sha256::digest(number.to_string()))
}

/// Entries that have a digest and no signature.
fn typed(numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let entry = |number| {
        let spec = json!({"data": {"hash": {"algorithm": "sha256", "value": digest(number)}}});
        json!({"apiVersion": "0.0.1", "kind": "rekord", "spec": spec}).to_string().into_bytes()
    };
    numbers.map(entry).collect()
}

/// Every kind of pattern, against the entries of a real writer.
#[test]
fn entries_of_a_writer_match_by_all_that_they_say() {
    let world = World::with_writer(&["--accept-opaque"]);
    let vkey = world.vkey().to_owned();
    let me = generate(&world, "p256", "me");
    certify(&world, &me, "me", "Me@Example.com");
    for name in ["a", "b"] {
        world.write(name, format!("artifact {name}"));
    }
    assert_eq!(once(&world, &vkey, &[world.url()]).0, 0, "nothing yet");
    world.fasti(&["upload", "--artifact", "a", "--private-key", "me.pem"]).good();
    let with = ["upload", "--artifact", "b", "--private-key", "me.pem", "--public-key", "me.crt"];
    world.fasti(&with).good();
    world.add(["opaque".to_owned()]);
    let key = hex::encode(Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&me)));
    let a = hex::encode(Sha256::digest("artifact a"));
    world.write("names", "# Ours\n\nme@example.com\nyou@example.com\n");
    for (number, (what, expected)) in [
        (vec!["--digest", &a], vec![0]),
        (vec!["--key", &key], vec![0, 1]),
        (vec!["--identity", "me@example.com"], vec![1]),
        (vec!["--identity", "@names", "--issuer", "https://oidc.test"], vec![1]),
        (vec!["--identity", "@names", "--issuer", "https://other.test"], vec![]),
        (vec!["--identity-regex", "(?i).*@example\\.com"], vec![1]),
        (vec!["--identity-regex", "example"], vec![]),
        (vec!["--extension", "issuer=https://oidc.test"], vec![1]),
        (vec!["--extension", "1.3.6.1.4.1.57264.1.8=https://oidc.test"], vec![1]),
        (vec!["--unvouched", "--ca-roots", "me.ca.crt"], vec![]),
        (vec![], vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let state = format!("state-{number}");
        let with = ["--state", &state, "--from", "beginning", world.url()];
        let ended = world.fasti(&[&["monitor", "--once"], &what[..], &with].concat());
        assert_eq!(ended.status, if expected.is_empty() { 0 } else { 3 }, "{what:?} {ended:?}");
        for index in &expected {
            assert!(ended.stdout.contains(&format!("MATCH localhost entry {index}: ")));
        }
        assert_eq!(ended.stdout.matches("MATCH").count(), expected.len(), "{what:?}");
        assert!(ended.stdout.contains("3 new entries, 2 signatures verified again"), "{ended:?}");
    }
    // Anybody can make a certificate for any name.
    certify(&world, &me, "stranger", "me@example.com");
    let with = ["--unvouched", "--ca-roots", "stranger.ca.crt", world.url()];
    let (status, events) = once(&world, &vkey, &with);
    assert_eq!((status, matches(&events)), (3, vec![1]));
    assert_eq!(events[0]["vouched_by"], Value::Null);
    let (_, events) = once(&world, &vkey, &[world.url()]);
    assert_eq!(events[0]["entries"], 0, "each entry is read once");
}

#[test]
fn a_fork_that_only_the_monitor_sees_convicts_the_log() {
    let world = World::new();
    let vkey = Served::vkey();
    let all = entries(600);
    let served = Served::of(MadeLog::of(&all[..500]));
    let round = || once(&world, &vkey, &[&served.url]);
    assert_eq!(round().0, 0);
    let mut other = all.clone();
    other[10] = b"something else".to_vec();
    served.show(MadeLog::of(&other));
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["fork"]));
    let file = events[0]["evidence"].as_str().expect("evidence").to_owned();
    let judge =
        |file: &str, key: &str| world.fasti_with(&[], &["verify-evidence", file, "--key", key]);
    let said = judge(&file, &vkey).good();
    assert!(said.starts_with("Convicts log.test/one: it signed a tree of 500 "), "{said}");
    judge(&file, world.vkey()).refused("not a checkpoint that this key signed");
    // Whatever is changed, an honest log is not convicted: here, the log as it was first.
    let bytes = world.read(&file);
    for at in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        world.write("changed", changed);
        let ended = judge("changed", &vkey);
        assert!([1, 2].contains(&ended.status) || ended.stdout == said, "{at}: {ended:?}");
    }
    // The honest tree is the one to compare with, and the alarm is over.
    served.show(MadeLog::of(&all));
    assert_eq!(round().0, 0);
    served.show(MadeLog::of(&all[..599]));
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["rollback"]));
    judge(events[0]["evidence"].as_str().expect("evidence"), &vkey).refused("does not convict");
}

#[test]
fn a_log_that_stalls_loses_or_damages_files_is_an_alarm() {
    let world = World::new();
    let vkey = Served::vkey();
    let served = Served::of(MadeLog::of(&typed(0..600)));
    let digest = digest(599);
    let round = |more: &[&str]| {
        let with = ["--from", "beginning", "--digest", &digest, &served.url];
        once(&world, &vkey, &[&with[..], more].concat())
    };
    let whole = served.log.lock().expect("unpoisoned").clone();
    for (path, kind) in [("tile/entries/001", "missing"), ("tile/entries/001", "damaged")] {
        let mut log = whole.clone();
        if kind == "missing" {
            log.objects.remove(path);
        } else {
            log.objects.get_mut(path).expect("the bundle")[100] ^= 1;
        }
        served.show(log);
        let (status, events) = round(&[]);
        assert_eq!((status, alarms(&events)), (1, vec![kind]));
        let reason = events[0]["reason"].as_str().expect("a reason");
        assert!(reason.contains(path) && matches(&events).is_empty(), "{reason}");
    }
    served.show(whole);
    let (status, events) = round(&["--stalled-after", "1h"]);
    assert_eq!((status, matches(&events)), (3, vec![599]));
    std::thread::sleep(Duration::from_secs(2));
    let (status, events) = round(&["--stalled-after", "1s"]);
    assert_eq!((status, alarms(&events)), (1, vec!["stalled"]));
    served.show(MadeLog::default());
    let (status, events) = round(&[]);
    assert_eq!((status, alarms(&events)), (1, vec!["missing"]));
}

/// A monitor that is killed while it reads goes on where it was: nothing is missing, and what comes
/// twice has the same ID.
#[test]
fn a_killed_monitor_goes_on() {
    let world = World::new();
    let vkey = Served::vkey();
    let served = Served::of(MadeLog::of(&typed(0..40_000)));
    let digests: Vec<String> = [5, 16_383, 16_384, 39_999].map(digest).to_vec();
    world.write("digests", digests.join("\n"));
    served.get_stuck_at(Some("tile/entries/120"));
    let with = ["monitor", "--every", "1", "--state", "watched", "--format", "json"];
    let what = ["--from", "beginning", "--digest", "@digests", "--skip-signatures", &served.url];
    let mut command: Command =
        world.command(&[("FASTI_VKEY", &vkey)], &[&with[..], &what].concat());
    let first = fs::File::create(world.path("first")).expect("a file");
    let mut child = command.stdout(Stdio::from(first)).spawn().expect("it runs");
    let printed = || String::from_utf8(world.read("first")).expect("text");
    let began = Instant::now();
    while printed().lines().count() < 2 {
        assert!(began.elapsed() < Duration::from_mins(1), "{}", printed());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Nobody else may use the directory meanwhile.
    let ended = world.fasti_with(&[("FASTI_VKEY", &vkey)], &[&with[..], &what].concat());
    ended.broken("another monitor uses watched");
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    served.get_stuck_at(None);
    let (status, events) = once(&world, &vkey, &what);
    assert_eq!(status, 3);
    let before: Vec<Value> =
        printed().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut all = [matches(&before), matches(&events)].concat();
    all.dedup();
    assert_eq!(all, [5, 16_383, 16_384, 39_999]);
    let round = events.iter().find(|event| event["event"] == "round").expect("a round");
    assert!(round["from"].as_u64().expect("an index") <= 16_384, "{round}");
}

#[test]
fn a_spammer_neither_silences_nor_floods_nor_controls_the_terminal() {
    let world = World::new();
    let vkey = Served::vkey();
    let evil = "\u{1b}[2J\u{202e}\nMATCH forged\n".repeat(40);
    let role = |name: &str| json!({"signed": {"_type": name}}).to_string();
    let subject = json!({"apiVersion": "0.0.1", "kind": "tuf", "spec": {
        "metadata": {"content": STANDARD.encode(role(&evil))},
        "root": {"content": STANDARD.encode(role("root"))},
    }});
    let mut all = vec![subject.to_string().into_bytes(); 20];
    all.extend(vec![typed(1..2).remove(0); 3000]);
    all.extend(typed(7..8));
    let served = Served::of(MadeLog::of(&all));
    let (one, seven) = (digest(1), digest(7));
    let with = ["monitor", "--once", "--from", "beginning", "--state", "watched", "--atom", "feed"];
    let what = ["--digest", &one, "--digest", &seven, "--identity-regex", "(?s).*", &served.url];
    let more = ["--report-max", "10", "--atom-entries", "5"];
    let ended = world.fasti_with(&[("FASTI_VKEY", &vkey)], &[&with[..], &what, &more].concat());
    assert_eq!(ended.status, 3, "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines.len() < 40 && ended.stdout.len() < 100_000, "{}", ended.stdout);
    assert!(!lines.iter().any(|line| line.starts_with("MATCH forged")), "{lines:?}");
    assert!(!ended.stdout.contains(['\u{1b}', '\u{202e}']), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("MATCH log.test/one entry 3020: ")));
    let left_out = lines.iter().find(|line| line.contains("more entries match")).expect("a count");
    assert!(left_out.contains("30-3019"), "{left_out}");
    let feed = String::from_utf8(world.read("feed")).expect("text");
    assert_eq!(feed.matches("<entry>").count(), 5, "{feed}");
    assert!(!feed.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn a_webhook_that_is_down_loses_nothing() {
    let world = World::new();
    let vkey = Served::vkey();
    let served = Served::of(MadeLog::of(&typed(0..3)));
    let hook = Hook::answering("400 Bad Request");
    world.write("secret", "a secret of some length\n");
    let digest = digest(1);
    let what = ["--from", "beginning", "--digest", &digest, "--webhook", &hook.url];
    let what = [&what[..], &["--webhook-secret", "secret", &served.url]].concat();
    let (status, events) = once(&world, &vkey, &what);
    assert_eq!((status, matches(&events)), (2, vec![]));
    let reason = events[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("were not delivered") && reason.contains("400"), "{reason}");
    hook.answer("204 No Content");
    let (status, events) = once(&world, &vkey, &what);
    assert_eq!((status, matches(&events)), (3, vec![1]));
    let sent = hook.sent();
    let bodies: Vec<Value> =
        sent.iter().map(|sent| serde_json::from_slice(&sent.body).expect("JSON")).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1], "the same report, with the same ID");
    assert_eq!(bodies[1]["events"][0]["id"], events[0]["id"]);
    for sent in sent {
        let field = |name: &str| {
            let rest = sent.head.split(&format!("{name}: ")).nth(1).expect("the header");
            rest.split("\r\n").next().expect("a line").to_owned()
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret of some length");
        let signed = [format!("{}.", field("fasti-timestamp")).as_bytes(), &sent.body].concat();
        let tag = hex::decode(&field("fasti-signature")["v1=".len()..]).expect("hex");
        hmac::verify(&key, &signed, &tag).expect("the signature is right");
    }
    assert_eq!(once(&world, &vkey, &what).0, 0);
    assert_eq!(hook.sent().len(), 2, "nothing comes again");
}

#[test]
fn a_file_has_every_flag_by_its_name() {
    let world = World::new();
    let vkey = Served::vkey();
    let served = [Served::of(MadeLog::of(&typed(0..3))), Served::of(MadeLog::of(&typed(0..4)))];
    let config = format!(
        "state = \"watched\"\nfrom = \"beginning\"\nstalled-after = \"1d\"\nreport-max = 5\n\
         [[log]]\nlog = {:?}\nvkey = [{vkey:?}]\n[[match]]\ndigest = [{:?}]\n\
         [[match]]\nidentity = [\"a\"]\nissuer = \"b\"\n",
        served[0].url,
        digest(2),
    );
    world.write("config", &config);
    let run = |more: &[&str]| {
        world.fasti_with(&[], &[&["monitor", "--once", "--config", "config"], more].concat())
    };
    let ended = run(&[]);
    assert_eq!((ended.status, ended.stdout.matches("MATCH").count()), (3, 1), "{ended:?}");
    for (from, to, reason) in [
        ("from =", "form =", "config, line 2: unknown field `form`"),
        ("vkey", "key", "config, line 7: unknown field `key`"),
        ("\"1d\"", "\"1w\"", "config, line 3: \"1w\" is not a duration"),
        ("\"beginning\"", "\"start\"", "neither an index nor"),
        ("issuer = \"b\"", "issuer = 1", "config, line 12: "),
    ] {
        world.write("config", config.replacen(from, to, 1));
        run(&[]).broken(reason);
    }
    world.write("config", &config);
    run(&["--identity-regex", "("]).broken("unclosed group");
    run(&["--unvouched"]).broken("--unvouched needs authorities");
    run(&["--webhook", "http://localhost/"]).broken("need each other");
    // Two logs in one run.
    let both = [&*served[0].url, &*served[1].url];
    let with = ["monitor", "--once", "--state", "both", "--format", "json"];
    let ended = world.fasti_with(&[("FASTI_VKEY", &vkey)], &[&with[..], &both].concat());
    assert!(lines(&ended).iter().any(|event| event["event"] == "end" && event["logs"] == 2));
}
