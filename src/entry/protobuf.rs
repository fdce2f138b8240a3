//! Requests and answers in the protobuf encoding, for gRPC.
//!
//! A request (`request`) is read into the same tree of values as JSON, and is then checked by the
//! same code. So whatever is refused in one encoding is refused in the other, with the same words.
//! `shapes` lists the fields of its messages (`message`); the `.proto` files next to it describe
//! them for others.
//!
//! Invariant: as for JSON, work and memory are linear in the length of the request with a small
//! factor. Unknown fields are refused, and so are fields that are given twice, which protobuf
//! itself would merge.

mod answer;
mod message;
mod request;
mod shapes;
mod wire;

pub(super) use message::{Field, FieldType, Message};
pub(super) use request::parse;
pub(super) use shapes::{ENVELOPE, SIGNATURE, VERIFIER};

/// The service and its messages as a `google.protobuf.FileDescriptorSet`, for reflection.
pub const PROTOBUF_DESCRIPTORS: &[u8] = include_bytes!("protobuf/descriptors.binpb");

#[cfg(test)]
mod tests;
