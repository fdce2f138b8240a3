//! AWS KMS: the JSON protocol, with checks of Signature Version 4.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Desk, Fault, Key, silence};

const REGION: &str = "eu-central-1";

/// The account that may use the service.
#[derive(Clone)]
pub struct Account {
    pub access_key: String,
    pub secret_key: String,
    /// The key's name at the service.
    pub key_id: String,
}

impl Account {
    pub fn new(access_key: &str, secret_key: &str) -> Self {
        let key_id = "alias/the-log".to_owned();
        Self { access_key: access_key.to_owned(), secret_key: secret_key.to_owned(), key_id }
    }

    /// The environment variables with which a writer uses this account.
    pub fn variables(&self) -> [(&str, &str); 3] {
        [
            ("AWS_ACCESS_KEY_ID", &self.access_key),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_key),
            ("AWS_REGION", REGION),
        ]
    }
}

pub(super) async fn answer(
    desk: &Desk,
    account: &Account,
    request: Request<Bytes>,
) -> Response<Bytes> {
    if let Err(reason) = check_signature(account, &request) {
        return error(400, "IncompleteSignatureException", reason);
    }
    let question: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    if question["KeyId"] != account.key_id.as_str() {
        return error(400, "NotFoundException", "Invalid keyId");
    }
    match request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()) {
        Some("TrentService.GetPublicKey") => public_key(desk),
        Some("TrentService.Sign") => sign(desk, &question).await,
        other => {
            desk.complain(&format!("target {other:?}"));
            error(400, "UnknownOperationException", "")
        }
    }
}

fn names(key: &Key) -> (&'static str, &'static str, &'static str) {
    match key {
        Key::P256(_) => ("ECC_NIST_P256", "ECDSA_SHA_256", "DIGEST"),
        Key::Ed25519(_) => ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "RAW"),
        Key::Other => ("RSA_2048", "RSASSA_PSS_SHA_256", "DIGEST"),
    }
}

fn public_key(desk: &Desk) -> Response<Bytes> {
    let (spec, algorithm, _) = names(&desk.key);
    ok(&json!({
        "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/1",
        "PublicKey": STANDARD.encode(desk.key.spki()),
        "KeySpec": spec,
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": [algorithm],
    }))
}

async fn sign(desk: &Desk, question: &Value) -> Response<Bytes> {
    let fault = desk.next_fault();
    match fault {
        Some(Fault::Throttled) => return error(400, "ThrottlingException", "Rate exceeded"),
        Some(Fault::Broken) => return error(500, "KMSInternalException", "try again"),
        Some(Fault::Denied) => {
            return error(400, "AccessDeniedException", "no permission for kms:Sign");
        }
        Some(Fault::Silent) => silence().await,
        _ => {}
    }
    let (_, algorithm, message_type) = names(&desk.key);
    let message = STANDARD.decode(question["Message"].as_str().unwrap_or_default());
    let message = message.unwrap_or_default();
    let is_proper = question["SigningAlgorithm"] == algorithm
        && question["MessageType"] == message_type
        && (message_type == "RAW" || message.len() == 32);
    if !is_proper {
        desk.complain(&question.to_string());
        return error(400, "ValidationException", "not for this key");
    }
    ok(&json!({
        "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/1",
        "Signature": STANDARD.encode(desk.sign(&message, fault)),
        "SigningAlgorithm": algorithm,
    }))
}

fn ok(body: &Value) -> Response<Bytes> {
    super::json(200, "application/x-amz-json-1.1", body)
}

fn error(status: u16, kind: &str, message: &str) -> Response<Bytes> {
    let body = json!({"__type": kind, "message": message});
    super::json(status, "application/x-amz-json-1.1", &body)
}

/// Checks AWS Signature Version 4: the request was signed with the account's secret.
fn check_signature(account: &Account, request: &Request<Bytes>) -> Result<(), &'static str> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.ok_or("a header is missing")
    };
    let authorization = header("authorization")?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| {
        let mut fields = fields.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)).ok_or("a field is missing")
    };
    let credential = field("Credential=")?;
    let (key, scope) = credential.split_once('/').ok_or("no scope")?;
    let [date, region, "kms", "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err("another scope");
    };
    if key != account.access_key || region != REGION {
        return Err("an unknown account or region");
    }
    let names = field("SignedHeaders=")?;
    let mut lines = vec![
        request.method().to_string(),
        request.uri().path().to_owned(),
        request.uri().query().unwrap_or_default().to_owned(),
    ];
    for name in names.split(';') {
        lines.push(format!("{name}:{}", header(name)?.trim()));
    }
    lines.extend([String::new(), names.to_owned(), hex::encode(Sha256::digest(request.body()))]);
    let time = header("x-amz-date")?;
    let digest = hex::encode(Sha256::digest(lines.join("\n")));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let mut secret = format!("AWS4{}", account.secret_key).into_bytes();
    for step in [date, region, "kms", "aws4_request"] {
        secret = mac(&secret, step);
    }
    let is_right = field("Signature=")? == hex::encode(mac(&secret, &to_sign));
    if is_right { Ok(()) } else { Err("the signature does not match") }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}
