//! The program `fasti-witness`; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fasti_witness_server::main()
}
