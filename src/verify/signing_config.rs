//! Sigstore's signing configuration (`sigstore_trustroot.proto`, v0.2, protobuf JSON): where
//! clients send entries, and at what times.
//!
//! Among the currently valid services of one operator, clients choose the one with the highest API
//! version that they support. So the windows of successive logs should meet but not overlap, and a
//! log that speaks both versions of Rekor's API is in it once for each.

use fasti_entry::EntryError;
use fasti_entry::protojson::{
    EnumValue, Unknown, Value, fields, optional, parse, repeated, required,
};
use fasti_read::window::{Window, WindowError};
use serde::Serialize;

use super::span::Span;

/// The maximum size of a file, in bytes.
pub const SIGNING_CONFIG_BYTES_MAX: usize = 1 << 20;

/// How many services of one kind there can be.
const SERVICES_MAX: usize = 1024;

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// Why a signing configuration cannot be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningConfigError {
    /// Not valid JSON of this format.
    #[error("not a signing configuration: {0}")]
    Json(#[from] EntryError),
    /// It could not be written.
    #[error("the signing configuration cannot be written")]
    Write(#[from] serde_json::Error),
    /// The wrong media type.
    #[error("its media type is {0:?}, not that of a signing configuration, version 0.2")]
    MediaType(String),
    /// An invalid time window.
    #[error("the validFor of {url} is malformed: {source}")]
    Window {
        /// The service.
        url: String,
        /// Why.
        #[source]
        source: WindowError,
    },
    /// Two configurations contradict each other about a service.
    #[error("the configurations contradict each other about {0}")]
    Conflict(String),
}

/// A service and when to use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// The URL of the service.
    pub url: String,
    /// The version of its API.
    pub major_api_version: u32,
    /// When to use it.
    pub valid_for: Span,
    /// Who runs it.
    pub operator: String,
}

/// How many of the services to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// `ANY`, `ALL` or `EXACT`.
    pub selector: Selector,
    /// The number of operators, if the selector is `EXACT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// See [`Selection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Selector {
    /// One of them.
    Any,
    /// All of them.
    All,
    /// The number given by the count.
    Exact,
}

/// The services to use for signing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningConfig {
    /// Always that of version 0.2.
    pub media_type: String,
    /// Certificate authorities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_urls: Vec<Service>,
    /// Identity providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oidc_urls: Vec<Service>,
    /// Logs.
    pub rekor_tlog_urls: Vec<Service>,
    /// Timestamp authorities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tsa_urls: Vec<Service>,
    /// How many logs to use.
    pub rekor_tlog_config: Selection,
    /// How many timestamp authorities to use. It is left out if none are listed, because
    /// sigstore-js would fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tsa_config: Option<Selection>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { selector: Selector::Any, count: None }
    }
}

impl Default for SigningConfig {
    fn default() -> Self {
        Self {
            media_type: MEDIA_TYPE.to_owned(),
            ca_urls: Vec::new(),
            oidc_urls: Vec::new(),
            rekor_tlog_urls: Vec::new(),
            tsa_urls: Vec::new(),
            rekor_tlog_config: Selection::default(),
            tsa_config: None,
        }
    }
}

impl Service {
    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = ["url", "majorApiVersion", "validFor", "operator"];
        let [url, version, valid_for, operator] = fields(value, names, Unknown::Ignore)?;
        Ok(Self {
            url: required(url, "url", "the URL of the service", Value::string)?,
            major_api_version: required(
                version,
                "majorApiVersion",
                "the version of its API",
                Value::uint32,
            )?,
            valid_for: optional(valid_for, "validFor", Span::from_json)?.unwrap_or_default(),
            operator: optional(operator, "operator", Value::string)?.unwrap_or_default(),
        })
    }
}

impl Selection {
    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let [selector, count] = fields(value, ["selector", "count"], Unknown::Ignore)?;
        Ok(Self {
            selector: required(selector, "selector", "how many to use", |value| {
                value.enumeration(Selector::from_enum)
            })?,
            count: optional(count, "count", Value::uint32)?,
        })
    }
}

impl Selector {
    /// `dev.sigstore.trustroot.v1.ServiceSelector`.
    fn from_enum(value: EnumValue<'_>) -> Result<Self, EntryError> {
        let known = [("ALL", 1, Self::All), ("ANY", 2, Self::Any), ("EXACT", 3, Self::Exact)];
        let found = known.into_iter().find(|(name, number, _)| value.is(name, *number));
        let selector = found.map(|(_, _, selector)| selector);
        selector.ok_or_else(|| value.unknown("ALL, ANY or EXACT".to_owned()))
    }
}

impl SigningConfig {
    /// Reads a configuration.
    pub fn read(json: &[u8]) -> Result<Self, SigningConfigError> {
        let config = Self::from_json(parse(json)?)?;
        if config.media_type != MEDIA_TYPE {
            let found = config.media_type.chars().take(100).collect();
            return Err(SigningConfigError::MediaType(found));
        }
        config.check()?;
        Ok(config.with_tsa_config())
    }

    fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let names = [
            "mediaType",
            "caUrls",
            "oidcUrls",
            "rekorTlogUrls",
            "tsaUrls",
            "rekorTlogConfig",
            "tsaConfig",
        ];
        let [media_type, ca_urls, oidc_urls, tlog_urls, tsa_urls, tlog_config, tsa_config] =
            fields(value, names, Unknown::Ignore)?;
        let media_type = required(media_type, "mediaType", "its media type", Value::string)?;
        let services = |value, name| repeated(value, name, SERVICES_MAX, Service::from_json);
        let selection = |value, name| optional(value, name, Selection::from_json);
        Ok(Self {
            media_type,
            ca_urls: services(ca_urls, "caUrls")?,
            oidc_urls: services(oidc_urls, "oidcUrls")?,
            rekor_tlog_urls: services(tlog_urls, "rekorTlogUrls")?,
            tsa_urls: services(tsa_urls, "tsaUrls")?,
            rekor_tlog_config: selection(tlog_config, "rekorTlogConfig")?.unwrap_or_default(),
            tsa_config: selection(tsa_config, "tsaConfig")?,
        })
    }

    /// Writes the configuration.
    pub fn write(&self) -> Result<String, SigningConfigError> {
        self.check()?;
        Ok(serde_json::to_string_pretty(&self.clone().with_tsa_config())?)
    }

    /// The same, with a number of timestamp authorities to use exactly if there are any.
    fn with_tsa_config(self) -> Self {
        let selection = self.tsa_config.unwrap_or_default();
        let tsa_config = (!self.tsa_urls.is_empty()).then_some(selection);
        Self { tsa_config, ..self }
    }

    /// Adds the services of another configuration. Services already present are not added again. If
    /// the two contradict each other about a service, that is an error. This configuration's
    /// selectors stay unchanged.
    pub fn add(&mut self, other: Self) -> Result<(), SigningConfigError> {
        let lists = [
            (&mut self.ca_urls, other.ca_urls),
            (&mut self.oidc_urls, other.oidc_urls),
            (&mut self.rekor_tlog_urls, other.rekor_tlog_urls),
            (&mut self.tsa_urls, other.tsa_urls),
        ];
        for (there, added) in lists {
            for service in added {
                let is_same = |old: &&Service| {
                    old.url == service.url && old.major_api_version == service.major_api_version
                };
                match there.iter().find(is_same) {
                    None => there.push(service),
                    Some(old)
                        if old.operator == service.operator
                            && window(old)? == window(&service)? => {}
                    Some(_) => return Err(SigningConfigError::Conflict(service.url)),
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SigningConfigError> {
        let lists = [&self.ca_urls, &self.oidc_urls, &self.rekor_tlog_urls, &self.tsa_urls];
        lists.into_iter().flatten().try_for_each(|service| window(service).map(drop))
    }
}

fn window(service: &Service) -> Result<Window, SigningConfigError> {
    let window = service.valid_for.window();
    window.map_err(|source| SigningConfigError::Window { url: service.url.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, start: &str, end: Option<&str>) -> SigningConfig {
        let valid_for = Span { start: Some(start.to_owned()), end: end.map(str::to_owned) };
        let (url, operator) = (url.to_owned(), "log.test".to_owned());
        let service = Service { url, major_api_version: 2, valid_for, operator };
        SigningConfig { rekor_tlog_urls: vec![service], ..SigningConfig::default() }
    }

    #[test]
    fn services_of_both_are_in_it_once() {
        let mut merged = config("https://2026.log.test", "2026-01-01T00:00:00Z", None);
        merged.add(config("https://2027.log.test", "2027-01-01T00:00:00Z", None)).unwrap();
        let before = merged.clone();
        merged.add(config("https://2026.log.test", "2026-01-01T00:00:00.000Z", None)).unwrap();
        assert_eq!(merged, before);
        assert_eq!(SigningConfig::read(merged.write().unwrap().as_bytes()).unwrap(), merged);
        let mut of_v1 = config("https://2026.log.test", "2026-01-01T00:00:00Z", None);
        of_v1.rekor_tlog_urls[0].major_api_version = 1;
        merged.add(of_v1).unwrap();
        let written = SigningConfig::read(merged.write().unwrap().as_bytes()).unwrap();
        let versions = written.rekor_tlog_urls.iter().map(|service| service.major_api_version);
        assert!(versions.eq([2, 2, 1]));
        let ended =
            config("https://2026.log.test", "2026-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z"));
        assert!(matches!(merged.add(ended), Err(SigningConfigError::Conflict(_))));
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        let json = config("https://log.test", "2026-01-01T00:00:00Z", None).write().unwrap();
        for (from, to, words) in [
            ("v0.2", "v0.1", "media type"),
            ("2026-", "year ", "validFor of https://log.test"),
            ("ANY", "SOME", "expected ALL, ANY or EXACT"),
        ] {
            let damaged = json.replace(from, to);
            let error = SigningConfig::read(damaged.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(config("https://log.test", "soon", None).write().is_err());
    }

    #[test]
    fn timestamp_authorities_are_counted_if_there_are_any() {
        let alone = config("https://log.test", "2026-01-01T00:00:00Z", None);
        assert!(!alone.write().unwrap().contains("tsaConfig"));
        let counted = SigningConfig { tsa_config: Some(Selection::default()), ..alone.clone() };
        assert_eq!(counted.write().unwrap(), alone.write().unwrap());
        let tsa_urls = alone.rekor_tlog_urls.clone();
        let with = SigningConfig { tsa_urls, ..alone };
        let written = with.write().unwrap();
        assert!(written.contains("tsaConfig"));
        let read = SigningConfig::read(written.as_bytes()).unwrap();
        assert_eq!(read.tsa_config, Some(Selection::default()));
    }

    #[test]
    fn other_spellings_say_the_same() {
        let usual = config("https://log.test", "2026-01-01T00:00:00Z", None);
        let json = usual.write().unwrap();
        for (from, to) in [
            ("majorApiVersion\": 2", "majorApiVersion\": \"2\""),
            ("majorApiVersion", "major_api_version"),
            ("rekorTlogUrls", "rekor_tlog_urls"),
            ("validFor", "valid_for"),
            ("mediaType", "media_type"),
            ("\"ANY\"", "2"),
            ("\"ANY\"", "\"ANY\", \"count\": null"),
            ("{\n  \"m", "{\"caUrls\": null, \"somethingNew\": [{}], \"m"),
        ] {
            let spelled = json.replace(from, to);
            assert_ne!(spelled, json, "{from}");
            assert_eq!(SigningConfig::read(spelled.as_bytes()).unwrap(), usual, "{spelled}");
        }
        for (from, to, words) in [
            ("majorApiVersion\": 2", "majorApiVersion\": -2", "rekorTlogUrls[0].majorApiVersion"),
            ("\"url\"", "\"url\": \"\", \"url\"", "rekorTlogUrls[0].url: the field is given"),
            ("\"ANY\"", "0", "rekorTlogConfig.selector: unknown value 0"),
        ] {
            let error = SigningConfig::read(json.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
