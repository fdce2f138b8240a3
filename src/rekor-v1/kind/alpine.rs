//! `alpine` 0.0.1: a package of Alpine Linux, with the signature in it.

use crate::draft::Draft;
use crate::error::{KindError, invalid};
use crate::json::Object;
use crate::limits::Setting;

pub(super) fn accept(_spec: &Object<'_>, _setting: &Setting) -> Result<Draft, KindError> {
    Err(invalid("to be written"))
}
