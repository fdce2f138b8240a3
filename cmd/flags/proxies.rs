//! The flags for proxies in front of a server.

use clap::{Args, ValueEnum};
use fasti::admit::{Network, Proxies, ProxyHeader};

/// Proxies in front of a server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Proxies")]
pub struct ProxyFlags {
    /// Networks of proxies trusted to name the client they forward for: ADDRESS/BITS,...
    #[arg(long, env = "FASTI_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// The header in which those proxies name the client.
    #[arg(long, env = "FASTI_PROXY_HEADER", default_value = "x-forwarded-for")]
    pub proxy_header: ProxyHeaderFlag,
}

/// See [`ProxyHeader`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ProxyHeaderFlag {
    /// X-Forwarded-For, where each proxy appends an address on the right.
    XForwardedFor,
    /// Forwarded, as defined in RFC 7239.
    Forwarded,
}

impl ProxyFlags {
    /// The proxies that the flags name.
    pub fn proxies(&self) -> Proxies {
        Proxies {
            networks: self.trusted_proxies.clone(),
            header: match self.proxy_header {
                ProxyHeaderFlag::XForwardedFor => ProxyHeader::XForwardedFor,
                ProxyHeaderFlag::Forwarded => ProxyHeader::Forwarded,
            },
        }
    }
}
