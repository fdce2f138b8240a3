//! Routes: which request is answered by which module.

use fasti_serve::{HttpMetrics, RequestBody, leave};
use http::header::CONTENT_LENGTH;
use http::{Method, Request, StatusCode, request};
use hyper::body::Body as _;

use super::accept::ErrorForm;
use super::app::App;
use super::problem::{HttpResponse, Problem};
use super::{cors, health, openapi, paths, rekor_v1};

impl App {
    /// Answers one request. Also returns the body of a refused request if the rest of it is still
    /// to be read.
    pub async fn handle<B: RequestBody>(&self, request: Request<B>) -> (HttpResponse, Option<B>) {
        let began = HttpMetrics::begin();
        let (mut head, mut body) = request.into_parts();
        self.note_place(&head.headers, &mut head.extensions);
        let (route, answered) = match self.preflight(&head) {
            Some(answered) => ("preflight", answered),
            None => self.route(&head, &mut body).await,
        };
        let answered = answered.map_err(|problem| self.served.blame(problem));
        let (mut answer, unread) = match answered {
            Ok(answer) => (answer, None),
            Err(problem) => self.refuse(problem, &head, body).await,
        };
        cors::share(&head, &mut answer);
        if head.method == Method::HEAD {
            let body = std::mem::take(answer.body_mut());
            if answer.status() != StatusCode::NOT_MODIFIED {
                let length = body.size_hint().exact().unwrap_or_default();
                answer.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
            }
        }
        let code = answer.status().as_u16();
        tracing::debug!(method = %head.method, route, code, "answered");
        self.answered(route, code, began);
        (answer, unread)
    }

    /// Returns the answer to a request that failed, and what is still to be read of its body.
    async fn refuse<B: RequestBody>(
        &self,
        problem: Problem,
        head: &request::Parts,
        body: B,
    ) -> (HttpResponse, Option<B>) {
        let is_lost = matches!(
            problem,
            Problem::BodyTooSlow(_)
                | Problem::BodyStandsStill { .. }
                | Problem::BodyBroken(_)
                | Problem::Peer(_)
        );
        let mut answer = problem.into_response(ErrorForm::wanted(&head.uri, &head.headers));
        let unread = leave(&mut answer, head, body, is_lost).await;
        (answer, unread)
    }

    async fn route<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> (&'static str, Result<HttpResponse, Problem>) {
        match head.uri.path() {
            paths::ENTRIES => ("entries", self.submit_rekor(head, body).await),
            paths::ADD => ("add", self.submit_opaque(head, body).await),
            paths::FORWARD => ("forward", self.answer_peer(head, body).await),
            "/" => ("front", self.front_page(&head.method)),
            "/healthz" => ("healthz", health::alive(&head.method)),
            "/ping" => ("ping", health::ping(&head.method)),
            "/readyz" => ("readyz", self.ready(&head.method)),
            "/openapi.json" => ("openapi", openapi::describe(head)),
            path if path.starts_with(paths::REKOR_V1) => {
                let name = if rekor_v1::submits(head) { "v1_entries" } else { "v1" };
                (name, Box::pin(self.rekor_v1(head, body)).await)
            }
            _ => ("read", self.reads.answer(&**self.served.objects(), head).await),
        }
    }
}
