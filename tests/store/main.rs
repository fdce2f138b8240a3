//! Stores against their contract, and the probe against stores that break it.
//!
//! | module | what |
//! |---|---|
//! | `contract` | every store that needs no server passes the suite |
//! | `bucket` | the attributes of each object; limits; request counts |
//! | `faults` | lost and misleading answers, from [`faulty`] |
//! | `probe` | honest stores pass the probe, others are named |
//! | `http` | the same over S3 and GCS on the wire, with the faults there |
//! | `live` | the suite and the probe against a store named by the environment |

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

/// The store of a log in the bucket `s3://bucket/some/log`, over `client`.
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
