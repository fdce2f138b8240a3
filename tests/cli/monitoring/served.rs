//! A made-up log behind a URL, which shows whatever it is told to, and a webhook that is up or
//! down.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fasti_kit::made_log::{self, MadeLog};

/// A log over HTTP.
pub struct Served {
    pub url: String,
    pub log: Arc<Mutex<MadeLog>>,
    /// The file that is never answered.
    stuck: Arc<Mutex<Option<String>>>,
}

impl Served {
    pub fn of(log: MadeLog) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (log, stuck) = (Arc::new(Mutex::new(log)), Arc::new(Mutex::new(None)));
        let (shown, is_stuck) = (log.clone(), stuck.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, stuck) = (shown.clone(), is_stuck.clone());
                // Whoever hangs up has enough.
                thread::spawn(move || drop(answer(&stream, &log, &stuck)));
            }
        });
        Self { url, log, stuck }
    }

    pub fn show(&self, log: MadeLog) {
        *self.log.lock().expect("unpoisoned") = log;
    }

    pub fn get_stuck_at(&self, path: Option<&str>) {
        *self.stuck.lock().expect("unpoisoned") = path.map(str::to_owned);
    }

    pub fn vkey() -> String {
        made_log::signing_key(made_log::ORIGIN).verifier_key().to_string()
    }
}

fn answer(
    stream: &TcpStream,
    log: &Mutex<MadeLog>,
    stuck: &Mutex<Option<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        while *stuck.lock().expect("unpoisoned") == Some(path.clone()) {
            thread::sleep(Duration::from_millis(20));
        }
        let found = log.lock().expect("unpoisoned").objects.get(&path).cloned();
        let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        let mut stream = stream;
        stream.write_all(&[head.as_bytes(), &body].concat())?;
    }
    Ok(())
}

/// What a webhook was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The head, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

/// A webhook.
pub struct Hook {
    pub url: String,
    status: Arc<Mutex<&'static str>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Hook {
    /// Answers with this status.
    pub fn answering(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (status, sent) = (Arc::new(Mutex::new(status)), Arc::new(Mutex::new(Vec::new())));
        let (says, takes) = (status.clone(), sent.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let status = *says.lock().expect("unpoisoned");
                takes.lock().expect("unpoisoned").push(take(&stream, status));
            }
        });
        Self { url, status, sent }
    }

    pub fn answer(&self, status: &'static str) {
        *self.status.lock().expect("unpoisoned") = status;
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("unpoisoned").clone()
    }
}

fn take(mut stream: &TcpStream, status: &str) -> Sent {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).expect("a line") > 2 {}
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|it| it.split("\r\n").next());
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    reader.read_exact(&mut body).expect("a body");
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).expect("it takes the answer");
    Sent { head, body }
}
