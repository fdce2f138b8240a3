//! Media types of Rekor v1's API: requests are JSON, and so are answers, except for public keys.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::error::V1Error;

/// What answers are.
pub(super) const JSON: &str = "application/json";
/// What a public key can be too.
pub(super) const PEM: &str = "application/x-pem-file";

/// Refuses a body that is not JSON by its own account.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), V1Error> {
    let stated = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let stated = stated.as_deref().unwrap_or("application/octet-stream");
    let bare = stated.split(';').next().unwrap_or_default().trim();
    if bare.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    Err(V1Error::MediaType(bare.chars().take(100).collect()))
}

/// Whether the client takes answers of this type.
pub(super) fn takes(headers: &HeaderMap, media_type: &str) -> bool {
    let mut named = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let group = media_type.split('/').next().unwrap_or_default();
    let is_it = |range: &str| {
        let bare = range.split(';').next().unwrap_or_default().trim();
        bare.eq_ignore_ascii_case(media_type)
            || bare == "*/*"
            || bare.strip_suffix("/*").is_some_and(|it| it.eq_ignore_ascii_case(group))
    };
    !headers.contains_key(ACCEPT) || named.any(|value| value.split(',').any(is_it))
}

/// Refuses to answer a client that does not take JSON.
pub(super) fn expect_to_be_taken(headers: &HeaderMap) -> Result<(), V1Error> {
    if takes(headers, JSON) { Ok(()) } else { Err(V1Error::NotAcceptable(JSON)) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn requests_are_json() {
        let judged = |stated: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.extend(stated.map(|text| (CONTENT_TYPE, HeaderValue::from_static(text))));
            expect_json(&headers).map_err(|error| error.to_string())
        };
        assert_eq!(judged(Some("application/json")), Ok(()));
        assert_eq!(judged(Some("Application/JSON; charset=utf-8")), Ok(()));
        let refused = |stated| judged(stated).unwrap_err();
        let words = "unsupported media type \"text/plain\", only [application/json] are allowed";
        assert_eq!(refused(Some("text/plain")), words);
        assert!(refused(None).contains("application/octet-stream"));
    }

    #[test]
    fn clients_may_say_what_they_take() {
        let takes = |accept: Option<&'static str>, media_type| {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|text| (ACCEPT, HeaderValue::from_static(text))));
            takes(&headers, media_type)
        };
        for accept in [None, Some("*/*"), Some("application/*"), Some("text/html, */*;q=0.1")] {
            assert!(takes(accept, JSON) && takes(accept, PEM), "{accept:?}");
        }
        assert!(!takes(Some("text/html"), JSON));
        assert!(takes(Some("text/html, application/json;q=0.5"), JSON));
        assert!(!takes(Some("application/json"), PEM));
    }
}
