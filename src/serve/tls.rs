//! TLS: the server's certificate and key, and their renewal while it runs.
//!
//! Versions 1.2 and 1.3, with HTTP/2 and HTTP/1.1 by ALPN. The certificate and key are read
//! together, and only a matching pair is used. If the two do not match, perhaps because the second
//! file has yet to be written, the old pair stays in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use fasti_x509::X509;
use fasti_x509::pem::{PemError, blocks};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::metrics::HttpMetrics;

/// The reason if a file can be read but lacks what is expected.
const NO_BLOCK: &str = "the file has no such PEM block";

/// How often to check the files for changes.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file does not contain the expected PEM.
    #[error("{path} holds no {expected} in PEM: {reason}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What was found instead.
        reason: String,
    },
    /// The certificate and key do not match, or are of a kind that TLS does not use.
    #[error("{cert} and {key} cannot be used together")]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// The paths of the certificate and key.
#[derive(Debug, Clone)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

/// The content of the files, with a digest to tell whether it has changed.
struct Pair {
    cert: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    digest: [u8; 32],
}

impl Files {
    fn read(&self) -> Result<Pair, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
        };
        let (cert, key) = (read(&self.cert)?, zeroize::Zeroizing::new(read(&self.key)?));
        let digest = [Sha256::digest(&cert), Sha256::digest(&*key)].concat();
        Ok(Pair { digest: Sha256::digest(digest).into(), cert, key })
    }

    fn parse(&self, pair: &Pair, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let no = |path: &Path, expected, reason: &str| TlsError::Pem {
            path: path.to_owned(),
            expected,
            reason: reason.to_owned(),
        };
        let chain = certificates(&pair.cert).map_err(|error| error.to_string());
        let chain = chain
            .and_then(|chain| if chain.is_empty() { Err(NO_BLOCK.to_owned()) } else { Ok(chain) });
        let chain = chain.map_err(|reason| no(&self.cert, "certificate", &reason))?;
        let key = private_key(&pair.key).map_err(|error| error.to_string());
        let key = key.and_then(|key| key.ok_or(NO_BLOCK.to_owned()));
        let expected = "private key (PKCS #8, SEC 1 or PKCS #1)";
        let key = key.map_err(|reason| no(&self.key, expected, &reason))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|source| {
            let Self { cert, key } = self.clone();
            TlsError::Pair { cert, key, source }
        })
    }
}

/// All certificates in a file.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let mut certificates = Vec::new();
    for block in blocks(text) {
        if block.label().ok_or(PemError::Label)? == "CERTIFICATE" {
            certificates.push(block.der()?.into());
        }
    }
    Ok(certificates)
}

/// When the server's own certificate expires, in seconds since 1970; 0 if it does not say so in a
/// way that can be read.
fn expiry(pair: &CertifiedKey) -> i64 {
    let own = pair.cert.first().and_then(|own| X509::from_der(own).ok());
    own.map_or(0, |own| own.not_after)
}

/// The first private key in a file.
fn private_key(text: &[u8]) -> Result<Option<PrivateKeyDer<'static>>, PemError> {
    for block in blocks(text) {
        let form: fn(Vec<u8>) -> PrivateKeyDer<'static> = match block.label() {
            Some("PRIVATE KEY") => |der| PrivatePkcs8KeyDer::from(der).into(),
            Some("EC PRIVATE KEY") => |der| PrivateSec1KeyDer::from(der).into(),
            Some("RSA PRIVATE KEY") => |der| PrivatePkcs1KeyDer::from(der).into(),
            _ => continue,
        };
        return block.der().map(form).map(Some);
    }
    Ok(None)
}

/// The pair in use.
#[derive(Debug)]
struct InUse(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for InUse {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The server's side of TLS.
pub struct Tls {
    files: Files,
    /// The digest of the pair that was looked at last.
    seen: Mutex<[u8; 32]>,
    provider: Arc<CryptoProvider>,
    in_use: Arc<InUse>,
    acceptor: TlsAcceptor,
    metrics: HttpMetrics,
}

impl Tls {
    /// Reads a certificate chain, the server's own certificate first, and its key.
    pub fn open(cert: PathBuf, key: PathBuf, metrics: HttpMetrics) -> Result<Self, TlsError> {
        let files = Files { cert, key };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pair = files.read()?;
        let in_use = files.parse(&pair, &provider)?;
        metrics.tls_expiry.set(expiry(&in_use));
        let in_use = Arc::new(InUse(RwLock::new(Arc::new(in_use))));
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(in_use.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let seen = Mutex::new(pair.digest);
        Ok(Self { files, seen, provider, in_use, acceptor, metrics })
    }

    /// Performs the handshake with a client.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Reloads the files when they have changed. Never returns.
    pub async fn keep_current(&self, clock: Arc<dyn Clock>) {
        loop {
            clock.sleep(LOOK_INTERVAL).await;
            self.look(false).await;
        }
    }

    /// Reloads the files now.
    pub async fn reload(&self) {
        self.look(true).await;
    }

    /// Checks the files once. A pair that was looked at before is parsed again only if it `must`
    /// be.
    async fn look(&self, must: bool) {
        let files = self.files.clone();
        let read = offload(move || files.read()).await;
        if let Err(error) = read.and_then(|pair| self.adopt(&pair, must)) {
            self.metrics.tls_reload_failures.inc();
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "cannot use the new certificate; keeping the old one");
        }
    }

    fn adopt(&self, pair: &Pair, must: bool) -> Result<(), TlsError> {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == pair.digest && !must {
                return Ok(());
            }
            *seen = pair.digest;
        }
        let new = Arc::new(self.files.parse(pair, &self.provider)?);
        self.metrics.tls_expiry.set(expiry(&new));
        *self.in_use.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.metrics.tls_reloads.inc();
        tracing::info!("loaded the certificate in {}", self.files.cert.display());
        Ok(())
    }
}
