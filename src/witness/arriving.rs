//! The body of an upload as it arrives: packed with gzip or not, and unpacked a little at a time.
//!
//! Invariant: what is held is stated, and is no more than a package and a piece.

use bytes::{Buf as _, Bytes};
use fasti_seams::gzip::Gunzip;
use fasti_serve::{RequestBody, StreamedBody};
use tiles_spec::mirror::{EntryPackage, PackageRange, PackageReader, UploadHead};

use super::mirror::MirrorRefusal;
use super::problem::Problem;

/// How many bytes are unpacked at a time.
const PIECE_BYTES: usize = 64 << 10;

/// A body that arrives.
pub(super) struct Arriving<'b, B> {
    pub body: StreamedBody<'b, B>,
    gunzip: Option<Gunzip>,
    /// What has arrived and was not unpacked yet.
    packed: Bytes,
    /// What was not taken yet.
    plain: Bytes,
}

impl<'b, B: RequestBody> Arriving<'b, B> {
    pub fn new(body: StreamedBody<'b, B>, is_packed: bool) -> Self {
        let gunzip = is_packed.then(Gunzip::default);
        Self { body, gunzip, packed: Bytes::new(), plain: Bytes::new() }
    }

    /// Reads the head of the upload.
    pub async fn head(&mut self) -> Result<UploadHead, Problem> {
        let mut read = Vec::new();
        loop {
            if let Some((head, length)) = UploadHead::read(&read).map_err(MirrorRefusal::from)? {
                self.plain = Bytes::from(read).slice(length..);
                return Ok(head);
            }
            if !self.more(read.len()).await? {
                return Err(MirrorRefusal::Truncated.into());
            }
            read.extend_from_slice(&std::mem::take(&mut self.plain));
        }
    }

    /// Reads the next package; `None` if the body ends before it does.
    pub async fn package(&mut self, range: &PackageRange) -> Result<Option<EntryPackage>, Problem> {
        let mut reader = PackageReader::new(range);
        loop {
            let rest = reader.take(&self.plain).map_err(MirrorRefusal::from)?.len();
            self.plain.advance(self.plain.len() - rest);
            if reader.is_whole() {
                return Ok(reader.package());
            }
            // It is copied once when it is stored.
            if !self.more(2 * reader.held()).await? {
                return Ok(None);
            }
        }
    }

    /// Waits for more, next to `held` bytes that were taken before; `false` at the end.
    async fn more(&mut self, held: usize) -> Result<bool, Problem> {
        loop {
            if let Some(gunzip) = &mut self.gunzip {
                let (mut packed, mut plain) = (&self.packed[..], Vec::new());
                gunzip.unpack(&mut packed, &mut plain, PIECE_BYTES)?;
                let taken = self.packed.len() - packed.len();
                self.packed.advance(taken);
                if !plain.is_empty() {
                    self.plain = plain.into();
                    return self.hold(held);
                }
                if taken > 0 {
                    continue;
                }
            }
            let Some(data) = self.body.next().await? else { return Ok(false) };
            if self.gunzip.is_none() {
                self.plain = data;
                return self.hold(held);
            }
            self.packed = data;
        }
    }

    fn hold(&mut self, held: usize) -> Result<bool, Problem> {
        self.body.hold(held + self.packed.len() + self.plain.len())?;
        Ok(true)
    }
}
