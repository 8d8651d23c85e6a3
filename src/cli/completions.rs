//! `exfilguard completions`: a script for the user's shell.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::Failure;
use super::arguments::{Arguments, CompletionsArguments};
use super::exit_code::ExitCode;

/// Prints the completion script.
pub fn run(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "exfilguard", &mut script);
    let _closed_pipe = std::io::stdout().write_all(&script);
    Ok(ExitCode::Success)
}
