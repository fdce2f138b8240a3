//! What stands between a monitor and a real server of Rekor v1's API: it passes answers on, or
//! alters them. It has no files.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use fasti_kit::http::Connection;
use serde_json::Value;

/// Makes another answer of one, by the path that was asked for.
type Alter = Box<dyn Fn(&str, Value) -> Given + Send>;

/// What is answered.
pub enum Given {
    Json(Value),
    /// A body that does not end.
    Endless,
}

/// A server in between.
pub struct Between {
    pub url: String,
    upstream: Arc<Mutex<SocketAddr>>,
    alter: Arc<Mutex<Alter>>,
}

impl Between {
    /// In front of the server at this URL.
    pub fn of(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let here = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = Arc::new(Mutex::new(address(url)));
        let alter: Arc<Mutex<Alter>> =
            Arc::new(Mutex::new(Box::new(|_, answer| Given::Json(answer))));
        let (to, with) = (upstream.clone(), alter.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (to, with) = (to.clone(), with.clone());
                // Whoever hangs up has enough.
                thread::spawn(move || drop(answer(&stream, &to, &with)));
            }
        });
        Self { url: here, upstream, alter }
    }

    /// Stands in front of another server from now on.
    pub fn turn_to(&self, url: &str) {
        *self.upstream.lock().expect("unpoisoned") = address(url);
    }

    /// Alters answers from now on.
    pub fn alter(&self, alter: impl Fn(&str, Value) -> Given + Send + 'static) {
        *self.alter.lock().expect("unpoisoned") = Box::new(alter);
    }

    /// Passes answers on as they are.
    pub fn pass_on(&self) {
        self.alter(|_, answer| Given::Json(answer));
    }
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("an address")
}

fn answer(
    stream: &TcpStream,
    upstream: &Mutex<SocketAddr>,
    alter: &Mutex<Alter>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut out = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let path = request.split(' ').nth(1).expect("a path").to_owned();
        if !path.starts_with("/api/v1/") {
            out.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        let to = *upstream.lock().expect("unpoisoned");
        let mut connection = Connection::open(to)?;
        let answer = if request.starts_with("POST") {
            connection.post_json(&path, &body)?
        } else {
            connection.get(&path)?
        };
        let said = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let given = alter.lock().expect("unpoisoned")(&path, said);
        let head = format!("HTTP/1.1 {} Status\r\n", answer.status);
        match given {
            Given::Json(json) => {
                let json = json.to_string();
                let length = json.len();
                out.write_all(format!("{head}content-length: {length}\r\n\r\n{json}").as_bytes())?;
            }
            Given::Endless => {
                out.write_all(format!("{head}connection: close\r\n\r\n[").as_bytes())?;
                loop {
                    out.write_all(&[b' '; 8 << 10])?;
                }
            }
        }
    }
}
