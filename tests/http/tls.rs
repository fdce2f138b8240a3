//! HTTPS: both versions of HTTP, and certificates that change while the writer runs.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fasti_kit::certificates;
use fasti_kit::writer::{Home, Writer};
use rcgen::KeyPair;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::call::{Open, framed, runtime};
use crate::wire::{Wire, get};

/// A self-signed certificate for `localhost` and its key, in two files.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a new pair and returns the certificate.
    fn renew(&self) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        fs::write(self.path("key.pem"), key.serialize_pem()).expect("a file");
        self.certify(&key)
    }

    fn certify(&self, key: &KeyPair) -> CertificateDer<'static> {
        let certificate = certificates::server_with("localhost", key);
        fs::write(self.path("cert.pem"), certificate.pem()).expect("a file");
        certificate.der().clone()
    }

    fn flags(&self) -> [String; 4] {
        let path = |name| self.path(name).display().to_string();
        ["--tls-cert".into(), path("cert.pem"), "--tls-key".into(), path("key.pem")]
    }

    fn start(&self, home: &Home, more: &[&str]) -> Writer {
        let flags = self.flags();
        let flags: Vec<&str> =
            flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
        home.start(&flags)
    }
}

/// Connects, trusting only this certificate.
async fn connect(
    writer: &Writer,
    trusted: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
    alpn: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("the provider has it")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let stream = TcpStream::connect(writer.address).await.expect("the writer listens");
    let name = "localhost".try_into().expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Reports whether a connection that trusts this certificate is accepted; then it must be answered.
fn is_shown(writer: &Writer, certificate: &CertificateDer<'static>) -> bool {
    runtime().block_on(async {
        let Ok(mut stream) = connect(writer, certificate, &TLS13, "http/1.1").await else {
            return false;
        };
        let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.expect("it is sent");
        let mut answer = String::new();
        // The connection may end without a TLS close_notify.
        drop(stream.read_to_string(&mut answer).await);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        true
    })
}

#[track_caller]
fn comes_to_be_shown(writer: &Writer, certificate: &CertificateDer<'static>) {
    let shown = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        is_shown(writer, certificate)
    });
    assert!(shown, "{}", writer.home.said());
}

#[test]
fn both_versions_of_tls_and_of_http() {
    let files = Files::new();
    let certificate = files.renew();
    let writer = files.start(&Home::new(), &[]);
    runtime().block_on(async {
        for version in [&TLS12, &TLS13] {
            let mut stream =
                connect(&writer, &certificate, version, "http/1.1").await.expect("TLS");
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
            let mut start = [0; 15];
            stream.read_exact(&mut start).await.expect("an answer");
            assert_eq!(&start, b"HTTP/1.1 200 OK");

            let stream = connect(&writer, &certificate, version, "h2").await.expect("TLS");
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let check = "/grpc.health.v1.Health/Check";
            let mut call = Open::start(stream, check, "application/grpc", &framed(b"")).await;
            assert_eq!(call.message().await, Some(vec![8, 1]));
        }
        let stranger = Files::new().renew();
        assert!(connect(&writer, &stranger, &TLS13, "h2").await.is_err());
    });
    // Plain HTTP gets no answer.
    let mut wire = Wire::connect(writer.address);
    wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.is_closed();
}

#[test]
fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = Files::new();
    let first = files.renew();
    let writer = files.start(&Home::new(), &["--metrics-listen", "127.0.0.1:0"]);
    assert!(is_shown(&writer, &first));
    let second = files.renew();
    assert!(is_shown(&writer, &first), "nobody has looked yet");
    writer.hang_up();
    comes_to_be_shown(&writer, &second);
    assert!(!is_shown(&writer, &first));

    let count = |name: &str| {
        let metrics = get(writer.metrics.expect("an address"), "/metrics");
        let line = metrics.text().lines().find_map(|line| line.strip_prefix(name));
        line.expect("it is counted").trim().parse::<u64>().expect("a number")
    };
    let becomes = |name: &str, number: u64| {
        let is = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            count(name) == number
        });
        assert!(is, "{name} is {}, not {number}: {}", count(name), writer.home.said());
    };
    becomes("fasti_tls_reloads_total", 1);
    // A certificate for a key that is not there yet; then no PEM; then no file.
    files.certify(&KeyPair::generate().expect("a key"));
    writer.hang_up();
    becomes("fasti_tls_reload_failures_total", 1);
    fs::write(files.path("key.pem"), "no key").expect("a file");
    writer.hang_up();
    becomes("fasti_tls_reload_failures_total", 2);
    fs::remove_file(files.path("cert.pem")).expect("it was there");
    writer.hang_up();
    becomes("fasti_tls_reload_failures_total", 3);
    assert!(is_shown(&writer, &second), "the old pair stays");
    let third = files.renew();
    writer.hang_up();
    comes_to_be_shown(&writer, &third);
    assert!(writer.home.said().contains("cannot be used together"), "{}", writer.home.said());
}

#[test]
fn a_handshake_is_part_of_the_time_for_a_head() {
    let files = Files::new();
    files.renew();
    let writer = files.start(&Home::new(), &["--head-timeout-seconds", "1"]);
    // Nothing, the beginning of a handshake, and something else.
    for start in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x16\x03\x01"] {
        let mut wire = Wire::connect(writer.address);
        wire.send(start);
        wire.is_closed();
    }
}

#[test]
fn keys_in_their_older_forms() {
    for (name, pem) in [
        ("PKCS #8", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("SEC 1", &["ecparam", "-name", "prime256v1", "-genkey"]),
        ("PKCS #1", &["genrsa", "-traditional", "2048"]),
    ] {
        let files = Files::new();
        let key = std::process::Command::new("openssl").args(pem).output();
        let Ok(key) = key else { return };
        assert!(key.status.success(), "{name}: {}", String::from_utf8_lossy(&key.stderr));
        fs::write(files.path("key.pem"), &key.stdout).expect("a file");
        let certified = std::process::Command::new("openssl")
            .args(["req", "-x509", "-subj", "/CN=localhost", "-days", "1", "-key"])
            .arg(files.path("key.pem"))
            .args(["-addext", "subjectAltName=DNS:localhost", "-out"])
            .arg(files.path("cert.pem"))
            .output()
            .expect("openssl runs");
        assert!(
            certified.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&certified.stderr)
        );
        let writer = files.start(&Home::new(), &[]);
        drop(writer.stop());
    }
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start() {
    let (home, files) = (Home::new(), Files::new());
    let flags = files.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let refused = |words: &str| {
        let (code, said) = home.refusal(&flags);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    };
    refused("cannot read");
    files.renew();
    let key = fs::read(files.path("key.pem")).expect("a key");
    fs::write(files.path("key.pem"), "").expect("a file");
    refused("holds no private key (PKCS #8, SEC 1 or PKCS #1) in PEM");
    fs::write(files.path("key.pem"), key).expect("a file");
    files.certify(&KeyPair::generate().expect("a key"));
    refused("cannot be used together");
    fs::write(files.path("cert.pem"), "no certificate").expect("a file");
    refused("holds no certificate in PEM");
    let (code, said) = home.refusal(&flags[..2]);
    assert_eq!(code, Some(2), "{said}");
    assert!(!home.store().join("checkpoint").exists(), "a log was started");
}
