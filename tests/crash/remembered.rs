//! What the writer remembers outside the store, and where its key is: on machines that allow it,
//! and on machines that do not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fasti::signer::generate_key_file;
use fasti_kit::http::Connection;
use fasti_kit::skipped::skipped;

use crate::copying::run;
use crate::writer::{self, Ended, ORIGIN, Writer};

const NOTHING_REMEMBERS: &str = "nothing outside of the store remembers";

/// A writer on `log` in `home` with only these environment variables.
fn command(home: &Path, variables: &[(&str, &Path)], more: &[&str]) -> Command {
    let mut command = writer::command(ORIGIN, "127.0.0.1:0");
    command.envs(variables.iter().copied());
    command.arg("--store").arg(home.join("log")).args(more);
    command
}

/// Starts a writer, adds an entry and stops it. Returns what it said.
fn lives(command: Command, entry: &str) -> String {
    let mut writer = Writer::spawn(command);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    let answer = connection.post("/add", entry.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 200);
    writer.signal(rustix::process::Signal::TERM);
    let Ended { status, stderr } = writer.wait();
    assert!(status.success(), "{stderr}");
    stderr
}

fn refused(command: Command) -> String {
    let Err(Ended { status, stderr }) = Writer::spawn(command).address() else {
        panic!("the writer starts")
    };
    assert!([Some(1), Some(3)].contains(&status.code()), "{status}: {stderr}");
    stderr
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.expect("readable"));
    names.map(|entry| entry.file_name().into_string().expect("text")).collect()
}

#[test]
fn key_and_memory_lie_where_the_environment_says() {
    let home = tempfile::tempdir().expect("a directory");
    let at = |name: &str| home.path().join(name);
    let (user, xdg, service) = (at("user"), at("xdg"), at("service"));
    fs::create_dir(&user).expect("a directory");
    let all =
        [("HOME", &*user), ("XDG_STATE_HOME", &*xdg), ("STATE_DIRECTORY", &*service)].to_vec();
    for (n, state) in [user.join(".local/state/fasti"), xdg.join("fasti"), service.clone()]
        .into_iter()
        .enumerate()
    {
        let said = lives(command(home.path(), &all[..=n], &[]), "an entry");
        assert!(!said.contains(NOTHING_REMEMBERS), "{said}");
        let keys = names(&state.join("keys"));
        assert!(keys.len() == 1 && keys[0].starts_with("log.test_crash+"), "{keys:?}");
        assert_eq!(names(&state.join("memory")).len(), 1, "and nothing of the trial");
        assert!(!at("log/_writer/log.key").exists());
        // The key is found again, and is needed.
        lives(command(home.path(), &all[..=n], &[]), "another entry");
        fs::rename(state.join("keys"), state.join("lost")).expect("moved");
        let said = refused(command(home.path(), &all[..=n], &[]));
        let key = state.join("keys").join(&keys[0]).display().to_string();
        for words in ["there is a log here", &key, "_writer/log.key", "--key"] {
            assert!(said.contains(words), "{said}");
        }
        run(home.path(), "rm -r log");
    }
    let said = lives(command(home.path(), &all, &["--state-dir", "/proc/none"]), "an entry");
    assert!(
        said.contains(NOTHING_REMEMBERS) || said.contains("inside its own directory"),
        "{said}"
    );
}

#[test]
fn without_a_home_the_writer_does_its_work_and_says_what_is_missing() {
    let home = tempfile::tempdir().expect("a directory");
    let nowhere = PathBuf::from("/proc/nowhere");
    for variables in [&[][..], &[("HOME", &*nowhere)]] {
        for n in 0..2 {
            let said = lives(command(home.path(), variables, &[]), &format!("entry {n}"));
            assert!(said.contains("inside its own directory"), "at each start: {said}");
            assert!(said.contains("--state-dir"), "{said}");
        }
        assert!(home.path().join("log/_writer/log.key").exists());
        run(home.path(), "rm -r log");
    }
    // With a key outside the store, it is remembered next to the key, as in earlier releases.
    let key = home.path().join("log.key");
    generate_key_file(&key, &ORIGIN.parse().expect("an origin")).expect("a new key");
    let flags = ["--key", key.to_str().expect("text")];
    let said = lives(command(home.path(), &[], &flags), "an entry");
    assert!(said.contains("is remembered beside its key"), "{said}");
    assert!(home.path().join("log.key.signed").exists());
    // When a state directory is added later, that memory still counts.
    let state = home.path().join("state");
    run(home.path(), "rm -r log");
    let said = refused(command(home.path(), &[("XDG_STATE_HOME", &state)], &flags));
    assert!(said.contains("rolled back"), "{said}");
}

#[test]
fn a_state_directory_inside_the_store_is_warned_of() {
    let home = tempfile::tempdir().expect("a directory");
    let state = home.path().join("log/state");
    let said = lives(command(home.path(), &[("XDG_STATE_HOME", &state)], &[]), "an entry");
    assert!(said.contains("a copy of the directory includes it"), "{said}");
}

/// As Kubernetes mounts a secret: read-only, owned by root and the pod's group, through symbolic
/// links.
#[test]
fn a_key_on_a_read_only_mount_is_as_good_as_any() {
    let home = tempfile::tempdir().expect("a directory");
    let (mount, state) = (home.path().join("secret"), home.path().join("state"));
    fs::create_dir_all(mount.join("..data")).expect("a directory");
    let key = mount.join("..data/log.key");
    generate_key_file(&key, &ORIGIN.parse().expect("an origin")).expect("a new key");
    fs::set_permissions(&key, Permissions::from_mode(0o440)).expect("it is ours");
    std::os::unix::fs::symlink("..data/log.key", mount.join("log.key")).expect("a link");
    let read_only = |variables: &[(&str, &Path)]| {
        let path = mount.join("log.key").display().to_string();
        let writer = command(home.path(), variables, &["--key", &path]);
        let mut mounted = Command::new("unshare");
        mounted.args(["--mount", "--map-root-user", "sh", "-ec"]);
        mounted.arg("mount --bind \"$0\" \"$0\"; mount -o remount,bind,ro \"$0\"; exec \"$@\"");
        mounted.arg(&mount).arg(writer.get_program()).args(writer.get_args());
        mounted.env_clear().envs(variables.iter().copied());
        mounted.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        mounted
    };
    let can = Command::new("unshare").args(["--mount", "--map-root-user", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        skipped("a key on a read-only mount: mounts cannot be made here");
        return;
    }
    let variables = [("XDG_STATE_HOME", &*state)];
    for n in 0..2 {
        let said = lives(read_only(&variables), &format!("entry {n}"));
        assert!(!said.contains("remember"), "{said}");
    }
    assert_eq!(names(&state.join("fasti/memory")).len(), 1);
    for n in 2..4 {
        let said = lives(read_only(&[]), &format!("entry {n}"));
        assert!(said.contains(NOTHING_REMEMBERS) && said.contains("--state-dir"), "{said}");
    }
    assert!(!mount.join("log.key.signed").exists());
    // The next start with a state directory remembers what the earlier ones could not.
    lives(read_only(&variables), "entry 4");
}
