//! A writer whose checkpoints are cosigned, by witnesses that it reaches over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fasti_kit::writer::{Home, Writer};
use tiles_spec::witness::{AddCheckpoint, SIZE_MEDIA_TYPE, WitnessRefusal, judge, size_body};
use tiles_spec::{CosigningKey, Note, TreeHead, VerifierKey, cosign};

use crate::wire::{get, post};

/// A witness with a server of its own, and its state in memory.
struct Witness {
    key: CosigningKey,
    log: Mutex<Option<VerifierKey>>,
    last: Mutex<TreeHead>,
    address: SocketAddr,
    connections: AtomicUsize,
    is_silent: AtomicBool,
}

impl Witness {
    fn start(n: u8) -> Arc<Self> {
        let name = format!("w{n}.test").parse().expect("a name");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let witness = Arc::new(Self {
            key: CosigningKey::from_seed(name, &[n; 32]),
            log: Mutex::default(),
            last: Mutex::new(TreeHead::EMPTY),
            address: listener.local_addr().expect("an address"),
            connections: AtomicUsize::new(0),
            is_silent: AtomicBool::new(false),
        });
        let served = witness.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (served, stream) = (served.clone(), stream.expect("a connection"));
                served.connections.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || drop(served.serve(&stream)));
            }
        });
        witness
    }

    /// Answers the requests of a connection.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let (mut line, mut length) = (String::new(), 0);
            reader.read_line(&mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            assert_eq!(line, "POST /w/add-checkpoint HTTP/1.1\r\n");
            loop {
                let mut field = String::new();
                reader.read_line(&mut field)?;
                let field = field.trim_end().to_ascii_lowercase();
                if let Some(value) = field.strip_prefix("content-length: ") {
                    length = value.parse().expect("a number");
                }
                if field.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            while self.is_silent.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(20));
            }
            let (status, content_type, body) = self.answer(&body);
            write!(
                stream,
                "HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n\
                 {body}",
                body.len()
            )?;
        }
    }

    fn answer(&self, body: &[u8]) -> (u16, &'static str, String) {
        let request = AddCheckpoint::parse(body).expect("a request");
        let mut known = self.log.lock().expect("unpoisoned");
        let Some(key) = &mut *known else { return (404, "text/plain", "unknown".to_owned()) };
        let mut last = self.last.lock().expect("unpoisoned");
        match judge(&request, std::slice::from_ref(key), &last) {
            Ok(witnessed) => {
                *last = witnessed.checkpoint.head;
                let line = cosign(&self.key, witnessed.note.text(), 1_800_000_000);
                (200, "text/plain", line.expect("in range").to_string())
            }
            Err(WitnessRefusal::Size(size)) => (409, SIZE_MEDIA_TYPE, size_body(size)),
            Err(refusal) => (refusal.status(), "text/plain", refusal.to_string()),
        }
    }

    fn size(&self) -> u64 {
        self.last.lock().expect("unpoisoned").size.get()
    }
}

/// Two of three witnesses are enough.
fn policy(home: &Home, witnesses: &[Arc<Witness>]) -> String {
    let line = |witness: &Arc<Witness>| {
        let (key, address) = (witness.key.verifier_key(), witness.address);
        format!("witness {} {key} http://{address}/w/\n", key.name())
    };
    let lines: String = witnesses.iter().map(line).collect();
    let text = format!("{lines}group two 2 w1.test w2.test w3.test\nquorum two\n");
    home.file("witnesses.policy", &text)
}

/// The numbers of the witnesses that have cosigned the published checkpoint.
fn cosigned(writer: &Writer, witnesses: &[Arc<Witness>]) -> Vec<usize> {
    let note = Note::parse(&get(writer.address, "/checkpoint").body).expect("a note");
    let has = |witness: &Witness| note.verify(&[witness.key.verifier_key().clone()]).is_ok();
    (1..).zip(witnesses).filter(|(_, witness)| has(witness)).map(|(n, _)| n).collect()
}

#[test]
fn a_commit_waits_for_its_witnesses() {
    let witnesses = [1, 2, 3].map(Witness::start);
    let home = Home::new();
    // The witnesses get to know the log's key, which its first start makes.
    let writer = home.start(&["--accept-opaque", "--no-lookup"]);
    let key = writer.key.clone();
    writer.stop();
    for witness in &witnesses[..2] {
        *witness.log.lock().expect("unpoisoned") = Some(key.clone());
    }
    let policy = policy(&home, &witnesses);
    let flags =
        ["--accept-opaque", "--no-lookup", "--witness-policy", &policy, "--drain-seconds", "0"];
    let writer = home.start(&flags);
    for n in 0..3 {
        let answer = post(writer.address, "/add", format!("entry {n}").as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        // The third does not know the log.
        assert_eq!(cosigned(&writer, &witnesses), [1, 2]);
    }
    *witnesses[2].log.lock().expect("unpoisoned") = Some(key);
    assert_eq!(post(writer.address, "/add", b"entry 3").status, 200);
    assert_eq!(cosigned(&writer, &witnesses), [1, 2, 3]);
    assert!(witnesses.iter().all(|witness| witness.size() == 4));
    let connections = |witness: &Witness| witness.connections.load(Ordering::Relaxed);
    assert!(witnesses.iter().all(|witness| connections(witness) == 1), "they are kept alive");

    // With one witness of three, nobody is answered.
    witnesses[0].is_silent.store(true, Ordering::Relaxed);
    assert_eq!(post(writer.address, "/add", b"entry 4").status, 200);
    witnesses[1].is_silent.store(true, Ordering::Relaxed);
    let address = writer.address;
    let waiting = thread::spawn(move || post(address, "/add", b"entry 5"));
    thread::sleep(Duration::from_millis(500));
    assert!(!waiting.is_finished());
    assert_eq!(cosigned(&writer, &witnesses), [2, 3]);
    witnesses[0].is_silent.store(false, Ordering::Relaxed);
    assert_eq!(waiting.join().expect("it ends").status, 200);
    assert!(cosigned(&writer, &witnesses).len() >= 2);
    witnesses[1].is_silent.store(false, Ordering::Relaxed);
}

#[test]
fn a_policy_that_cannot_be_used_stops_the_start() {
    let home = Home::new();
    let refused = |text: &str| {
        let path = home.file("witnesses.policy", text);
        home.refusal(&["--witness-policy", &path]).1
    };
    let key = CosigningKey::from_seed("w1.test".parse().expect("a name"), &[1; 32]);
    let key = key.verifier_key();
    let said = refused(&format!("witness w1 {key}\nquorum w1\n"));
    assert!(said.contains("the policy has no URL for the witness w1"), "{said}");
    let said = refused("quorum w1\n");
    assert!(said.contains("line 1 of the policy"), "{said}");
}
