//! Cosignatures of both kinds, with the time; and which keys are accepted.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use fasti_kit::cli::Ended;
use fasti_kit::process::program;
use tiles_spec::witness::AddCheckpoint;
use tiles_spec::{NoteSigningKey, VerifierKey, cosignature_time};

use crate::home::Home;
use crate::made::Log;

#[test]
fn each_key_makes_a_line_with_the_time() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    let lines = log.cosign(&witness, &home.keys(), 0, 5);
    let made: Vec<_> =
        home.keys().iter().map(|key| lines.iter().any(|one| key.made(one))).collect();
    assert_eq!(made, [true, true]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    for line in &lines {
        let time = cosignature_time(line).expect("a cosignature");
        assert!(now.abs_diff(time) < 60, "{time} is not about {now}");
    }
    // One key alone.
    drop(witness);
    let path = home.path("ml-dsa.key").display().to_string();
    let witness = home.start(&["--key", &path]);
    let lines = log.cosign(&witness, &home.keys(), 5, 6);
    assert_eq!(lines.len(), 1);
    assert!(home.keys()[1].made(&lines[0]));
}

#[test]
fn extension_lines_are_cosigned_by_the_key_that_covers_them() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    let text = format!("{}an extension\n", log.text(log.head(3)));
    let request = AddCheckpoint { checkpoint: log.sign(&text), ..log.request(0, 3) };
    let answer = witness.post("/add-checkpoint", &request.to_bytes());
    assert_eq!(answer.status, 200);
    let lines = tiles_spec::witness::open_cosignatures(&text, &answer.body, &home.keys()).unwrap();
    assert_eq!(lines.len(), 1);
    assert!(home.keys()[0].made(&lines[0]));
    drop(witness);
    let path = home.path("ml-dsa.key").display().to_string();
    let witness = home.start(&["--key", &path]);
    let again = AddCheckpoint { old: log.head(3).size, ..request };
    let answer = witness.post("/add-checkpoint", &again.to_bytes());
    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
}

#[test]
fn keys_are_made_by_keygen_and_no_others_are_accepted() {
    let home = Home::new();
    let file = |name: &str| home.path(name).display().to_string();
    let keygen = |out: &str, flags: &[&str]| {
        let mut command = Command::new(program("fasti"));
        command.args(["keygen", "--origin", "made.test/w", "--out", &file(out)]).args(flags);
        Ended::of(command)
    };
    let vkey = |ended: Ended| -> VerifierKey { ended.good().trim().parse().expect("a key") };
    let ed25519 = vkey(keygen("made.key", &["--witness"]));
    let ml_dsa = vkey(keygen("made-ml-dsa.key", &["--witness", "--algorithm", "ml-dsa-44"]));
    assert!(ed25519.public_key().cosigns() && ml_dsa.public_key().cosigns());
    keygen("no.key", &["--witness", "--algorithm", "ecdsa-p256"]).broken("ecdsa-p256");
    home.secret("password", "a password\n");
    let password = file("password");
    let with_password = ["--witness", "--password-file", &password];
    let encrypted = vkey(keygen("encrypted.key", &with_password));

    let log = Log::new("log.test");
    home.list(&[log.vkey()]);
    let both = ["--key", &file("made.key"), "--key", &file("made-ml-dsa.key")];
    let witness = home.start(&both);
    assert_eq!(log.cosign(&witness, &[ed25519, ml_dsa], 0, 2).len(), 2);
    drop(witness);
    // In PEM, the name is the operator's, and so is the password.
    let pem = ["--key", &file("encrypted.key"), "--key-password-file", &password];
    let refusal = home.refusal(&pem);
    assert!(refusal.contains("--name"), "{refusal}");
    let second = file("made.key");
    let named = [&pem[..], &["--name", "made.test/w", "--key", &second]].concat();
    let witness = home.start(&named);
    assert_eq!(log.cosign(&witness, &[encrypted], 2, 3).len(), 1);
    drop(witness);

    let refused = |flags: &[&str], words: &str| {
        let said = home.refusal(flags);
        assert!(said.contains(words), "{said}");
    };
    let of_log = NoteSigningKey::from_seed("log.test".parse().unwrap(), &[1; 32]);
    home.secret("log.key", &of_log.to_private_string());
    refused(&["--key", &file("log.key")], "is a log's");
    refused(&["--key", &file("made.key"), "--key", &file("made.key")], "are the same");
    refused(&["--key", &file("made.key"), "--name", "other.test"], "not to \"other.test\"");
    refused(&["--key", &file("nowhere.key")], "nowhere.key");
    fs::set_permissions(home.path("made.key"), Permissions::from_mode(0o644)).expect("it is ours");
    refused(&["--key", &file("made.key")], "can be read by others");
}
