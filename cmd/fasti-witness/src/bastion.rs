//! A bastion through which the witness is reached.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use fasti::admit::{Proxies, ProxyHeader};
use fasti::clock::SystemClock;
use fasti::metrics::HttpMetrics;
use fasti::serve::{Limits, Pools, Server, ServerParts};
use fasti::signer::{BastionKey, Password};
use fasti::witness::{Bastion, WitnessService};

/// The flags for a bastion.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Bastion")]
pub struct BastionFlags {
    /// Be reached through this bastion (C2SP https-bastion), to which the witness connects.
    #[arg(
        id = "bastion",
        long = "bastion",
        env = "FASTI_BASTION",
        value_name = "HOST[:PORT]",
        requires = "bastion_key"
    )]
    pub place: Option<String>,

    /// The key that the bastion knows this witness by: Ed25519, in PEM, and none of --key.
    #[arg(
        id = "bastion_key",
        long = "bastion-key",
        env = "FASTI_BASTION_KEY",
        value_name = "FILE",
        requires = "bastion"
    )]
    pub key: Option<PathBuf>,

    /// A PEM file of the CA certificates to trust for the bastion [default: the system's].
    #[arg(
        id = "bastion_ca",
        long = "bastion-ca",
        env = "FASTI_BASTION_CA",
        value_name = "FILE",
        requires = "bastion"
    )]
    pub authorities: Option<PathBuf>,
}

/// Opens the bastion that the flags name; what is returned serves it forever.
pub fn open(
    flags: &BastionFlags,
    password: Option<&Password>,
    service: &WitnessService,
    pools: &Pools,
    metrics: &HttpMetrics,
) -> anyhow::Result<Option<impl Future<Output = ()> + Send + use<>>> {
    let BastionFlags { place: Some(place), key: Some(path), authorities } = flags else {
        return Ok(None);
    };
    let key = BastionKey::open(path, password);
    let key = key.context("--bastion-key")?;
    let own = service.witness().keys().verifier_keys().iter();
    let is_own = own.map(|key| key.public_key().material()).any(|own| own == key.public_key());
    ensure!(!is_own, "--bastion-key names a key that cosigns; use another one");
    let authorities = authorities
        .as_ref()
        .map(|path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display())));
    let bastion = Bastion::new(place, key, authorities.transpose()?.as_deref());
    let bastion = bastion.context("--bastion")?;
    tracing::info!("through the bastion {place}, this witness is below {}", bastion.path());
    let (service, pools, metrics) = (service.clone(), pools.clone(), metrics.clone());
    let server = move |address: IpAddr| {
        // Its word on who its clients are is trusted, and nobody else's.
        let networks = address.to_string().parse().into_iter().collect();
        let proxies = Proxies { networks, header: ProxyHeader::XForwardedFor };
        let (limits, pools, metrics) = (Limits::default(), pools.clone(), metrics.clone());
        let parts = ServerParts { limits, pools, metrics, tls: None };
        Server::new(service.behind(proxies), parts)
    };
    Ok(Some(async move { bastion.serve(server, &SystemClock).await }))
}
