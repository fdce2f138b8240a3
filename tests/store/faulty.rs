//! Object stores that misbehave like real ones, over a correct one in memory.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, Extensions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens to one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is applied, but the answer is lost.
    AppliedUnanswered,
    /// It is not applied, and there is no answer.
    LostUnanswered,
    /// It is refused with "exists", whether or not the object exists.
    SaidToExist,
    /// It is refused with "no permission".
    Forbidden,
    /// It is refused as malformed.
    Malformed,
}

/// How a store always treats conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conditions {
    /// Correctly.
    #[default]
    Kept,
    /// Not at all.
    Ignored,
    /// It checks, waits, and writes.
    CheckedWithoutLock,
    /// It reports success, but does not overwrite.
    Pretended,
}

/// A store with scripted faults: each conditional or plain write takes the next one.
#[derive(Debug, Default)]
pub struct Faulty {
    pub inner: InMemory,
    pub conditions: Conditions,
    script: Mutex<Vec<Option<Fault>>>,
}

impl Faulty {
    pub fn with_conditions(conditions: Conditions) -> Self {
        Self { conditions, ..Self::default() }
    }

    /// Sets what happens to the next writes, in this order; later writes succeed.
    pub fn next(&self, faults: &[Option<Fault>]) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        *script = faults.iter().rev().copied().collect();
    }

    fn take(&self) -> Option<Fault> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).pop().flatten()
    }

    async fn apply(&self, at: &Path, bytes: PutPayload, with: PutOptions) -> Result<PutResult> {
        let unconditional = PutOptions { mode: PutMode::Overwrite, ..with.clone() };
        match (self.conditions, &with.mode) {
            (Conditions::Kept, _) | (_, PutMode::Overwrite) => {}
            (Conditions::Ignored, _) => {
                tokio::task::yield_now().await;
                return self.inner.put_opts(at, bytes, unconditional).await;
            }
            (Conditions::CheckedWithoutLock, mode) => {
                let there = self.inner.get_opts(at, GetOptions::default()).await;
                let holds = match mode {
                    PutMode::Update(version) => {
                        there.is_ok_and(|it| it.meta.e_tag == version.e_tag)
                    }
                    _ => there.is_err(),
                };
                tokio::task::yield_now().await;
                if holds {
                    return self.inner.put_opts(at, bytes, unconditional).await;
                }
            }
            (Conditions::Pretended, _) => {
                if self.inner.get_opts(at, GetOptions::default()).await.is_ok() {
                    let said = Some("\"pretended\"".to_owned());
                    return Ok(PutResult {
                        e_tag: said,
                        version: None,
                        extensions: Extensions::default(),
                    });
                }
            }
        }
        self.inner.put_opts(at, bytes, with).await
    }
}

/// The error that the client library makes from an answer with this status.
fn status(text: &str) -> Error {
    let answer = format!("Server returned non-2xx status code: {text}: <Error/>");
    Error::Generic { store: "S3", source: answer.into() }
}

fn unanswered() -> Error {
    Error::Generic { store: "S3", source: "connection closed before message completed".into() }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, with: PutOptions) -> Result<PutResult> {
        let path = at.to_string();
        match self.take() {
            None => self.apply(at, bytes, with).await,
            Some(Fault::AppliedUnanswered) => {
                drop(self.apply(at, bytes, with).await);
                Err(unanswered())
            }
            Some(Fault::LostUnanswered) => Err(unanswered()),
            Some(Fault::SaidToExist) => {
                Err(Error::AlreadyExists { path, source: "409 Conflict".into() })
            }
            Some(Fault::Forbidden) => {
                Err(Error::PermissionDenied { path, source: "AccessDenied".into() })
            }
            Some(Fault::Malformed) => Err(status("400 Bad Request")),
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        with: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, with).await
    }

    async fn get_opts(&self, at: &Path, with: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, with).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, below: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(below).boxed()
    }

    async fn list_with_delimiter(&self, below: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(below).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, with: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, with).await
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a faulty store")
    }
}
