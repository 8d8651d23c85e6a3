//! The output formats.

use clap::ValueEnum;

use super::{asff, csv, html, json, junit, markdown, ocsf, sarif, terminal};
use crate::score::assessment::Assessment;
use crate::score::baseline::Comparison;

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
/// A library refused to write a value.
pub fn render_compared(
    format: Format,
    assessment: &Assessment,
    comparison: &Comparison,
    look: Look,
) -> Result<String, ReportError> {
    match format {
        Format::Terminal => Ok(terminal::render_comparison(comparison, look)),
        Format::Json => Ok(json::render_value(comparison)?),
        other => render(other, assessment, look),
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

/// A report that could not be made: a defect of exfilguard.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReportError {
    /// The JSON writer refused a value; several formats are JSON.
    #[error("the json report cannot be made")]
    Json(#[from] serde_json::Error),
    /// The XML writer refused a value.
    #[error("the junit report cannot be made")]
    Junit(#[from] quick_junit::SerializeError),
    /// The CSV writer refused a record.
    #[error("the csv report cannot be made")]
    Csv(#[from] ::csv::Error),
    /// The code that makes the report panicked.
    #[error("the {} report cannot be made: exfilguard broke over it; please report it", .0.as_str())]
    Defect(Format),
}

/// Makes a report. It ends with a line feed.
///
/// # Errors
/// A library refused to write a value.
pub fn render(format: Format, assessment: &Assessment, look: Look) -> Result<String, ReportError> {
    match format {
        Format::Terminal => Ok(terminal::render(assessment, look)),
        Format::Json => Ok(json::render(assessment)?),
        Format::Junit => Ok(junit::render(assessment)?),
        Format::Html => Ok(html::render(assessment)?),
        Format::Markdown => Ok(markdown::render(assessment)),
        Format::Csv => Ok(csv::render(assessment)?),
        Format::Sarif => Ok(sarif::render(assessment)?),
        Format::Ocsf => Ok(ocsf::render(assessment)?),
        Format::Asff => Ok(asff::render(assessment)?),
    }
}
