//! The routes of Rekor v1's API.

/// The routes of the API.
#[derive(Clone, Copy)]
pub(super) enum Route<'a> {
    SearchIndex,
    Log,
    PublicKey,
    Proof,
    EntryByIndex,
    Entries,
    Entry(&'a str),
}

impl<'a> Route<'a> {
    pub fn find(path: &'a str) -> Option<Self> {
        match path {
            "/api/v1/index/retrieve" => Some(Self::SearchIndex),
            "/api/v1/log" => Some(Self::Log),
            "/api/v1/log/publicKey" => Some(Self::PublicKey),
            "/api/v1/log/proof" => Some(Self::Proof),
            "/api/v1/log/entries" => Some(Self::EntryByIndex),
            "/api/v1/log/entries/retrieve" => Some(Self::Entries),
            _ => {
                let id = path.strip_prefix("/api/v1/log/entries/")?;
                (!id.is_empty() && !id.contains('/')).then_some(Self::Entry(id))
            }
        }
    }

    pub fn is_asked_in_body(self) -> bool {
        matches!(self, Self::SearchIndex | Self::Entries)
    }
}
