//! `exfilguard compare`: what became of the findings of an earlier audit.

use std::io::Write as _;

use miette::IntoDiagnostic as _;

use super::arguments::{CompareArguments, ListFormat};
use super::console::{Console, terminal_width};
use super::exit_code::ExitCode;
use super::{Failure, assessment_file};
use crate::report::{Look, json, terminal};
use crate::score::baseline::Comparison;

/// Compares two assessments.
pub fn run(arguments: &CompareArguments, console: &Console) -> Result<ExitCode, Failure> {
    let old = assessment_file::read(&arguments.old)?;
    let new = assessment_file::read(&arguments.new)?;
    let comparison = Comparison::new(&old, &new);
    let text = match arguments.output {
        ListFormat::Json => json::render_value(&comparison).into_diagnostic().map_err(Failure::usage)?,
        ListFormat::Terminal => {
            let look = Look { width: terminal_width(), color: console.colors_stdout() };
            terminal::render_comparison(&comparison, look)
        }
    };
    let _closed_pipe = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::Success)
}
