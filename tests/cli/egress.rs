//! Where the programs connect to: only to the named places, whatever a server answers and whatever
//! proxy the environment names.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fasti_buckets::{S3Options, S3Server};
use tokio::runtime::Runtime;

use crate::key_service::{Account, KEY_NAME, Key, KeyService, service_account};
use crate::world::World;

/// A server that gives one answer to everything, and remembers the requests.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers with this status and these fields.
    fn answering(head: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, head) = (listener.local_addr().expect("an address"), head.into());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        // Ends with the test process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let request = read_head(&stream);
                heard.lock().expect("unpoisoned").push(request);
                let answer =
                    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                drop((&stream).write_all(answer.as_bytes()));
            }
        });
        Self { address, asked }
    }

    /// Redirects every request there.
    fn redirecting(to: SocketAddr) -> Self {
        Self::answering(format!("307 Temporary Redirect\r\nlocation: http://{to}/elsewhere"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("unpoisoned").clone()
    }
}

fn read_head(stream: &TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A server that must never be contacted.
fn forbidden() -> Server {
    Server::answering("200 OK")
}

#[test]
fn a_reader_follows_no_redirect_to_another_place() {
    let (world, elsewhere) = (World::new(), forbidden());
    let log = Server::redirecting(elsewhere.address);
    let place = elsewhere.address.to_string();
    for verb in [&["loginfo"][..], &["fsck"], &["loginfo", "--writer", &log.url()]] {
        let ended =
            world.fasti_with(&[("FASTI_VKEY", world.vkey()), ("FASTI_LOG", &log.url())], verb);
        // Failures to reach a writer are part of the report about it.
        if verb.contains(&"--writer") { ended.refused(&place) } else { ended.broken(&place) }
    }
    assert!(log.asked().len() >= 3);
    assert_eq!(elsewhere.asked(), [""; 0]);
}

#[test]
fn a_reader_follows_a_redirect_within_the_place() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(["an entry".to_owned()]);
    // The writer is not the server that redirects to it, so this redirect is refused...
    let address = world.url().strip_prefix("http://").expect("a URL").to_owned();
    let log = Server::answering(format!("308 Moved\r\nlocation: http://{address}/checkpoint"));
    let variables = [("FASTI_VKEY", world.vkey()), ("FASTI_LOG", &log.url())];
    world.fasti_with(&variables, &["loginfo"]).broken("which is another origin");
    // ... and a server that redirects in circles is given up.
    let circle = Server::answering("307 Round\r\nlocation: /again");
    let variables = [("FASTI_VKEY", world.vkey()), ("FASTI_LOG", &circle.url())];
    world.fasti_with(&variables, &["loginfo"]).broken("307");
    let asked = circle.asked();
    assert!(asked.len() >= 4 && asked.iter().any(|head| head.contains("/again")), "{asked:?}");
    world.stop();
}

/// Elsewhere is only ever a public place, and https.
#[test]
fn a_redirect_that_may_lead_elsewhere_leads_to_no_private_place() {
    let (world, elsewhere) = (World::new(), forbidden());
    let port = elsewhere.address.port();
    for place in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "http://8.8.8.8/".to_owned(),
    ] {
        let log = Server::answering(format!("307 Temporary Redirect\r\nlocation: {place}"));
        let variables = [("FASTI_VKEY", world.vkey()), ("FASTI_LOG", &log.url())];
        let ended = world.fasti_with(&variables, &["loginfo", "--follow-redirects"]);
        ended.broken("which is not an https URL of a public place");
        world.fasti_with(&variables, &["loginfo"]).broken("which is another origin");
    }
    // A name that leads to this machine.
    let place = format!("https://localhost:{port}/");
    let log = Server::answering(format!("307 Temporary Redirect\r\nlocation: {place}"));
    let variables = [("FASTI_VKEY", world.vkey()), ("FASTI_LOG", &log.url())];
    let ended = world.fasti_with(&variables, &["loginfo", "--follow-redirects"]);
    ended.broken("localhost has no address that a redirect may lead to");
    assert_eq!(elsewhere.asked(), [""; 0]);
}

/// Both key services, and a store: credentials are sent to the named endpoint.
#[test]
fn credentials_follow_no_redirect() {
    let (world, elsewhere) = (World::new(), forbidden());
    let server = Server::redirecting(elsewhere.address);
    let url = server.url();
    let tokens = KeyService::gcp(Key::p256(7));
    world.write("account.json", service_account(&tokens.url()));
    let account = world.path("account.json").display().to_string();
    let google = format!("gcpkms://{KEY_NAME}");
    let amazon = Account::new("writer", "a secret of the tests");
    let key = ["--store", "log", "--kms-endpoint", &url, "--key"];
    let google = [&key[..], &[google.as_str()]].concat();
    world.start_refused(&[("GOOGLE_APPLICATION_CREDENTIALS", &account)], &google);
    world.start_refused(&amazon.variables(), &[&key[..], &["awskms:///alias/the-log"]].concat());
    let bucket = ["--store", "s3://log/log", "--store-endpoint", &url, "--key", "log.key"];
    let said = world.start_refused(&amazon.variables(), &bucket);
    assert!(said.contains("307"), "{said}");
    assert!(server.asked().len() >= 3, "{:?}", server.asked());
    assert_eq!(elsewhere.asked(), [""; 0]);
}

/// A proxy from the environment is not used for this machine, and never for requests that carry
/// credentials. AWS's own library respects it, and the variable that exempts hosts from it.
#[test]
fn no_proxy_is_taken_from_the_environment() {
    let proxy = forbidden();
    let url = proxy.url();
    let proxies =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let proxies = proxies.map(|name| (name, url.as_str()));

    let runtime = Runtime::new().expect("a runtime");
    let bucket = runtime.block_on(S3Server::start(S3Options::default())).expect("it listens");
    let account = Account::new("writer", "a secret of the tests");
    let (key_url, service) = (
        format!("awskms:///{}", account.key_id),
        KeyService::aws(account.clone(), Key::ed25519(7)),
    );
    let (bucket_url, kms_url) = (bucket.url(), service.url());
    let mut world = World::new();
    world.write("secret", "0123456789abcdef0123456789abcdef\n");
    let variables = [&proxies[..], &account.variables(), &[("NO_PROXY", "127.0.0.1")]].concat();
    let flags = [
        &["--store", "s3://log/log", "--store-endpoint", &bucket_url, "--accept-opaque"][..],
        &["--key", &key_url, "--kms-endpoint", &kms_url, "--peer-secret", "secret"],
    ];
    world.start_with(&variables, &flags.concat());
    world.add(["an entry".to_owned()]);
    world.stop();

    let mut world = World::new();
    let tokens = KeyService::gcp(Key::p256(7));
    world.write("account.json", service_account(&tokens.url()));
    let path = world.path("account.json").display().to_string();
    let variables = [&proxies[..], &[("GOOGLE_APPLICATION_CREDENTIALS", &path)]].concat();
    let (google, kms_url) = (format!("gcpkms://{KEY_NAME}"), tokens.url());
    let flags = ["--store", "log", "--accept-opaque", "--key", &google, "--kms-endpoint", &kms_url];
    world.start_with(&variables, &flags);
    world.add(["an entry".to_owned()]);
    let vkey = crate::key_services::vkey(&Key::p256(7));
    let variables = [&variables[..], &[("FASTI_VKEY", vkey.as_str())]].concat();
    world.fasti_with(&variables, &["fsck"]).good();
    world.stop();
    assert_eq!(proxy.asked(), [""; 0]);
}
