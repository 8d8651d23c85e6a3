//! The matrix as one HTML file that needs no network and runs no script.

use std::fmt::Write as _;

use super::Matrix;
use crate::simulate::Cell;
use crate::visible::visible;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24;background:#fff}\
table{border-collapse:collapse}th,td{padding:.25rem .5rem;text-align:left;border:1px solid #d0d7de}\
td.o{text-align:center}.blind{background:#ffcecb}.logged{background:#ffe7ba}.detected{background:#fff8c5}\
.alerted{background:#ddf4ff}.prevented{background:#d3f5d9}details{margin:.5rem 0}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}\
.blind{background:#67060c}.logged{background:#5a3a00}.detected{background:#4b4000}.alerted{background:#0c2d6b}.prevented{background:#033a16}}";

/// A table of buckets and techniques with the path of each cell below it.
pub(super) fn render(matrix: &Matrix<'_>) -> String {
    let mut page = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    // Writing to a string cannot fail.
    let _ = write!(page, "<title>What becomes of a theft</title><style>{STYLE}</style></head><body>");
    page.push_str("<h1>What becomes of a theft</h1>");
    let counts: Vec<String> =
        matrix.counts().into_iter().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    let _ = write!(page, "<p>{}</p><table><thead><tr><th>account</th><th>bucket</th>", counts.join(", "));
    for technique in matrix.techniques {
        let _ = write!(page, "<th title=\"{}\">{}</th>", escaped(&technique.title), escaped(&technique.id));
    }
    page.push_str("</tr></thead><tbody>\n");
    for row in matrix.rows() {
        let Some(first) = row.cells.first() else { continue };
        let _ = write!(page, "<tr><td>{}</td><td>{}</td>", escaped(&first.account_id), escaped(&row.name));
        for technique in matrix.techniques {
            match row.cells.iter().find(|cell| cell.technique == technique.id) {
                Some(cell) => {
                    let _ = write!(page, "<td class=\"o {}\">{}</td>", cell.outcome, outcome(cell));
                }
                None => page.push_str("<td></td>"),
            }
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table><h2>Techniques</h2><dl>");
    for technique in matrix.techniques {
        let _ = write!(
            page,
            "<dt>{} {} ({})</dt><dd>{}</dd>",
            escaped(&technique.id),
            escaped(&technique.title),
            escaped(&technique.attack.join(", ")),
            escaped(&technique.description)
        );
    }
    page.push_str("</dl><h2>Why</h2>\n");
    for cell in &matrix.assessment.simulation {
        let _ = write!(
            page,
            "<details{}><summary>{} · {} · {}</summary><ol>",
            if matrix.explain { " open" } else { "" },
            escaped(&cell.bucket),
            escaped(&cell.technique),
            outcome(cell)
        );
        for line in &cell.path {
            let _ = write!(page, "<li>{}</li>", escaped(line));
        }
        page.push_str("</ol>");
        if let Some(link) = &cell.broken_link {
            let _ = write!(page, "<p>First broken link: {}</p>", escaped(link));
        }
        page.push_str("</details>\n");
    }
    page.push_str("</body></html>\n");
    page
}

fn outcome(cell: &Cell) -> String {
    if cell.possible > cell.outcome {
        format!("{} to {}", cell.outcome, cell.possible)
    } else {
        cell.outcome.to_string()
    }
}

/// Text of unknown origin, harmless between tags and in a quoted attribute.
fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
