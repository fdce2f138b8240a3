//! A request is read field by field, as the shapes of its messages say.

use std::borrow::Cow;

use super::message::{Field, FieldType, Message};
use super::wire::{WireType, take_key, take_varint};
use crate::error::EntryError;
use crate::json::{VALUES_MAX, Value};

/// Parses a message of this shape. The caller bounds the length of `bytes`.
pub(crate) fn parse<'a>(shape: &Message, bytes: &'a [u8]) -> Result<Value<'a>, EntryError> {
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
