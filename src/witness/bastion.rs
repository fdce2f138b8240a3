//! Serves through a bastion, for a machine that nobody can reach (C2SP https-bastion).
//!
//! This side opens a TLS 1.3 connection, shows a certificate with its Ed25519 key, and then serves
//! HTTP/2 on it. The bastion is who knows the clients, and names them in `X-Forwarded-For`.
//!
//! Invariant: the bastion's certificate is verified as any server's. The connection is opened again
//! whenever it ends, after longer and longer pauses if it ends at once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fasti_seams::back_off::BackOff;
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_serve::{Server, Service};
use fasti_signer::BastionKey;
use futures::future::{Either, select};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ED25519};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tiles_spec::Hash;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, InvalidDnsNameError, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName,
};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

const ALPN: &[u8] = b"bastion/0";
/// How long opening a connection may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// The validity of a certificate, before and after the time it is made. Each connection gets one.
const VALIDITY: [Duration; 2] = [Duration::from_hours(1), Duration::from_hours(24)];
/// The pauses between attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];
/// A connection that lasted as long was a good one.
const GOOD_AFTER: Duration = Duration::from_mins(1);

/// A bastion, and the key with which to authenticate there.
pub struct Bastion {
    /// Host and port.
    place: String,
    name: ServerName<'static>,
    key: BastionKey,
    roots: Arc<RootCertStore>,
}

/// A bastion cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BastionError {
    /// Not a host and a port.
    #[error("{0:?} is not HOST or HOST:PORT")]
    Place(String),
    /// Not the name of a host.
    #[error("{host:?} is not the name of a host")]
    Name {
        /// The host.
        host: String,
        /// What is wrong with it.
        #[source]
        source: InvalidDnsNameError,
    },
    /// No certificates to trust.
    #[error("there are no certificates of authorities to trust")]
    NoRoots,
    /// It cannot be reached.
    #[error("cannot reach the bastion")]
    Reach(#[source] std::io::Error),
    /// It did not answer in time.
    #[error("the bastion did not answer in time")]
    Slow,
    /// No certificate can be made of the key.
    #[error("cannot make a certificate of the key")]
    Certificate(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl Bastion {
    /// The bastion at this host, with the port 443 unless it names one. `authorities` are PEM
    /// certificates to trust in place of the system's.
    pub fn new(
        place: &str,
        key: BastionKey,
        authorities: Option<&[u8]>,
    ) -> Result<Self, BastionError> {
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port),
            Some(_) => return Err(BastionError::Place(place.to_owned())),
            None => (place, "443"),
        };
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|source| BastionError::Name { host: host.to_owned(), source })?;
        let mut roots = RootCertStore::empty();
        if let Some(pem) = authorities {
            let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
            roots.add_parsable_certificates(certificates);
        } else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if roots.is_empty() {
            return Err(BastionError::NoRoots);
        }
        Ok(Self { place: format!("{host}:{port}"), name, key, roots: Arc::new(roots) })
    }

    /// The path under which the bastion's clients find this backend.
    pub fn path(&self) -> String {
        format!("/{}/", Hash::from(<[u8; 32]>::from(Sha256::digest(self.key.public_key()))))
    }

    /// Serves over one connection after the other, forever. `server` makes what serves a bastion at
    /// this address.
    pub async fn serve<S: Service>(
        &self,
        server: impl Fn(IpAddr) -> Arc<Server<S>>,
        clock: &dyn Clock,
    ) {
        let [first, longest] = PAUSES;
        let mut pauses = BackOff::new(first, longest);
        loop {
            let began = clock.now();
            match self.connect(clock).await {
                Ok((stream, address)) => {
                    tracing::info!(bastion = self.place, "connected to the bastion");
                    server(address).serve_opened(stream, address).await;
                    tracing::warn!(bastion = self.place, "the connection to the bastion has ended");
                }
                Err(error) => {
                    tracing::warn!(bastion = self.place, error = with_causes(&error), "no bastion");
                }
            }
            if clock.now().saturating_duration_since(began) >= GOOD_AFTER {
                pauses.reset();
            }
            pauses.wait(clock).await;
        }
    }

    async fn connect(
        &self,
        clock: &dyn Clock,
    ) -> Result<(TlsStream<TcpStream>, IpAddr), BastionError> {
        let connector = TlsConnector::from(Arc::new(self.config(clock.date())?));
        let connecting = async {
            let stream = TcpStream::connect(&self.place).await?;
            let address = stream.peer_addr()?.ip();
            stream.set_nodelay(true)?;
            Ok((connector.connect(self.name.clone(), stream).await?, address))
        };
        match select(std::pin::pin!(connecting), clock.sleep(CONNECT_TIME_MAX)).await {
            Either::Left((connected, _)) => connected.map_err(BastionError::Reach),
            Either::Right(_) => Err(BastionError::Slow),
        }
    }

    /// The settings of TLS, with a certificate that is valid now.
    fn config(&self, now: SystemTime) -> Result<ClientConfig, BastionError> {
        let key = PrivatePkcs8KeyDer::from(self.key.pkcs8().to_vec());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ED25519)?;
        let mut params = CertificateParams::default();
        let [before, after] = VALIDITY;
        params.not_before = (now - before).into();
        params.not_after = (now + after).into();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "witness");
        let certificate = params.self_signed(&pair)?.der().clone();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(self.roots.clone())
            .with_client_auth_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }
}
