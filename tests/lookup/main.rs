//! The lookup index of logs that the library has written: built by portions, cut short, begun again,
//! and compared with what brute force makes of the same entries.

mod amplification;
mod brute;
mod builder;
mod crash;
mod entries;
mod faulty;
mod golden;
mod grow;
mod live;
mod plain_log;
mod scene;
mod sizes;
mod speed;
