//! The output formats.

use std::io::{self, Write};

use clap::ValueEnum;

use super::{asff, csv, html, json, junit, markdown, ocsf, sarif, terminal};
use crate::score::assessment::Assessment;
use crate::score::baseline::Comparison;
use crate::score::{AssessmentView, ReportNeeds};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Format {
    /// For a person: the worst first, and what to do next.
    Terminal,
    /// Everything, for programs; also read back by exfilguard itself.
    Json,
    /// For CI servers.
    Junit,
    /// One page for a browser: everything, to look through.
    Html,
    /// For a pull request or the step summary of a CI job.
    Markdown,
    /// For spreadsheets.
    Csv,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For security data lakes: OCSF compliance findings.
    Ocsf,
    /// For AWS Security Hub: findings of `BatchImportFindings`.
    Asff,
}

impl Format {
    /// What a report of this format reads of each account; what it tells of all together is counted while judging.
    #[must_use]
    pub fn reads(self) -> ReportNeeds {
        match self {
            Self::Terminal => ReportNeeds::NONE,
            Self::Junit => ReportNeeds::section(junit::SUITE),
            Self::Csv => ReportNeeds::section(csv::ROWS),
            Self::Markdown | Self::Sarif | Self::Ocsf | Self::Asff => ReportNeeds::RESULTS,
            Self::Json | Self::Html => ReportNeeds::ALL,
        }
    }

    /// All formats in the order in which help lists them.
    pub const ALL: [Self; 9] = [
        Self::Terminal,
        Self::Json,
        Self::Junit,
        Self::Html,
        Self::Markdown,
        Self::Csv,
        Self::Sarif,
        Self::Ocsf,
        Self::Asff,
    ];

    /// All spellings, for messages: `terminal, json, …`.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Sarif => "sarif",
            Self::Ocsf => "ocsf",
            Self::Asff => "asff",
        }
    }
}

/// Makes the report of a comparison: the comparison itself for the terminal and as JSON; in every other format the later
/// assessment, in which each finding is marked and what was resolved is told where the format has a place for it.
///
/// # Errors
/// A library refused to write a value, or what is written to failed.
pub fn write_compared(
    format: Format,
    assessment: &AssessmentView<'_>,
    comparison: &Comparison,
    look: Look,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    match format {
        Format::Terminal => Ok(out.write_all(terminal::render_comparison(comparison, look).as_bytes())?),
        Format::Json => Ok(json::write_value(comparison, out)?),
        other => write(other, assessment, look, out),
    }
}

/// How a report for a person looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The width in columns. Less than [`Look::NARROWEST`] is treated as that.
    pub width: usize,
    /// Whether ANSI colours are used.
    pub color: bool,
    /// Whether names of checks are links (OSC 8).
    pub links: bool,
}

impl Look {
    /// The narrowest width that the terminal report is laid out for.
    pub const NARROWEST: usize = 80;

    /// The look of a file, or of a pipe: 100 columns without colour.
    pub const PLAIN: Self = Self { width: 100, color: false, links: false };
}

/// A report that could not be made.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReportError {
    /// What is written to failed, or the temporary file that the results are read from.
    #[error(transparent)]
    Io(io::Error),
    /// The JSON writer refused a value; several formats are JSON.
    #[error("the json report cannot be made: {0}")]
    Json(serde_json::Error),
    /// The XML writer refused a value.
    #[error("the junit report cannot be made")]
    Junit(#[from] quick_junit::SerializeError),
    /// The code that makes the report panicked.
    #[error("the {} report cannot be made: exfilguard broke over it; please report it", .0.as_str())]
    Defect(Format),
}

impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Io(error.into()) } else { Self::Json(error) }
    }
}

impl From<::csv::Error> for ReportError {
    fn from(error: ::csv::Error) -> Self {
        Self::Io(error.into())
    }
}

/// Writes a report, account by account where the format allows it. It ends with a line feed.
///
/// # Errors
/// A library refused to write a value, what is written to failed, or the results cannot be read.
pub fn write(
    format: Format,
    assessment: &AssessmentView<'_>,
    look: Look,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    match format {
        Format::Terminal => Ok(out.write_all(terminal::render(assessment, look).as_bytes())?),
        Format::Json => json::write(assessment, out),
        Format::Junit => junit::write(assessment, out),
        // The page holds everything anyway.
        Format::Html => Ok(out.write_all(html::render(&assessment.whole()?)?.as_bytes())?),
        Format::Markdown => Ok(out.write_all(markdown::render(assessment)?.as_bytes())?),
        Format::Csv => csv::write(assessment, out),
        Format::Sarif => sarif::write(assessment, out),
        Format::Ocsf => ocsf::write(assessment, out),
        Format::Asff => asff::write(assessment, out),
    }
}

/// A report of an assessment in memory, as text.
///
/// # Errors
/// A library refused to write a value.
pub fn render(format: Format, assessment: &Assessment, look: Look) -> Result<String, ReportError> {
    let mut text = Vec::new();
    write(format, &AssessmentView::from(assessment), look, &mut text)?;
    // Every format is UTF-8.
    String::from_utf8(text).map_err(|error| io::Error::other(error).into())
}
