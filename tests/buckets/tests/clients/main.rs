//! The servers as seen by a third-party client: `object_store`.
//!
//! | file | what it shows |
//! |---|---|
//! | `contract` | what every correct store does: conditions, races, paging, attributes |
//! | `s3` | the S3 server keeps the contract, checks signatures, can be broken on purpose |
//! | `gcs` | the GCS server keeps it too, has unique generations and the store's own habits |
//! | `faults` | each fault does what it says, and only what it says |
//! | `proxy` | a good line changes nothing, and a bad one fails as configured |

mod contract;
mod faults;
mod gcs;
mod proxy;
mod s3;
