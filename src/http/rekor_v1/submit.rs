//! `POST /api/v1/log/entries`: proposals of Rekor v1.
//!
//! A proposal is verified and canonicalised by [`fasti_rekor_v1`], off the I/O threads, in the same
//! bounded queue as other submissions (I12). Its signers must be admitted, if there are lists, and
//! what it names must not be more than an index should list. The answer comes once the entry is in
//! a published tree (I4).

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use fasti_entry::{LOOKUP_KEYS_MAX, expect_few_keys};
use fasti_rekor_v1::{Accepted, KindError, Limits, Proposal, ProposalError, Setting, Signer};
use fasti_seams::clock::wall_clock;
use fasti_seams::offload::offload;
use fasti_seams::trace::stage;
use http::header::{ETAG, HeaderName, HeaderValue, LOCATION};
use http::{StatusCode, request};
use tiles_spec::{Hash, leaf_hash};

use super::answer::json_answer;
use super::entry_id::location;
use super::error::V1Error;
use super::question::search_log_query;
use crate::app::App;
use crate::attestations::ToKeep;
use crate::config::Duplicates;
use crate::methods::READ;
use crate::problem::{HttpResponse, Problem};
use fasti_serve::{ReadBody, RequestBody};

impl App {
    /// Logs a proposed entry: 201 with the `LogEntry`, or 409 if the log has it. An entry of an
    /// inactive shard is logged again, as by v1.
    pub(super) async fn create_v1<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        // The path is there to be read.
        let log = self.served.writer().map_err(|_| Problem::ReadOnly { allowed: READ.1 })?;
        self.refuse_page(head)?;
        self.refuse_frozen()?;
        self.pace(&head.headers, &head.extensions)?;
        let max = self.config.limits.v1_body_bytes_max;
        let body = self.read_body(head, body, max, &self.pools.submissions).await?;
        self.pace_body(&head.headers, &head.extensions, body.bytes())?;
        let began = log.clock().now();
        let verify = stage("verify");
        let (leaf, to_keep) = self.accept(body).await?;
        drop(verify);
        log.metrics().stages.verified(log.clock().now() - began);
        self.keep(log, &leaf, to_keep).await?;
        let acknowledged = log.submit(leaf.clone()).await?;
        let id = self.v1.active().id_of(&acknowledged.leaf);
        if acknowledged.duplicate && self.config.rekor_v1.duplicates == Duplicates::Reject {
            let query = head.uri.query().map(str::to_owned);
            return Err(V1Error::Exists { id, query }.into());
        }
        let (id, entry) = self.v1.active().submitted(&acknowledged, &leaf).await?;
        let mut answer = json_answer(&entry);
        *answer.status_mut() = StatusCode::CREATED;
        // Clients compare the field with the entry ID, so it has no quotes, as in v1.
        insert(&mut answer, ETAG, &id);
        insert(&mut answer, LOCATION, &location(&id, head.uri.query()));
        Ok(answer)
    }

    /// Verifies a proposal, and returns the leaf that it becomes, and what to keep beside it.
    async fn accept(&self, body: ReadBody) -> Result<(Bytes, Option<ToKeep>), Problem> {
        let bytes_max = self.config.attestation_bytes_max;
        let (admission, kinds) = (self.config.admission.clone(), self.config.kinds.clone());
        let verified = self.off_the_io_threads(move || {
            let proposal = Proposal::parse(body.bytes()).map_err(V1Error::from)?;
            let kind = proposal.kind().name();
            if !kinds.allow(kind) {
                return Err(V1Error::KindOff(kind).into());
            }
            let accepted = proposal.accept(&setting(bytes_max)).map_err(V1Error::from)?;
            let materials = accepted.signers().iter().filter_map(|signer| match signer {
                Signer::X509(material) => Some(material),
                Signer::Other(_) => None,
            });
            admission.judge_signers(kind, materials, wall_clock())?;
            expect_few_keys(accepted.body()).map_err(|_| V1Error::TooManyKeys(LOOKUP_KEYS_MAX))?;
            let (leaf, attestation) = Accepted::into_parts(accepted);
            Ok((Bytes::from(leaf), Self::to_keep(bytes_max, attestation, body)))
        });
        verified.await
    }

    /// The leaf hashes of the proposals that a request asks for. Neither whether their kinds are
    /// taken nor who signed matters here.
    pub(super) async fn proposed(&self, body: &Arc<ReadBody>) -> Result<Vec<Hash>, Problem> {
        if search_log_query(body.bytes())?.proposals.is_empty() {
            return Ok(Vec::new());
        }
        let body = body.clone();
        let verified = self.off_the_io_threads(move || {
            let proposals = search_log_query(body.bytes())?.proposals;
            let leaves = proposals.into_iter().filter_map(|proposal| leaf_of(proposal).transpose());
            Ok(leaves.collect::<Result<_, _>>()?)
        });
        verified.await
    }

    /// Runs work on other threads, at most as much at once as there are processors for it.
    async fn off_the_io_threads<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let _place = self.queue.try_acquire().map_err(|_| Problem::Busy)?;
        let processor = self.processors.clone().acquire_owned().await;
        offload(move || {
            let _processor = processor;
            work()
        })
        .await
    }
}

/// The leaf hash of a proposal; `Ok(None)` if its algorithm is one with which it cannot be in the
/// log.
fn leaf_of(proposal: &[u8]) -> Result<Option<Hash>, V1Error> {
    let accepted = Proposal::parse(proposal).map_err(asked_for)?.accept(&setting(None));
    match accepted {
        Ok(accepted) => Ok(Some(leaf_hash(accepted.body()))),
        Err(ProposalError::Entry(KindError::Algorithm)) => Ok(None),
        Err(error) => Err(asked_for(error)),
    }
}

fn asked_for(error: ProposalError) -> V1Error {
    match error {
        ProposalError::Entry(_) => V1Error::AskedFor(error),
        _ => V1Error::Body { name: "entry", reason: error.to_string() },
    }
}

fn setting(attestation_bytes_max: Option<usize>) -> Setting {
    let now = wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let attestation_bytes_max = attestation_bytes_max.unwrap_or_default();
    Setting { limits: Limits { attestation_bytes_max, ..Limits::default() }, now }
}

fn insert(answer: &mut HttpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
