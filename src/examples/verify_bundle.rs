//! Verifies a bundle offline: that an artifact was signed with a key, and that a log has the
//! signature. Nothing is fetched.
//!
//! ```text
//! cargo run --example verify_bundle -- artifact artifact.sigstore.json me.pub "$FASTI_VKEY"
//! ```

use std::error::Error;

use fasti::client::artifact::ArtifactFile;
use fasti::client::keys::read_key_material;
use fasti::client::trust::Trust;
use fasti::entry::Bundle;
use fasti::verify::{self, Demand};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [artifact, bundle, public_key, vkey] = arguments.as_slice() else {
        return Err("give an artifact, a bundle, a public key and the log's verifier key".into());
    };
    for sentence in verify(artifact, &std::fs::read(bundle)?, &std::fs::read(public_key)?, vkey)? {
        println!("proved: {sentence}");
    }
    Ok(())
}

/// What the bundle proves about the artifact.
pub fn verify(
    artifact: &str,
    bundle: &[u8],
    public_key: &[u8],
    vkey: &str,
) -> Result<Vec<String>, Box<dyn Error>> {
    let bundle = Bundle::parse(bundle)?;
    // Without a key or an identity, a signature by anybody would do.
    let public_key = Some(read_key_material(public_key)?.public_key()?);
    let demand = Demand { public_key, ..Demand::default() };
    let trust = Trust::in_keys([vkey.parse()?]).into();
    let verdict = verify::bundle(&bundle, Some(&ArtifactFile::new(artifact)), &trust, &demand)?;
    Ok(verdict.proved())
}
