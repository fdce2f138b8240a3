//! The lookup index of logs that the library has written: built in portions, interrupted, resumed,
//! and compared with a brute-force index of the same entries; the heads that a log keeps; and
//! copies of logs.

mod amplification;
mod brute;
mod builder;
mod crash;
mod entries;
mod golden;
mod grow;
mod heads;
mod live;
mod mirroring;
mod plain_log;
mod scene;
mod sizes;
mod speed;
