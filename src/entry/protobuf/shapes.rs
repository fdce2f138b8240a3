//! The messages that several kinds of request share, field by field, as `rekor_v2.proto` and the
//! files it imports define them.
//!
//! The tests next to this file compare them, and those of each kind, with those files.

use super::message::{Field, FieldType, Message};

/// `dev.sigstore.rekor.v2.Signature`
pub(crate) const SIGNATURE: Message = Message {
    fields: &[
        Field::new(1, "content", FieldType::Bytes),
        Field::new(2, "verifier", FieldType::One(&VERIFIER)),
    ],
};

/// `dev.sigstore.rekor.v2.Verifier`
pub(crate) const VERIFIER: Message = Message {
    fields: &[
        Field::new(1, "publicKey", FieldType::One(&PUBLIC_KEY)),
        Field::new(2, "x509Certificate", FieldType::One(&CERTIFICATE)),
        Field::new(3, "keyDetails", FieldType::Enum),
    ],
};

/// `dev.sigstore.rekor.v2.PublicKey`
const PUBLIC_KEY: Message = Message { fields: &[Field::new(1, "rawBytes", FieldType::Bytes)] };

/// `dev.sigstore.common.v1.X509Certificate`
const CERTIFICATE: Message = Message { fields: &[Field::new(1, "rawBytes", FieldType::Bytes)] };

/// `io.intoto.Envelope`
pub(crate) const ENVELOPE: Message = Message {
    fields: &[
        Field::new(1, "payload", FieldType::Bytes),
        Field::new(2, "payloadType", FieldType::Text),
        Field::new(3, "signatures", FieldType::Many(&ENVELOPE_SIGNATURE)),
    ],
};

/// `io.intoto.Signature`
const ENVELOPE_SIGNATURE: Message = Message {
    fields: &[Field::new(1, "sig", FieldType::Bytes), Field::new(2, "keyid", FieldType::Text)],
};
