//! The incident report in its formats: JSON is the source of truth, Markdown and HTML are for people. Nothing here computes
//! anything again.

mod html;
mod markdown;

use super::destination::Destination;
use super::format::{Format, ReportError};
use super::json;
use crate::investigate::incident::Incident;

/// The formats of an incident report.
pub const FORMATS: [Format; 3] = [Format::Json, Format::Markdown, Format::Html];

/// A format that an incident report does not have.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("an incident report has no format `{}`", .0.as_str())]
#[diagnostic(help("formats: json, markdown, html; for example `--output html=incident.html`"))]
pub struct OtherFormat(Format);

/// What was asked for, if an incident report has it; Markdown on standard output if nothing was.
///
/// # Errors
/// The first format that it does not have.
pub fn destinations(asked: &[Destination]) -> Result<Vec<Destination>, OtherFormat> {
    if let Some(other) = asked.iter().find(|destination| !FORMATS.contains(&destination.format)) {
        return Err(OtherFormat(other.format));
    }
    if asked.is_empty() {
        return Ok(vec![Destination { format: Format::Markdown, path: None }]);
    }
    Ok(asked.to_vec())
}

/// Makes the report. It ends with a line feed.
///
/// # Errors
/// The JSON writer refused a value.
pub fn render(format: Format, incident: &Incident) -> Result<String, ReportError> {
    match format {
        Format::Markdown => Ok(markdown::render(incident)),
        Format::Html => Ok(html::render(incident)),
        _ => Ok(json::render_value(incident)?),
    }
}

/// What can be said in one line: the title of a report.
pub(super) fn headline(incident: &Incident) -> String {
    use crate::investigate::incident::counted;
    let impact = &incident.data_impact;
    let buckets = impact.buckets.iter().filter(|bucket| bucket.objects > 0).count() as u64;
    let taken = (impact.objects_count > 0).then(|| {
        format!("{} went out of {}", counted(impact.objects_count, "object"), counted(buckets, "bucket"))
    });
    let deleted = (impact.deleted_count + impact.unnamed_deletions > 0)
        .then(|| format!("{} deleted", counted(impact.deleted_count, "object")));
    let parts: Vec<String> = [taken, deleted].into_iter().flatten().collect();
    if parts.is_empty() { "No record tells that an object went out".to_owned() } else { parts.join(", ") }
}

/// How many bytes the records tell of. A record of a copy or of a replication tells none, which is not the same as an
/// empty object.
fn told(bytes_out: u64) -> String {
    if bytes_out == 0 { "none told".to_owned() } else { crate::investigate::incident::bytes(bytes_out) }
}

#[cfg(test)]
mod tests;
