//! The exit codes of servers, besides 0: stopped as told.

/// Failed; starting again may help.
pub const FAILED: u8 = 1;
/// The flags, the environment or the configuration file cannot be used. The same as clap's.
pub const MISUSED: u8 = 2;
/// What is stored is not what was left there: rolled back, copied, forked, damaged. Starting again
/// cannot help; somebody has to look.
pub const REFUSED: u8 = 3;
