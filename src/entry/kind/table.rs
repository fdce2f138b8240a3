//! The enums over all kinds, made from the table in [`kind`](super).

/// Makes the enums. A line is a kind's name, its definition, and its types of request and entry.
macro_rules! table {
    ($(
        $(#[doc = $doc:literal])+
        $(#[cfg($cfg:meta)])?
        $kind:ident: $definition:ty, $request:ty => $entry:ty;
    )+) => {
        /// A kind of entry: its name and version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? $kind,)+
        }

        /// A well-formed request. Its signatures are verified by [`Submission::verify`].
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Submission {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? $kind($request),)+
        }

        /// An entry parsed from a leaf. The log that holds it claims to have verified it; use
        /// [`RekorEntry::verify_again`] to verify what the leaf allows.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum RekorEntry {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? $kind($entry),)+
        }

        /// The table.
        pub(super) const TABLE: &[Row] =
            &[$($(#[cfg($cfg)])? Row::of::<$definition>(Kind::$kind),)+];

        impl Kind {
            pub(super) fn parse_request(self, value: Value<'_>) -> Result<Submission, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind => {
                        <$definition>::parse_request(value).map(Submission::$kind)
                    }
                )+}
            }

            pub(super) fn parse_entry(self, value: Value<'_>) -> Result<RekorEntry, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind => <$definition>::parse_entry(value).map(RekorEntry::$kind),
                )+}
            }

            pub(super) fn of_bundle(
                self,
                content: &BundleContent,
                signed: SignedDigest,
            ) -> Result<RekorEntry, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind => {
                        <$definition>::of_bundle(content, signed).map(RekorEntry::$kind)
                    }
                )+}
            }
        }

        impl Submission {
            /// The kind of entry that it requests.
            pub fn kind(&self) -> Kind {
                match self {$($(#[cfg($cfg)])? Self::$kind(_) => Kind::$kind,)+}
            }

            /// How long verifying it takes.
            pub fn cost(&self) -> Cost {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(request) => <$definition>::cost(request),
                )+}
            }

            pub(super) fn verifiers(&self) -> &[Verifier] {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(request) => <$definition>::verifiers(request),
                )+}
            }

            /// What was signed, if a log may keep it beside the entry.
            pub fn attestation(&self) -> Option<&[u8]> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(request) => <$definition>::attestation(request),
                )+}
            }

            pub(super) fn verified_leaf(&self) -> Result<Vec<u8>, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(request) => <$definition>::verify(request),
                )+}
            }
        }

        impl RekorEntry {
            /// The kind of entry.
            pub fn kind(&self) -> Kind {
                match self {$($(#[cfg($cfg)])? Self::$kind(_) => Kind::$kind,)+}
            }

            /// Encodes the entry as leaf bytes.
            pub fn to_leaf(&self) -> Result<Vec<u8>, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(entry) => $crate::canonical::leaf::<$definition>(entry),
                )+}
            }

            /// The signature over a digest that the entry consists of, if the leaf has all of it.
            pub fn signed_digest(&self) -> Option<&SignedDigest> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(entry) => <$definition>::signed_digest(entry),
                )+}
            }

            /// Verifies again what the leaf alone allows to verify, and returns how many signatures
            /// that were: none if the entry does not contain what was signed.
            pub fn verify_again(&self) -> Result<u64, EntryError> {
                match self {$(
                    $(#[cfg($cfg)])?
                    Self::$kind(entry) => <$definition>::verify_again(entry),
                )+}
            }
        }
    };
}

pub(super) use table;
