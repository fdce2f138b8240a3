//! The formats of keys and signatures, one file each.
//!
//! A format's file says how its keys and signatures are read, verified and written in canonical
//! form. Kinds of entry choose among them. What several formats are written in, or made of, has
//! files of its own: `pem`, `ecdsa`, `ed25519`, `ssh_wire`.

pub(crate) mod ecdsa;
pub(crate) mod ed25519;
pub(crate) mod minisign;
pub(crate) mod pem;
#[cfg(feature = "pgp")]
pub(crate) mod pgp;
pub(crate) mod ssh;
pub(crate) mod ssh_wire;
pub(crate) mod x509;
