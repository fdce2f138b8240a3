//! A full disk: a writer on a file system of 8 MiB accepts entries until it is full, says so, and
//! continues when there is space again, with everything it has acknowledged.
//!
//! The file system is a tmpfs in its own mount namespace, which any user can create where user
//! namespaces are allowed; elsewhere the test is skipped with a message.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fasti_kit::http::Connection;
use fasti_kit::published;
use fasti_kit::seeded::Seeded;
use fasti_kit::skipped::skipped;

use crate::writer::{self, ORIGIN, verifier_key};

/// Reserved space, released to make room.
const BALLAST_BYTES: usize = 5 << 20;

#[test]
fn a_full_disk_is_refused_and_survived() {
    // The disk fills at another write each time.
    for n in 0..24 {
        let Some(disk) = SmallDisk::mount() else {
            skipped("no user namespace with a tmpfs can be made here");
            return;
        };
        fill_and_make_room(&disk.path, BALLAST_BYTES + n * 10_000);
    }
}

fn fill_and_make_room(disk: &Path, ballast_bytes: usize) {
    let (store, ballast) = (disk.join("log"), disk.join("ballast"));
    std::fs::write(&ballast, vec![7; ballast_bytes]).expect("there is room");

    let mut acknowledged = Vec::new();
    let mut writer = writer::start(&store, &[]);
    let address = writer.expect_address();
    let status = fill(&mut Connection::open(address).expect("connects"), &mut acknowledged);
    assert!(matches!(status, None | Some(503)), "{status:?}");
    let said = writer.wait();
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
    println!("full after {} entries: {}", acknowledged.len(), said.stderr.trim_end());
    assert!(acknowledged.len() > 10, "there was room for some");

    // There may be space for a start, but not for more.
    let mut writer = writer::start(&store, &[]);
    if let Ok(address) = writer.address() {
        fill(&mut Connection::open(address).expect("connects"), &mut acknowledged);
    }
    let said = writer.wait();
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);

    std::fs::remove_file(&ballast).expect("removed");
    let mut writer = writer::start(&store, &[]);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    for n in 0..5 {
        acknowledged
            .push(submit(&mut connection, format!("afterwards {n}").into()).expect("taken"));
    }
    writer.stop();

    let read = |path: &str| std::fs::read(store.join(path)).ok();
    let published = published::verify(&read, ORIGIN, &verifier_key(&store.join("_writer/log.key")));
    for (entry, index) in acknowledged {
        assert_eq!(published.entries[index], entry, "acknowledged at {index}");
    }
}

/// Submits large entries until one is not accepted, and returns the status it got.
fn fill(connection: &mut Connection, acknowledged: &mut Vec<(Vec<u8>, usize)>) -> Option<u16> {
    let mut random = Seeded::new(8);
    loop {
        let entry: Vec<u8> = (0..10_000).map(|_| random.next().to_be_bytes()[0]).collect();
        match submit(connection, entry) {
            Ok(taken) => acknowledged.push(taken),
            Err(status) => return status,
        }
    }
}

fn submit(connection: &mut Connection, entry: Vec<u8>) -> Result<(Vec<u8>, usize), Option<u16>> {
    let answer = connection.post("/add", &entry).map_err(|_| None)?;
    if answer.status != 200 {
        return Err(Some(answer.status));
    }
    let index = String::from_utf8(answer.body).expect("text");
    Ok((entry, index.trim().parse().expect("an index")))
}

/// A small file system that exists as long as the process that holds it.
struct SmallDisk {
    holder: Child,
    path: PathBuf,
    _mount_point: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let mount_point = tempfile::tempdir().expect("a directory");
        let script = "mount -t tmpfs -o size=8m none \"$1\" && echo mounted && exec cat";
        let mut holder = Command::new("unshare")
            .args(["-rm", "sh", "-c", script, "sh"])
            .arg(mount_point.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let stdout = holder.stdout.as_mut().expect("is piped");
        BufReader::new(stdout).read_line(&mut line).ok()?;
        let root = Path::new("/proc").join(holder.id().to_string()).join("root");
        let inside = mount_point.path().strip_prefix("/").expect("an absolute path");
        let disk = Self { holder, path: root.join(inside), _mount_point: mount_point };
        let is_there = line == "mounted\n" && std::fs::write(disk.path.join("probe"), "").is_ok();
        is_there.then_some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
