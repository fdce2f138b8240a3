//! Core dumps: a process that holds a key writes none (I16).
//!
//! A dump contains all of a process's memory, with keys in the clear, in a file or in the hands of
//! a crash reporter. A limit of zero bytes forbids the file. Linux passes a dump to a reporter
//! whatever the limit is, unless the process is marked undumpable; then no debugger of the same
//! user can read its memory either.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Permanently forbids dumps of this process and of its children.
pub fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_dump_is_made_of_a_process_that_said_so() {
        forbid_core_dumps().unwrap();
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
        forbid_core_dumps().unwrap();
    }
}
