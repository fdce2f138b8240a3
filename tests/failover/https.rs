//! Writers that reach each other over HTTPS, with a certificate of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fasti_kit::certificates;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::bucket::{Bucket, HASTY};
use crate::writer::Writer;

/// Sends a request over TLS and reads the whole answer.
fn ask(bucket: &Bucket, trusted: &CertificateDer<'static>, to: SocketAddr, head: &str) -> String {
    bucket.runtime.block_on(async {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(to).await.expect("the writer listens");
        let name = to.ip().into();
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let mut stream = connected.expect("TLS");
        let request = format!("{head}\r\nHost: log.test\r\nConnection: close\r\n\r\nan entry");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = Vec::new();
        // The connection may end without a TLS close_notify.
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8(answer).expect("UTF-8")
    })
}

#[test]
fn a_follower_forwards_over_https() {
    let bucket = Bucket::new();
    let (certificate, key) = certificates::server("127.0.0.1");
    std::fs::write(bucket.path("tls.pem"), certificate.pem()).expect("a file");
    std::fs::write(bucket.path("tls.key"), key.serialize_pem()).expect("a file");
    let start = |n| {
        let mut command = bucket.writer(n);
        command.arg("--tls-cert").arg(bucket.path("tls.pem"));
        command.arg("--tls-key").arg(bucket.path("tls.key"));
        command.arg("--peer-ca").arg(bucket.path("tls.pem")).args(HASTY);
        let mut writer = Writer::spawn(command);
        let address = writer.expect_address();
        (writer, address)
    };
    let (leader, follower) = (start(0), start(1));
    let ask = |to, head: &str| ask(&bucket, certificate.der(), to, head);
    let is = |to, role: &str| {
        let standing = ask(to, "GET /readyz HTTP/1.1");
        standing.contains(&format!("\"role\":\"{role}\""))
            && standing.contains(&format!("\"leader\":\"https://{}\"", leader.1))
    };
    let settled = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        is(leader.1, "leading") && is(follower.1, "following")
    });
    assert!(settled, "{}", ask(follower.1, "GET /readyz HTTP/1.1"));
    let answer = ask(follower.1, "POST /add HTTP/1.1\r\nContent-Length: 8");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n0\n"), "{answer}");
    assert!(is(follower.1, "following"), "the leader has answered for it");
    follower.0.stop();
    leader.0.stop();
    bucket.fsck();
}
