//! The flags for a bucket.

use clap::{Args, ValueEnum};
use fasti::store::{BucketOptions, Encryption};

/// The flags for a bucket, in addition to its location.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Buckets")]
pub struct BucketFlags {
    /// The endpoint of the store, if it is not the cloud's own
    ///
    /// Over http:// (on this machine, for tests), GCS gets no credentials.
    #[arg(long, global = true, env = "FASTI_STORE_ENDPOINT", value_name = "URL")]
    pub store_endpoint: Option<String>,

    /// The region of an S3 bucket, if it is not the one from the environment or the profile
    #[arg(long, global = true, env = "FASTI_STORE_REGION", value_name = "REGION")]
    pub store_region: Option<String>,

    /// Put the name of an S3 bucket in the path of URLs, not in the host [default: true with an
    /// endpoint]
    #[arg(
        long,
        global = true,
        env = "FASTI_STORE_PATH_STYLE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub store_path_style: Option<bool>,

    /// Send ETags without quotes, as some older Ceph gateways require
    #[arg(
        long,
        global = true,
        env = "FASTI_STORE_UNQUOTED_ETAGS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub store_unquoted_etags: Option<bool>,

    /// How S3 encrypts objects at rest [default: as set for the bucket]
    #[arg(long, global = true, env = "FASTI_STORE_SSE", value_name = "KIND")]
    pub store_sse: Option<Sse>,

    /// The key of the key management service for S3 to encrypt with; implies --store-sse kms
    #[arg(long, global = true, env = "FASTI_STORE_KMS_KEY", value_name = "KEY")]
    pub store_kms_key: Option<String>,

    /// The storage class (on Azure, access tier) of tiles and entry bundles
    #[arg(long, global = true, env = "FASTI_STORE_CLASS", value_name = "CLASS")]
    pub store_class: Option<String>,
}

/// Encryption at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sse {
    /// With the store's own keys
    S3,
    /// With a key of the key management service
    Kms,
}

/// Flags that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--store-kms-key goes with --store-sse kms, not with s3")]
pub struct ConflictingEncryption;

impl BucketFlags {
    /// Converts the flags to the settings of a store.
    pub fn options(&self) -> Result<BucketOptions, ConflictingEncryption> {
        // An empty variable counts as not set.
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let encryption = match (self.store_sse, said(&self.store_kms_key)) {
            (None, None) => Encryption::BucketDefault,
            (Some(Sse::S3), None) => Encryption::StoreKeys,
            (Some(Sse::S3), Some(_)) => return Err(ConflictingEncryption),
            (Some(Sse::Kms) | None, key) => Encryption::Kms(key),
        };
        Ok(BucketOptions {
            endpoint: said(&self.store_endpoint),
            region: said(&self.store_region),
            path_style: self.store_path_style,
            unquoted_etags: self.store_unquoted_etags.unwrap_or_default(),
            encryption,
            storage_class: said(&self.store_class),
            keys: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        bucket: BucketFlags,
        #[arg(value_name = "REST")]
        rest: Vec<String>,
    }

    fn options(flags: &[&str]) -> Result<BucketOptions, ConflictingEncryption> {
        let arguments = ["program"].iter().chain(flags);
        let program = Program::try_parse_from(arguments).unwrap();
        assert!(program.rest.iter().all(|rest| rest == "rest"));
        program.bucket.options()
    }

    #[test]
    fn flags_become_settings() {
        assert_eq!(options(&[]), Ok(BucketOptions::default()));
        let set = options(&[
            "--store-endpoint=http://127.0.0.1:9000",
            "--store-path-style",
            "rest",
            "--store-unquoted-etags",
            "--store-class=STANDARD_IA",
        ]);
        let expected = BucketOptions {
            endpoint: Some("http://127.0.0.1:9000".into()),
            path_style: Some(true),
            unquoted_etags: true,
            storage_class: Some("STANDARD_IA".into()),
            ..BucketOptions::default()
        };
        assert_eq!(set, Ok(expected));
        assert_eq!(options(&["--store-path-style=false"]).unwrap().path_style, Some(false));
    }

    #[test]
    fn encryption_is_one_thing() {
        let encryption = |flags: &[&str]| options(flags).map(|options| options.encryption);
        assert_eq!(encryption(&["--store-sse=s3"]), Ok(Encryption::StoreKeys));
        assert_eq!(encryption(&["--store-sse=kms"]), Ok(Encryption::Kms(None)));
        let with_key = Ok(Encryption::Kms(Some("k".into())));
        assert_eq!(encryption(&["--store-kms-key=k"]), with_key);
        assert_eq!(
            encryption(&["--store-kms-key=k", "--store-sse=s3"]),
            Err(ConflictingEncryption)
        );
    }
}
