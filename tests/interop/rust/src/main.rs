//! Runs Sigstore's Rust crates against a running log: `sigstore-rekor` writes and reads,
//! `sigstore-sign` signs, and `sigstore-verify` verifies, and refuses what was altered.

mod alterations;
mod keyless;
mod latency;
mod own_key;
mod sigstore_rs;
mod v1;

use std::path::Path;

use anyhow::{Context as _, bail};
use sigstore_trust_root::TrustedRoot;

const USAGE: &str = "usage: interop-rust own-key URL TRUSTED-ROOT OTHER-TRUSTED-ROOT
       interop-rust keyless TRUST-CONFIG TOKEN OTHER-TRUSTED-ROOT
       interop-rust v1 TRUST-CONFIG TOKEN URL OTHER-TRUSTED-ROOT
       interop-rust sigstore-rs URL
       interop-rust latency URL";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["own-key", url, root, other] => own_key::run(url, &trust(root)?, &trust(other)?).await,
        ["keyless", config, token, other] => keyless::run(config, token, &trust(other)?).await,
        ["v1", config, token, url, other] => v1::run(config, token, url, &trust(other)?).await,
        ["sigstore-rs", url] => sigstore_rs::run(url).await,
        ["latency", url] => latency::run(url).await,
        _ => bail!(USAGE),
    }
}

fn trust(path: impl AsRef<Path>) -> anyhow::Result<TrustedRoot> {
    let path = path.as_ref();
    let json = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(TrustedRoot::from_json(&json)?)
}
