//! Trusted roots and signing configurations, as published: what they name is read, in whatever
//! spelling of protobuf JSON.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fasti_verify::TrustedRoot;
use fasti_verify::signing_config::SigningConfig;
use fasti_verify::trusted_root::{self, TRUSTED_ROOT_BYTES_MAX};
use serde_json::{Map, Value};

/// Each published root by name, and those of single bundles.
fn roots() -> Vec<(String, Vec<u8>)> {
    let Some(data) = super::data() else { return Vec::new() };
    let mut paths = super::files(&data.join("trust"), "trusted_root.json");
    paths.extend(super::files(&data.join("trust"), "_alpha3.json"));
    for case in data.join("conformance/bundle-verify").read_dir().expect("the directory lists") {
        let root = case.expect("a directory entry").path().join("trusted_root.json");
        // One is malformed on purpose, see the cases in `conformance.rs`.
        let is_good = root.exists() && !root.display().to_string().contains("missing-validity");
        paths.extend(is_good.then_some(root));
    }
    assert!(paths.len() > 5, "only {} roots", paths.len());
    paths.iter().map(|path| (path.display().to_string(), super::read(path))).collect()
}

fn configs() -> Vec<(String, Vec<u8>)> {
    let Some(data) = super::data() else { return Vec::new() };
    let mut paths = super::files(&data.join("trust"), "signing_config.v0.2.json");
    paths.extend(super::files(&data.join("trust"), "signingconfig.v2.json"));
    paths.iter().map(|path| (path.display().to_string(), super::read(path))).collect()
}

/// The same in snake_case, with other base64, with numbers as strings and enums as numbers.
fn respelled(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| respelled_field(key, value)).collect())
        }
        Value::Array(elements) => elements.iter().map(respelled).collect(),
        other => other.clone(),
    }
}

fn respelled_field(key: &str, value: &Value) -> (String, Value) {
    let snake = key.chars().fold(String::new(), |mut snake, c| {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        snake
    });
    let value = match (key, value) {
        ("rawBytes" | "keyId", Value::String(text)) => {
            Value::from(URL_SAFE_NO_PAD.encode(STANDARD.decode(text).expect("base64")))
        }
        ("keyDetails", Value::String(name)) => match name.as_str() {
            "PKIX_ECDSA_P256_SHA_256" => Value::from(5),
            "PKIX_ED25519" => Value::from(7),
            _ => value.clone(),
        },
        ("selector", Value::String(name)) if name == "ANY" => Value::from(2),
        ("majorApiVersion", Value::Number(number)) => Value::from(number.to_string()),
        ("start" | "end", Value::String(text)) => Value::from(text.replace('Z', "+00:00")),
        _ => respelled(value),
    };
    (snake, value)
}

fn said(root: &TrustedRoot) -> (&[fasti_read::TrustedLog], Vec<String>) {
    let names = root.authorities.iter().flat_map(fasti_verify::Authority::names);
    (&root.trust.logs, names.collect())
}

#[test]
fn published_roots_are_read_in_every_spelling() {
    for (name, json) in roots() {
        assert!(json.len() <= TRUSTED_ROOT_BYTES_MAX);
        let value: Value = serde_json::from_slice(&json).expect("JSON");
        let read = trusted_root::read(&json).unwrap_or_else(|e| panic!("{name}: {e}"));
        let list = |root: &Map<String, Value>, list| {
            root.get(list).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let root = value.as_object().expect("an object");
        let certificates = list(root, "certificateAuthorities").into_iter().flat_map(|authority| {
            let chain = authority["certChain"].as_object().expect("a chain").clone();
            list(&chain, "certificates")
        });
        assert_eq!(said(&read).1.len(), certificates.count(), "{name}");
        let ids = list(root, "tlogs").into_iter().filter_map(|log| {
            let known = ["PKIX_ED25519", "PKIX_ECDSA_P256_SHA_256"].map(Value::from);
            let id = STANDARD.decode(log["logId"]["keyId"].as_str()?).ok()?;
            let begins = !log["publicKey"]["validFor"]["start"].is_null();
            (begins && known.contains(&log["publicKey"]["keyDetails"])).then_some(id)
        });
        assert_eq!(read.certificate_logs.len(), list(root, "ctlogs").len(), "{name}");
        let authorities = list(root, "timestampAuthorities").len();
        assert_eq!(read.timestamp_authorities.len(), authorities, "{name}");
        let found = read.trust.logs.iter().map(|log| log.log_id.to_vec());
        assert_eq!(found.collect::<Vec<_>>(), ids.collect::<Vec<_>>(), "{name}");
        assert_eq!(read.rekor_v1.len(), read.trust.logs.len(), "{name}: each can be of Rekor v1");

        let other = respelled(&value).to_string();
        assert_ne!(other.as_bytes(), json);
        let other = trusted_root::read(other.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(said(&other), said(&read), "{name}");
    }
}

#[test]
fn published_roots_merge_with_themselves_in_another_spelling() {
    for (name, json) in roots() {
        let value: Value = serde_json::from_slice(&json).expect("JSON");
        let other = respelled(&value).to_string().into_bytes();
        let once = trusted_root::merge(std::slice::from_ref(&json)).expect("merged");
        let twice = trusted_root::merge(&[json, other]).unwrap_or_else(|e| panic!("{name}: {e}"));
        let logs = |json: &str| trusted_root::read(json.as_bytes()).expect("a root").trust.logs;
        assert_eq!(logs(&twice), logs(&once), "{name}");
    }
}

#[test]
fn published_signing_configurations_are_read_in_every_spelling() {
    for (name, json) in configs() {
        let value: Value = serde_json::from_slice(&json).expect("JSON");
        let read = SigningConfig::read(&json).unwrap_or_else(|e| panic!("{name}: {e}"));
        let lists = [&read.ca_urls, &read.oidc_urls, &read.rekor_tlog_urls, &read.tsa_urls];
        let names = ["caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls"];
        for (list, field) in lists.into_iter().zip(names) {
            let written = value[field].as_array().expect("a list");
            assert_eq!(list.len(), written.len(), "{name}");
            for (service, written) in list.iter().zip(written) {
                assert_eq!(Value::from(service.url.as_str()), written["url"]);
            }
        }
        let again: Value = serde_json::from_str(&read.write().expect("written")).expect("JSON");
        assert_eq!(again, value, "{name}");
        let other = respelled(&value).to_string().replace("+00:00", "Z");
        let other = SigningConfig::read(other.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(other, read, "{name}");
    }
}
