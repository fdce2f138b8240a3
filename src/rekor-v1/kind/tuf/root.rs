//! The keys and the roles in a root of TUF, and the check that a document has enough signatures.

use std::collections::{BTreeMap, BTreeSet};

use fasti_entry::quote;
use serde_json::{Map, Value};

use super::canonical::canonical;
use super::document::{Document, integer};
use super::key::Key;
use crate::draft::Signer;
use crate::error::{KindError, invalid};

/// The most keys and the most roles in a root.
const KEYS_MAX: usize = 100;

/// Roles whose documents have types of their own.
const TOP: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

/// What a root says about who signs what.
pub(super) struct Root<'a> {
    keys: BTreeMap<&'a str, Key>,
    roles: BTreeMap<&'a str, Role<'a>>,
}

struct Role<'a> {
    keys: BTreeSet<&'a str>,
    threshold: usize,
}

impl<'a> Root<'a> {
    /// Reads a document's signed part.
    pub fn read(document: &'a Document) -> Result<Self, KindError> {
        let keys = members(&document.signed, "keys")?.map(|(id, key)| Ok((id, Key::read(key)?)));
        let keys = keys.collect::<Result<_, KindError>>()?;
        let roles =
            members(&document.signed, "roles")?.map(|(name, role)| Ok((name, Role::read(role)?)));
        Ok(Self { keys, roles: roles.collect::<Result<_, KindError>>()? })
    }

    /// Verifies that as many keys as this role demands signed a document, that it is of the role's
    /// type, and that it has not expired. Returns who signed.
    pub fn verify(
        &self,
        document: &Document,
        role: &str,
        now: u64,
    ) -> Result<Vec<Signer>, KindError> {
        if document.signatures.is_empty() {
            return Err(invalid("tuf: data has no signatures"));
        }
        let found = self.roles.get(role);
        let found = found.ok_or_else(|| invalid(format!("tuf: unknown role {}", quote(role))))?;
        let signers = self.signers(document, found);
        if signers.len() < found.threshold {
            return Err(invalid("tuf: valid signatures did not meet threshold"));
        }
        // Other roles are those to which targets are delegated.
        let expected = if TOP.contains(&role) { role } else { "targets" };
        if !document.role.eq_ignore_ascii_case(expected) {
            return Err(invalid("tuf: meta file has wrong type"));
        }
        if document.expiry.is_past(now) {
            return Err(invalid(format!("expired at {}", document.expiry)));
        }
        Ok(signers.into_values().map(Key::signer).collect())
    }

    /// The keys of a role that signed a document, each once.
    fn signers(&self, document: &Document, role: &Role<'_>) -> BTreeMap<&[u8], &Key> {
        let Some(message) = canonical(&document.signed) else { return BTreeMap::new() };
        let of_role = document.signatures.iter().filter(|it| role.keys.contains(&*it.keyid));
        let made = of_role.filter_map(|signature| {
            let key = self.keys.get(&*signature.keyid)?;
            key.made(&message, &signature.bytes).then_some((key.spki(), key))
        });
        made.collect()
    }
}

impl<'a> Role<'a> {
    fn read(role: &'a Value) -> Result<Self, KindError> {
        let malformed = || invalid("tuf: malformed role");
        let ids = match &role["keyids"] {
            Value::Null => Some(BTreeSet::new()),
            Value::Array(ids) => ids.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let keys = ids.ok_or_else(malformed)?;
        let threshold = match &role["threshold"] {
            Value::Null => 0,
            threshold => integer(threshold).ok_or_else(malformed)?,
        };
        match usize::try_from(threshold) {
            Ok(threshold @ 1..) => Ok(Self { keys, threshold }),
            _ => Err(invalid("tuf: invalid role threshold")),
        }
    }
}

/// The members of an object in a root; none if it is missing.
fn members<'a>(
    root: &'a Value,
    name: &str,
) -> Result<impl Iterator<Item = (&'a str, &'a Value)>, KindError> {
    let object: Option<&Map<String, Value>> = match &root[name] {
        Value::Null => None,
        Value::Object(object) => Some(object),
        _ => return Err(invalid("tuf: malformed root")),
    };
    let count = object.map_or(0, Map::len);
    if count > KEYS_MAX {
        let (what, limit) = ("the number of keys and of roles in a root", KEYS_MAX as u64);
        return Err(KindError::Limit { what, limit });
    }
    Ok(object.into_iter().flatten().map(|(name, value)| (name.as_str(), value)))
}
