//! A server that speaks S3, in path style, with one bucket.
//!
//! Signatures (version 4) are checked: a request that is not signed, or signed with another secret,
//! is refused with 403. With [`S3Options::public`] objects can be read without a signature, so the
//! server can stand in for a CDN as well.
//!
//! Supported: GET with ranges and conditions, HEAD, PUT with `If-None-Match: *` and `If-Match`,
//! DELETE, bulk DELETE, listing (version 2), HEAD of the bucket. Everything else is refused with
//! 501.

mod bucket;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use self::bucket::{Access, Bucket};
use crate::front::{Front, NoAnswer, Service};
use crate::{Conditions, Faults, Objects, Tally};

/// The options of an [`S3Server`].
#[derive(Clone, Debug)]
pub struct S3Options {
    /// Where it listens; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// The bucket, which exists from the start.
    pub bucket: String,
    /// The only account.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// Whether objects can be read without a signature.
    pub public: bool,
    /// How writes are checked.
    pub conditions: Conditions,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            bucket: "log".to_owned(),
            access_key: "writer".to_owned(),
            secret_key: "a secret of the tests".to_owned(),
            public: false,
            conditions: Conditions::Kept,
        }
    }
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct S3Server {
    options: S3Options,
    objects: Arc<Objects>,
    front: Front,
}

impl S3Server {
    /// Starts a server on the caller's runtime.
    pub async fn start(options: S3Options) -> io::Result<Self> {
        let objects = Arc::new(Objects::default());
        Self::over(objects, options).await
    }

    /// Starts a server over existing objects: a second endpoint of one bucket, or the same bucket
    /// after a restart of the store.
    pub async fn over(objects: Arc<Objects>, options: S3Options) -> io::Result<Self> {
        objects.set_conditions(options.conditions);
        let bucket = Bucket { name: options.bucket.clone(), objects: objects.clone() };
        let mut builder = S3ServiceBuilder::new(bucket);
        builder.set_auth(SimpleAuth::from_single(
            options.access_key.clone(),
            options.secret_key.clone(),
        ));
        builder.set_access(Access { public: options.public });
        let front = Front::listen(options.listen, Arc::new(Protocol(builder.build()))).await?;
        Ok(Self { options, objects, front })
    }

    /// The options it was started with.
    pub fn options(&self) -> &S3Options {
        &self.options
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.front.address
    }

    /// The endpoint, without the bucket: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.front.address)
    }

    /// The content of the bucket.
    pub fn objects(&self) -> &Arc<Objects> {
        &self.objects
    }

    /// The faults to inject.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.front.faults
    }

    /// The counters of requests.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.front.tally
    }
}

/// The protocol between complete requests and the bucket.
struct Protocol(S3Service);

#[async_trait]
impl Service for Protocol {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        let answer = self.0.call(request.map(Body::from)).await.map_err(|_| NoAnswer)?;
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
        Ok(Response::from_parts(head, bytes))
    }
}
