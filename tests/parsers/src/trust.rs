//! Whom a client trusts, and where it signs: Sigstore's trusted roots and signing configurations,
//! and what a log says about itself in `log.json`.

use fasti::client::window::Window;
use fasti::read::Description;
use fasti::verify::Span;
use fasti::verify::signing_config::{Service, SigningConfig};
use fasti::verify::trusted_root::{self, LogKey};
use serde_json::json;

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    root(data);
    config(data);
    if let Some(head) = Description::parse(data).last_tree() {
        assert!(i64::try_from(head.size.get()).is_ok());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let (from, until) = text.split_once('/').unwrap_or((text, text));
        if let Ok(window) = Window::parse(Some(from), Some(until)) {
            assert!(window.from <= window.until);
            assert!(window.overlaps(&window));
        }
    }
}

fn root(data: &[u8]) {
    let read = trusted_root::read(data);
    if let Ok(root) = &read {
        let trust = &root.trust;
        assert!(!trust.logs.is_empty() && trust.witnesses.is_empty());
        for log in &trust.logs {
            assert!(!log.key.public_key().cosigns());
            // Written by us it is read as the same, if its name is one that a URL can give.
            let url = format!("https://{}", log.origin());
            let span = Span { start: Some("1970-01-01T00:00:00Z".to_owned()), end: None };
            let Ok(written) = trusted_root::write(&[LogKey::Own(log.key.clone())], &url, &span)
            else {
                continue;
            };
            if let Ok(again) = trusted_root::read(written.as_bytes()) {
                assert_eq!(again.trust.logs[0].key, log.key);
            }
        }
    }
    let data = data.to_vec();
    if let Ok(merged) = trusted_root::merge(&[data.clone(), data]) {
        if let (Ok(read), Ok(merged)) = (&read, trusted_root::read(merged.as_bytes())) {
            let is_new = |log| !read.trust.logs.contains(log);
            assert!(!merged.trust.logs.iter().any(is_new));
        }
        let again = trusted_root::merge(&[merged.clone().into_bytes()]);
        assert_eq!(again.ok(), Some(merged));
    }
}

fn config(data: &[u8]) {
    let Ok(mut config) = SigningConfig::read(data) else { return };
    let written = config.write().expect("it was read");
    let again = SigningConfig::read(written.as_bytes()).expect("it was written");
    assert_eq!(again, config);
    // A configuration does not contradict itself.
    if config.add(again.clone()).is_ok() {
        assert_eq!(config.rekor_tlog_urls.len(), again.rekor_tlog_urls.len());
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let span = Span {
        start: Some("2026-01-01T00:00:00Z".to_owned()),
        end: Some("2027-01-01T00:00:00Z".to_owned()),
    };
    let key = signed::key().verifier_key().clone();
    let root = trusted_root::write(&[LogKey::Own(key.clone())], "https://log.example/one", &span)
        .expect("a log's key");
    let service = Service {
        url: "https://log.example/one".to_owned(),
        major_api_version: 2,
        valid_for: span,
        operator: "log.example".to_owned(),
    };
    let config = SigningConfig { rekor_tlog_urls: vec![service], ..SigningConfig::default() };
    let described = json!({
        "origin": signed::ORIGIN,
        "verifierKeys": [key.to_string()],
        "entryBytesMax": 65_535,
        "frozen": {"treeSize": 3, "rootHash": signed::head(3).root.to_base64()},
    });
    vec![
        ("trusted-root", root.into_bytes()),
        ("signing-config", config.write().expect("it is in order").into_bytes()),
        ("description", described.to_string().into_bytes()),
        ("window", b"2026-01-01T00:00:00Z/2027-01-01T00:00:00+01:00".to_vec()),
    ]
}
