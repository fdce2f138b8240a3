//! The program `fasti-writer`; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fasti_writer::main()
}
