//! Google Cloud KMS over REST, and the endpoint that issues tokens.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, checksum};
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::{Desk, Fault, Key, silence};

/// The version of the key.
pub const KEY_NAME: &str =
    "projects/tests/locations/europe/keyRings/logs/cryptoKeys/the-log/cryptoKeyVersions/1";
const TOKEN: &str = "a-token-of-the-tests";

/// A service account's key file that gets its tokens at `url`.
pub fn service_account(url: &str) -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("it has a form");
    let account = json!({
        "type": "service_account",
        "project_id": "tests",
        "private_key_id": "1",
        "private_key": pem("PRIVATE KEY", der.as_ref()),
        "client_email": "writer@tests.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": url,
        "token_uri": format!("{url}/token"),
        "auth_provider_x509_cert_url": url,
        "client_x509_cert_url": url,
    });
    account.to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII"));
    let lines: Vec<_> = lines.collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(super) async fn answer(desk: &Desk, request: Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path();
    if (request.method(), path) == (&Method::POST, "/token") {
        let form = String::from_utf8_lossy(request.body());
        if !form.contains("grant_type=") || form.matches('.').count() < 2 {
            desk.complain(&form);
        }
        let token = json!({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"});
        return ok(&token);
    }
    let authorization = request.headers().get("authorization");
    if authorization.is_none_or(|value| *value != format!("Bearer {TOKEN}")) {
        return error(401, "UNAUTHENTICATED", "no token");
    }
    let question: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    match (request.method(), path.strip_prefix("/v1/").and_then(|path| path.strip_prefix(KEY_NAME)))
    {
        (&Method::GET, Some("/publicKey")) => public_key(desk),
        (&Method::POST, Some(":asymmetricSign")) => sign(desk, &question).await,
        _ => error(404, "NOT_FOUND", "no such key"),
    }
}

fn public_key(desk: &Desk) -> Response<Bytes> {
    let pem = pem("PUBLIC KEY", &desk.key.spki());
    let algorithm = match desk.key {
        Key::P256(_) => "EC_SIGN_P256_SHA256",
        Key::Ed25519(_) => "EC_SIGN_ED25519",
        Key::Other => "RSA_SIGN_PSS_2048_SHA256",
    };
    ok(&json!({
        "pem": pem,
        "algorithm": algorithm,
        "pemCrc32c": crc32c(pem.as_bytes()),
        "name": KEY_NAME,
        "protectionLevel": "SOFTWARE",
    }))
}

async fn sign(desk: &Desk, question: &Value) -> Response<Bytes> {
    let fault = desk.next_fault();
    match fault {
        Some(Fault::Throttled) => return error(429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
        Some(Fault::Broken) => return error(503, "UNAVAILABLE", "try again"),
        Some(Fault::Denied) => {
            let permission = "Permission 'cloudkms.cryptoKeyVersions.useToSign' denied";
            return error(403, "PERMISSION_DENIED", permission);
        }
        Some(Fault::Silent) => silence().await,
        _ => {}
    }
    let (message, sum, confirmed) = match desk.key {
        Key::P256(_) => {
            (&question["digest"]["sha256"], &question["digestCrc32c"], "verifiedDigestCrc32c")
        }
        _ => (&question["data"], &question["dataCrc32c"], "verifiedDataCrc32c"),
    };
    let message = STANDARD.decode(message.as_str().unwrap_or_default()).unwrap_or_default();
    if message.is_empty() || *sum != crc32c(&message) {
        desk.complain(&question.to_string());
        return error(400, "INVALID_ARGUMENT", "no digest, or not its checksum");
    }
    let signature = desk.sign(&message, fault);
    let checked = if fault == Some(Fault::WrongChecksum) { &signature[1..] } else { &signature };
    ok(&json!({
        "signature": STANDARD.encode(&signature),
        "signatureCrc32c": crc32c(checked),
        confirmed: fault != Some(Fault::Unconfirmed),
        "name": KEY_NAME,
        "protectionLevel": "SOFTWARE",
    }))
}

fn crc32c(bytes: &[u8]) -> String {
    checksum(CrcAlgorithm::Crc32Iscsi, bytes).to_string()
}

fn ok(body: &Value) -> Response<Bytes> {
    super::json(200, "application/json", body)
}

fn error(code: u16, status: &str, message: &str) -> Response<Bytes> {
    let body = json!({"error": {"code": code, "message": message, "status": status}});
    super::json(code, "application/json", &body)
}
