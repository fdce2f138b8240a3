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
mod made;
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
use super::material::{MakeError, Material};

/// Reads `spec`, verifies every signature in it, and drafts the entry.
pub(crate) type Accept = fn(&Object<'_>, &Setting) -> Result<Draft, KindError>;

/// Makes the `spec` of a proposal of what there is.
pub(crate) type Make = fn(&Material<'_>) -> Result<serde_json::Value, MakeError>;

/// A version of a kind.
pub(crate) struct Version {
    pub name: &'static str,
    pub accept: Accept,
    pub make: Make,
}

macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $kind:ident: $name:literal, $model:literal,
        [$($version:literal => $accept:path, $make:path;)+];
    )+) => {
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

            /// The name that Rekor's own client shows above its `spec`.
            pub fn model(self) -> &'static str {
                match self {
                    $(Self::$kind => $model,)+
                }
            }

            pub(crate) fn versions(self) -> &'static [Version] {
                match self {
                    $(Self::$kind => &[
                        $(Version { name: $version, accept: $accept, make: $make }),+
                    ],)+
                }
            }
        }
    };
}

kinds! {
    /// A signature over a package of Alpine Linux.
    Alpine: "alpine", "AlpineModel", ["0.0.1" => alpine::accept, made::package;];
    /// A COSE message.
    Cose: "cose", "CoseObj", ["0.0.1" => cose::accept, made::cose;];
    /// A DSSE envelope.
    Dsse: "dsse", "DSSEObj", ["0.0.1" => dsse::accept, made::dsse;];
    /// A signature over the digest of an artifact.
    HashedRekord: "hashedrekord", "HashedRekordObj", [
        "0.0.1" => hashedrekord::accept, made::hashedrekord;
    ];
    /// The provenance of a Helm chart.
    Helm: "helm", "HelmObj", ["0.0.1" => helm::accept, made::helm;];
    /// An in-toto attestation in a DSSE envelope.
    Intoto: "intoto", "IntotoObj", [
        "0.0.1" => intoto::accept_text, made::intoto_text;
        "0.0.2" => intoto::accept_object, made::intoto_object;
    ];
    /// A signed Java archive.
    Jar: "jar", "JARModel", ["0.0.1" => jar::accept, made::jar;];
    /// A signature over an artifact, in any format of keys.
    Rekord: "rekord", "RekordObj", ["0.0.1" => rekord::accept, made::rekord;];
    /// A timestamp.
    Rfc3161: "rfc3161", "Rfc3161Obj", ["0.0.1" => rfc3161::accept, made::rfc3161;];
    /// A signed RPM package.
    Rpm: "rpm", "RPMModel", ["0.0.1" => rpm::accept, made::package;];
    /// Signed metadata of a TUF repository.
    Tuf: "tuf", "TufObj", ["0.0.1" => tuf::accept, made::tuf;];
}

impl Kind {
    /// The kind with this name.
    pub fn find(name: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether there is such a version of it.
    pub fn has_version(self, version: &str) -> bool {
        self.versions().iter().any(|known| known.name == version)
    }

    /// Whether a proposal has the digest of the artifact alone.
    pub fn takes_digest(self) -> bool {
        self == Self::HashedRekord
    }
}
