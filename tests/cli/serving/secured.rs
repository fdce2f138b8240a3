//! `fasti serve` over TLS, and what it says to gRPC calls.

use bytes::Bytes;
use fasti_kit::certificates;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rcgen::KeyPair;

use super::server::{Server, serve};
use crate::world::World;

/// A log with one entry, whose writer has stopped.
fn written() -> World {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add(["an entry".to_owned()]);
    world.stop();
    world
}

#[test]
fn tls_with_the_certificate_of_the_flags_alone() {
    let world = written();
    certify(&world, "server");
    certify(&world, "other");
    let server = serve(&world, "log", &["--tls-cert", "server.pem", "--tls-key", "server.key"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let trusting = |certificate: &str| {
        let trusted = world.path(certificate).display().to_string();
        let variables = [("SSL_CERT_FILE", trusted.as_str()), ("FASTI_VKEY", world.vkey())];
        world.fasti_with(&variables, &["get", "--log", &server.url, "--log-index", "0"])
    };
    let said = trusting("server.pem").good();
    assert!(said.contains("an entry"), "{said}");
    trusting("other.pem").broken("certificate");
    server.process.stop();

    world.fasti(&["serve", "--log", "log", "--tls-cert", "server.pem"]).broken("--tls-key");
}

/// Writes a new certificate for the address of servers, and its key.
fn certify(world: &World, name: &str) {
    let key = KeyPair::generate().expect("a key");
    world.write(&format!("{name}.pem"), certificates::server_with("127.0.0.1", &key).pem());
    world.write(&format!("{name}.key"), key.serialize_pem());
}

#[test]
fn grpc_calls_are_refused_but_for_health() {
    let world = written();
    let server = serve(&world, "log", &[]);
    let (code, message) = call(&server, "/dev.sigstore.rekor.v2.Rekor/CreateEntry");
    assert_eq!(code, 12, "{message}");
    assert!(message.starts_with("this%20server%20only%20reads"), "{message}");
    let healthy = call(&server, "/grpc.health.v1.Health/Check");
    assert_eq!(healthy, (0, String::new()));
    server.process.stop();
}

/// Sends one empty message, and returns the code and the message of the status.
fn call(server: &Server, path: &str) -> (u32, String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let request = Request::post(format!("http://{}{path}", server.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(Bytes::from_static(&[0; 5])))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        let mut headers = answer.headers().clone();
        let body = answer.into_body().collect().await.expect("a body");
        headers.extend(body.trailers().cloned().unwrap_or_default());
        let field = |name| headers.get(name).map(|value| value.to_str().expect("ASCII"));
        let code = field("grpc-status").expect("a status").parse().expect("a number");
        (code, field("grpc-message").unwrap_or_default().to_owned())
    })
}
