//! The assessment as CSV (RFC 4180), a row per result and per thing that could not be read, for spreadsheets.
//!
//! Every cell is quoted, and a cell that a spreadsheet would take for a formula gets an apostrophe before it
//! (OWASP, CSV injection). Control characters are written out, so that each record is one line.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::finding::{account_names, title};
use super::format::ReportError;
use crate::collect::permission::permission;
use crate::score::assessment::{Incomplete, ResultRecord, SinceBaseline};
use crate::score::{AccountRecords, AssessmentView, Section};
use crate::visible::visible_start;

/// The names of the columns. Columns may be added at the end.
pub const COLUMNS: [&str; 23] = [
    "status",
    "severity",
    "check",
    "title",
    "area",
    "account_id",
    "account_name",
    "region",
    "resource_kind",
    "resource_id",
    "resource_arn",
    "sensitive",
    "message",
    "remediation",
    "since_baseline",
    "exception_reason",
    "exception_owner",
    "exception_expires",
    "assumptions",
    "evidence",
    "witness",
    "operation",
    "missing_permission",
];

/// The most characters of a cell: a spreadsheet's cell holds 32,767 units of UTF-16, two for some characters.
const MAX_CELL: usize = 16_000;

/// The rows of an account's results.
pub const ROWS: Section = Section { report: "csv", text: rows };

/// Writes an assessment as CSV. A row with the status `unknown` and without a check is something that could not be
/// read.
///
/// # Errors
/// What is written to failed, or the results cannot be read.
pub fn write(assessment: &AssessmentView<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let names = account_names(assessment.head());
    let mut writer = writer(&mut *out);
    writer.write_record(COLUMNS)?;
    for failure in &assessment.head().run.incomplete {
        let name = names.get(failure.account_id.as_str()).copied().unwrap_or_default();
        writer.write_record(unread(failure, name).iter().map(|text| cell(text)))?;
    }
    writer.flush()?;
    drop(writer);
    for section in assessment.sections(ROWS) {
        let (_, rows) = section?;
        out.write_all(rows.as_bytes())?;
    }
    Ok(())
}

fn writer<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().quote_style(QuoteStyle::Always).terminator(Terminator::CRLF).from_writer(out)
}

fn rows(of: &AccountRecords<'_>) -> io::Result<String> {
    let name = of.account.map(|account| account.name.as_str()).unwrap_or_default();
    let mut writer = writer(Vec::new());
    for result in of.results {
        writer.write_record(record(result, name).iter().map(|text| cell(text)))?;
    }
    let rows = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(rows).map_err(io::Error::other)
}

fn record(result: &ResultRecord, name: &str) -> [String; COLUMNS.len()] {
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let exception = result.exception.as_ref();
    let evidence: Vec<String> = result
        .evidence
        .iter()
        .map(|e| format!("{} {} {} = {}", e.operation, e.resource, e.pointer, e.value))
        .collect();
    let witness = match result.witness.as_object() {
        Some(witness) if witness.is_empty() => String::new(),
        _ => result.witness.to_string(),
    };
    [
        result.status.to_string(),
        result.severity.to_string(),
        result.check.clone(),
        title(&result.check).to_owned(),
        result.area.to_string(),
        result.account_id.clone(),
        name.to_owned(),
        owned(result.region.as_deref()),
        result.resource.kind.to_string(),
        result.resource.id.clone(),
        owned(result.resource.arn.as_deref()),
        result.sensitive.to_string(),
        result.message.clone(),
        owned(result.remediation.as_deref()),
        owned(result.since_baseline.map(SinceBaseline::as_str)),
        owned(exception.map(|e| e.reason.as_str())),
        owned(exception.map(|e| e.owner.as_str())),
        owned(exception.map(|e| e.expires.as_str())),
        result.assumptions.join(" "),
        evidence.join("; "),
        witness,
        String::new(),
        String::new(),
    ]
}

/// The row of something that could not be read: so that a filter on the status finds it.
fn unread(failure: &Incomplete, name: &str) -> [String; COLUMNS.len()] {
    let missing = permission(&failure.operation, &failure.code).unwrap_or_default();
    COLUMNS.map(|column| match column {
        "status" => "unknown".to_owned(),
        "account_id" => failure.account_id.clone(),
        "account_name" => name.to_owned(),
        "region" => failure.region.clone().unwrap_or_default(),
        "resource_id" => failure.resource.clone().unwrap_or_default(),
        "message" => format!("could not be read: {}: {}", failure.code, failure.message),
        "operation" => failure.operation.clone(),
        "missing_permission" => missing.to_owned(),
        _ => String::new(),
    })
}

/// A text as a cell that is only ever text.
pub(super) fn cell(text: &str) -> String {
    let shown = visible_start(text, MAX_CELL);
    // Full-width signs begin formulas in East Asian spreadsheets, and some programs skip blanks before the sign.
    let formula = text.starts_with(['\t', '\r', '\n', '\0'])
        || shown.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{Severity, Status};
    use crate::report::{Format, Look};
    use crate::score::assessment::Assessment;
    use crate::score::assessment::examples::{account, denied, organization, result, run};

    fn render(assessment: &Assessment) -> Result<String, ReportError> {
        crate::report::render(Format::Csv, assessment, Look::PLAIN)
    }

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn column(name: &str) -> usize {
        COLUMNS.iter().position(|column| *column == name).unwrap()
    }

    #[test]
    fn every_result_and_every_gap_is_a_row() {
        let assessment = organization();
        let rows = read(&render(&assessment).unwrap());
        assert_eq!(rows.len(), 1 + assessment.results.len() + assessment.run.incomplete.len());
        assert_eq!(rows[0], COLUMNS);
        let gap = rows.iter().find(|row| row[column("resource_id")] == "archive").unwrap();
        assert_eq!(gap[column("status")], "unknown");
        assert_eq!(gap[column("missing_permission")], "s3:GetBucketPolicy");
        let public = rows.iter().find(|row| row[0] == "fail" && row[1] == "critical").unwrap();
        assert_eq!(public[column("evidence")], "s3:GetBucketPolicy site /Statement/0/Principal = \"*\"");
        assert_eq!(public[column("title")], "The bucket is closed to the public");
        assert_eq!(public[column("account_name")], "production");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n@x"] {
            assert!(cell(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell("\u{1b}[2J\r\nx"), "\\u{1b}[2J\\r\\nx");
        assert!(cell(&"=".repeat(1 << 16)).chars().count() <= MAX_CELL + 1);
    }

    #[test]
    fn a_gap_is_harmless_too() {
        let mut run = run();
        let mut failure = denied("111122223333", "=x", Some("@y"));
        failure.message = "a,\"b\"\r\n=c".to_owned();
        run.incomplete = vec![failure];
        let rows = read(&render(&Assessment::new(run, vec![account("111122223333")], Vec::new())).unwrap());
        assert_eq!(rows[1][column("operation")], "'=x");
        assert_eq!(rows[1][column("resource_id")], "'@y");
        assert_eq!(rows[1][column("message")], "could not be read: AccessDenied: a,\"b\"\\r\\n=c");
    }

    proptest! {
        #[test]
        fn whatever_a_resource_is_called_it_stays_one_cell(
            name in "[-=+@,;\"'\\t\\r\\n\u{0}\u{202e}a<&🙂]{0,40}",
            message in any::<String>(),
        ) {
            let mut failing = result("bucket-not-public", Severity::Critical, Status::Fail, &name);
            failing.message = message;
            let assessment = Assessment::new(run(), vec![account("111122223333")], vec![failing]);
            let text = render(&assessment).unwrap();
            prop_assert_eq!(text.matches("\r\n").count(), 2);
            let rows = read(&text);
            prop_assert_eq!(rows.len(), 2);
            for row in rows {
                prop_assert_eq!(row.len(), COLUMNS.len());
                for cell in row {
                    prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{}", cell);
                    prop_assert!(!cell.chars().any(crate::visible::is_hidden), "{}", cell);
                }
            }
        }
    }
}
