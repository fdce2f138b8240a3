//! The kinds of entry, and the one table from which all that depends on the kind follows.
//!
//! To add a kind: its file in `kind/`, its line below, its fixtures, its row in
//! `src/docs/formats.md`, and what an index finds in its bodies (`src/entry/kind/listed`).

mod alpine;
#[cfg_attr(not(feature = "pgp"), allow(dead_code, reason = "OpenPGP needs more of it"))]
mod checksum;
mod content;
mod cose;
mod dsse;
mod envelope;
mod hashedrekord;
#[cfg(feature = "pgp")]
mod helm;
mod intoto;
mod jar;
mod kept_payload;
#[cfg(not(feature = "pgp"))]
mod left_out;
mod rekord;
mod rfc3161;
#[cfg(feature = "pgp")]
mod rpm;
mod stated_hash;
mod statement;
mod tuf;

#[cfg(not(feature = "pgp"))]
use self::left_out::{helm, rpm};
pub(crate) use tuf::canonical_root;

use super::draft::Draft;
use super::error::KindError;
use super::json::Object;
use super::limits::Setting;

/// Reads `spec`, verifies every signature in it, and drafts the entry.
pub(crate) type Accept = fn(&Object<'_>, &Setting) -> Result<Draft, KindError>;

/// A version of a kind.
pub(crate) struct Version {
    pub name: &'static str,
    pub accept: Accept,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $name:literal, [$($version:literal => $accept:path),+];)+) => {
        /// A kind of entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        /// All kinds.
        pub const KINDS: &[Kind] = &[$(Kind::$kind),+];

        impl Kind {
            /// The name in `kind`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            pub(crate) fn versions(self) -> &'static [Version] {
                match self {
                    $(Self::$kind => &[$(Version { name: $version, accept: $accept }),+],)+
                }
            }
        }
    };
}

kinds! {
    /// A signature over a package of Alpine Linux.
    Alpine: "alpine", ["0.0.1" => alpine::accept];
    /// A COSE message.
    Cose: "cose", ["0.0.1" => cose::accept];
    /// A DSSE envelope.
    Dsse: "dsse", ["0.0.1" => dsse::accept];
    /// A signature over the digest of an artifact.
    HashedRekord: "hashedrekord", ["0.0.1" => hashedrekord::accept];
    /// The provenance of a Helm chart.
    Helm: "helm", ["0.0.1" => helm::accept];
    /// An in-toto attestation in a DSSE envelope.
    Intoto: "intoto", ["0.0.1" => intoto::accept_text, "0.0.2" => intoto::accept_object];
    /// A signed Java archive.
    Jar: "jar", ["0.0.1" => jar::accept];
    /// A signature over an artifact, in any format of keys.
    Rekord: "rekord", ["0.0.1" => rekord::accept];
    /// A timestamp.
    Rfc3161: "rfc3161", ["0.0.1" => rfc3161::accept];
    /// A signed RPM package.
    Rpm: "rpm", ["0.0.1" => rpm::accept];
    /// Signed metadata of a TUF repository.
    Tuf: "tuf", ["0.0.1" => tuf::accept];
}

impl Kind {
    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.name() == name)
    }
}
