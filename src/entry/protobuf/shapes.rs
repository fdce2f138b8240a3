//! The messages of a request, field by field, as `rekor_v2.proto` and the files it imports define
//! them.
//!
//! The tests next to this file compare the table with those files.

use super::{Field, Kind, Message};

const fn field(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind }
}

/// `dev.sigstore.rekor.v2.CreateEntryRequest`
pub const CREATE_ENTRY_REQUEST: Message = Message {
    fields: &[
        field(1, "hashedRekordRequestV002", Kind::One(&HASHED_REKORD_REQUEST)),
        field(2, "dsseRequestV002", Kind::One(&DSSE_REQUEST)),
    ],
};

/// `dev.sigstore.rekor.v2.HashedRekordRequestV002`
const HASHED_REKORD_REQUEST: Message = Message {
    fields: &[field(1, "digest", Kind::Bytes), field(2, "signature", Kind::One(&SIGNATURE))],
};

/// `dev.sigstore.rekor.v2.DSSERequestV002`
const DSSE_REQUEST: Message = Message {
    fields: &[
        field(1, "envelope", Kind::One(&ENVELOPE)),
        field(2, "verifiers", Kind::Many(&VERIFIER)),
    ],
};

/// `dev.sigstore.rekor.v2.Signature`
const SIGNATURE: Message = Message {
    fields: &[field(1, "content", Kind::Bytes), field(2, "verifier", Kind::One(&VERIFIER))],
};

/// `dev.sigstore.rekor.v2.Verifier`
const VERIFIER: Message = Message {
    fields: &[
        field(1, "publicKey", Kind::One(&PUBLIC_KEY)),
        field(2, "x509Certificate", Kind::One(&CERTIFICATE)),
        field(3, "keyDetails", Kind::Enum),
    ],
};

/// `dev.sigstore.rekor.v2.PublicKey`
const PUBLIC_KEY: Message = Message { fields: &[field(1, "rawBytes", Kind::Bytes)] };

/// `dev.sigstore.common.v1.X509Certificate`
const CERTIFICATE: Message = Message { fields: &[field(1, "rawBytes", Kind::Bytes)] };

/// `io.intoto.Envelope`
const ENVELOPE: Message = Message {
    fields: &[
        field(1, "payload", Kind::Bytes),
        field(2, "payloadType", Kind::Text),
        field(3, "signatures", Kind::Many(&ENVELOPE_SIGNATURE)),
    ],
};

/// `io.intoto.Signature`
const ENVELOPE_SIGNATURE: Message =
    Message { fields: &[field(1, "sig", Kind::Bytes), field(2, "keyid", Kind::Text)] };
