//! The servers as a client sees them that was written by others: `object_store`.
//!
//! | file | what it shows |
//! |---|---|
//! | `contract` | what every sound store does: conditions, races, paging, attributes |
//! | `s3` | the S3 server keeps the contract, checks signatures, can be broken on purpose |
//! | `gcs` | the GCS server keeps it too, has unique generations and the store's own habits |
//! | `faults` | each fault does what it says, and only what it says |
//! | `proxy` | the line changes nothing when it is good, and fails as told when it is not |

mod contract;
mod faults;
mod gcs;
mod proxy;
mod s3;
