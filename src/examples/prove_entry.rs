//! Reads an entry from a log's static files, and proves that it is in the log.
//!
//! ```text
//! cargo run --example prove_entry -- ./log "$FASTI_VKEY" 0
//! ```

use std::error::Error;

use fasti::client::fetch::Location;
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use fasti::store::BucketOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, vkey, index] = arguments.as_slice() else {
        return Err("give a log (its URL, bucket or directory), its verifier key, an index".into());
    };
    let (entry, proof) = read(log, vkey, index.parse()?).await?;
    println!("{}\n\n{proof}", String::from_utf8_lossy(&entry));
    Ok(())
}

/// The entry at `index`, and its proof as a C2SP tlog-proof, which can be verified offline.
pub async fn read(log: &str, vkey: &str, index: u64) -> Result<(Vec<u8>, String), Box<dyn Error>> {
    let fetch = log.parse::<Location>()?.open(&BucketOptions::default())?;
    let trust = Trust::in_keys([vkey.parse()?]);
    // A view is the log at one checkpoint, whose signature was verified.
    let mut view = View::open(fetch, &trust).await?;
    let index = fasti::formats::LeafIndex::new(index).ok_or("there is no such index")?;
    let entry = view.entry(index).await?;
    let proof = entry.to_tlog_proof(view.checkpoint());
    Ok((entry.bytes, String::from_utf8(proof.to_bytes())?))
}
