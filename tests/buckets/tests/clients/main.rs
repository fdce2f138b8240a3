//! The servers as a client sees them that was written by others: `object_store`.
//!
//! | file | what it shows |
//! |---|---|
//! | `contract` | what every sound store does: conditions, races, paging, attributes |
//! | `s3` | the S3 server keeps the contract, checks signatures, can be broken on purpose |

mod contract;
mod s3;
