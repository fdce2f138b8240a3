//! A package: a lead, a header with signatures and digests, a header about the package, and a
//! payload, which is opaque here.

use super::header::{Header, take};
use crate::error::{KindError, invalid};
use crate::kind::checksum::Checksum;
use crate::pki::hash::Hash;

const LEAD_BYTES: usize = 96;
const MAGIC: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];

/// Tags in the header with signatures.
mod signature_tag {
    pub const DSA: u32 = 267;
    pub const RSA: u32 = 268;
    pub const SHA1: u32 = 269;
    pub const SHA256: u32 = 273;
    pub const PGP: u32 = 1002;
    pub const MD5: u32 = 1004;
    pub const GPG: u32 = 1005;
}

/// Tags in the header about the package.
mod tag {
    pub const NAME: u32 = 1000;
    pub const VERSION: u32 = 1001;
    pub const RELEASE: u32 = 1002;
    pub const EPOCH: u32 = 1003;
    pub const ARCHITECTURE: u32 = 1022;
    pub const PAYLOAD_DIGEST: u32 = 5092;
    pub const PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
}

/// A package.
pub(super) struct Package<'a> {
    signatures: Header<'a>,
    header: Header<'a>,
    payload: &'a [u8],
}

/// A signature in a package, and the parts that it is over.
pub(super) struct Signed<'a> {
    pub signature: &'a [u8],
    pub parts: [&'a [u8]; 2],
}

impl<'a> Package<'a> {
    /// Reads a package, whose header must have the digest that is stated in it.
    pub fn read(mut bytes: &'a [u8]) -> Result<Self, KindError> {
        let lead = take(&mut bytes, LEAD_BYTES, "lead")?;
        if lead[..4] != MAGIC {
            return Err(invalid("file is not an RPM"));
        }
        let signatures = Header::take(&mut bytes, true)?;
        let header = Header::take(&mut bytes, false)?;
        let package = Self { signatures, header, payload: bytes };
        package.check_header()?;
        Ok(package)
    }

    /// Checks the header against the best digest beside the signatures, if there is one.
    fn check_header(&self) -> Result<(), KindError> {
        for (tag, hash) in
            [(signature_tag::SHA256, Hash::Sha256), (signature_tag::SHA1, Hash::Sha1)]
        {
            let Some(stated) = self.signatures.text(tag)?.filter(|text| text.len() > 1) else {
                continue;
            };
            if hex::encode(hash.of(self.header.bytes)) != stated {
                return Err(invalid(format!("{} mismatch in signature header", hash.name())));
            }
            break;
        }
        Ok(())
    }

    /// All signatures: those over the header, then those over header and payload.
    pub fn signatures(&self) -> Result<Vec<Signed<'a>>, KindError> {
        let header = self.header.bytes;
        let found = [
            (signature_tag::RSA, [header, &[]]),
            (signature_tag::DSA, [header, &[]]),
            (signature_tag::PGP, [header, self.payload]),
            (signature_tag::GPG, [header, self.payload]),
        ]
        .into_iter()
        .filter_map(|(tag, parts)| match self.signatures.binary(tag) {
            Ok(signature) => Some(Ok(Signed { signature: signature?, parts })),
            Err(error) => Some(Err(error)),
        });
        found.collect()
    }

    /// Checks the payload against the digest in the header, or else, with the header, against the
    /// old checksum beside the signatures.
    pub fn check_payload(&self) -> Result<(), KindError> {
        let stated = self.header.text(tag::PAYLOAD_DIGEST)?;
        let algorithm = self.header.number(tag::PAYLOAD_DIGEST_ALGORITHM)?;
        if let Some((stated, checksum)) = stated.zip(algorithm.and_then(checksum)) {
            if hex::encode(checksum.of(&[self.payload])) != stated {
                return Err(invalid(format!("payload {} digest mismatch", checksum.name())));
            }
            return Ok(());
        }
        match self.md5() {
            None => Err(invalid("no usable payload digest found")),
            Some(md5) if Checksum::Md5.of(&[self.header.bytes, self.payload]) == md5 => Ok(()),
            Some(_) => Err(invalid("md5 digest mismatch")),
        }
    }

    /// The old checksum beside the signatures.
    pub fn md5(&self) -> Option<&'a [u8]> {
        self.signatures.binary(signature_tag::MD5).ok().flatten().filter(|md5| !md5.is_empty())
    }

    /// What identifies the package, by the names in an entry.
    pub fn names(&self) -> Result<[(&'static str, String); 5], KindError> {
        let text = |tag| {
            let text = self.header.text(tag)?;
            let text = text.ok_or_else(|| invalid(format!("no such entry {tag}")))?;
            Ok::<_, KindError>(text.to_owned())
        };
        let epoch = self.header.number(tag::EPOCH)?.unwrap_or_default();
        Ok([
            ("Name", text(tag::NAME)?),
            ("Epoch", epoch.to_string()),
            ("Version", text(tag::VERSION)?),
            ("Release", text(tag::RELEASE)?),
            ("Architecture", text(tag::ARCHITECTURE)?),
        ])
    }
}

/// A checksum by its number.
fn checksum(id: u64) -> Option<Checksum> {
    Some(match id {
        1 => Checksum::Md5,
        2 => Checksum::Of(Hash::Sha1),
        8 => Checksum::Of(Hash::Sha256),
        9 => Checksum::Of(Hash::Sha384),
        10 => Checksum::Of(Hash::Sha512),
        11 => Checksum::Of(Hash::Sha224),
        _ => return None,
    })
}
