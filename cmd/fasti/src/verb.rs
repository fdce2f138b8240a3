//! The verbs, one file each.

pub mod doctor;
pub mod freeze;
pub mod fsck;
pub mod get;
pub mod heads;
pub mod index;
pub mod keygen;
pub mod loginfo;
pub mod mirror;
pub mod monitor;
pub mod prove;
pub mod search;
pub mod serve;
pub mod signing_config;
pub mod top;
pub mod trusted_root;
pub mod upload;
pub mod verify;
pub mod verify_evidence;
