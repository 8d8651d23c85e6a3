//! `exfilguard trend`: scores over time.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, miette};

use super::arguments::{TrendArguments, TrendFormat};
use super::console::{Console, terminal_width};
use super::exit_code::ExitCode;
use super::{Failure, assessment_file};
use crate::report::{json, trend};
use crate::score::trend::{Point, Trend};

/// Reads a folder of assessments and shows them as a row.
pub fn run(arguments: &TrendArguments, console: &Console) -> Result<ExitCode, Failure> {
    let mut points = Vec::new();
    for path in files(&arguments.folder)? {
        // One after the other: a year of assessments is more than fits into memory.
        match assessment_file::read(&path) {
            Ok(assessment) => points.push(Point::of(path.display().to_string(), &assessment)),
            Err(failure) => console.warn(&format!("left out: {}", failure.report)),
        }
    }
    if points.is_empty() {
        return Err(Failure::usage(miette!(
            help = "an assessment is what `exfilguard audit --output json=FILE` writes; keep one per night",
            "`{}` holds no assessments",
            arguments.folder.display()
        )));
    }
    let trend = Trend::new(points);
    let text = match arguments.output {
        TrendFormat::Terminal => trend::table(&trend, terminal_width()),
        TrendFormat::Json => json::render_value(&trend).into_diagnostic().map_err(Failure::usage)?,
        TrendFormat::Csv => trend::csv(&trend).map_err(Failure::usage)?,
        TrendFormat::Svg => trend::svg(&trend).map_err(Failure::usage)?,
    };
    let _closed_pipe = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::Success)
}

/// The JSON files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let refuse = |error: std::io::Error| {
        Failure::usage(miette!(
            help = "name a folder with JSON reports of `exfilguard audit`",
            "`{}` cannot be read: {error}",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
