//! The matrix at a terminal: a line per bucket, a column per technique, a letter per cell.

use super::super::Look;
use super::{Matrix, MatrixRows, Row, buckets};
use crate::report::terminal::page::{Column, Page, Role, counted};
use crate::score::AssessmentView;
use crate::simulate::{Cell, Outcome};
use crate::visible::{visible, visible_start};

/// Rows that are shown; the worst ones.
const MAX_ROWS: usize = 40;

/// The letter of an outcome, and a mark where it may be better or rests on GuardDuty's judgement alone.
fn letter(cell: &Cell) -> String {
    let letter = match cell.outcome {
        Outcome::Blind => "-",
        Outcome::Logged => "L",
        Outcome::Detected => "D",
        Outcome::Alerted => "A",
        Outcome::Prevented => "P",
    };
    let mark = match (cell.possible > cell.outcome, cell.ml_dependent) {
        (true, _) => "?",
        (false, true) => "~",
        (false, false) => "",
    };
    format!("{letter}{mark}")
}

/// The matrix, and on demand the path of each cell.
pub(super) fn render(matrix: &Matrix<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let buckets = matrix.buckets();
    page.line(&format!(
        "{}, {}: what becomes of a theft",
        counted(buckets.len(), "bucket"),
        counted(matrix.techniques.len(), "technique")
    ));
    let counts: Vec<String> =
        matrix.counts().into_iter().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    page.line(&counts.join(", "));
    table(&mut page, matrix);
    page.line("");
    page.paragraph(2, Some(Role::Aside), KEY);
    legend(&mut page, matrix);
    if matrix.before.is_some() {
        changes(&mut page, matrix);
    }
    if matrix.explain {
        paths(&mut page, matrix);
    } else {
        page.line("");
        let command =
            page.paint(Role::Command, "exfilguard simulate … --bucket NAME --technique T-01 --explain");
        page.line(&format!("Why: {command}"));
    }
    page.into_text()
}

fn badness(row: &Row<'_>) -> f64 {
    row.cells.iter().map(|cell| 1.0 - cell.outcome.value()).sum()
}

fn table(page: &mut Page, matrix: &Matrix<'_>) {
    let mut worst = matrix.rows();
    // The order of the contract is kept among equals.
    worst.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
    let (title, what) = match matrix.rows {
        MatrixRows::Bucket => ("Buckets, worst first", "bucket"),
        MatrixRows::Account => ("Accounts by the worst of their buckets, worst first", "account"),
    };
    page.section(title);
    let ids: Vec<&str> = matrix.techniques.iter().map(|technique| technique.id.as_str()).collect();
    let shown: Vec<&Row<'_>> = worst.iter().take(MAX_ROWS).collect();
    letters(page, &ids, &shown, ("bucket", 28));
    let more = worst.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        page.paragraph(
            2,
            Some(Role::Aside),
            &format!("… and {}; all of them: --output json=FILE", counted(more, &format!("more {what}"))),
        );
    }
}

/// A letter per cell, in blocks of techniques that fit beside the names: what they are, and how wide at most.
fn letters(page: &mut Page, techniques: &[&str], rows: &[&Row<'_>], (what, width): (&str, usize)) {
    let block = (page.width().saturating_sub(16 + width) / 4).max(4);
    for techniques in techniques.chunks(block) {
        let mut header = vec!["account".to_owned(), what.to_owned()];
        header.extend(techniques.iter().map(|id| id.trim_start_matches("T-").to_owned()));
        let lines: Vec<Vec<String>> = rows
            .iter()
            .filter_map(|row| {
                let mut line = vec![row.cells.first()?.account_id.clone(), visible_start(&row.name, width)];
                line.extend(techniques.iter().map(|id| {
                    let cell = row.cells.iter().find(|cell| cell.technique == *id);
                    cell.map(|cell| letter(cell)).unwrap_or_default()
                }));
                Some(line)
            })
            .collect();
        let columns = vec![Column::Fixed; techniques.len() + 2];
        page.table(2, &columns, Some(&header), &lines);
        page.line("");
    }
}

/// What the letters mean.
const KEY: &str = "- blind: nobody will ever know · L logged · D detected, nobody is told · A a person is told · \
                   P prevented · ~ only if GuardDuty judges it unusual · ? something is not known, and it may be better";

/// For the audit's report: accounts × techniques, each with the worst that becomes of any of the account's buckets.
pub(in crate::report) fn by_account(page: &mut Page, view: &AssessmentView<'_>, most: usize) {
    let (worst, accounts) = view.overview().matrix();
    if worst.is_empty() {
        return;
    }
    page.section("If somebody took the data tonight, technique by technique");
    let rows: Vec<Row<'_>> = worst
        .into_iter()
        .take(most)
        .map(|row| Row { name: buckets(row.buckets), cells: row.cells.iter().collect() })
        .collect();
    let shown: Vec<&Row<'_>> = rows.iter().collect();
    letters(page, &view.overview().techniques(), &shown, ("buckets", 12));
    page.paragraph(2, Some(Role::Aside), KEY);
    let more = accounts.saturating_sub(shown.len());
    if more > 0 {
        page.line(&format!("  … and {}", counted(more, "more account")));
    }
    let command = page.paint(Role::Command, "exfilguard simulate … --technique T-01 --explain");
    page.line(&format!("  Per bucket, and why: {command}"));
}

fn legend(page: &mut Page, matrix: &Matrix<'_>) {
    page.section("Techniques");
    let rows: Vec<Vec<String>> = matrix
        .techniques
        .iter()
        .map(|technique| {
            vec![technique.id.clone(), visible(&technique.title).into_owned(), technique.attack.join(" ")]
        })
        .collect();
    page.table(2, &[Column::Fixed, Column::Rest, Column::Fixed], None, &rows);
}

fn changes(page: &mut Page, matrix: &Matrix<'_>) {
    page.section("What changes");
    let mut rows = Vec::new();
    for cell in &matrix.assessment.simulation {
        let Some(before) = matrix.earlier(cell).filter(|before| before.outcome != cell.outcome) else {
            continue;
        };
        rows.push(vec![
            cell.account_id.clone(),
            visible_start(&cell.bucket, 40),
            cell.technique.clone(),
            format!("{} → {}", before.outcome, cell.outcome),
        ]);
    }
    if rows.is_empty() {
        page.line("  nothing");
        return;
    }
    page.table(2, &[Column::Fixed, Column::Fixed, Column::Fixed, Column::Rest], None, &rows);
}

fn paths(page: &mut Page, matrix: &Matrix<'_>) {
    for cell in &matrix.assessment.simulation {
        let title = matrix.techniques.iter().find(|technique| technique.id == cell.technique);
        let title = title.map(|technique| technique.title.as_str()).unwrap_or_default();
        page.section(&format!("{} · {} · {}", visible(&cell.bucket), cell.technique, visible(title)));
        let ml = if cell.ml_dependent { " (as far as GuardDuty judges it unusual)" } else { "" };
        let may =
            if cell.possible > cell.outcome { format!(", perhaps {}", cell.possible) } else { String::new() };
        page.line(&format!("  {}{may}{ml}", cell.outcome));
        for line in &cell.path {
            page.paragraph(4, None, &format!("→ {}", visible(line)));
        }
        if let Some(link) = &cell.broken_link {
            page.paragraph(4, None, &format!("✗ first broken link: {}", visible(link)));
        }
    }
}
