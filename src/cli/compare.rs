//! `exfilguard compare`: what became of the findings of an earlier audit.

use super::arguments::CompareArguments;
use super::console::Console;
use super::exit_code::ExitCode;
use super::{Failure, assessment_file};
use crate::report::{Destinations, write_compared};
use crate::score::{AssessmentView, baseline};

/// Compares two assessments.
pub fn run(arguments: &CompareArguments, console: &Console) -> Result<ExitCode, Failure> {
    let destinations = Destinations::prepare(&arguments.output).map_err(Failure::usage)?;
    let old = assessment_file::read(&arguments.old)?;
    let mut new = assessment_file::read(&arguments.new)?;
    let comparison = baseline::compare_with(&mut new, &old);
    drop(old);
    let look = console.look();
    let view = AssessmentView::from(&new);
    let render =
        |format, look, out: &mut dyn std::io::Write| write_compared(format, &view, &comparison, look, out);
    destinations
        .write_with(&render, look, &mut std::io::stdout().lock())
        .map_err(|errors| Failure::unwritten(&errors))?;
    Ok(ExitCode::Success)
}
