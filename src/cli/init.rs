//! `exfilguard init`: a policy file to begin with.

use std::io::Write as _;

use miette::miette;

use super::arguments::InitArguments;
use super::console::Console;
use super::exit_code::ExitCode;
use super::{Failure, modules};
use crate::policy;

/// Writes a policy file that says what holds without one. Never overwrites a file.
pub fn run(arguments: &InitArguments, console: &Console) -> Result<ExitCode, Failure> {
    let path = &arguments.path;
    let text = policy::template(&modules::load(&[])?.descriptions());
    let refuse = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "it is left as it is; name another file: `exfilguard init PATH`"
            }
            _ => "name a file in a folder that exists and can be written to: `exfilguard init PATH`",
        };
        Failure::usage(miette!(help = help, "`{}` cannot be written: {error}", path.display()))
    };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(refuse)?;
    file.write_all(text.as_bytes()).map_err(refuse)?;
    console.note(&format!("`{}` written; it changes nothing until it is edited", path.display()));
    Ok(ExitCode::Success)
}
