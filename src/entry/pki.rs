//! The formats of keys and signatures, one file each.
//!
//! A format's file says how its keys and signatures are read, verified and written in canonical
//! form. Kinds of entry choose among them. Rekor v2 has only [`x509`]: bare public keys and
//! certificates in DER, and raw signatures. Entries of Rekor v1 have others too, of which an index
//! reads no more than the names in OpenPGP keys ([`open_pgp_names`]).

mod open_pgp_names;
mod x509;

pub(super) use open_pgp_names::emails as open_pgp_emails;
pub use x509::{CERTIFICATE_BYTES_MAX, KeyMaterial, NAMES_MAX, VerifiableSignature, Verifier};
