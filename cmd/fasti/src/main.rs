//! The program `fasti`; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fasti_cli::main()
}
