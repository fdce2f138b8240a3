//! One or several public keys, as armored text or as packets.
//!
//! Their canonical form is one block of armor with the packets that Rekor keeps (see `entity`).

use super::armor::{self, Block};
use super::entity::{Entity, read_all};
use super::fault::Fault;
use super::user_id::email;
use super::validity::Signer;
use super::verification::Work;
use crate::error::{KindError, invalid};

/// Maximum size of keys, before anything is dropped from them.
const KEY_BYTES_MAX: usize = 1 << 20;

/// How armored text begins.
const START: &[u8] = b"-----BEGIN PGP";
/// How the last line of a block begins.
const END: &[u8] = b"-----END PGP";

/// One or several public keys whose own signatures were verified.
#[derive(Debug)]
pub(crate) struct Key {
    entities: Vec<Entity>,
    canonical: Vec<u8>,
    emails: Vec<String>,
}

impl Key {
    /// Reads keys. Text is armored only if it begins with a block; several blocks are read in turn.
    pub fn parse(text: &[u8]) -> Result<Self, KindError> {
        if text.len() > KEY_BYTES_MAX {
            let limit = KEY_BYTES_MAX as u64;
            return Err(KindError::Limit { what: "the size of the PGP public key", limit });
        }
        let mut work = Work::new();
        let entities = match text.split_at_checked(START.len()) {
            None => return Err(Fault::End.during("unable to read PGP public key")),
            Some((START, _)) => armored(text, &mut work)?,
            Some(_) => {
                let read = read_all(text, &mut work);
                read.map_err(|fault| fault.during("error reading binary PGP public key"))?
            }
        };
        if entities.is_empty() {
            return Err(Fault::Private.into());
        }
        let mut packets = Vec::new();
        for entity in &entities {
            entity.write(&mut packets);
        }
        let canonical = armor::encode("PGP PUBLIC KEY BLOCK", &packets);
        let user_ids = entities.iter().flat_map(|entity| &entity.user_ids);
        let emails = user_ids.filter_map(|user_id| email(&user_id.id)).collect();
        Ok(Self { entities, canonical, emails })
    }

    /// The canonical form: armored text without a line break at its end.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The email addresses in the user IDs, as they are spelled there.
    pub fn emails(&self) -> &[String] {
        &self.emails
    }

    /// The keys with this ID that may sign, by what counted at a moment.
    pub(super) fn signers(&self, id: u64, at: u32) -> impl Iterator<Item = Signer<'_>> {
        self.entities.iter().flat_map(move |entity| entity.signers(id, at))
    }

    /// All keys and subkeys, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &super::public_key::PublicKey> {
        self.entities.iter().flat_map(|entity| {
            let subkeys = entity.subkeys.iter().map(|subkey| &subkey.key);
            std::iter::once(&entity.primary).chain(subkeys)
        })
    }
}

/// The keys in all blocks of a text.
fn armored(text: &[u8], work: &mut Work) -> Result<Vec<Entity>, KindError> {
    let mut entities = Vec::new();
    let (mut start, mut end) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line.starts_with(END) {
            let Some(block) = Block::find(&text[start..end]) else {
                return Err(Fault::End.during("invalid PGP public key provided"));
            };
            match block.label {
                b"PGP PUBLIC KEY BLOCK" => {}
                b"PGP PRIVATE KEY BLOCK" => return Err(Fault::Private.into()),
                _ => return Err(invalid("invalid PGP type detected")),
            }
            let read = block.bytes().and_then(|packets| read_all(&packets, work));
            entities.extend(read.map_err(|fault| fault.during("error reading PGP public key"))?);
            start = end;
        }
    }
    Ok(entities)
}
