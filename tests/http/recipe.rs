//! The recipe for nginx in `starting.md`, tried with nginx where the machine has it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::skipped::skipped;
use fasti_kit::writer::{Home, Writer};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::wire::{Answer, ask};

const STARTING: &str = include_str!("../../src/docs/starting.md");
const PAGE: (&str, &str) = ("Origin", "https://ui.example");

/// The block of the document that contains these words.
fn block(words: &str) -> &'static str {
    let mut blocks = STARTING.split("```\n");
    blocks.find(|block| block.contains(words)).expect("the recipe has them")
}

/// An nginx that serves a log's directory by the recipe; stopped when dropped.
struct Nginx {
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Starts one, if nginx is installed.
    fn start(home: &Home, writer: &Writer) -> Option<Self> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        home.file("log-pages.conf", block("add_header Access-Control-Allow-Origin * always;"));
        let store = home.store().display().to_string();
        let served = block("include log-pages.conf;").replace("/srv/log", &store);
        let served = served.replace("127.0.0.1:3000", &writer.address.to_string());
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        let place = home.store().parent().expect("a directory").display().to_string();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|what| format!("{what}_temp_path {place}/{what};"));
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let configuration = home.file(
            "nginx.conf",
            &format!(
                "daemon off; pid {place}/pid; error_log stderr; {user} events {{}} http {{ access_log off; \
                 {} server {{ listen {address}; {served} }} }}",
                temporary.concat()
            ),
        );
        drop(free);
        let process = Command::new("nginx")
            .args(["-p", &place, "-e", "stderr", "-c", &configuration])
            .stderr(Stdio::null())
            .spawn();
        let nginx = Self { process: process.expect("it starts"), address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "nginx listens");
            thread::sleep(Duration::from_millis(20));
        }
        Some(nginx)
    }

    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        ask(self.address, method, path, fields, b"")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker ends with it.
        let id = Pid::from_child(&self.process);
        kill_process(id, Signal::TERM).expect("it is ours");
        drop(self.process.wait());
    }
}

#[test]
fn pages_read_what_nginx_serves() {
    let home = Home::new();
    let writer = home.start(&["--accept-opaque", "--no-lookup"]);
    assert_eq!(ask(writer.address, "POST", "/add", &[], b"an entry").status, 200);
    let Some(nginx) = Nginx::start(&home, &writer) else {
        skipped("the recipe for nginx, which is not installed");
        return;
    };
    let immutable = Some("public, max-age=31536000, immutable");
    for (path, fields, status, lifetime) in [
        ("/checkpoint", &[PAGE][..], 200, Some("no-cache")),
        ("/log.json", &[], 200, Some("no-cache")),
        ("/tile/0/000.p/1", &[PAGE], 200, immutable),
        ("/tile/0/000.p/1", &[PAGE, ("Range", "bytes=0-9")], 206, immutable),
        ("/tile/0/000", &[PAGE], 404, None),
    ] {
        let answer = nginx.ask("GET", path, fields);
        assert_eq!((answer.status, answer.field("cache-control")), (status, lifetime), "{path}");
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"), "{path}");
        let exposed = answer.field("access-control-expose-headers").expect("a list");
        assert!(exposed.contains("Content-Range") && exposed.contains("ETag"), "{exposed}");
    }
    for path in ["/checkpoint", "/tile/0/000.p/1", "/log.json"] {
        let asks = [PAGE, ("Access-Control-Request-Method", "GET")];
        let answer = nginx.ask("OPTIONS", path, &asks);
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.field("access-control-allow-methods"), Some("GET, HEAD"));
        let fields = answer.field("access-control-allow-headers").expect("a list");
        assert!(fields.contains("Range"), "{fields}");
    }
    for path in ["/_writer/log.key", "/_writer/lock"] {
        let answer = nginx.ask("GET", path, &[PAGE]);
        assert_eq!((answer.status, answer.field("access-control-allow-origin")), (404, None));
    }
    // Answers proxied from the writer have the writer's fields, once.
    let search = nginx.ask("GET", "/api/v1/log", &[PAGE]);
    assert_eq!((search.status, search.field("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(nginx.ask("POST", "/add", &[PAGE]).status, 403);
    assert_eq!(nginx.ask("POST", "/add", &[]).status, 200);
}
