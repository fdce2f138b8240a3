//! What was cosigned is known after a restart, and after kills at any time.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::http::Connection;
use tiles_spec::witness::{origin_hash, parse_size};

use crate::home::Home;
use crate::made::{Log, size};

#[test]
fn a_restart_forgets_nothing() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    log.cosign(&witness, &home.keys(), 0, 5);
    let shown = log.shown(&witness).body;
    witness.process.stop();
    let witness = home.start(&[]);
    assert_eq!(log.ask(&witness, 0, 7).body, b"5\n");
    assert_eq!(log.shown(&witness).body, shown);
    assert_eq!(log.forked().ask(&witness, 5, 5).status, 422);
    log.cosign(&witness, &home.keys(), 5, 7);
}

#[test]
fn kills_lose_nothing_that_was_answered() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let mut known = 0;
    for round in 0..12 {
        let witness = home.start(&[]);
        let mut connection = witness.connect();
        // The file is what was answered last, or what was asked for next.
        let answer = connection.post("/add-checkpoint", &log.request(0, 0).to_bytes());
        let answer = answer.expect("an answer");
        if known > 0 {
            let found = parse_size(&answer.body).expect("a size");
            assert!([size(known), size(known + 1)].contains(&found), "{found} after {known}");
            known = found.get();
        }
        let (address, answered) = (witness.address, Arc::new(AtomicU64::new(0)));
        let asking = thread::spawn({
            let requests: Vec<_> =
                (known..known + 300).map(|n| log.request(n, n + 1).to_bytes()).collect();
            let answered = answered.clone();
            move || {
                let Ok(mut connection) = Connection::open(address) else { return };
                for body in &requests {
                    match connection.post("/add-checkpoint", body) {
                        Ok(answer) if answer.status == 200 => answered.fetch_add(1, SeqCst),
                        _ => break,
                    };
                }
            }
        });
        let began = Instant::now();
        while answered.load(SeqCst) < 1 + round % 4 && began.elapsed() < Duration::from_secs(20) {
            thread::yield_now();
        }
        thread::sleep(Duration::from_micros(300 * round));
        witness.process.kill();
        asking.join().expect("no panic");
        known += answered.load(SeqCst);
    }
    assert!(known >= 12, "something was cosigned each time: {known}");
}

#[test]
fn a_state_that_cannot_be_read_stops_the_start() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    log.cosign(&witness, &home.keys(), 0, 5);
    let said = home.refusal(&[]);
    assert!(said.contains("another witness is running"), "{said}");
    witness.process.stop();
    let path = home.path("state").join(origin_hash("log.test"));
    let whole = fs::read(&path).expect("a file");
    for damaged in [vec![], whole[..whole.len() / 2].to_vec(), b"nonsense\n".to_vec()] {
        fs::write(&path, &damaged).expect("a file");
        let said = home.refusal(&[]);
        assert!(said.contains(&path.display().to_string()), "{said}");
    }
    fs::write(&path, &whole).expect("a file");
    log.cosign(&home.start(&[]), &home.keys(), 5, 6);
}
