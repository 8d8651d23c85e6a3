//! The assessment as Markdown, for a pull request or the step summary of a GitHub job.
//!
//! GitHub takes a step summary of 1 MiB and drops a larger one whole, so that the report is bounded: the worst comes
//! first, and what was left out is counted. Text of unknown origin is shown as code or with every character escaped that
//! Markdown, HTML or GitHub (mentions, references) would obey.

pub(super) mod text;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::text::{code, prose};
use super::finding::{NOT_AUDITED, Worst, account_names, audited, title, unread, unseen};
use super::format::ReportError;
use crate::catalogue::{Severity, Status};
use crate::score::AssessmentView;
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
use crate::score::baseline::Change;

/// The largest report in bytes, a little below GitHub's limit of 1,048,576.
pub const MAX_BYTES: usize = 1_000_000;

/// What stands below the findings, and the note that counts what was left out, have this much in bytes.
const REST: usize = 200_000;

/// How many findings are kept to be shown: rows are longer than what this leaves for each.
const MAX_FINDINGS: usize = 10_000;

/// How many findings stand open; more are folded.
const OPEN_ROWS: usize = 25;

/// How many rows each of the smaller tables has at most.
const MAX_ROWS: usize = 50;

/// The most characters of a message.
const MAX_MESSAGE: usize = 400;

/// Writes an assessment as Markdown of at most [`MAX_BYTES`].
///
/// # Errors
/// The results cannot be read.
pub fn render(view: &AssessmentView<'_>) -> Result<String, ReportError> {
    let mut page = String::new();
    let assessment = view.head();
    let unseen = unseen(assessment);
    let gathered = Gathered::of(view)?;
    headline(&mut page, view);
    changes(&mut page, assessment);
    checks(&mut page, view, &gathered.checks);
    let failed = (gathered.failed.taken(), gathered.failed.kept().collect::<Vec<_>>());
    findings(&mut page, assessment, "Failed", &failed, MAX_BYTES - REST);
    let unknown = unseen.iter().chain(gathered.unknown.kept()).collect();
    let unknown = (unseen.len() + gathered.unknown.taken(), unknown);
    let limit = (page.len() + REST / 3).min(MAX_BYTES - REST / 3);
    findings(&mut page, assessment, "Could not be determined", &unknown, limit);
    gaps(&mut page, assessment);
    exceptions(&mut page, view, &gathered.excepted);
    Ok(page)
}

/// What the page shows of the results.
struct Gathered {
    failed: Worst,
    unknown: Worst,
    /// The first ones.
    excepted: Vec<ResultRecord>,
    checks: Checks,
}

/// What fails, by severity and check.
type Checks = BTreeMap<(Reverse<Severity>, String), Failing>;

/// How far a check fails.
#[derive(Debug, Default)]
struct Failing {
    results: usize,
    accounts: usize,
    new: usize,
}

impl Gathered {
    fn of(view: &AssessmentView<'_>) -> Result<Self, ReportError> {
        let (failed, unknown) = (Worst::new(MAX_FINDINGS), Worst::new(MAX_FINDINGS));
        let mut gathered = Self { failed, unknown, excepted: Vec::new(), checks: Checks::new() };
        for results in view.results() {
            gathered.account(&results?);
        }
        Ok(gathered)
    }

    fn account(&mut self, results: &[ResultRecord]) {
        let mut failing = BTreeSet::new();
        for result in results {
            match result.status {
                Status::Fail => {
                    self.failed.take(result);
                    let key = (Reverse(result.severity), result.check.clone());
                    let check = self.checks.entry(key.clone()).or_default();
                    check.results += 1;
                    check.new += usize::from(result.since_baseline == Some(SinceBaseline::New));
                    failing.insert(key);
                }
                Status::Unknown | Status::Error => self.unknown.take(result),
                _ => {}
            }
            if result.exception.is_some() && self.excepted.len() < MAX_ROWS {
                self.excepted.push(result.clone());
            }
        }
        for key in failing {
            self.checks.entry(key).or_default().accounts += 1;
        }
    }
}

/// Adds a line. Writing to a string cannot fail.
fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// A number with its noun, `s` added for the plural.
fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

fn headline(page: &mut String, view: &AssessmentView<'_>) {
    let assessment = view.head();
    let (score, run) = (&assessment.score, &assessment.run);
    line(page, &format!("# exfilguard: {:.1} of 100, grade {}\n", score.overall, score.grade.as_str()));
    if !run.complete {
        line(
            page,
            "> [!WARNING]\n> This audit is incomplete: something in scope could not be read, or a check is defective.\n",
        );
    }
    let mut parts: Vec<String> =
        run.organization_id.iter().map(|id| format!("organization {}", code(id))).collect();
    parts.push(audited(assessment));
    parts.push(counted(run.regions.len(), "region"));
    if score.band.upper > score.band.lower {
        parts.push(format!(
            "score between {:.1} and {:.1}, as not everything is known",
            score.band.lower, score.band.upper
        ));
    }
    if let Some(simulation) = score.simulation {
        parts.push(format!("thefts simulated: {simulation:.1} of 100"));
    }
    line(page, &format!("{}\n", parts.join(" · ")));
    let counts = Status::ALL.map(|status| view.overview().count(status).to_string());
    line(page, &format!("| {} |", Status::ALL.map(Status::as_str).join(" | ")));
    line(page, &format!("|{}", "--:|".repeat(counts.len())));
    line(page, &format!("| {} |\n", counts.join(" | ")));
    if !score.by_area.is_empty() {
        let areas: Vec<&str> = score.by_area.keys().map(|area| area.as_str()).collect();
        let scores: Vec<String> = score.by_area.values().map(|score| format!("{score:.1}")).collect();
        line(page, &format!("| score of | {} |", areas.join(" | ")));
        line(page, &format!("|---|{}", "--:|".repeat(areas.len())));
        line(page, &format!("| | {} |\n", scores.join(" | ")));
    }
}

/// What became of the findings of the baseline.
fn changes(page: &mut String, assessment: &Assessment) {
    let Some(comparison) = &assessment.comparison else { return };
    let findings = &comparison.findings;
    let score = |score: Option<f64>| score.map_or_else(|| "none".to_owned(), |score| format!("{score:.1}"));
    let Change { before, after } = comparison.score.overall;
    line(
        page,
        &format!(
            "**Since the baseline** ({}): score {} → {}, {} new, {} resolved, {} excepted, {} not determined any more, {} \
             unchanged.\n",
            prose(&comparison.old.moment(), MAX_MESSAGE),
            score(before),
            score(after),
            findings.new.len(),
            findings.resolved.len(),
            findings.excepted.len(),
            findings.undetermined.len(),
            findings.unchanged.len(),
        ),
    );
    if comparison.improved_by_exclusion_only {
        line(page, "> [!NOTE]\n> The score rose although nothing that failed passes now.\n");
    }
    if findings.resolved.is_empty() {
        return;
    }
    line(page, &format!("<details><summary>Resolved: {}</summary>\n", findings.resolved.len()));
    for finding in findings.resolved.iter().take(MAX_ROWS) {
        let (check, resource) = (code(&finding.check), code(&finding.resource.id));
        line(page, &format!("- {} · {check} · {resource} · {}", finding.severity, code(&finding.account_id)));
    }
    let more = findings.resolved.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        line(page, &format!("- … and {more} more"));
    }
    line(page, "\n</details>\n");
}

/// What fails, by check.
fn checks(page: &mut String, view: &AssessmentView<'_>, groups: &Checks) {
    if groups.is_empty() {
        let text =
            if view.head().run.complete { "Nothing failed." } else { "Nothing that could be read failed." };
        line(page, &format!("{text}\n"));
        return;
    }
    // Without a baseline nothing is new or known.
    let compared = view.overview().is_compared();
    let (new, rule) = if compared { (" new |", "--:|") } else { ("", "") };
    line(
        page,
        &format!(
            "## What fails\n\n| severity | check | wanted | failed | accounts |{new}\n|---|---|---|--:|--:|{rule}"
        ),
    );
    for ((severity, check), failing) in groups.iter().take(MAX_ROWS) {
        let new = if compared { format!(" {} |", failing.new) } else { String::new() };
        let row = format!(
            "| {} | {} | {} | {} | {} |{new}",
            severity.0,
            code(check),
            prose(title(check), MAX_MESSAGE),
            failing.results,
            failing.accounts
        );
        line(page, &row);
    }
    left_out(page, groups.len().saturating_sub(MAX_ROWS), "more check");
    page.push('\n');
}

/// A table of results, with how many there are in all, that ends before the page is longer than `limit`; all but the first
/// are folded.
fn findings(
    page: &mut String,
    assessment: &Assessment,
    heading: &str,
    (number, results): &(usize, Vec<&ResultRecord>),
    limit: usize,
) {
    if results.is_empty() {
        return;
    }
    const HEADER: &str = "| severity | account | region | resource | what is wrong |\n|---|---|---|---|---|";
    const END: &str = "\n</details>\n";
    let names = account_names(assessment);
    line(page, &format!("## {heading} ({number})\n\n{HEADER}"));
    let mut shown = 0;
    for result in results {
        let row = row(result, names.get(result.account_id.as_str()).copied());
        let fold = if shown == OPEN_ROWS {
            format!("\n<details><summary>{} more</summary>\n\n{HEADER}\n", number - shown)
        } else {
            String::new()
        };
        if page.len() + fold.len() + row.len() + END.len() > limit {
            break;
        }
        page.push_str(&fold);
        line(page, &row);
        shown += 1;
    }
    if shown > OPEN_ROWS {
        page.push_str(END);
    }
    left_out(page, number - shown, "more result");
    page.push('\n');
}

fn row(result: &ResultRecord, name: Option<&str>) -> String {
    let account = match name {
        Some(name) => format!("{} {}", code(&result.account_id), prose(name, 60)),
        None => code(&result.account_id),
    };
    let region = result.region.as_deref().map_or_else(|| "global".to_owned(), code);
    let check =
        if result.check == NOT_AUDITED { String::new() } else { format!("{}: ", code(&result.check)) };
    let new = if result.since_baseline == Some(SinceBaseline::New) { "**new** " } else { "" };
    format!(
        "| {} | {account} | {region} | {} {} | {new}{check}{} |",
        result.severity,
        result.resource.kind,
        code(&result.resource.id),
        prose(&result.message, MAX_MESSAGE)
    )
}

/// What could not be read, each once.
fn gaps(page: &mut String, assessment: &Assessment) {
    let failures = &assessment.run.incomplete;
    if failures.is_empty() {
        return;
    }
    line(
        page,
        &format!(
            "## Could not be read ({})\n\n| account | region | resource | why |\n|---|---|---|---|",
            failures.len()
        ),
    );
    for failure in failures.iter().take(MAX_ROWS) {
        let region = failure.region.as_deref().map_or_else(|| "global".to_owned(), code);
        let resource = failure.resource.as_deref().map(code).unwrap_or_default();
        let why = prose(&unread(failure), MAX_MESSAGE);
        line(page, &format!("| {} | {region} | {resource} | {why} |", code(&failure.account_id)));
    }
    left_out(page, failures.len().saturating_sub(MAX_ROWS), "more");
    page.push('\n');
}

fn exceptions(page: &mut String, view: &AssessmentView<'_>, first: &[ResultRecord]) {
    let number = view.overview().count(Status::Excepted);
    let excepted = first.iter().filter_map(|result| Some((result, result.exception.as_ref()?)));
    if first.is_empty() {
        return;
    }
    line(
        page,
        &format!(
            "## Accepted ({number})\n\n| until | owner | check | resource | reason |\n|---|---|---|---|---|"
        ),
    );
    for (result, exception) in excepted {
        let row = format!(
            "| {} | {} | {} | {} | {} |",
            prose(&exception.expires, 20),
            prose(&exception.owner, 60),
            code(&result.check),
            code(&result.resource.id),
            prose(&exception.reason, MAX_MESSAGE)
        );
        line(page, &row);
    }
    left_out(page, number.saturating_sub(first.len()), "more");
}

fn left_out(page: &mut String, number: usize, noun: &str) {
    if number > 0 {
        let noun = if noun == "more" { format!("{number} more") } else { counted(number, noun) };
        let _ = writeln!(
            page,
            "\n… and {noun} left out here; `--output html=FILE` and `--output json=FILE` show everything."
        );
    }
}

#[cfg(test)]
mod tests;
