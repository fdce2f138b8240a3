//! The host of readings: fetches what they want, as many objects at once as they allow.

use fasti_objects::Published;
use fasti_read::{Reading, Want};
use futures::stream::{FuturesUnordered, StreamExt as _};

use super::fetch::{Fetch, FetchError};

/// Why a reading has no outcome.
#[derive(Debug)]
pub(crate) enum Failed<F> {
    /// An object is out of reach or malformed.
    Fetch(FetchError),
    /// What was fetched is not what was signed.
    Fault(F),
}

/// Brings a reading to its outcome.
pub(crate) async fn host<R: Reading>(
    fetch: &dyn Fetch,
    mut reading: R,
) -> Result<R::Outcome, Failed<R::Fault>> {
    let mut asked = FuturesUnordered::new();
    loop {
        while let Some((id, want)) = reading.request() {
            asked.push(async move { (id, fetch_wanted(fetch, want).await) });
        }
        if let Some(outcome) = reading.outcome() {
            return Ok(outcome);
        }
        let (id, found) = asked.next().await.expect("a reading has an outcome or a request");
        reading.answer(id, found.map_err(Failed::Fetch)?).map_err(Failed::Fault)?;
    }
}

pub(crate) async fn fetch_wanted(
    fetch: &dyn Fetch,
    want: Want,
) -> Result<Option<Vec<u8>>, FetchError> {
    match (want.object, want.bytes) {
        (Published::Log(path), None) => fetch.fetch(&path).await,
        (Published::Lookup(path), None) => fetch.fetch_lookup(&path).await,
        (Published::Lookup(path), Some(bytes)) => fetch.fetch_part(&path, bytes).await,
        (Published::Times(bundle), None) => fetch.fetch_times(&bundle).await,
        (Published::Attestation(sha256), None) => fetch.fetch_attestation(&sha256).await,
        (Published::Heads(path), None) => fetch.fetch_heads(&path).await,
        (Published::Description, None) => fetch.description().await,
        (_, Some(_)) => unreachable!("only parts of an index are read in ranges"),
    }
}

/// The name in messages of an object.
pub(crate) fn place_of(fetch: &dyn Fetch, object: &Published) -> String {
    match object {
        Published::Log(path) => fetch.place(path),
        Published::Lookup(path) => fetch.place_of_lookup(path),
        Published::Times(_)
        | Published::Attestation(_)
        | Published::Heads(_)
        | Published::Description => object.to_string(),
    }
}
