//! The writer's OpenAPI document, checked against every answer that the tests get.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::wire::Answer;

/// The document as served.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../src/http/openapi.json");
    serde_json::from_str(text).expect("the document is JSON")
});

/// Below these, a path that is malformed is answered 400.
const FILES: [&str; 4] = ["/tile/", "/time/", "/attestations/", "/lookup/"];

/// Follows a reference within the document.
fn resolve(value: &'static Value) -> &'static Value {
    let Some(reference) = value.get("$ref") else { return value };
    let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
    DOCUMENT.pointer(pointer.expect("a reference within")).expect("it leads somewhere")
}

/// The document's path for a target; elements of an index may match several.
fn template(path: &str) -> Option<&'static str> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    if let Some((path, _)) = paths.get_key_value(path) {
        return Some(path);
    }
    // Partial before full, entries before levels: the narrowest first.
    let mut templates: Vec<_> = paths.keys().filter(|path| path.contains('{')).collect();
    templates.sort_by_key(|path| (path.matches('{').count(), path.contains(".p/")));
    let fits = |template: &&&String| {
        let template = template.as_str();
        let (prefix, rest) = template.split_once('{').expect("a parameter");
        let Some(rest_of_path) = path.strip_prefix(prefix) else { return false };
        if rest == "entryUUID}" {
            return !rest_of_path.is_empty() && !rest_of_path.contains('/');
        }
        if rest == "sha256}" {
            let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            return rest_of_path.len() == 64 && rest_of_path.bytes().all(is_digit);
        }
        if prefix.ends_with("run/") {
            return rest_of_path.split('/').count() == 3 && rest_of_path.split('/').all(is_size);
        }
        let partial = rest.contains(".p/{width}");
        let mut elements = rest_of_path.split('/');
        let leads = !prefix.ends_with("tile/") || elements.next().is_some_and(is_number);
        let index = elements.collect::<Vec<_>>().join("/");
        leads
            && match (partial, index.split_once(".p/")) {
                (true, Some((index, width))) => is_index(index) && is_width(width),
                (false, None) => is_index(&index),
                _ => false,
            }
    };
    templates.iter().find(fits).map(|template| template.as_str())
}

fn is_number(text: &str) -> bool {
    let canonical = text == "0" || !text.starts_with('0');
    canonical && text.parse::<u8>().is_ok_and(|level| level < 64)
}

fn is_size(text: &str) -> bool {
    (text == "0" || !text.starts_with('0')) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_width(text: &str) -> bool {
    !text.starts_with('0') && !text.starts_with('+') && text.parse::<u8>().is_ok()
}

fn is_index(text: &str) -> bool {
    let digits = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = text.rsplit('/');
    groups.next().is_some_and(digits)
        && groups.all(|group| group.strip_prefix('x').is_some_and(digits))
}

/// Validates `value` against the schema at `schema`, which may refer to the document.
#[track_caller]
fn validate(context: &str, schema: &Value, value: &Value) {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
        LazyLock::new(Mutex::default);
    let key = schema.to_string();
    let known = VALIDATORS.lock().expect("no test panics here").get(&key).copied();
    let validator = known.unwrap_or_else(|| {
        let mut whole = schema.clone();
        whole["components"] = DOCUMENT["components"].clone();
        let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&whole);
        let validator: &'static _ = Box::leak(Box::new(validator.expect("a schema")));
        VALIDATORS.lock().expect("no test panics here").insert(key, validator);
        validator
    });
    if let Err(error) = validator.validate(value) {
        panic!("{context}: {error} in {value}");
    }
}

/// Checks that the document describes this answer: its route, status, fields and body.
#[track_caller]
pub fn describes(method: &str, target: &str, answer: &Answer) {
    let path = target
        .strip_prefix("http://")
        .map_or(target, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let context = format!("{method} {target}: {}", answer.status);
    if answer.field("content-type").is_none() && answer.status >= 400 && answer.body.is_empty() {
        // hyper's own answers to invalid requests.
        return;
    }
    // Rekor v1's paths can end in a slash.
    let bare = path.strip_suffix('/').filter(|path| path.starts_with("/api/v1/"));
    let Some(template) = template(bare.unwrap_or(path)) else {
        let may_be_bad = FILES.iter().any(|part| path.contains(part));
        let unlisted = if may_be_bad { &[400, 404][..] } else { &[404] };
        let metrics = path == "/metrics" && answer.status == 200;
        assert!(metrics || unlisted.contains(&answer.status), "{context}: an unlisted path");
        return;
    };
    is_shared_as_described(&context, method, template, answer);
    let item = &DOCUMENT["paths"][template];
    if method == "OPTIONS" && answer.status != 405 {
        let components = &DOCUMENT["components"]["responses"];
        let described = match answer.status {
            204 => "Preflight",
            _ if template.starts_with("/api/v1/") => "V1NotAllowed",
            _ => "NotAllowed",
        };
        has_described_fields(&context, &components[described], answer);
        has_described_body(&context, &components[described], answer);
        return;
    }
    let Some(operation) = item.get(method.to_ascii_lowercase()) else {
        let listed = item.as_object().expect("methods").keys().filter(|key| *key != "parameters");
        let mut listed: Vec<_> = listed.map(|method| method.to_ascii_uppercase()).collect();
        listed.sort();
        assert_eq!(answer.status, 405, "{context}: an unlisted method");
        assert_eq!(answer.field("allow"), Some(&*listed.join(", ")), "{context}: Allow");
        return;
    };
    let described = operation["responses"].get(answer.status.to_string());
    let described = resolve(described.unwrap_or_else(|| panic!("{context}: an unlisted status")));
    has_described_fields(&context, described, answer);
    has_described_body(&context, described, answer);
}

/// Fields that a page may always read, and those that are not for pages.
const UNNAMED: [&str; 6] = [
    "cache-control",
    "content-length",
    "content-type",
    "connection",
    "access-control-allow-origin",
    "access-control-expose-headers",
];

/// Checks which fields of an answer pages of other sites may see: all those that can be read, and
/// none that are not for them.
#[track_caller]
fn is_shared_as_described(context: &str, method: &str, template: &str, answer: &Answer) {
    assert_eq!(answer.field("access-control-allow-credentials"), None, "{context}");
    assert_eq!(answer.field("access-control-allow-private-network"), None, "{context}");
    let shared = answer.field("access-control-allow-origin");
    let exposed = answer.field("access-control-expose-headers");
    match template {
        _ if method == "OPTIONS" => {
            assert_eq!(shared.is_some(), answer.status == 204, "{context}");
            return;
        }
        "/healthz" | "/ping" | "/readyz" | "/_writer/forward" => {
            assert_eq!((shared, exposed), (None, None), "{context}: it is not for pages");
            return;
        }
        // Only to pages.
        "/api/v2/log/entries" | "/add" if shared.is_none() => return,
        "/api/v1/log/entries" if method == "POST" && shared.is_none() => return,
        _ => assert_eq!(shared, Some("*"), "{context}: it is for all pages"),
    }
    let exposed: Vec<_> = exposed.expect("a list").split(", ").map(str::to_lowercase).collect();
    for (name, _) in &answer.fields {
        let name = name.to_lowercase();
        let is_seen = UNNAMED.contains(&name.as_str()) || exposed.contains(&name);
        assert!(is_seen, "{context}: {name} is not exposed");
    }
}

#[track_caller]
fn has_described_fields(context: &str, described: &'static Value, answer: &Answer) {
    let Some(headers) = described.get("headers") else { return };
    for (name, header) in headers.as_object().expect("headers") {
        let header = resolve(header);
        match answer.field(name) {
            Some(value) => {
                validate(&format!("{context}: {name}"), &header["schema"], &json!(value));
            }
            None => assert_ne!(header["required"], true, "{context}: {name} is missing"),
        }
    }
}

#[track_caller]
fn has_described_body(context: &str, described: &'static Value, answer: &Answer) {
    let Some(content) = described.get("content") else {
        assert!(answer.body.is_empty(), "{context}: an unlisted body");
        return;
    };
    let kind = answer.field("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let described = content.get(kind).unwrap_or_else(|| panic!("{context}: an unlisted {kind}"));
    let is_whole = answer.status != 206;
    if kind.ends_with("json") && is_whole {
        validate(
            context,
            &described["schema"],
            &serde_json::from_slice(&answer.body).expect("JSON"),
        );
    } else if kind == "text/plain" && is_whole {
        validate(context, &described["schema"], &json!(answer.text()));
    }
}
