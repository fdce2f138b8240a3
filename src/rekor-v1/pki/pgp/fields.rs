//! The fields in a packet's body.

use super::fault::Fault;

/// The bytes of a body that were not read yet.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(body: &'a [u8]) -> Self {
        Self(body)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Fault::Cut)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Fault::Cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn byte(&mut self) -> Result<u8, Fault> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number of as many bits as it says, give or take zeros at its start.
    pub fn number(&mut self) -> Result<&'a [u8], Fault> {
        let bits = usize::from(self.u16()?);
        self.take(bits.div_ceil(8))
    }

    /// Bytes after their number, which is neither 0 nor 255.
    pub fn short(&mut self) -> Result<&'a [u8], Fault> {
        match self.byte()? {
            0 | 255 => Err(Fault::unsupported("reserved for future extensions")),
            length => self.take(usize::from(length)),
        }
    }
}
