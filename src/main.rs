//! The program `exfilguard`: see the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    exfilguard::cli::run()
}
