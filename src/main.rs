//! The program `exfilguard`: see the library's documentation.

use std::process::ExitCode;

/// Evaluation makes and drops many small texts; the system's allocator costs it a third of its time, musl's far more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    exfilguard::cli::run()
}
