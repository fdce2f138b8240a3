//! Lists of logs, and what changes in them while the witness runs.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tiles_spec::{NoteSigningKey, VerifierKey};

use crate::home::{Home, Witness};
use crate::made::Log;

/// Has the list read again, and waits until that shows.
fn reload(witness: &Witness, words: &str) {
    let before = witness.process.said().matches(words).count();
    witness.process.signal(Signal::HUP);
    let began = Instant::now();
    while witness.process.said().matches(words).count() == before {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", witness.process.said());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_list_is_read_again_when_the_operator_says_so() {
    let (home, a, b) = (Home::new(), Log::new("a.test"), Log::new("b.test"));
    home.list(&[a.vkey()]);
    let witness = home.start(&[]);
    a.cosign(&witness, &home.keys(), 0, 5);
    assert_eq!(b.ask(&witness, 0, 5).status, 404);
    home.list(&[a.vkey(), b.vkey()]);
    assert_eq!(b.ask(&witness, 0, 5).status, 404, "not yet");
    reload(&witness, "loaded the list of logs");
    b.cosign(&witness, &home.keys(), 0, 5);
    a.cosign(&witness, &home.keys(), 5, 6);
    // One that cannot be read changes nothing.
    fs::write(home.path("logs"), "vkey nonsense\n").expect("a file");
    reload(&witness, "cannot load the list of logs");
    a.cosign(&witness, &home.keys(), 6, 7);
    // A log that leaves is unknown, and still shown; when it returns, it goes on.
    home.list(&[b.vkey()]);
    reload(&witness, "loaded the list of logs");
    assert_eq!(a.ask(&witness, 7, 8).status, 404);
    assert_eq!(a.shown(&witness).status, 200);
    home.list(&[a.vkey()]);
    reload(&witness, "loaded the list of logs");
    assert_eq!(a.ask(&witness, 0, 8).body, b"7\n");
    // With a new key it is the same log.
    let key = NoteSigningKey::from_seed("a.test".parse().unwrap(), &[77; 32]);
    home.list(&[key.verifier_key()]);
    reload(&witness, "loaded the list of logs");
    assert_eq!(a.ask(&witness, 7, 8).status, 403);
}

#[test]
fn logs_are_named_by_flags_too() {
    let (home, a, b) = (Home::new(), Log::new("a.test"), Log::new("b.test"));
    let (first, second) = (a.vkey().to_string(), b.vkey().to_string());
    let witness = home.start(&["--log", &first, "--log", &second]);
    a.cosign(&witness, &home.keys(), 0, 1);
    b.cosign(&witness, &home.keys(), 0, 1);
    drop(witness);
    home.list(&[a.vkey()]);
    let said = home.refusal(&["--log", &first]);
    assert!(said.contains("given twice"), "{said}");
    fs::write(home.path("logs"), "nonsense\n").expect("a file");
    let said = home.refusal(&[]);
    assert!(said.contains("line 1 of the list of logs"), "{said}");
}

#[test]
fn ten_thousand_logs_are_nothing_special() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    let key = |n: u32| -> VerifierKey {
        let name = format!("log{n}.test").parse().expect("a name");
        NoteSigningKey::from_seed(name, &[7; 32]).verifier_key().clone()
    };
    let keys: Vec<_> = (0..10_000).map(key).collect();
    home.list(&keys.iter().chain([log.vkey()]).collect::<Vec<_>>());
    let began = Instant::now();
    let witness = home.start(&[]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    log.cosign(&witness, &home.keys(), 0, 5);
    let resident = witness.process.resident() >> 20;
    assert!(resident < 200, "{resident} MiB");
}
