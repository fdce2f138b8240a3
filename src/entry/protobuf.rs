//! Requests and answers in the protobuf encoding, for gRPC.
//!
//! A request is read into the same tree of [`Value`]s as JSON, and is then checked by the same
//! code. So whatever is refused in one encoding is refused in the other, with the same words.
//! `shapes` lists the fields; the `.proto` files next to it describe them for others.
//!
//! Invariant: as for JSON, work and memory are linear in the length of the request with a small
//! factor. Unknown fields are refused, and so are fields that are given twice, which protobuf
//! itself would merge.

mod answer;
mod shapes;
mod wire;

use std::borrow::Cow;

use super::error::EntryError;
use super::json::{VALUES_MAX, Value};
use wire::{WireType, take_key, take_varint};

pub(super) use answer::encode as encode_answer;
pub(super) use shapes::{ENVELOPE, SIGNATURE, VERIFIER};

/// The service and its messages as a `google.protobuf.FileDescriptorSet`, for reflection.
pub const PROTOBUF_DESCRIPTORS: &[u8] = include_bytes!("protobuf/descriptors.binpb");

/// A message of a request.
pub(super) struct Message {
    pub(super) fields: &'static [Field],
}

/// A field of a message.
#[derive(Clone, Copy)]
pub(super) struct Field {
    number: u32,
    /// As in the JSON mapping.
    pub(super) name: &'static str,
    kind: FieldType,
}

impl Field {
    pub(super) const fn new(number: u32, name: &'static str, kind: FieldType) -> Self {
        Self { number, name, kind }
    }
}

#[derive(Clone, Copy)]
pub(super) enum FieldType {
    Bytes,
    Text,
    Enum,
    One(&'static Message),
    Many(&'static Message),
}

/// Parses a message of this shape. The caller bounds the length of `bytes`.
pub(super) fn parse<'a>(shape: &Message, bytes: &'a [u8]) -> Result<Value<'a>, EntryError> {
    Reader { values_left: VALUES_MAX }.message(shape, bytes)
}

struct Reader {
    values_left: u32,
}

const fn broken(reason: &'static str) -> EntryError {
    EntryError::Protobuf { reason }
}

impl Reader {
    fn message<'a>(
        &mut self,
        shape: &Message,
        mut bytes: &'a [u8],
    ) -> Result<Value<'a>, EntryError> {
        self.values_left = self
            .values_left
            .checked_sub(1)
            .ok_or(broken("more than 8192 values in one request"))?;
        let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        while !bytes.is_empty() {
            let key = take_key(&mut bytes);
            let (number, wire_type) = key.ok_or(broken("the key of a field is invalid"))?;
            let field = shape.fields.iter().find(|field| field.number == number);
            let field = field.ok_or_else(|| shape.unknown(number))?;
            self.field(field, wire_type, &mut bytes, &mut members)?;
        }
        Ok(Value::Object(members))
    }

    fn field<'a>(
        &mut self,
        field: &Field,
        wire_type: WireType,
        bytes: &mut &'a [u8],
        members: &mut Vec<(Cow<'a, str>, Value<'a>)>,
    ) -> Result<(), EntryError> {
        let at = members.iter().position(|(name, _)| name == field.name);
        if let (FieldType::Many(shape), Some(at)) = (&field.kind, at)
            && let Value::Array(elements) = &mut members[at].1
        {
            let element = take(wire_type, bytes).and_then(|bytes| self.message(shape, bytes));
            let index = elements.len();
            elements.push(element.map_err(|e| e.within_index(index).within(field.name))?);
            return Ok(());
        }
        if at.is_some() {
            return Err(EntryError::DuplicateField.within(field.name));
        }
        let value = self.value(&field.kind, wire_type, bytes);
        if let Some(value) = value.map_err(|e| e.within(field.name))? {
            members.push((Cow::Borrowed(field.name), value));
        }
        Ok(())
    }

    /// The first value of a field; `None` for an enum's zero, which means that it is unset.
    fn value<'a>(
        &mut self,
        kind: &FieldType,
        wire_type: WireType,
        bytes: &mut &'a [u8],
    ) -> Result<Option<Value<'a>>, EntryError> {
        let value = match kind {
            FieldType::Bytes => Value::Bytes(take(wire_type, bytes)?),
            FieldType::Text => {
                let text = str::from_utf8(take(wire_type, bytes)?);
                Value::String(Cow::Borrowed(text.map_err(|_| broken("a string is not UTF-8"))?))
            }
            FieldType::Enum => match varint(wire_type, bytes)? {
                0 => return Ok(None),
                number => Value::Integer(number),
            },
            FieldType::One(shape) => self.message(shape, take(wire_type, bytes)?)?,
            FieldType::Many(shape) => {
                let element = self.message(shape, take(wire_type, bytes)?);
                Value::Array(vec![element.map_err(|e| e.within_index(0))?])
            }
        };
        Ok(Some(value))
    }
}

impl Message {
    fn unknown(&self, number: u32) -> EntryError {
        let known: Vec<_> = self.fields.iter().map(|field| field.name).collect();
        EntryError::UnknownField { known: known.join(", ") }.within(&format!("#{number}"))
    }
}

/// Takes the next length-delimited bytes.
fn take<'a>(wire_type: WireType, bytes: &mut &'a [u8]) -> Result<&'a [u8], EntryError> {
    if wire_type != WireType::LengthDelimited {
        return Err(broken("a field has another wire type than its message defines"));
    }
    let length = take_varint(bytes).ok_or(broken("the length of a field is invalid"))?;
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes.len());
    let (taken, rest) = bytes.split_at(length.ok_or(broken("it is cut short"))?);
    *bytes = rest;
    Ok(taken)
}

fn varint(wire_type: WireType, bytes: &mut &[u8]) -> Result<u64, EntryError> {
    if wire_type != WireType::Varint {
        return Err(broken("a field has another wire type than its message defines"));
    }
    take_varint(bytes).ok_or(broken("a number is invalid"))
}

#[cfg(test)]
mod tests;
