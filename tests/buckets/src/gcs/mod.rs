//! A server that speaks the XML protocol of Google Cloud Storage, as far as `object_store` uses it.
//!
//! Supported: GET with ranges, conditions and `generation`, HEAD, PUT and DELETE with
//! `x-goog-if-generation-match` (0: must not exist), listing (version 2). Every answer has
//! `x-goog-generation`. Everything else is refused with 501.
//!
//! Like the real store, it decompresses objects with content coding gzip for clients that do not
//! send `Accept-Encoding: gzip`, unless the object's Cache-Control says `no-transform`; such an
//! answer has no length. If configured to, it refuses updates of the same name in quick succession.

mod protocol;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use self::protocol::Protocol;
use crate::front::Front;
use crate::{Conditions, Faults, Objects, Tally};

/// The options of a [`GcsServer`].
#[derive(Clone, Debug)]
pub struct GcsOptions {
    /// Where it listens; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// The bucket, which exists from the start.
    pub bucket: String,
    /// The bearer token that every request must have. `None`: any request is allowed.
    pub token: Option<String>,
    /// Whether objects can be read without a token.
    pub public: bool,
    /// How writes are checked.
    pub conditions: Conditions,
    /// How long after a write of a name the next one is refused with 429. The real store's limit is
    /// about one second.
    pub update_interval: Option<Duration>,
}

impl Default for GcsOptions {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            bucket: "log".to_owned(),
            token: None,
            public: false,
            conditions: Conditions::Kept,
            update_interval: None,
        }
    }
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct GcsServer {
    options: GcsOptions,
    objects: Arc<Objects>,
    front: Front,
}

impl GcsServer {
    /// Starts a server on the caller's runtime.
    pub async fn start(options: GcsOptions) -> io::Result<Self> {
        let objects = Arc::new(Objects::default());
        Self::over(objects, options).await
    }

    /// Starts a server over existing objects: a second endpoint of one bucket, or the same bucket
    /// after a restart of the store.
    pub async fn over(objects: Arc<Objects>, options: GcsOptions) -> io::Result<Self> {
        objects.set_conditions(options.conditions);
        objects.set_update_interval(options.update_interval);
        let protocol = Protocol { options: options.clone(), objects: objects.clone() };
        let front = Front::listen(options.listen, Arc::new(protocol)).await?;
        Ok(Self { options, objects, front })
    }

    /// The options it was started with.
    pub fn options(&self) -> &GcsOptions {
        &self.options
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.front.address
    }

    /// The base URL, without the bucket: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.front.address)
    }

    /// A service account that leads clients here, for those without a setting for the base URL. It
    /// sends no token, so it works only if [`GcsOptions::token`] is `None`.
    pub fn service_account(&self) -> String {
        let url = self.url();
        format!(
            r#"{{"gcs_base_url":"{url}","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}}"#
        )
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
