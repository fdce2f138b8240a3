//! `helm` 0.0.1: the signed provenance of a Helm chart.

use crate::draft::Draft;
use crate::error::{KindError, invalid};
use crate::json::Object;
use crate::limits::Setting;

pub(super) fn accept(_spec: &Object<'_>, _setting: &Setting) -> Result<Draft, KindError> {
    Err(invalid("to be written"))
}
