//! The verifier, tested against data that this code did not make: real bundles, trusted roots and
//! signing configurations, from the directory in FASTI_CONFORMANCE_DATA. If that is not set, the
//! tests print that they were skipped.
//!
//! `.ci/wasm` runs them a second time, with what a browser has for cryptography.

mod bundles;
mod conformance;
mod mutation;
mod roots;
mod survey;
mod v1_kinds;

use std::path::PathBuf;

use fasti_kit::conformance_data;
use fasti_kit::conformance_data::{files, read};

fn data() -> Option<PathBuf> {
    conformance_data::directory("", "the verifier, with data of other projects")
}
