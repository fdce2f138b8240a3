//! Clients of Azure Blob Storage.

use object_store::RetryConfig;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

use super::http::{Direct, client_options, pair, refused};
use crate::bucket::clients::Clients;
use crate::bucket::error::BucketError;
use crate::bucket::location::BucketLocation;
use crate::bucket::options::{BucketOptions, is_plain_http};

/// The account and key of every Azure emulator, from its manual.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Opens the clients of a container.
pub(super) fn connect(
    location: &BucketLocation,
    options: &BucketOptions,
) -> Result<Clients, BucketError> {
    pair(|retry| azure(location, options, retry).build().map_err(refused(location)))
}

fn azure(
    location: &BucketLocation,
    options: &BucketOptions,
    retry: RetryConfig,
) -> MicrosoftAzureBuilder {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(&location.bucket)
        .with_client_options(client_options(options.is_plain_http()))
        .with_http_connector(Direct)
        .with_retry(retry);
    match &options.endpoint {
        // Emulators have the account in the path.
        Some(endpoint) if is_plain_http(endpoint) => {
            let account = builder.get_config_value(&AzureConfigKey::AccountName);
            let account = account.unwrap_or_else(|| EMULATOR_ACCOUNT.to_owned());
            if builder.get_config_value(&AzureConfigKey::AccessKey).is_none() {
                builder = builder.with_access_key(EMULATOR_KEY);
            }
            let endpoint = format!("{}/{account}", endpoint.trim_end_matches('/'));
            builder.with_use_emulator(false).with_account(account).with_endpoint(endpoint)
        }
        Some(endpoint) => builder.with_endpoint(endpoint.clone()),
        None => builder,
    }
}
