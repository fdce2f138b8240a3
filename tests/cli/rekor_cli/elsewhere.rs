//! Servers that have Rekor v1's API and no tiles, as Rekor itself; and those that lie.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::made::{self, Made};
use crate::world::World;

/// How the answers are changed on the way.
type Change = fn(String) -> String;

/// Passes requests for Rekor v1's API on to the world's writer, one connection after another, and
/// answers all others 404. Returns its URL.
fn front(world: &World, change: Change) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let writer = world.url().strip_prefix("http://").expect("an http URL").to_owned();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let Some(request) = request(&mut stream) else { continue };
            let line = request.split("\r\n").next().unwrap_or_default();
            let answer = if line.contains(" /api/v1/") {
                change(pass_on(&writer, &request))
            } else {
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    .to_owned()
            };
            // The client may have gone.
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    url
}

/// A request with its body.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(length) if length > 0 => request.extend_from_slice(&piece[..length]),
            _ => return None,
        }
    }
}

/// The writer's answer, without the length of its body.
fn pass_on(writer: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(writer).expect("the writer listens");
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let lines =
        head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("content-length"));
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}

/// A writer, an entry that can be made, and a trusted root with the log's key.
fn world() -> (World, Made) {
    let world = World::with_writer(&[]);
    let made = made::signatures(&world).swap_remove(0);
    world.fasti(&["trusted-root", "--out", "root.json"]).good();
    (world, made)
}

const ROOT: [&str; 2] = ["--trusted-root", "root.json"];

#[test]
fn a_log_without_tiles_proves_by_what_it_signs() {
    let (world, made) = world();
    let url = front(&world, |answer| answer);
    let log = ["--log", &url];
    let fasti =
        |arguments: &[&str]| world.fasti_with(&[], &[arguments, &log[..], &ROOT[..]].concat());
    fasti(&made.command("verify")).refused("entry in log cannot be located");
    let said = fasti(&made.command("upload")).good();
    for words in [
        &format!("Created entry at index 0, available at: {url}/api/v1/log/entries/"),
        "signed with its key",
        "is entry 0 of the tree \"localhost - ",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let again = fasti(&made.command("upload")).good();
    assert!(again.starts_with("Entry already exists; available at: "), "{again}");
    let id = again.lines().next().and_then(|line| line.rsplit('/').next()).expect("an ID");
    for name in [["--uuid", id], ["--uuid", &id[16..]], ["--log-index", "0"]] {
        let said = fasti(&[&["get"], &name[..]].concat()).good();
        assert!(said.contains(&format!("\nUUID: {id}\n")), "{said}");
        assert!(said.contains("\nIntegratedTime: 20") && said.contains("RekordObj"), "{said}");
        let said = fasti(&[&["verify"], &name[..]].concat()).good();
        assert!(said.contains("Checkpoint:\nlocalhost - "), "{said}");
    }
    fasti(&made.command("verify")).good();
    fasti(&["get", "--uuid", &"ab".repeat(32)]).refused("no such entry");

    // The log's own key is enough, and a warning says what could not be done.
    let ended = world.fasti(&[&["get", "--uuid", id][..], &log].concat());
    assert!(ended.stderr.contains("was not compared with an earlier one"), "{}", ended.stderr);
    ended.good();
    let other = World::of("other.example", 3);
    world.write("other.json", other.fasti(&["trusted-root"]).good());
    let unknown = ["get", "--uuid", id, "--trusted-root", "other.json"];
    world.fasti_with(&[], &[&unknown[..], &log].concat()).refused("trusted: other.example");
}

#[test]
fn answers_that_were_changed_are_refused() {
    let (world, made) = world();
    world.fasti(&made.command("upload")).good();
    let changes: [(Change, &str); 6] = [
        (|answer| answer.replace("\"integratedTime\":1", "\"integratedTime\":2"), "promise"),
        (
            |answer| answer.replace("\"logIndex\":0,\"rootHash\"", "\"logIndex\":1,\"rootHash\""),
            "proof is not good",
        ),
        (|answer| answer.replace("\"treeSize\":1", "\"treeSize\":2"), "proof is not good"),
        (|answer| answer.replace("\"body\":\"eyJ", "\"body\":\"eyI"), "has the leaf hash"),
        (|answer| answer.replace(" 200 OK", " 418 I'm a teapot"), "refuses (418"),
        (|answer| answer.replace("localhost - ", "elsewhere - "), "not signed by any known key"),
    ];
    for (change, words) in changes {
        let url = front(&world, change);
        let by_index = ["get", "--log-index", "0", "--log", &url];
        let ended = world.fasti_with(&[], &[&by_index[..], &ROOT].concat());
        ended.refused(words);
    }
    let url = front(&world, |answer| answer);
    let index = ["verify", "--log-index", "9", "--log", &url];
    world.fasti_with(&[], &[&index[..], &ROOT].concat()).refused("cannot be located");
}
