//! Rekor v1's API, for tools written for it.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/v1/log/entries` | logs a proposed entry |
//! | `GET /api/v1/log/entries/{entryUUID}`, `?logIndex=` | an entry with its inclusion proof |
//! | `POST /api/v1/log/entries/retrieve` | up to ten of them, also by proposal |
//! | `POST /api/v1/index/retrieve`, `?since=` | entry IDs by email, subject, public key, digest |
//! | `GET /api/v1/log`, `/log/publicKey`, `/log/proof` | checkpoint, key, consistency |
//!
//! | module | what it is |
//! |---|---|
//! | `route`, `media`, `question` | read requests |
//! | `submit` | takes proposals |
//! | `server` | answers the rest |
//! | `shards`, `shard` | what is read: the log that is served, and the inactive shards before it |
//! | `searched` | searches over all of them |
//! | `inactive`, `shard_error` | opens inactive shards, or says why not |
//! | `reach` | whether a shard is in reach |
//! | `vouch` | has answers signed, if there is a key |
//! | `answer`, `error` | write v1's JSON and words |
//! | `entry_id` | names of entries |
//!
//! Everything is read and verified as by any client (`StoreFetch`), with the keys of the shards.
//!
//! The active tree is the log's own: what v2's clients see as a checkpoint, v1's see as one in v1's
//! form, and each entry has the time at which it entered the log. Its indices continue those of the
//! inactive shards, of which v2's clients and the static files know nothing. An incomplete answer
//! says so in a header (`searched`), or is an error. The number of questions in progress is
//! bounded, and so is the number waiting (I12).

mod answer;
pub mod entry_id;
pub mod error;
pub mod inactive;
mod media;
mod question;
mod reach;
mod route;
mod searched;
pub mod server;
mod shard;
pub mod shard_error;
mod shards;
mod submit;
pub mod vouch;

use std::sync::Arc;

use fasti_serve::RequestBody;
use http::request;

use super::app::App;
use super::methods::expect;
use super::problem::{HttpResponse, Problem};
use error::V1Error;
use route::Route;

/// Refuses a body that is not JSON. Like v1, takes an empty one of any type, which is then refused
/// for what it lacks.
fn expect_json_body<B: RequestBody>(head: &request::Parts, body: &B) -> Result<(), V1Error> {
    if body.is_end_stream() { Ok(()) } else { media::expect_json(&head.headers) }
}

/// Maximum bytes of a search's body.
const SEARCH_BYTES_MAX: usize = 64 << 10;

/// Whether a request is a submission, as opposed to a question.
pub fn submits(head: &request::Parts) -> bool {
    matches!(Route::find(head.uri.path(), &head.method), Some(Route::Create))
}

impl App {
    /// Answers a request below [`REKOR_V1`](super::paths::REKOR_V1).
    pub(super) async fn rekor_v1<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        let (path, query) = (head.uri.path(), head.uri.query());
        let Some(route) = Route::find(path, &head.method) else {
            return Err(Problem::NotFound(path.to_owned()));
        };
        expect(&head.method, route.methods())?;
        if route.has_body() {
            expect_json_body(head, body)?;
        } else {
            server::expect_taken(&head.headers, route == Route::PublicKey)?;
        }
        let v1 = &self.v1;
        match route {
            Route::Create => self.create_v1(head, body).await,
            Route::SearchIndex => {
                let pool = &self.pools.questions;
                let body = self.read_body(head, body, SEARCH_BYTES_MAX, pool).await?;
                let _turn = v1.turn().await?;
                v1.search_index(query, body.bytes()).await
            }
            Route::Entries => {
                // Proposals can be as large as those that are submitted.
                let (max, pool) = (self.config.limits.v1_body_bytes_max, &self.pools.submissions);
                let body = Arc::new(self.read_body(head, body, max, pool).await?);
                let proposed = self.proposed(&body).await?;
                let _turn = v1.turn().await?;
                v1.entries(body.bytes(), proposed).await
            }
            Route::Log => v1.info().await,
            Route::PublicKey => v1.public_key(query, &head.headers).await,
            Route::Proof => {
                let _turn = v1.turn().await?;
                v1.proof(query).await
            }
            Route::EntryByIndex => {
                let _turn = v1.turn().await?;
                v1.entry_by_index(query).await
            }
            Route::Entry(id) => {
                let _turn = v1.turn().await?;
                v1.entry(id).await
            }
        }
    }
}
