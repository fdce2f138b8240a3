//! The key by which clients of Rekor v1 know a log, from where an operator has it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use fasti::client::fetch::{FetchError, Location};
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_public_key};
use fasti::client::rekor_v1::{RekorV1, RekorV1Error};
use fasti::client::window::Window;
use fasti::entry::PublicKey;
use fasti::verify::V1Log;
use reqwest::Url;
use tiles_spec::VerifierKey;

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::globals::Globals;

/// Where the key is.
#[derive(Clone, Debug)]
pub enum RekorV1Key {
    /// Here, as `fasti keygen` prints it.
    Here(Box<VerifierKey>),
    /// In a file.
    File(PathBuf),
    /// With a server of the log.
    Server(Url),
}

impl FromStr for RekorV1Key {
    type Err = FetchError;

    fn from_str(text: &str) -> Result<Self, FetchError> {
        if let Ok(key) = text.parse() {
            return Ok(Self::Here(Box::new(key)));
        }
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::File(text.into()));
        }
        text.parse().map(|location| match location {
            Location::Http(url) => Self::Server(url),
            Location::Store(_) => Self::File(text.into()),
        })
    }
}

/// The log that clients of Rekor v1 know by the key in this file.
pub fn log_in(path: &Path) -> anyhow::Result<V1Log> {
    let name = || path.display().to_string();
    let key = read_public_key(&files::read(path, KEY_FILE_BYTES_MAX)?).with_context(name)?;
    V1Log::new(name(), key.spki_der(), Window::default()).with_context(name)
}

impl RekorV1Key {
    /// Reads the key.
    pub async fn read(&self, globals: &Globals) -> Result<PublicKey, Failure> {
        match self {
            Self::Here(key) => {
                let spki = key.public_key().to_spki_der();
                let spki = spki.with_context(|| format!("{key} makes cosignatures"))?;
                Ok(PublicKey::from_spki_der(&spki).with_context(|| key.to_string())?)
            }
            Self::File(path) => {
                let bytes = files::read(path, KEY_FILE_BYTES_MAX)?;
                Ok(read_public_key(&bytes).with_context(|| path.display().to_string())?)
            }
            Self::Server(url) => {
                let api = RekorV1::new(url, globals.redirects());
                let api = api.map_err(anyhow::Error::from)?;
                refused_if(api.public_key().await, RekorV1Error::is_refusal)
            }
        }
    }
}
