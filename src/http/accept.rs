//! The form of error body that a client asks for with `Accept` (RFC 9110 section 12.5.1).

use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, Uri};

use super::paths;

/// The form of an error body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorForm {
    /// `application/json`, as Rekor's clients expect it.
    #[default]
    Rekor,
    /// `application/json`, as Rekor v1's clients expect it.
    RekorV1,
    /// `application/problem+json` (RFC 9457).
    Problem,
}

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

impl ErrorForm {
    /// Returns the form for a request with this target and these header fields.
    pub fn wanted(uri: &Uri, headers: &HeaderMap) -> Self {
        match Self::accepted(headers) {
            Self::Rekor if uri.path().starts_with(paths::REKOR_V1) => Self::RekorV1,
            form => form,
        }
    }

    /// Returns problem details if the client names them and does not prefer plain JSON.
    fn accepted(headers: &HeaderMap) -> Self {
        match weight(headers, &[PROBLEM]) {
            Some(problem)
                if problem > 0.0
                    && Some(problem) >= weight(headers, &[JSON, "application/*", "*/*"]) =>
            {
                Self::Problem
            }
            _ => Self::Rekor,
        }
    }

    /// The media type.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Rekor | Self::RekorV1 => JSON,
            Self::Problem => PROBLEM,
        })
    }
}

/// Returns the weight of the first of `ranges` that the client names.
fn weight(headers: &HeaderMap, ranges: &[&str]) -> Option<f32> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let items: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    ranges.iter().find_map(|range| {
        items.iter().find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(range));
            let weight = parts.find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().ok())
            });
            is_named.then(|| weight.map_or(1.0, |weight| weight.unwrap_or(0.0)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_details_are_for_those_who_ask() {
        let wanted = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(value).expect("ASCII"));
            ErrorForm::accepted(&headers)
        };
        assert_eq!(ErrorForm::accepted(&HeaderMap::new()), ErrorForm::Rekor);
        for value in [
            "*/*",
            "application/*",
            "application/json",
            "text/html, */*;q=0.8",
            "application/problem+json;q=0",
            "application/problem+json;q=0.5, application/json",
            "application/problem+json;q=0.5, */*",
            "application/problem+json;q=x",
            "application/problem+jsonx",
        ] {
            assert_eq!(wanted(value), ErrorForm::Rekor, "{value}");
        }
        for value in [
            "application/problem+json",
            "Application/Problem+JSON",
            "application/json, application/problem+json",
            "application/json;q=0.5, application/problem+json;q=0.6",
            "text/html;level=1, application/problem+json;charset=utf-8;q=0.2, */*;q=0.1",
            "application/problem+json;q=0.5, application/json;q=0.1, */*",
        ] {
            assert_eq!(wanted(value), ErrorForm::Problem, "{value}");
        }
    }
}
