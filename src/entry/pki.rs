//! The formats of keys and signatures, one file each.
//!
//! A format's file says how its keys and signatures are read, verified and written in canonical
//! form. Kinds of entry choose among them. [`x509`] is the only one so far: bare public keys and
//! certificates in DER, and raw signatures.

mod x509;

pub use x509::{CERTIFICATE_BYTES_MAX, KeyMaterial, NAMES_MAX, VerifiableSignature, Verifier};
