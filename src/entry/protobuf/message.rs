//! The shape of a message: its fields, under the names that they have in JSON.

use crate::error::EntryError;

/// A message of a request.
pub(crate) struct Message {
    pub(crate) fields: &'static [Field],
}

/// A field of a message.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(super) number: u32,
    /// As in the JSON mapping.
    pub(crate) name: &'static str,
    pub(super) kind: FieldType,
}

impl Field {
    pub(crate) const fn new(number: u32, name: &'static str, kind: FieldType) -> Self {
        Self { number, name, kind }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum FieldType {
    Bytes,
    Text,
    Enum,
    One(&'static Message),
    Many(&'static Message),
}

impl Message {
    /// The error for a field that the message does not have.
    pub(super) fn unknown(&self, number: u32) -> EntryError {
        let known: Vec<_> = self.fields.iter().map(|field| field.name).collect();
        EntryError::UnknownField { known: known.join(", ") }.within(&format!("#{number}"))
    }
}
