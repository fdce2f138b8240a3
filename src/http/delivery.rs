//! Delivery: an answer on its way, until the last byte of it was taken.
//!
//! The body is handed on in pieces, each of which knows whose it is: the next piece is asked for when there is
//! room for it, and a piece is gone when the system has taken it for the client, or when nobody wants
//! it any more. So what the client does not take stays counted, in memory and in time (I12).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::UntakenAnswer;

/// Most bytes of a piece.
const PIECE_BYTES: usize = 16 << 10;

/// Of an answer whose bytes somebody else accounts for; one of an answer's extensions.
#[derive(Clone, Copy, Debug)]
pub struct AccountedFor;

/// A body that is handed on in pieces.
#[derive(Debug)]
pub struct Delivery<B> {
    body: B,
    rest: Bytes,
    answer: Arc<UntakenAnswer>,
    /// An empty body is one empty piece, where that means nothing but that its head was taken.
    marks_end: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Delivery<B> {
    /// The delivery of `body`. The end of a body may be marked by an empty piece where bodies have
    /// frames, which is in HTTP/2.
    pub fn new(body: B, answer: UntakenAnswer, has_frames: bool) -> Self {
        let marks_end = has_frames && body.is_end_stream();
        Self { body, rest: Bytes::new(), answer: Arc::new(answer), marks_end }
    }

    fn piece(&mut self, length: usize) -> Frame<Bytes> {
        let bytes = self.rest.split_to(length);
        Frame::data(Bytes::from_owner(Piece { bytes, answer: self.answer.clone() }))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Delivery<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if std::mem::take(&mut self.marks_end) {
            return Poll::Ready(Some(Ok(self.piece(0))));
        }
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.piece(length))))
    }

    fn is_end_stream(&self) -> bool {
        !self.marks_end && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // The length of an answer without a body may be that of another one's.
        if self.marks_end {
            return SizeHint::default();
        }
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

/// A piece of an answer.
struct Piece {
    bytes: Bytes,
    answer: Arc<UntakenAnswer>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.answer.taken(self.bytes.len());
    }
}
