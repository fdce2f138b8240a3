//! What each S3 operation does to the bucket, and who may use it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{
    CommonPrefix, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
    DeletedObject, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output,
    ObjectStorageClass, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use crate::objects::{Condition, Refused};
use crate::{Object, Objects};

/// Access control: the account may do everything; everyone else nothing, or only read objects.
pub(super) struct Access {
    pub(super) public: bool,
}

#[async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let reads = matches!(context.s3_op().name(), "GetObject" | "HeadObject");
        if context.credentials().is_some() || (self.public && reads) {
            return Ok(());
        }
        Err(s3_error!(AccessDenied, "a signature is required"))
    }
}

/// The only bucket.
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) objects: Arc<Objects>,
}

impl Bucket {
    fn check_name(&self, name: &str) -> S3Result<()> {
        if name == self.name { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Object> {
        self.check_name(bucket)?;
        self.objects.get(key).ok_or_else(|| s3_error!(NoSuchKey))
    }
}

/// Headers of a write that belong to the object and are returned with it.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let kept = |name: &HeaderName, value: &HeaderValue| {
        let own = [
            CACHE_CONTROL,
            CONTENT_DISPOSITION,
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_TYPE,
            EXPIRES,
        ];
        let amazon = ["x-amz-meta-", "x-amz-server-side-encryption"];
        own.contains(name)
            || amazon.iter().any(|start| name.as_str().starts_with(start))
            // The standard class is not returned.
            || (name == "x-amz-storage-class" && value != "STANDARD")
    };
    let found = headers.iter().filter(|(name, value)| kept(name, value));
    let mut found: HeaderMap = found.map(|(name, value)| (name.clone(), value.clone())).collect();
    found.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("binary/octet-stream"));
    found
}

/// The headers of an object that are also in the answer to its write.
fn encryption(headers: &HeaderMap) -> HeaderMap {
    let shown = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-amz-server-side-encryption"));
    shown.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    Ok(match (if_match, if_none_match) {
        (None, None) => Condition::None,
        (None, Some(ETagCondition::Any)) => Condition::Absent,
        (Some(ETagCondition::Any), None) => Condition::Present,
        (Some(ETagCondition::ETag(etag)), None) => Condition::Etag(etag.value().to_owned()),
        // A write that must not replace one specific version, and both conditions at once.
        _ => return Err(s3_error!(NotImplemented)),
    })
}

fn refused(refused: Refused) -> S3Error {
    match refused {
        Refused::Condition => s3_error!(PreconditionFailed),
        Refused::Missing => s3_error!(NoSuchKey),
        Refused::TooSoon => s3_error!(SlowDown),
        Refused::UnderWay => s3_error!(ConditionalRequestConflict),
    }
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The answer to a read whose conditions do not hold.
fn check_read(input: &GetObjectInput, object: &Object) -> S3Result<()> {
    let etag = ETag::Strong(object.etag.clone());
    let is = |condition: &ETagCondition| match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(other) => other.weak_cmp(&etag),
    };
    if input.if_match.as_ref().is_some_and(|condition| !is(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if input.if_none_match.as_ref().is_some_and(is) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

#[async_trait]
impl S3 for Bucket {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.find(&input.bucket, &input.key)?;
        check_read(&input, &object)?;
        let whole = object.bytes.len();
        let (bytes, content_range) = match input.range {
            None => (object.bytes, None),
            Some(range) => {
                let range = range.check(whole as u64)?;
                let shown = format!("bytes {}-{}/{whole}", range.start, range.end - 1);
                let place = |at| usize::try_from(at).unwrap_or(whole);
                (object.bytes.slice(place(range.start)..place(range.end)), Some(shown))
            }
        };
        let output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(bytes.len())),
            content_range,
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.modified.into()),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            ..Default::default()
        };
        Ok(S3Response::with_headers(output, object.headers))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let object = self.find(&request.input.bucket, &request.input.key)?;
        let output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(object.bytes.len())),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(object.modified.into()),
            ..Default::default()
        };
        Ok(S3Response::with_headers(output, object.headers))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let headers = kept(&request.headers);
        let input = request.input;
        self.check_name(&input.bucket)?;
        let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let bytes = match input.body {
            None => Bytes::new(),
            Some(body) => {
                let body = Body::from(body).collect().await;
                body.map_err(incomplete)?.to_bytes()
            }
        };
        let written = self.objects.write(&input.key, bytes, headers, &condition).await;
        let object = written.map_err(refused)?;
        let output =
            PutObjectOutput { e_tag: Some(ETag::Strong(object.etag)), ..Default::default() };
        Ok(S3Response::with_headers(output, encryption(&object.headers)))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        self.check_name(&input.bucket)?;
        let condition = condition(input.if_match.as_ref(), None)?;
        self.objects.delete(&input.key, &condition).map_err(refused)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        self.check_name(&input.bucket)?;
        if input.delete.objects.len() > 1000 {
            return Err(s3_error!(MalformedXML));
        }
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            self.objects.remove(&object.key);
            deleted.push(DeletedObject { key: Some(object.key), ..Default::default() });
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        let output =
            DeleteObjectsOutput { deleted: (!quiet).then_some(deleted), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.check_name(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let after = match &input.continuation_token {
            None => input.start_after.clone().unwrap_or_default(),
            Some(token) => hex::decode(token)
                .ok()
                .and_then(|key| String::from_utf8(key).ok())
                .ok_or_else(|| s3_error!(InvalidArgument, "not a continuation token"))?,
        };
        let max = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or_default();
        let page = self.objects.list(&prefix, &after, input.delimiter.as_deref(), max);
        let shown = page.objects.len() + page.folders.len();
        let objects = page.objects.into_iter().map(|(key, object)| listed(key, object));
        let folders = page.folders.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) });
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(prefix),
            max_keys: Some(i32::try_from(max).unwrap_or(i32::MAX)),
            key_count: Some(i32::try_from(shown).unwrap_or(i32::MAX)),
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            delimiter: input.delimiter,
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(hex::encode),
            contents: Some(objects.collect()),
            common_prefixes: Some(folders.collect()),
            ..Default::default()
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.check_name(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }
}

fn listed(key: String, object: Object) -> s3s::dto::Object {
    let class = object.headers.get("x-amz-storage-class").and_then(|value| value.to_str().ok());
    s3s::dto::Object {
        key: Some(key),
        e_tag: Some(ETag::Strong(object.etag)),
        last_modified: Some(object.modified.into()),
        size: Some(length(object.bytes.len())),
        storage_class: Some(ObjectStorageClass::from(class.unwrap_or("STANDARD").to_owned())),
        ..Default::default()
    }
}

fn incomplete(source: s3s::StdError) -> S3Error {
    S3Error::with_source(s3s::S3ErrorCode::IncompleteBody, source)
}
