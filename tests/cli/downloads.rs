//! Artifacts, signatures and keys at URLs, as `rekor-cli` takes them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use fasti_kit::certificates::{P256, Signer, pem};
use fasti_kit::made_log::MadeLog;
use fasti_kit::proposals::hashedrekord;
use sha2::{Digest as _, Sha256};

use crate::keys::generate;
use crate::monitoring::served::Served;
use crate::world::World;

const ARTIFACT: &[u8] = b"an artifact";

/// An artifact, its signature and its key behind a URL.
fn files() -> Served {
    let signer = Signer::of(P256);
    let mut files = MadeLog::default();
    files.objects.extend([
        ("artifact".to_owned(), ARTIFACT.to_vec()),
        ("artifact.sig".to_owned(), signer.sign(ARTIFACT)),
        ("signer.pub".to_owned(), pem("PUBLIC KEY", &signer.spki).into_bytes()),
        ("entry".to_owned(), hashedrekord(signer, b"another", None).to_string().into_bytes()),
    ]);
    Served::of(files)
}

/// A server that gives one answer to everything, until nobody reads it any more.
fn answering(head: &str, body: &'static [u8], is_endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            drop(stream.read(&mut request));
            let mut written = stream.write_all(&[head.as_bytes(), body].concat());
            while is_endless && written.is_ok() {
                written = stream.write_all(&[0; 8 << 10]);
            }
        }
    });
    url
}

#[test]
fn artifacts_signatures_and_keys_are_read_from_urls() {
    let (world, files) = (World::with_writer(&[]), files());
    let at = |name: &str| format!("{}/{name}", files.url);
    let (artifact, signature, key) = (at("artifact"), at("artifact.sig"), at("signer.pub"));
    let digest = hex::encode(Sha256::digest(ARTIFACT));
    let parts = ["--artifact", &artifact, "--signature", &signature, "--public-key", &key];
    let run = |verb: &str, more: &[&str]| {
        let ended = world.fasti(&[&[verb], &parts[..], more].concat());
        let shown = format!("{artifact}: {} bytes, sha256:{digest}", ARTIFACT.len());
        assert!(ended.stderr.contains(&shown), "{ended:?}");
        ended
    };
    for kind in ["rekord", "hashedrekord:0.0.1"] {
        let said = run("upload", &["--type", kind]).good();
        assert!(said.starts_with("Created entry at index"), "{said}");
        run("verify", &["--type", kind]).good();
    }
    run("upload", &[]).good();
    generate(&world, "p256", "me");
    let mine = ["upload", "--artifact", &artifact, "--private-key", "me.pem"];
    world.fasti(&mine).good();
    world.fasti(&["upload", "--entry", &at("entry")]).good();
    let said = world.fasti(&["search", "--artifact", &artifact, "--public-key", &key]).good();
    assert!(said.lines().count() > 3, "{said}");
    // What was read is nowhere afterwards.
    std::fs::create_dir(world.path("tmp")).expect("a directory");
    let tmp = world.path("tmp").display().to_string();
    let variables = [("FASTI_VKEY", world.vkey()), ("TMPDIR", &tmp)];
    world.fasti_with(&variables, &mine).good();
    assert_eq!(std::fs::read_dir(world.path("tmp")).expect("a directory").count(), 0);

    // With a digest, it must be that; for a file too.
    run("upload", &["--artifact-hash", &digest]).good();
    let other = hex::encode(Sha256::digest("other"));
    run("upload", &["--artifact-hash", &other]).refused("as --artifact-hash says");
    world.write("artifact", "other");
    let file = ["upload", "--artifact", "artifact", "--artifact-hash", &digest];
    let file = [&file[..], &["--private-key", "me.pem"]].concat();
    world.fasti(&file).refused("artifact has the digest");
    // Who could have changed it on its way could not have kept the digest.
    let far = artifact.replace("127.0.0.1", "0.0.0.0");
    let far = ["upload", "--artifact", &far, "--private-key", "me.pem"];
    world.fasti(&far).broken("could be changed on its way");
    world.fasti(&[&far[..], &["--artifact-hash", &digest]].concat()).good();
    let key = key.replace("127.0.0.1", "0.0.0.0");
    let parts = ["--artifact", &artifact, "--signature", &signature, "--public-key", &key];
    let ended = world.fasti(&[&["upload"], &parts[..]].concat());
    ended.broken("could be changed on its way");
}

#[test]
fn what_a_server_answers_is_bounded_and_leads_nowhere_else() {
    let (world, files) = (World::new(), files());
    generate(&world, "p256", "me");
    let upload = |url: &str| {
        let of = ["upload", "--log", "http://127.0.0.1:1", "--private-key", "me.pem"];
        world.fasti(&[&of[..], &["--artifact", url]].concat())
    };
    upload(&format!("{}/nothing", files.url)).broken("404");
    upload("http://user:secret@127.0.0.1:1/a").broken("is not read");
    let elsewhere = format!("307 Elsewhere\r\nlocation: {}/artifact", files.url);
    upload(&answering(&elsewhere, b"", false)).broken("which is another origin");
    upload(&answering("200 OK\r\ncontent-encoding: gzip", b"x", false)).broken("gzip");
    upload(&answering("200 OK\r\ncontent-length: 100", b"cut off", false)).broken("no answer");
    let endless = answering("200 OK", b"", true);
    let of = ["upload", "--artifact", "me.pem", "--signature", "me.pem", "--public-key", &endless];
    let ended = world.fasti(&[&of[..], &["--log", "http://127.0.0.1:1"]].concat());
    ended.broken("is longer than its limit of 4194304 bytes");
}
