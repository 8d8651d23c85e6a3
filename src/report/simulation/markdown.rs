//! The matrix as Markdown, for a pull request.

use std::fmt::Write as _;

use super::Matrix;
use crate::simulate::Cell;
use crate::visible::visible;

/// A table of buckets and techniques, and on demand the paths.
pub(super) fn render(matrix: &Matrix<'_>) -> String {
    let mut text = String::from("# What becomes of a theft\n\n");
    let counts: Vec<String> =
        matrix.counts().into_iter().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}\n", counts.join(", "));
    let ids: Vec<&str> = matrix.techniques.iter().map(|technique| technique.id.as_str()).collect();
    let _ = writeln!(text, "| account | bucket | {} |", ids.join(" | "));
    let _ = writeln!(text, "|---|---|{}", "---|".repeat(ids.len()));
    for row in matrix.rows() {
        let Some(first) = row.cells.first() else { continue };
        let outcomes: Vec<String> = ids
            .iter()
            .map(|id| {
                let cell = row.cells.iter().find(|cell| cell.technique == *id);
                cell.map(|cell| outcome(cell)).unwrap_or_default()
            })
            .collect();
        let _ = writeln!(text, "| {} | {} | {} |", first.account_id, code(&row.name), outcomes.join(" | "));
    }
    text.push('\n');
    for technique in matrix.techniques {
        let _ = writeln!(
            text,
            "- {}: {} ({})",
            technique.id,
            plain(&technique.title),
            technique.attack.join(", ")
        );
    }
    if matrix.explain {
        for cell in &matrix.assessment.simulation {
            let _ = writeln!(text, "\n## {} · {}: {}\n", code(&cell.bucket), cell.technique, outcome(cell));
            for line in &cell.path {
                let _ = writeln!(text, "1. {}", plain(line));
            }
            if let Some(link) = &cell.broken_link {
                let _ = writeln!(text, "\nFirst broken link: {}", plain(link));
            }
        }
    }
    text
}

fn outcome(cell: &Cell) -> String {
    if cell.possible > cell.outcome {
        format!("{} to {}", cell.outcome, cell.possible)
    } else {
        cell.outcome.to_string()
    }
}

/// Text of unknown origin as code: nothing in it is markup.
fn code(text: &str) -> String {
    format!("`{}`", visible(text).replace('`', "'").replace('|', "\\|"))
}

/// Text with everything that Markdown or HTML would obey written out; what stands in backticks stays code.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for character in visible(text).chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '|' | '[' | ']' | '!' | '#' => {
                shown.push('\\');
                shown.push(character);
            }
            other => shown.push(other),
        }
    }
    shown
}
