//! Server reflection, so that tools like grpcurl need no files. Versions v1 and v1alpha give the
//! same answers.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use tonic::body::Body as Reply;
use tonic::codegen::Service as _;
use tonic_reflection::server::Builder;

use fasti_entry::PROTOBUF_DESCRIPTORS;
use fasti_seams::clock::Clock;

/// The path prefixes of the methods of both versions.
pub const PREFIXES: [&str; 2] =
    ["/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"];

/// Maximum length of a question.
const QUESTION_BYTES_MAX: usize = 4 << 10;

type Answering = Box<dyn Fn(Request<Reply>) -> BoxFuture<'static, Response<Reply>> + Send + Sync>;

/// The service in both versions.
pub struct Reflection {
    v1: Answering,
    v1alpha: Answering,
    clock: Arc<dyn Clock>,
}

impl Reflection {
    /// Creates reflection for all services of this server.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        const SOUND: &str = "the descriptors in the program are sound";
        let describe = || {
            Builder::configure()
                .register_encoded_file_descriptor_set(PROTOBUF_DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let v1 = describe().build_v1().expect(SOUND).max_decoding_message_size(QUESTION_BYTES_MAX);
        let v1alpha = describe().build_v1alpha().expect(SOUND);
        let v1alpha = v1alpha.max_decoding_message_size(QUESTION_BYTES_MAX);
        Self {
            v1: Box::new(move |call| {
                let mut service = v1.clone();
                async move { service.call(call).await.unwrap_or_else(|never| match never {}) }
                    .boxed()
            }),
            v1alpha: Box::new(move |call| {
                let mut service = v1alpha.clone();
                async move { service.call(call).await.unwrap_or_else(|never| match never {}) }
                    .boxed()
            }),
            clock,
        }
    }

    /// Answers the questions of one call, as long as they arrive within `time`.
    pub async fn answer(&self, call: Request<Incoming>, time: Duration) -> Response<Reply> {
        let answering =
            if call.uri().path().starts_with(PREFIXES[0]) { &self.v1 } else { &self.v1alpha };
        let clock = self.clock.clone();
        let over = async move { clock.sleep(time).await }.boxed();
        let call = call.map(|body| {
            let questions = body.into_data_stream().take_until(over);
            Reply::new(StreamBody::new(questions.map(|part| part.map(hyper::body::Frame::data))))
        });
        answering(call).await
    }
}
