//! The routes of Rekor v1's API. Like v1, each takes a slash at its end.

use http::Method;

use crate::methods::{READ, SUBMIT};

/// The routes of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    SearchIndex,
    Log,
    PublicKey,
    Proof,
    Create,
    EntryByIndex,
    Entries,
    Entry(&'a str),
}

/// The methods of the one path that is both read and written.
const BOTH: (&[Method], &str) = (&[Method::GET, Method::HEAD, Method::POST], "GET, HEAD, POST");

impl<'a> Route<'a> {
    /// The route of a request.
    pub fn find(path: &'a str, method: &Method) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/api/v1/index/retrieve" => Some(Self::SearchIndex),
            "/api/v1/log" => Some(Self::Log),
            "/api/v1/log/publicKey" => Some(Self::PublicKey),
            "/api/v1/log/proof" => Some(Self::Proof),
            "/api/v1/log/entries" if method == Method::POST => Some(Self::Create),
            "/api/v1/log/entries" => Some(Self::EntryByIndex),
            "/api/v1/log/entries/retrieve" => Some(Self::Entries),
            path => {
                let id = path.strip_prefix("/api/v1/log/entries/")?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Entry(id))
            }
        }
    }

    /// The methods that the path allows.
    pub fn methods(self) -> (&'static [Method], &'static str) {
        match self {
            Self::SearchIndex | Self::Entries => SUBMIT,
            Self::Create | Self::EntryByIndex => BOTH,
            Self::Log | Self::PublicKey | Self::Proof | Self::Entry(_) => READ,
        }
    }

    /// Whether the request is in a body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::SearchIndex | Self::Entries | Self::Create)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_may_end_with_a_slash() {
        for (path, method, route) in [
            ("/api/v1/log/entries", Method::POST, Some(Route::Create)),
            ("/api/v1/log/entries/", Method::POST, Some(Route::Create)),
            ("/api/v1/log/entries/", Method::GET, Some(Route::EntryByIndex)),
            ("/api/v1/log/entries/retrieve/", Method::POST, Some(Route::Entries)),
            ("/api/v1/log/entries/abc/", Method::GET, Some(Route::Entry("abc"))),
            ("/api/v1/log/", Method::GET, Some(Route::Log)),
            ("/api/v1/log//", Method::GET, None),
            ("/api/v1/log/entries/a/b", Method::GET, None),
            ("/api/v1/version", Method::GET, None),
        ] {
            assert_eq!(Route::find(path, &method), route, "{path}");
        }
    }
}
