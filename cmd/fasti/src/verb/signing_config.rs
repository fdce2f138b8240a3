//! `fasti signing-config`: where Sigstore's clients send entries: to one log, or to several that
//! succeed each other.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use fasti::client::fetch::Location;
use fasti::verify::Span;
use fasti::verify::signing_config::{
    SIGNING_CONFIG_BYTES_MAX, Selection, Selector, Service, SigningConfig,
};
use reqwest::Url;

use crate::failure::Failure;
use crate::files;
use crate::globals::Globals;
use crate::output::Output;
use crate::verb::trusted_root::{BEGINNING, document, public_url};

#[derive(Args)]
pub struct Arguments {
    /// The log's public URL [default: https:// followed by the origin of its key]
    #[arg(long, value_name = "URL")]
    url: Option<Location>,
    /// The version of Rekor's API by which clients submit: 2, 1, or both (1,2)
    ///
    /// Of both, clients choose the higher one that they know. With 1 they also need the key that
    /// signs for it: see trusted-root --rekor-v1-key.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = REKOR_API,
          value_parser = clap::value_parser!(u32).range(1..=2))]
    api_version: Vec<u32>,
    /// Who runs the services named here [default: the host of the log's URL]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// When clients start to use the log (RFC 3339)
    #[arg(long, value_name = "TIME", default_value = BEGINNING)]
    valid_from: String,
    /// When clients stop using the log (RFC 3339)
    #[arg(long, value_name = "TIME")]
    valid_until: Option<String>,
    /// How many of the valid logs a client uses
    #[arg(long, value_enum, default_value = "any")]
    selector: SelectorFlag,
    /// With --selector exact: the number of logs, each of a different operator
    #[arg(long, value_name = "N", required_if_eq("selector", "exact"),
          value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// A certificate authority (Fulcio, API version 1)
    #[arg(long, value_name = "URL")]
    ca_url: Vec<Url>,
    /// An identity provider
    #[arg(long, value_name = "URL")]
    oidc_url: Vec<Url>,
    /// A timestamp authority
    #[arg(long, value_name = "URL")]
    tsa_url: Vec<Url>,
    /// Start with the services in these signing configs
    #[arg(long, value_name = "FILE", num_args = 1..)]
    merge: Vec<PathBuf>,
    /// The file to write, once all of it is known; an existing one stays as it is until then
    /// [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The version of Rekor's API that new clients use.
const REKOR_API: &str = "2";

/// See [`Selector`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SelectorFlag {
    /// One of them
    Any,
    /// All of them
    All,
    /// The number given by --count
    Exact,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let span =
        Span { start: Some(arguments.valid_from.clone()), end: arguments.valid_until.clone() };
    let names_a_log = arguments.url.is_some() || !globals.vkeys.is_empty();
    let url = if names_a_log || arguments.merge.is_empty() {
        Some(public_url(globals, arguments.url.as_ref())?)
    } else {
        None
    };
    let operator = operator(arguments.operator.clone(), url.as_deref());
    let service = |url: String, major_api_version, valid_for: &Span| Service {
        url,
        major_api_version,
        valid_for: valid_for.clone(),
        operator: operator.clone(),
    };
    // Other services stay valid when the log changes.
    let always = Span { start: Some(BEGINNING.to_owned()), end: None };
    let others = |urls: &[Url]| urls.iter().map(|url| service(text(url), 1, &always)).collect();
    let apis = url.iter().flat_map(|url| arguments.api_version.iter().map(move |api| (url, api)));
    let logs = apis.map(|(url, api)| service(url.clone(), *api, &span));
    let own = SigningConfig {
        ca_urls: others(&arguments.ca_url),
        oidc_urls: others(&arguments.oidc_url),
        tsa_urls: others(&arguments.tsa_url),
        rekor_tlog_urls: logs.collect(),
        ..SigningConfig::default()
    };
    let mut config = SigningConfig::default();
    for path in &arguments.merge {
        let name = || path.display().to_string();
        let read = SigningConfig::read(&files::read(path, SIGNING_CONFIG_BYTES_MAX)?);
        let read = read.with_context(name)?;
        config.tsa_config = read.tsa_config.clone().or(config.tsa_config);
        config.add(read).map_err(|error| Failure::Refused(anyhow!(error).context(name())))?;
    }
    config.add(own).map_err(|error| Failure::Refused(anyhow!(error)))?;
    config.rekor_tlog_config = Selection {
        selector: match arguments.selector {
            SelectorFlag::Any => Selector::Any,
            SelectorFlag::All => Selector::All,
            SelectorFlag::Exact => Selector::Exact,
        },
        count: arguments.count.filter(|_| arguments.selector == SelectorFlag::Exact),
    };
    let json = config.write().context("cannot describe these services")?;
    document(&json, arguments.out.as_deref())
}

fn operator(named: Option<String>, url: Option<&str>) -> String {
    let host = || Some(url?.parse::<Url>().ok()?.host_str()?.to_owned());
    named.or_else(host).unwrap_or_default()
}

/// The URL without the trailing slash that `Url` adds to a bare host.
fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
