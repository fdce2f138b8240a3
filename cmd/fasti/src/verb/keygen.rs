//! `fasti keygen`: a new Ed25519 key for a log, in a file of mode 0600.

use std::path::PathBuf;

use clap::Args;
use fasti::signer::generate_key_file;
use serde_json::json;
use tiles_spec::Origin;

use crate::failure::Failure;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// The log's name: the URL that readers will use, without scheme
    #[arg(long, value_name = "NAME")]
    origin: Origin,
    /// Where to put the private key; never overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Output, Failure> {
    let vkey = generate_key_file(&arguments.out, &arguments.origin).map_err(anyhow::Error::from)?;
    let file = arguments.out.display();
    let json = json!({
        "vkey": vkey.to_string(),
        "origin": arguments.origin.as_str(),
        "file": file.to_string(),
    });
    Ok(Output::good(vec![vkey.to_string()], json))
}
