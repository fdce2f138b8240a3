//! Key services for tests: AWS KMS and Google Cloud KMS over HTTP, with one key that really signs.
//!
//! They check what the real ones check: that requests are signed, or carry the issued token, and
//! that what is to be signed has the form required by the key. Faults apply to requests for
//! signatures, in the order in which they were set.

mod aws;
mod gcp;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::Signer as _;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::EncodePublicKey as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub use aws::Account;
pub use gcp::{KEY_NAME, service_account};

/// What happens to a request for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too many requests.
    Throttled,
    /// An error at the service.
    Broken,
    /// Not permitted.
    Denied,
    /// No answer in time.
    Silent,
    /// A signature of something else.
    WrongSignature,
    /// Signature and checksum differ.
    WrongChecksum,
    /// The checksum of the request is not confirmed.
    Unconfirmed,
}

/// The key.
pub enum Key {
    P256(Box<p256::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// A key that no log can have.
    Other,
}

impl Key {
    pub fn p256(seed: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]);
        Self::P256(Box::new(key.expect("a scalar")))
    }

    pub fn ed25519(seed: u8) -> Self {
        Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&[seed; 32])))
    }

    fn spki(&self) -> Vec<u8> {
        let spki = match self {
            Self::P256(key) => p256::PublicKey::from(key.verifying_key()).to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
            Self::Other => return vec![0x30, 0],
        };
        spki.expect("it has one").into_vec()
    }

    /// Signs a digest or a text, as the key's kind requires.
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(message).expect("it signs");
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::Other => panic!("such a key does not sign"),
        }
    }
}

/// The protocol of a service.
enum Protocol {
    Aws(Account),
    Gcp,
}

struct Desk {
    protocol: Protocol,
    key: Key,
    faults: Mutex<VecDeque<Fault>>,
    signed: Mutex<usize>,
    refused: Mutex<Vec<String>>,
}

impl Desk {
    fn next_fault(&self) -> Option<Fault> {
        self.faults.lock().expect("not poisoned").pop_front()
    }

    /// Signs and counts the signature, or signs something else if the fault says so.
    fn sign(&self, message: &[u8], fault: Option<Fault>) -> Vec<u8> {
        *self.signed.lock().expect("not poisoned") += 1;
        let mut message = message.to_vec();
        if fault == Some(Fault::WrongSignature) {
            message[0] ^= 1;
        }
        self.key.sign(&message)
    }

    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        match &self.protocol {
            Protocol::Aws(account) => aws::answer(self, account, request).await,
            Protocol::Gcp => gcp::answer(self, request).await,
        }
    }

    /// Records why a request was improper.
    fn complain(&self, reason: &str) {
        self.refused.lock().expect("not poisoned").push(reason.to_owned());
    }
}

/// A running service. Dropping it stops it.
pub struct KeyService {
    address: SocketAddr,
    desk: Arc<Desk>,
    _runtime: Runtime,
}

impl KeyService {
    pub fn aws(account: Account, key: Key) -> Self {
        Self::start(Protocol::Aws(account), key)
    }

    pub fn gcp(key: Key) -> Self {
        Self::start(Protocol::Gcp, key)
    }

    fn start(protocol: Protocol, key: Key) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (faults, signed, refused) = Default::default();
        let desk = Arc::new(Desk { protocol, key, faults, signed, refused });
        runtime.spawn(accept(listener, desk.clone()));
        Self { address, desk, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next requests for signatures meet these faults.
    pub fn order(&self, faults: impl IntoIterator<Item = Fault>) {
        self.desk.faults.lock().expect("not poisoned").extend(faults);
    }

    /// Cancels the faults that have not happened yet.
    pub fn heal(&self) {
        self.desk.faults.lock().expect("not poisoned").clear();
    }

    /// The number of faults that have not happened yet.
    pub fn ordered(&self) -> usize {
        self.desk.faults.lock().expect("not poisoned").len()
    }

    /// How often it has signed.
    pub fn signed(&self) -> usize {
        *self.desk.signed.lock().expect("not poisoned")
    }
}

impl Drop for KeyService {
    fn drop(&mut self) {
        let refused = self.desk.refused.lock().expect("not poisoned");
        assert!(std::thread::panicking() || refused.is_empty(), "improper requests: {refused:?}");
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = desk.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(http_body_util::Collected::to_bytes);
                let request = Request::from_parts(head, body.unwrap_or_default());
                Ok::<_, Infallible>(desk.answer(request).await.map(Full::new))
            });
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// Waits longer than any writer waits for an answer.
async fn silence() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

fn json(status: u16, content_type: &str, body: &serde_json::Value) -> Response<Bytes> {
    let answer = Response::builder().status(status).header("content-type", content_type);
    answer.body(body.to_string().into()).expect("an answer")
}
