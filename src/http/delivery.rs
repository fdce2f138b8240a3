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
    /// There is to be a piece, be it an empty one, to tell that the head was taken.
    needs_piece: bool,
    /// The last frame, which has to wait for that piece.
    trailers: Option<Frame<Bytes>>,
}

impl<B: Body<Data = Bytes> + Unpin> Delivery<B> {
    /// The delivery of `body`. Where bodies have frames, which is in HTTP/2, an empty one is an empty piece.
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
        // What an answer without a body says of a length may be said of another's.
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
