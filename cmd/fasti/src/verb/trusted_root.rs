//! `fasti trusted-root`: the log's key and address as Sigstore's clients read them.

use anyhow::Context as _;
use clap::Args;
use fasti::client::fetch::Location;
use fasti::client::trusted_root;

use crate::failure::Failure;
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// The log's public URL [default: https:// and the origin]
    #[arg(long, value_name = "URL")]
    url: Option<Location>,
    /// When the key came into use (RFC 3339)
    #[arg(long, value_name = "TIME", default_value = "1970-01-01T00:00:00Z")]
    start_time: String,
    /// Print the signing configuration instead: where to send entries
    #[arg(long)]
    signing_config: bool,
    /// Who runs the log, for the signing configuration [default: the origin]
    #[arg(long, value_name = "NAME", requires = "signing_config")]
    operator: Option<String>,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let key = globals.log_key()?;
    let origin = key.name().as_str();
    let url = match &arguments.url {
        Some(location @ Location::Http(_)) => location.to_string(),
        Some(location) => {
            return Err(anyhow::anyhow!("--url {location}: give an http(s) URL").into());
        }
        None => format!("https://{origin}"),
    };
    if let Ok(Location::Http(parsed)) = url.parse::<Location>()
        && parsed.host_str() != Some(origin)
    {
        eprintln!(
            "fasti: note: Sigstore's Go and Java clients want the origin to be the URL's host; \
             this log is {origin:?} at {url}"
        );
    }
    let json = if arguments.signing_config {
        let operator = arguments.operator.as_deref().unwrap_or(origin);
        trusted_root::write_signing_config(&url, operator, &arguments.start_time)
    } else {
        trusted_root::write(&key, &url, &arguments.start_time)
    };
    let json = json.context("cannot describe this log")?;
    let value = serde_json::from_str(&json).context("what was written is JSON")?;
    Ok(Output::good(vec![json], value))
}
