//! Stores against their contract, and the probe against stores that break it.
//!
//! | module | what |
//! |---|---|
//! | `contract` | every store that needs no server passes the suite |
//! | `bucket` | what a bucket is told of each object; limits; requests counted |
//! | `faults` | answers that get lost or mislead: [`faulty`] has them |
//! | `probe` | honest stores pass the probe, the others are named |
//! | `http` | the same over S3 and GCS on the wire, with what goes wrong there |
//! | `live` | the suite and the probe against a store that the environment names |

mod bucket;
mod contract;
mod faults;
mod faulty;
mod http;
mod live;
mod probe;

use std::sync::Arc;

use fasti::store::{BucketLocation, BucketOptions, BucketStore, Clients, ObjectPath};
use object_store::ObjectStore;

/// A log in the bucket `s3://bucket/some/log` behind `client`.
fn bucket_over<S: ObjectStore>(client: Arc<S>) -> BucketStore {
    let options = BucketOptions::default();
    BucketStore::over(Clients::same(client), location("s3://bucket/some/log"), &options)
}

fn location(text: &str) -> BucketLocation {
    text.parse().expect("the place of a bucket")
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a valid path")
}
