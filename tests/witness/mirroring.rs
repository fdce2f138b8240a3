//! A mirror beside a witness: its answers over HTTP, and a real log that real clients push.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use fasti::gzip::{Effort, gunzip, gzip};
use fasti_buckets::{Fault, Operation, Rule, S3Options, S3Server};
use fasti_kit::cli::Ended;
use fasti_kit::http::{Answer, Connection};
use fasti_kit::oracle;
use fasti_kit::process::program;
use fasti_kit::writer::Home as WriterHome;
use http::StatusCode;
use tiles_spec::mirror::{EntryPackage, MirrorInfo, UploadHead, packages};
use tiles_spec::witness::{open_cosignatures, origin_hash};
use tiles_spec::{Note, SignedCheckpoint, TreeCosigningKey, TreeSize, VerifierKey, append_entry};
use tokio::runtime::Runtime;

use crate::home::{Home, Witness};
use crate::made::{Log, size};

const OCTETS: &str = "content-type: application/octet-stream\r\n";
const INFO: &str = "text/x.tlog.mirror-info";

/// The key of the mirror of this home.
fn mirror_key(home: &Home) -> VerifierKey {
    let key = TreeCosigningKey::from_seed("mirror.test".parse().unwrap(), &[77; 32]).unwrap();
    home.secret("mirror.key", &key.to_private_string());
    key.verifier_key().clone()
}

/// Starts a mirror of this log.
fn start(home: &Home, log: &VerifierKey) -> Witness {
    let [copies, key] = ["copies", "mirror.key"].map(|name| home.path(name).display().to_string());
    home.start(&["--mirror", &copies, "--mirror-key", &key, "--mirror-log", &log.to_string()])
}

fn number(size: TreeSize) -> usize {
    usize::try_from(size.get()).unwrap()
}

/// The body of an upload with so many packages.
fn upload(log: &Log, start: u64, end: u64, ticket: &[u8], count: usize) -> Vec<u8> {
    let head = UploadHead {
        origin: log.origin().to_owned(),
        start: size(start),
        end: size(end),
        ticket: ticket.to_vec(),
    };
    let leaves = log.leaves(end);
    let mut body = head.to_bytes().unwrap();
    for range in packages(&head).take(count) {
        let mut entries = Vec::new();
        for n in range.start().get()..range.end().get() {
            append_entry(&mut entries, format!("{} {n}", log.history).as_bytes()).unwrap();
        }
        let part = range.subtree();
        let proof = oracle::subtree_consistency(number(part.start()), number(part.end()), &leaves);
        EntryPackage { entries, proof }.append_to(&mut body);
    }
    body
}

fn post(witness: &Witness, fields: &str, body: &[u8]) -> Answer {
    witness.connect().post_with("/add-entries", fields, body).expect("an answer")
}

#[track_caller]
fn info(answer: &Answer, status: u16) -> MirrorInfo {
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!((answer.status, answer.content_type.as_str()), (status, INFO), "{said}");
    MirrorInfo::parse(&answer.body).unwrap()
}

#[test]
fn every_answer_over_http() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    let key = mirror_key(&home);
    let mirror = start(&home, log.vkey());
    let front = String::from_utf8(mirror.get("/").body).unwrap();
    assert!(front.contains(&key.to_string()), "{front}");
    let status = |fields: &str, body: &[u8]| post(&mirror, fields, body).status;
    let all = upload(&log, 0, 600, b"", 9);
    // What is no upload at all.
    assert_eq!(mirror.get("/add-entries").status, 405);
    assert_eq!(status("", &all), 415);
    assert_eq!(status("content-type: text/plain\r\n", &all), 415);
    assert_eq!(status(&format!("{OCTETS}content-encoding: br\r\n"), &all), 415);
    let packed = format!("{OCTETS}content-encoding: gzip\r\n");
    assert_eq!(status(&packed, &all), 400, "it is not gzip");
    assert_eq!(status(OCTETS, b""), 400);
    assert_eq!(status(OCTETS, &all[..20]), 400);
    let other = Log::new("other.test");
    assert_eq!(status(OCTETS, &upload(&other, 0, 600, b"", 9)), 404);
    assert_eq!(status(OCTETS, &all), 422, "no checkpoint was added");
    log.cosign(&mirror, &home.keys(), 0, 600);
    let hash = origin_hash(log.origin());
    let shown = |path: &str| mirror.get(&format!("/mirror/{hash}/{path}"));
    assert_eq!(shown("checkpoint").status, 404, "the mirror has signed nothing yet");
    // A part, a part of a part, and what is not proved.
    assert_eq!(status(OCTETS, &upload(&log, 0, 600, b"", 0)), 400);
    assert_eq!(status(OCTETS, &upload(&log.forked(), 0, 600, b"", 9)), 422);
    let found = info(&post(&mirror, OCTETS, &upload(&log, 300, 600, b"", 9)), 409);
    assert_eq!((found.pending, found.next), (size(600), size(0)));
    let found = info(&post(&mirror, &packed, &gzip(&all[..all.len() - 40], Effort::Quick)), 202);
    assert_eq!((found.pending, found.next), (size(600), size(512)));
    // Bytes that never come.
    let cut = |body: &[u8]| {
        let mut stream = TcpStream::connect(mirror.address).unwrap();
        let head = format!(
            "POST /add-entries HTTP/1.1\r\nhost: m\r\n{OCTETS}content-length: {}\r\n\r\n",
            body.len() + 1000
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = cut(&upload(&log, 512, 600, b"", 9)[..50]);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.to_lowercase().contains("accept-encoding: gzip"), "{answer}");
    // The rest, and then the mirror's own checkpoint.
    let rest = gzip(&upload(&log, 512, 600, &found.ticket, 9), Effort::Quick);
    let answer = post(&mirror, &packed, &rest);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let text = log.text(log.head(600));
    let lines = open_cosignatures(&text, &answer.body, std::slice::from_ref(&key)).unwrap();
    let checkpoint = SignedCheckpoint::parse(&shown("checkpoint").body).unwrap();
    let signers = [log.vkey().clone(), key];
    assert_eq!(checkpoint.verify(&signers).unwrap().len(), 2);
    assert!(checkpoint.note().signatures().contains(&lines[0]));
    assert_eq!(checkpoint.note().signatures().len(), 2, "the witness stays out of it");
    for (path, status) in [
        ("tile/0/000", 200),
        ("tile/0/002.p/88", 200),
        ("tile/1/000.p/2", 200),
        ("tile/entries/002.p/88", 200),
        ("tile/entries/003", 404),
        ("tile/0/0", 404),
        ("log.json", 404),
        ("../checkpoint", 404),
    ] {
        let answer = shown(path);
        assert_eq!(answer.status, status, "{path}");
        let is_file = status != 200 || answer.content_type == "application/octet-stream";
        assert!(is_file, "{path}: {}", answer.content_type);
    }
    let unknown = format!("/mirror/{}/checkpoint", origin_hash("other.test"));
    assert_eq!(mirror.get(&unknown).status, 404);
    // The witness beside it shows another one.
    let note = Note::parse(&log.shown(&mirror).body).unwrap();
    assert_eq!(note.verify(&home.keys()).unwrap().len(), 2);
}

#[test]
fn a_real_log_is_pushed_by_a_real_client() {
    let flags = ["--accept-opaque", "--no-lookup", "--origin", "log.test"];
    let writer = WriterHome::new().start(&flags);
    let log = writer.key.clone();
    let post_many = |entries: std::ops::Range<usize>| {
        std::thread::scope(|scope| {
            for part in 0..8 {
                let (entries, address) = (entries.clone(), writer.address);
                scope.spawn(move || {
                    let mut connection = Connection::open(address).expect("it listens");
                    for n in entries.filter(|n| n % 8 == part) {
                        let answer = connection.post("/add", format!("entry {n}").as_bytes());
                        assert_eq!(answer.expect("an answer").status, 200);
                    }
                });
            }
        });
    };
    let home = Home::new();
    let key = mirror_key(&home);
    let fasti = |arguments: &[&str], place: &str| {
        let mut command = Command::new(program("fasti"));
        command.env_clear().args(arguments).args(["--log", place, "--vkey", &log.to_string()]);
        Ended::of(command)
    };
    let url = format!("http://{}", writer.address);
    let push = |mirror: &Witness, key: &VerifierKey| {
        let to = format!("http://{}/", mirror.address);
        fasti(&["mirror", "--push", &to, "--mirror-vkey", &key.to_string()], &url)
    };
    let checked = |mirror: &Witness, entries: u64| {
        let hash = origin_hash("log.test");
        let served = format!("http://{}/mirror/{hash}", mirror.address);
        let stored = home.path("copies").join(&hash).display().to_string();
        for place in [served, stored] {
            let said = fasti(&["fsck"], &place).good();
            assert!(said.contains(&entries.to_string()), "{said}");
            let info = fasti(&["loginfo", "--vkey", &key.to_string()], &place).good();
            assert!(info.contains("mirror.test"), "{info}");
        }
    };
    post_many(0..5);
    let mirror = start(&home, &log);
    let said = push(&mirror, &key).good();
    assert!(said.contains("Pushed:") && said.contains("\n— mirror.test "), "{said}");
    checked(&mirror, 5);
    // It is killed, and goes on.
    mirror.process.kill();
    post_many(5..300);
    let mirror = start(&home, &log);
    let said = push(&mirror, &key).good();
    assert!(said.contains("295 entries, of 300"), "{said}");
    checked(&mirror, 300);
    // Once more, with nothing new; and with a key that is not the mirror's.
    let said = push(&mirror, &key).good();
    assert!(said.contains("0 entries, of 300"), "{said}");
    let [other, _] = home.keys();
    push(&mirror, &other).refused("no cosignature by its key");
    // A mirror of other logs.
    mirror.process.kill();
    let mirror = start(&home, Log::new("other.test").vkey());
    push(&mirror, &key).refused("status 404");
    mirror.process.kill();
    let to = "http://127.0.0.1:1/";
    fasti(&["mirror", "--push", to], &url).broken("cannot reach the mirror");
}

#[test]
fn copies_in_a_bucket_are_cosigned_once_they_are_whole() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    let key = mirror_key(&home);
    let runtime = Runtime::new().expect("a runtime");
    let bucket = runtime.block_on(S3Server::start(S3Options::default())).expect("it listens");
    let (account, endpoint) = (bucket.options(), bucket.url());
    let variables = [
        ("AWS_ACCESS_KEY_ID", account.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", account.secret_key.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("FASTI_STORE_ENDPOINT", endpoint.as_str()),
    ];
    let (key_file, vkey) = (home.path("mirror.key").display().to_string(), log.vkey().to_string());
    let flags = ["--mirror", "s3://log/copies", "--mirror-key", &key_file, "--mirror-log", &vkey];
    let hash = origin_hash(log.origin());
    let stored = |path: &str| bucket.objects().get(&format!("copies/{hash}/{path}"));
    let push = |mirror: &Witness, end: u64| {
        // Whoever has all entries needs none of them, only the question.
        let answer = post(mirror, OCTETS, &upload(&log, end, end, b"", 0));
        if answer.status != 409 {
            return answer;
        }
        let MirrorInfo { next, ticket, .. } = info(&answer, 409);
        post(mirror, OCTETS, &upload(&log, next.get(), end, &ticket, 9))
    };
    let mirror = home.start_with(&variables, &flags);
    log.cosign(&mirror, &home.keys(), 0, 600);
    // Whatever cannot be written, nothing is cosigned.
    for path in ["tile/entries/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88"] {
        let refused = Rule::new(Fault::Refuse(StatusCode::FORBIDDEN)).on(Operation::Put);
        bucket.faults().replace(vec![refused.keys(&format!("copies/{hash}/{path}"))]);
        assert_eq!(push(&mirror, 600).status, 500, "{path}");
        assert!(stored("checkpoint").is_none(), "{path}");
        assert!(!home.path("state").join(format!("{hash}.mirrored")).exists(), "{path}");
    }
    bucket.faults().clear();
    // It is killed, and goes on with what there is.
    mirror.process.kill();
    let mirror = home.start_with(&variables, &flags);
    assert_eq!(push(&mirror, 600).status, 200);
    log.cosign(&mirror, &home.keys(), 600, 900);
    assert_eq!(push(&mirror, 900).status, 200);
    let note = stored("checkpoint").expect("it is published").bytes;
    let checkpoint = SignedCheckpoint::parse(&note).unwrap();
    assert_eq!(checkpoint.checkpoint().head, log.head(900));
    assert_eq!(checkpoint.verify(&[log.vkey().clone(), key]).unwrap().len(), 2);
    // Bundles are packed in a bucket, and served as they are.
    let packed = stored("tile/entries/000").expect("it is there").bytes;
    let bundle = mirror.get(&format!("/mirror/{hash}/tile/entries/000"));
    assert_eq!(gunzip(&packed, 1 << 20).expect("it is gzip"), bundle.body);
    let mut command = Command::new(program("fasti"));
    command.env_clear().envs(variables).args(["fsck", "--vkey", &vkey]);
    command.args(["--log", &format!("s3://log/copies/{hash}")]);
    let said = Ended::of(command).good();
    assert!(said.contains("900 entries"), "{said}");
    mirror.process.kill();
}

#[test]
fn a_mirror_is_a_cosigner_of_its_own() {
    let home = Home::new();
    mirror_key(&home);
    let same = TreeCosigningKey::from_seed(home.name().parse().unwrap(), &[9; 32]).unwrap();
    home.secret("same-name.key", &same.to_private_string());
    let path = |name: &str| home.path(name).display().to_string();
    let refusal = |key: &str| {
        let flags = ["--mirror", &path("copies"), "--mirror-key", &path(key)];
        home.refusal(&flags)
    };
    assert!(refusal("same-name.key").contains("have the name w1.test"));
    assert!(refusal("nothing.key").contains("--mirror-key"));
    let flags = ["--mirror", "memory:", "--mirror-key", &path("mirror.key")];
    assert!(home.refusal(&flags).contains("keeps nothing"));
    let flags = ["--mirror", &path("copies")];
    let ended = home.command(&flags).output().expect("it runs");
    assert_eq!(ended.status.code(), Some(2), "a mirror needs a key");
}
