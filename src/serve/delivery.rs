//! Delivers an answer and tracks it until its last byte has been taken.
//!
//! The body is handed on in pieces, each linked to its answer. The next piece is requested when
//! there is room for it. A piece is dropped when the kernel has taken it, or when it is no longer
//! wanted. So whatever the client does not take stays counted, in memory and in time (I12).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::UntakenAnswer;

/// Most bytes of a piece.
const PIECE_BYTES: usize = 16 << 10;

/// Marks an answer whose bytes are accounted for elsewhere; an extension of the answer.
#[derive(Clone, Copy, Debug)]
pub struct AccountedFor;

/// A body that is handed on in pieces.
#[derive(Debug)]
pub struct Delivery<B> {
    body: B,
    rest: Bytes,
    answer: Arc<UntakenAnswer>,
    /// Whether a piece, even an empty one, is still needed to tell when the head has been taken.
    needs_piece: bool,
    /// The last frame, which must wait for that piece.
    trailers: Option<Frame<Bytes>>,
}

impl<B: Body<Data = Bytes> + Unpin> Delivery<B> {
    /// Delivers `body`. Where bodies have frames (HTTP/2), an empty body becomes an empty piece.
    pub fn new(body: B, answer: UntakenAnswer, has_frames: bool) -> Self {
        let answer = Arc::new(answer);
        Self { body, rest: Bytes::new(), answer, needs_piece: has_frames, trailers: None }
    }

    fn piece(&mut self, length: usize) -> Frame<Bytes> {
        self.needs_piece = false;
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
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(trailers)));
        }
        while self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
            match frame.map(Frame::into_data) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) if self.needs_piece => {
                    self.trailers = Some(trailers);
                    return Poll::Ready(Some(Ok(self.piece(0))));
                }
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None if self.needs_piece => return Poll::Ready(Some(Ok(self.piece(0)))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.piece(length))))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = self.rest.is_empty() && self.trailers.is_none();
        is_over && !self.needs_piece && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // The length that an answer without a body states may be that of another answer.
        if self.needs_piece && self.body.is_end_stream() {
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
