//! Submissions: `POST /api/v2/log/entries` as in Rekor v2, and `POST /add` for opaque entries.
//! [`App::log_submission`] handles all Rekor submissions, over HTTP and gRPC.
//!
//! Both answer only once the entry is in a published tree (I4). Signatures that take long to verify
//! are verified off the I/O threads, in a bounded queue (I12).

use std::sync::Arc;

use bytes::Bytes;
use fasti_admit::Admission;
use fasti_entry::{
    Attestation, CanonicalEntry, Cost, EntryError, InclusionProof, Submission,
    TransparencyLogEntry, expect_few_keys,
};
use fasti_log::{Acknowledged, Publication, SubmitError};
use fasti_seams::clock::wall_clock;
use fasti_seams::offload::offload;
use fasti_seams::trace::stage;
use fasti_serve::{BodyError, ReadBody, RequestBody, Shares, read_body};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode, request};
use http_body_util::Full;
use tiles_spec::{ENTRY_BYTES_MAX, Hash};

use super::app::App;
use super::attestations::ToKeep;
use super::config::{Duplicates, EntryKinds};
use super::methods::{SUBMIT, expect};
use super::problem::{HttpResponse, Problem, X_LOG_INDEX};

/// Longest body parsed on the I/O thread: several times the usual request.
const QUICK_BODY_BYTES_MAX: usize = 16 << 10;

/// Reads a submission in one of its encodings.
pub(super) type Parse = fn(&[u8]) -> Result<Submission, EntryError>;

/// A submission that is in the log.
pub(super) struct Logged {
    /// The answer.
    pub entry: TransparencyLogEntry,
    /// Whether it was in the log before.
    pub duplicate: bool,
}

impl App {
    /// Answers a Rekor v2 `CreateEntryRequest` with 201 and the `TransparencyLogEntry`.
    pub(super) async fn submit_rekor<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        self.served.writer()?;
        expect(&head.method, SUBMIT)?;
        self.refuse_page(head)?;
        self.refuse_frozen()?;
        self.pace(&head.headers, &head.extensions)?;
        let max = self.config.limits.rekor_body_bytes_max;
        let body = self.read_body(head, body, max, &self.pools.submissions).await?;
        self.pace_body(&head.headers, &head.extensions, body.bytes())?;
        let Logged { entry, duplicate } = self.log_submission(body, Submission::parse).await?;
        let mut response = Response::new(Full::new(Bytes::from(entry.to_json())));
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if duplicate {
            headers.insert(X_LOG_INDEX, HeaderValue::from(entry.log_index));
        }
        Ok(response)
    }

    /// Verifies and logs a submission, and proves its inclusion.
    pub(super) async fn log_submission(
        &self,
        body: ReadBody,
        parse: Parse,
    ) -> Result<Logged, Problem> {
        let log = self.served.writer()?;
        let began = log.clock().now();
        let verify = stage("verify");
        let (entry, to_keep) = self.admit(body, parse).await?;
        drop(verify);
        log.metrics().stages.verified(log.clock().now() - began);
        self.keep(log, entry.bytes(), to_keep).await?;
        let leaf = Bytes::copy_from_slice(entry.bytes());
        let acknowledged = log.submit(leaf).await?;
        self.refuse_duplicate(&acknowledged)?;
        let proof = acknowledged.proof()?;
        let entry = self.transparency_log_entry(entry, &acknowledged, &proof);
        Ok(Logged { entry, duplicate: acknowledged.duplicate })
    }

    fn transparency_log_entry(
        &self,
        entry: CanonicalEntry,
        acknowledged: &Acknowledged,
        proof: &[Hash],
    ) -> TransparencyLogEntry {
        let Publication { head, checkpoint, .. } = &*acknowledged.publication;
        let kind = entry.kind();
        TransparencyLogEntry {
            log_index: acknowledged.index.get(),
            log_id: self.served.verifier_key().log_id().to_vec(),
            kind: kind.name().to_owned(),
            version: kind.version().to_owned(),
            integrated_time: 0,
            inclusion_promise: None,
            inclusion_proof: Some(InclusionProof {
                log_index: acknowledged.index.get(),
                root_hash: *head.root.as_bytes(),
                tree_size: head.size.get(),
                hashes: proof.iter().map(|hash| *hash.as_bytes()).collect(),
                checkpoint: String::from_utf8_lossy(checkpoint).into_owned(),
            }),
            canonicalized_body: entry.into_bytes(),
        }
    }

    /// Parses a submission, checks that its signers may write, verifies and canonicalises it. A
    /// single verification of the usual kinds is too quick to be worth handing to another thread.
    /// Anything slower runs on other threads, at most as many at once as there are processors for
    /// it.
    async fn admit(
        &self,
        body: ReadBody,
        parse: Parse,
    ) -> Result<(CanonicalEntry, Option<ToKeep>), Problem> {
        let bytes_max = self.config.attestation_bytes_max;
        let (admission, kinds) = (self.config.admission.clone(), self.config.kinds.clone());
        if body.bytes().len() <= QUICK_BODY_BYTES_MAX && !admission.is_slow() {
            let submission = parse(body.bytes())?;
            if submission.cost() == Cost::Quick {
                let entry = judge(&admission, &kinds, &submission)?;
                let attestation = attestation(bytes_max, &submission);
                return Ok((entry, Self::to_keep(bytes_max, attestation, body)));
            }
        }
        let _place = self.queue.try_acquire().map_err(|_| Problem::Busy)?;
        let processor = self.processors.clone().acquire_owned().await;
        let verified = offload(move || {
            let _processor = processor;
            let submission = parse(body.bytes())?;
            let entry = judge(&admission, &kinds, &submission)?;
            let attestation = attestation(bytes_max, &submission);
            Ok((entry, Self::to_keep(bytes_max, attestation, body)))
        });
        verified.await
    }

    /// Logs the body as an opaque entry. Answers 200 and the decimal leaf index on the first line.
    pub(super) async fn submit_opaque<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        let log = self.served.writer()?;
        expect(&head.method, SUBMIT)?;
        if !self.config.accept_opaque {
            return Err(Problem::OpaqueOff);
        }
        self.refuse_page(head)?;
        self.refuse_frozen()?;
        self.pace(&head.headers, &head.extensions)?;
        self.config.admission.judge_opaque(&head.headers)?;
        let body = self.read_body(head, body, ENTRY_BYTES_MAX, &self.pools.submissions).await?;
        self.pace_body(&head.headers, &head.extensions, body.bytes())?;
        expect_few_keys(body.bytes())?;
        let acknowledged = log.submit(body.into_bytes()).await?;
        self.refuse_duplicate(&acknowledged)?;
        let line = format!("{}\n", acknowledged.index);
        let mut response = Response::new(Full::new(Bytes::from(line)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if acknowledged.duplicate {
            headers.insert(X_LOG_INDEX, HeaderValue::from(acknowledged.index.get()));
        }
        Ok(response)
    }

    /// Reads a body, which takes its share of `memory`.
    pub(super) async fn read_body<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
        max: usize,
        memory: &Arc<Shares>,
    ) -> Result<ReadBody, Problem> {
        let _receive = stage("receive");
        let read = read_body(head, body, max, &self.config.limits.server, memory).await;
        if read.as_ref().is_err_and(BodyError::is_slow) {
            self.metrics.bodies_too_slow.inc();
        }
        Ok(read?)
    }

    /// Refuses submissions to a frozen log before their bodies are read.
    pub(super) fn refuse_frozen(&self) -> Result<(), Problem> {
        if self.served.is_frozen() { Err(SubmitError::Frozen.into()) } else { Ok(()) }
    }

    fn refuse_duplicate(&self, acknowledged: &Acknowledged) -> Result<(), Problem> {
        match self.config.duplicates {
            Duplicates::Reject if acknowledged.duplicate => {
                Err(Problem::Duplicate(acknowledged.index))
            }
            _ => Ok(()),
        }
    }
}

/// What may be kept of a submission, if attestations are kept.
fn attestation(bytes_max: Option<usize>, submission: &Submission) -> Option<Attestation> {
    let bytes = submission.attestation().filter(|bytes| Some(bytes.len()) <= bytes_max)?;
    Some(Attestation::new(bytes.to_vec()))
}

/// Checks that the kind is taken and that the signers may write, and verifies.
fn judge(
    admission: &Admission,
    kinds: &EntryKinds,
    submission: &Submission,
) -> Result<CanonicalEntry, Problem> {
    let kind = submission.kind().name();
    if !kinds.allow(kind) {
        return Err(Problem::KindOff(kind));
    }
    // Refuse large certificates before reading them and checking their chains.
    submission.expect_modest()?;
    admission.judge(submission, wall_clock())?;
    Ok(submission.verify()?)
}
