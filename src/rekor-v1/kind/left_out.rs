//! The kinds that need OpenPGP, in a program that was built without it.

/// A kind of which every proposal is refused.
macro_rules! left_out {
    ($($kind:ident),+) => {
        $(pub(super) mod $kind {
            use crate::draft::Draft;
            use crate::error::KindError;
            use crate::json::Object;
            use crate::limits::Setting;

            pub fn accept(_: &Object<'_>, _: &Setting) -> Result<Draft, KindError> {
                Err(KindError::LeftOut(stringify!($kind)))
            }
        })+
    };
}

left_out!(helm, rpm);
