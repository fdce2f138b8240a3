//! Bodies that are worked on while they arrive, and are never held as a whole (I12).
//!
//! The caller says how much of it is in memory. While the server works, the client's time stands
//! still; the time for the whole body does not.

use std::sync::Arc;

use bytes::Bytes;
use http::request;
use http_body_util::BodyExt as _;

use super::body_error::BodyError;
use super::connection::{Connection, ReadingBody};
use super::limits::Limits;
use super::place::place_of;
use super::reading::Reading;
use super::request_body::RequestBody;
use super::shares::{Place, Share, Shares};

/// A body, piece by piece.
pub struct StreamedBody<'b, B> {
    body: &'b mut B,
    connection: Option<Arc<Connection>>,
    _counted: Option<ReadingBody>,
    reading: Arc<Reading>,
    place: Place,
    memory: Arc<Shares>,
    share: Option<Share>,
    held: usize,
}

impl<'b, B: RequestBody> StreamedBody<'b, B> {
    /// Begins to read a body, whatever its encoding, within these limits.
    pub fn new(
        head: &request::Parts,
        body: &'b mut B,
        limits: &Limits,
        memory: &Arc<Shares>,
    ) -> Self {
        let connection = head.extensions.get::<Arc<Connection>>().cloned();
        Self {
            body,
            _counted: connection.as_ref().map(Connection::reads),
            connection,
            reading: Reading::within(limits),
            place: place_of(head),
            memory: memory.clone(),
            share: None,
            held: 0,
        }
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Self { body, reading, connection, .. } = self;
        let next = async {
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| BodyError::Broken(error.to_string()))?;
                let Ok(data) = frame.into_data() else { continue };
                reading.moved(data.len());
                if let Some(connection) = connection {
                    connection.came(data.len());
                }
                return Ok(Some(data));
            }
            Ok(None)
        };
        reading.read(next).await
    }

    /// States how many bytes of it are in memory from now on.
    pub fn hold(&mut self, bytes: usize) -> Result<(), BodyError> {
        match &self.share {
            None => {
                let holder = self.reading.clone();
                self.share = Some(self.memory.take(self.place, bytes, holder)?);
            }
            Some(share) if bytes > self.held => share.take(bytes - self.held)?,
            Some(share) => share.give_back(self.held - bytes),
        }
        self.held = bytes;
        Ok(())
    }

    /// Takes one of something else for as long as the body is read. It can be ended for another
    /// client while the body waits for its own.
    pub fn take_place(&self, places: &Arc<Shares>) -> Result<Share, BodyError> {
        Ok(places.take(self.place, 1, self.reading.clone())?)
    }

    /// Works on what has arrived, on the server's time.
    pub async fn work<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.reading.pauses();
        let done = work.await;
        self.reading.goes_on();
        done
    }
}
