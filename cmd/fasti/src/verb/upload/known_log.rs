//! Whether the log's answer can be verified, asked before anything is submitted.

use anyhow::anyhow;
use fasti::client::reader::{ReadError, View};

use crate::failure::Failure;
use crate::globals::Globals;

/// Checks that what the log shows now is signed with a key that was given. A server that shows
/// nothing may be for submissions alone.
pub async fn expect(globals: &Globals) -> Result<(), Failure> {
    let fetch =
        globals.location()?.open(&globals.bucket_options()?).map_err(anyhow::Error::from)?;
    match View::open(fetch, &globals.trust()?).await {
        Err(error @ ReadError::Checkpoint(_)) => {
            let error = anyhow!(error).context("nothing was submitted");
            Err(Failure::Refused(error))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}
