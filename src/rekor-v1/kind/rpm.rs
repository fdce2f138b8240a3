//! `rpm` 0.0.1: an RPM package, with the signatures in it.

use crate::draft::Draft;
use crate::error::{KindError, invalid};
use crate::json::Object;
use crate::limits::Setting;

pub(super) fn accept(_spec: &Object<'_>, _setting: &Setting) -> Result<Draft, KindError> {
    Err(invalid("to be written"))
}
