//! What users of rekor-cli do, with `fasti`: the assertions of Rekor's own end-to-end tests
//! (github.com/sigstore/rekor, `tests/e2e_test.go` and `pkg/types/*/e2e_test.go`), on a writer.
//!
//! | file | what it tests |
//! |---|---|
//! | `kinds` | entries of each kind: uploaded, uploaded again, read, verified |
//! | `refusing` | wrong signatures, wrong keys, unknown entries, contradictory questions |
//! | `flags` | the other verbs and flags of rekor-cli |
//! | `elsewhere` | servers that are not fasti's, and logs that are only files |
//! | `shards` | entries of inactive shards |
//! | `trusting` | what these clients need to know of a log |
//! | `tools` | keys and signatures of ssh-keygen and gpg, where there are such programs |
//! | `vectors` | what Rekor itself made of the same files |
//!
//! `made` has artifacts with signatures of each kind.

mod elsewhere;
mod flags;
mod kinds;
mod made;
mod refusing;
mod shards;
mod tools;
mod trusting;
mod vectors;
