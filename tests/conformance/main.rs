//! Entries, tested against data that this code did not make.
//!
//! `frozen` needs no data of others: it reads the fixtures under `tests/data`. `sigstore` reads
//! files of other projects, mainly real log entries, from the directory in FASTI_CONFORMANCE_DATA.
//! If that is not set, those tests print that they were skipped. `fulcio` tests the certificates in
//! the same files under a write policy, `lookup` tests what the entries are found by, and
//! `rekor_v1` compares that with what Rekor v1 lists its entries by. What the verifier says of them
//! is in `tests/verify`.

mod frozen;
mod fulcio;
mod lookup;
mod rekor_v1;
mod sigstore;

use std::path::PathBuf;

use fasti_kit::conformance_data;

fn data(directory: &str) -> Option<PathBuf> {
    conformance_data::directory(directory, "real entries, requests and bundles of Sigstore")
}
