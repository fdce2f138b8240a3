//! Searches a log for an artifact, with proof that nothing was left out. The index is static files
//! next to the log's own.
//!
//! ```text
//! cargo run --example search_artifact -- ./log "$FASTI_VKEY" artifact
//! ```

use std::error::Error;

use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::Location;
use fasti::client::search::{Answer, Operator, Question, search};
use fasti::client::trust::Trust;
use fasti::entry::{HashAlgorithm, LookupTerm};
use fasti::store::BucketOptions;
use fasti::verify::Artifact as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, vkey, artifact] = arguments.as_slice() else {
        return Err("give a log (its URL, bucket or directory), its verifier key, a file".into());
    };
    let answer = find(log, vkey, artifact).await?;
    for found in &answer.entries {
        println!("entry {} is about {artifact}", found.entry.index);
    }
    if answer.complete {
        println!("and no other one of the {} entries is", answer.head().size);
    } else {
        println!("and {} entries were not searched", answer.unsearched);
    }
    Ok(())
}

/// The entries about the artifact, each proved to be in the log.
pub async fn find(log: &str, vkey: &str, artifact: &str) -> Result<Answer, Box<dyn Error>> {
    let fetch = log.parse::<Location>()?.open(&BucketOptions::default())?;
    let trust = Trust::in_keys([vkey.parse()?]);
    let digest = ArtifactFile::new(artifact).digest(HashAlgorithm::Sha256)?;
    let term = LookupTerm::Digest(digest.as_bytes().to_vec());
    Ok(search(fetch, &trust, &Question::new([term], Operator::Or)).await?)
}
