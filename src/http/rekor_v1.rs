//! Rekor v1's read API, for tools written for it: what v2 dropped, served from the lookup index.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/v1/index/retrieve`, `?since=` | entry IDs by email, subject, public key, digest |
//! | `GET /api/v1/log/entries/{entryUUID}`, `?logIndex=` | an entry with its inclusion proof |
//! | `POST /api/v1/log/entries/retrieve` | up to ten of them |
//! | `GET /api/v1/log`, `/log/publicKey`, `/log/proof` | checkpoint, key, consistency |
//!
//! `route` and `question` parse requests, `server` answers them, `error` has their errors, `answer`
//! writes v1's JSON, `tree_id` names entries. Everything is read and verified as by any client
//! (`StoreFetch`), with the log's own key.
//!
//! Unlike in v1, entries have no signed timestamp and the time 0, because a v2 log attests no time,
//! and checkpoints are those of v2. An incomplete answer says so in a header (`answer`), or is an
//! error. The number of questions in progress is bounded, and so is the number waiting (I12).

mod answer;
pub mod error;
mod question;
mod route;
pub mod server;
mod tree_id;

use http::request;

use super::app::App;
use super::body::ReadBody;
use super::methods::{READ, SUBMIT, expect};
use super::problem::{HttpResponse, Problem};
use super::request_body::RequestBody;
use route::Route;

/// Maximum bytes of a request's body.
const BODY_BYTES_MAX: usize = 64 << 10;

impl App {
    /// Answers a request below [`REKOR_V1`](super::paths::REKOR_V1).
    pub(super) async fn rekor_v1<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        let path = head.uri.path();
        let Some(route) = Route::find(path) else {
            return Err(Problem::NotFound(path.to_owned()));
        };
        let body = if route.is_asked_in_body() {
            expect(&head.method, SUBMIT)?;
            Some(self.read_body(head, body, BODY_BYTES_MAX, &self.pools.questions).await?)
        } else {
            expect(&head.method, READ)?;
            None
        };
        let asked = body.as_ref().map_or(&[][..], ReadBody::bytes);
        self.v1.answer(route, head.uri.query(), asked).await
    }
}
