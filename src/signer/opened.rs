//! A log's key, opened at any kind of location.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tiles_spec::Origin;
use zeroize::Zeroizing;

#[cfg(feature = "aws-kms")]
use super::AwsKmsSigner;
#[cfg(feature = "gcp-kms")]
use super::GcpKmsSigner;
use super::file::read_private;
use super::named_file::descriptor;
use super::{
    FileSigner, KeyFileError, KeyLocation, KmsError, LinesError, LogSigner, Password, Signer,
};

/// An opened key: what signs, and where the key is.
pub struct OpenedKey {
    /// Signs every line of a checkpoint.
    pub signer: Arc<dyn Signer>,
    /// The file that holds the key, if a file does that has a path.
    pub file: Option<PathBuf>,
    /// The key as it was read: what all who have the key have in common, besides. `None` if it
    /// never leaves its service.
    pub text: Option<Zeroizing<String>>,
}

/// A key that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenKeyError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The key service failed.
    #[error("{place}")]
    Service {
        /// The location.
        place: String,
        /// The service's error.
        #[source]
        source: KmsError,
    },
    /// The further line cannot be combined with the first.
    #[error(transparent)]
    Lines(#[from] LinesError),
}

impl OpenedKey {
    /// Opens the key of the log `origin`. The password is for encrypted files, the endpoint for key
    /// services that are not the cloud's own.
    #[cfg_attr(
        not(any(feature = "aws-kms", feature = "gcp-kms")),
        allow(unused_variables, clippy::unused_async, reason = "for key services")
    )]
    pub async fn open(
        place: &KeyLocation,
        origin: Origin,
        password: Option<&Password>,
        kms_endpoint: Option<&str>,
    ) -> Result<Self, OpenKeyError> {
        let failed = |source| OpenKeyError::Service { place: place.to_string(), source };
        Ok(match place {
            KeyLocation::File(path) => {
                let text = read_private(path)?;
                let signer = Arc::new(FileSigner::of_text(&text, path, origin, password)?);
                let file = descriptor(path).is_none().then(|| path.clone());
                Self { signer, file, text: Some(text) }
            }
            #[cfg(feature = "aws-kms")]
            KeyLocation::AwsKms(key) => {
                let signer = AwsKmsSigner::open(key, origin, kms_endpoint).await;
                Self { signer: Arc::new(signer.map_err(failed)?), file: None, text: None }
            }
            #[cfg(not(feature = "aws-kms"))]
            KeyLocation::AwsKms(_) => {
                let (scheme, feature) = ("awskms", "aws-kms");
                return Err(failed(KmsError::LeftOut { scheme, feature }));
            }
            #[cfg(feature = "gcp-kms")]
            KeyLocation::GcpKms(key) => {
                let signer = GcpKmsSigner::open(key, origin, kms_endpoint).await;
                Self { signer: Arc::new(signer.map_err(failed)?), file: None, text: None }
            }
            #[cfg(not(feature = "gcp-kms"))]
            KeyLocation::GcpKms(_) => {
                let (scheme, feature) = ("gcpkms", "gcp-kms");
                return Err(failed(KmsError::LeftOut { scheme, feature }));
            }
        })
    }

    /// Adds a line below, signed by the ML-DSA-44 key in a file.
    pub fn with_ml_dsa(
        mut self,
        path: &Path,
        password: Option<&Password>,
    ) -> Result<Self, OpenKeyError> {
        let origin = self.signer.origin().clone();
        let further = FileSigner::open_ml_dsa(path, origin, password)?;
        self.signer = Arc::new(LogSigner::new(self.signer, vec![Arc::new(further)])?);
        Ok(self)
    }
}

#[cfg(all(test, not(any(feature = "aws-kms", feature = "gcp-kms"))))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_without_key_services_says_what_is_missing() {
        let version = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1";
        for (place, feature) in [
            ("awskms:///alias/log".to_owned(), "aws-kms"),
            (format!("gcpkms://{version}"), "gcp-kms"),
        ] {
            let origin = "log.test".parse().unwrap();
            let opened = OpenedKey::open(&place.parse().unwrap(), origin, None, None).await;
            let Err(OpenKeyError::Service { source, .. }) = opened else { panic!("it opens") };
            let words = format!("the cargo feature {feature} adds it");
            assert!(source.to_string().contains(&words), "{source}");
        }
    }
}
