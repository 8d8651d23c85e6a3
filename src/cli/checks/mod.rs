//! `exfilguard checks`: list, explain, test and begin check modules.

mod explain;
mod list;
mod new;
mod test;

use std::io::Write as _;

use super::arguments::{ChecksArguments, ChecksCommand};
use super::exit_code::ExitCode;
use super::{Failure, modules};

/// Lists, explains, tests or begins checks.
pub fn run(arguments: &ChecksArguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        ChecksCommand::List(arguments) => print(&list::list(arguments)?),
        ChecksCommand::Explain { id, output, checks } => {
            print(&explain::explain(&modules::load(checks)?, id, *output)?)
        }
        ChecksCommand::Test { directory } => test::test(directory.as_deref()),
        ChecksCommand::New(arguments) => print(&new::new(arguments)?),
    }
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let _closed_pipe = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(ExitCode::Success)
}
