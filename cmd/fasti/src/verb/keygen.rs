//! `fasti keygen`: makes a new key for a log or a witness, in a file with mode 0600.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use fasti::signer::{KeyAlgorithm, KeyEncoding, NewKey, Password};
use serde_json::json;
use tiles_spec::Origin;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;

const PASSWORD_FILE_BYTES_MAX: usize = 64 << 10;

#[derive(Args)]
pub struct Arguments {
    /// The log's name: the URL that readers will use, without the scheme, such as log.example.org;
    /// for a witness, its own name
    #[arg(long, value_name = "NAME", visible_alias = "name")]
    origin: Origin,
    /// Make a key for a witness, which cosigns checkpoints of others' logs (see fasti-witness)
    #[arg(long)]
    witness: bool,
    /// The file for the private key; an existing file is never overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The algorithm: ml-dsa-44 is for a witness, or for an additional signature line of a log, not
    /// for the log's own key
    #[arg(long, value_enum, default_value = "ed25519")]
    algorithm: Algorithm,
    /// The file format [default: pkcs8 with a password or for ecdsa-p256, otherwise note]
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
    /// A file whose first line is the password that encrypts the key
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Algorithm {
    Ed25519,
    EcdsaP256,
    #[value(name = "ml-dsa-44")]
    MlDsa44,
}

#[derive(Clone, Copy, ValueEnum)]
enum Encoding {
    /// A single line, PRIVATE+KEY+...
    Note,
    /// PKCS #8 in PEM
    Pkcs8,
}

/// The warning about a name that is not a bare host.
const NOT_FOR_ALL: &str = "Sigstore's Go and Java clients identify a log by its host alone: to \
                           support them, give the log its own host, and an origin without port \
                           and path";

pub fn run(arguments: &Arguments) -> Result<Output, Failure> {
    let warning = arguments.check_origin()?;
    let vkey = arguments.new_key()?.write(&arguments.out, &arguments.origin);
    let vkey = vkey.map_err(anyhow::Error::from)?;
    let file = arguments.out.display();
    let json = json!({
        "vkey": vkey.to_string(),
        "origin": arguments.origin.as_str(),
        "file": file.to_string(),
    });
    Ok(Output::good(vec![vkey.to_string()], json).warn(warning))
}

impl Arguments {
    /// Refuses a name that no new log should have. An ML-DSA key can be for an existing log with
    /// that name, so it only draws a warning.
    fn check_origin(&self) -> anyhow::Result<Option<String>> {
        match self.origin.check_new() {
            Ok(()) if self.witness => Ok(None),
            Ok(()) => Ok((!self.origin.is_host()).then(|| NOT_FOR_ALL.to_owned())),
            Err(error) if self.witness => {
                Err(error).context("--origin is not a valid name for a new witness")
            }
            Err(error) if self.algorithm == Algorithm::MlDsa44 => {
                Ok(Some(format!("this key is for an existing log only: {error}")))
            }
            Err(error) => Err(error).context("--origin is not a valid name for a new log"),
        }
    }

    fn new_key(&self) -> anyhow::Result<NewKey> {
        let password = self.password()?;
        let encoding = match self.encoding {
            Some(Encoding::Note) => KeyEncoding::Note,
            Some(Encoding::Pkcs8) => KeyEncoding::Pkcs8,
            None if password.is_some() => KeyEncoding::Pkcs8,
            None if self.algorithm == Algorithm::EcdsaP256 => KeyEncoding::Pkcs8,
            None => KeyEncoding::Note,
        };
        let algorithm = match (self.algorithm, self.witness) {
            (Algorithm::Ed25519, false) => KeyAlgorithm::Ed25519,
            (Algorithm::Ed25519, true) => KeyAlgorithm::Ed25519Cosignature,
            (Algorithm::EcdsaP256, false) => KeyAlgorithm::EcdsaP256,
            (Algorithm::EcdsaP256, true) => bail!("a witness does not sign with ecdsa-p256"),
            (Algorithm::MlDsa44, _) => KeyAlgorithm::MlDsa44,
        };
        Ok(NewKey { algorithm, encoding, password })
    }

    fn password(&self) -> anyhow::Result<Option<Password>> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let content = files::read(path, PASSWORD_FILE_BYTES_MAX)?;
        let content = String::from_utf8(content);
        let content = content.with_context(|| format!("{} is not text", path.display()))?;
        let password = Password::of_file(&content);
        anyhow::ensure!(!password.is_empty(), "{} begins with an empty line", path.display());
        Ok(Some(password))
    }
}
