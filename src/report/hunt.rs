//! The answer of a hunt for the terminal, as JSON, CSV and Markdown.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, TableStyle};
use csv::{QuoteStyle, Terminator, WriterBuilder};
use serde_json::Value;

use super::csv::cell;
use super::markdown::text::{code, prose};
use super::{Format, Look, ReportError};
use crate::investigate::{Answer, Hunt, Note};
use crate::visible::visible_start;

/// The formats in which an answer can be written.
pub const FORMATS: [Format; 4] = [Format::Terminal, Format::Json, Format::Csv, Format::Markdown];

/// The most characters of a cell for people.
const MAX_CELL: usize = 120;

/// Writes an answer. A format that is not one of [`FORMATS`] gives the terminal's text.
///
/// # Errors
/// A library refused to write a value.
pub fn render(format: Format, hunt: &Hunt, answer: &Answer, look: Look) -> Result<String, ReportError> {
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(answer)? + "\n"),
        Format::Csv => Ok(as_csv(answer)?),
        Format::Markdown => Ok(as_markdown(hunt, answer)),
        _ => Ok(as_text(hunt, answer, look)),
    }
}

/// A value as a person reads it; nothing for null.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn as_text(hunt: &Hunt, answer: &Answer, look: Look) -> String {
    let mut text = String::new();
    if answer.rows.is_empty() {
        let _infallible = writeln!(text, "{}: no rows", hunt.title);
    } else {
        let _infallible = writeln!(text, "{}\n", hunt.title);
        if width(answer) <= look.width {
            text.push_str(&table(answer, look));
        } else {
            text.push_str(&blocks(answer));
        }
    }
    let _infallible = writeln!(text, "\n{}", summary(answer));
    for note in &answer.query.notes {
        let _infallible = writeln!(text, "note: {}", visible_start(&note.message, 300));
    }
    text
}

fn cell_of(value: &Value) -> String {
    visible_start(&shown(value), MAX_CELL)
}

/// The columns that a table without broken lines takes.
fn width(answer: &Answer) -> usize {
    let of_column = |(index, name): (usize, &str)| {
        let values = answer.rows.iter().filter_map(|row| row.get(index));
        values.map(|value| cell_of(value).chars().count()).max().unwrap_or_default().max(name.len()) + 2
    };
    answer.columns.iter().map(|column| column.name.as_str()).enumerate().map(of_column).sum()
}

fn table(answer: &Answer, look: Look) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(look.width).unwrap_or(u16::MAX));
    table.set_header(answer.columns.iter().map(|column| column.name.to_uppercase()));
    for row in &answer.rows {
        table.add_row(row.iter().map(cell_of));
    }
    format!("{table}\n")
}

/// A block per row, a line per value: an ARN or an id that is broken cannot be copied.
fn blocks(answer: &Answer) -> String {
    let name = answer.columns.iter().map(|column| column.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (number, row) in (1..).zip(&answer.rows) {
        let _infallible = writeln!(text, "row {number}");
        for (column, value) in answer.columns.iter().zip(row).filter(|(_, value)| !value.is_null()) {
            let _infallible = writeln!(text, "  {:name$}  {}", column.name, cell_of(value));
        }
    }
    text
}

/// How many rows of how much.
fn summary(answer: &Answer) -> String {
    let rows = answer.query.row_count;
    let mut text = format!("{rows} row{}", if rows == 1 { "" } else { "s" });
    if let Some(records) = answer.query.scanned_records {
        let _infallible = write!(text, ", {records} records looked at");
    }
    if let Some(bytes) = answer.query.scanned_bytes {
        let _infallible = write!(text, ", {bytes} bytes read");
    }
    text + if answer.is_complete() { "" } else { "; NOT COMPLETE: rows that are missing prove nothing" }
}

fn as_csv(answer: &Answer) -> Result<String, csv::Error> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(answer.columns.iter().map(|column| column.name.as_str()))?;
    for row in &answer.rows {
        writer.write_record(row.iter().map(|value| match value {
            // A number is no formula, whatever its sign.
            Value::Number(number) => number.to_string(),
            other => cell(&shown(other)),
        }))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_markdown(hunt: &Hunt, answer: &Answer) -> String {
    let mut text = format!("## {}\n\n", hunt.title);
    if answer.rows.is_empty() {
        text.push_str("No rows.\n");
    } else {
        let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let _infallible = writeln!(text, "| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()));
        for row in &answer.rows {
            let cells: Vec<String> = row.iter().map(markdown_cell).collect();
            let _infallible = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    let _infallible = writeln!(text, "\n{}", prose(&summary(answer), 400));
    for Note { message, examples, .. } in &answer.query.notes {
        let _infallible = writeln!(text, "\n- {}", prose(message, 400));
        for example in examples {
            let _infallible = writeln!(text, "  - {}", code(example));
        }
    }
    let _infallible = writeln!(text, "\nSHA-256 of the rows: `{}`", answer.query.sha256);
    text
}

fn markdown_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => code(text),
        other => other.to_string(),
    }
}
