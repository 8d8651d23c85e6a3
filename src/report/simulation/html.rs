//! The matrix as one HTML file that needs no network and runs no script.

use maud::{Markup, html};

use super::super::html::{Frame, initial, page, rich};
use super::Matrix;
use crate::simulate::Cell;
use crate::visible::{visible, visible_start};

/// How many characters of a name are shown.
const MAX_NAME: usize = 120;

/// A table of buckets and techniques with the path of each cell below it.
pub(super) fn render(matrix: &Matrix<'_>) -> String {
    let frame = Frame {
        title: "exfilguard: what becomes of a theft".to_owned(),
        class: "",
        style: "",
        script: None,
        brand: html! { " " span { "simulation" } },
        links: &[("#matrix", "Matrix", true), ("#techniques", "Techniques", true), ("#why", "Why", true)],
        skip: ("#matrix", "Skip to the matrix"),
    };
    let main = html! {
        section #matrix {
            h1 { "What becomes of a theft" }
            p.lead { "Every bucket against every technique. “?” marks what may be better: something about it is not known." }
            ul.legend {
                @for (outcome, number) in matrix.counts() {
                    li { span class={ "swatch " (outcome) } aria-hidden="true" { (initial(outcome)) } (outcome) " " (number) }
                }
            }
            div.scroll role="region" aria-label="Bucket by technique" tabindex="0" { (table(matrix)) }
        }
        section #techniques {
            h2 { "Techniques" }
            dl.techniques {
                @for technique in matrix.techniques {
                    dt { (visible(&technique.id)) " " (visible(&technique.title)) }
                    dd { (visible(technique.description.trim())) " (" (visible(&technique.attack.join(", "))) ")" }
                }
            }
        }
        section #why {
            h2 { "Why" }
            @for cell in &matrix.assessment.simulation { (why(cell, matrix.explain)) }
        }
    };
    page(&frame, &main)
}

fn table(matrix: &Matrix<'_>) -> Markup {
    html! {
        table.matrix {
            thead { tr {
                th scope="col" { "bucket" }
                @for technique in matrix.techniques {
                    th scope="col" { abbr title=(visible(&technique.title)) { (visible(&technique.id)) } }
                }
            } }
            tbody {
                @for row in matrix.rows() {
                    @if let Some(first) = row.cells.first() {
                        tr {
                            th scope="row" { (visible_start(&row.name, MAX_NAME)) small { (visible(&first.account_id)) } }
                            @for technique in matrix.techniques {
                                @match row.cells.iter().find(|cell| cell.technique == technique.id) {
                                    Some(cell) => td { div class={ "outcome " (cell.outcome) } title=(told(cell)) {
                                        (initial(cell.outcome)) @if cell.possible > cell.outcome { "?" }
                                    } },
                                    None => td {},
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn why(cell: &Cell, open: bool) -> Markup {
    html! {
        details open[open] {
            summary { (visible_start(&cell.bucket, MAX_NAME)) " · " (visible(&cell.technique)) " · " (told(cell)) }
            ol { @for step in &cell.path { li { (rich(step)) } } }
            @if let Some(link) = &cell.broken_link { p { strong { "Breaks first: " } (rich(link)) } }
        }
    }
}

fn told(cell: &Cell) -> String {
    if cell.possible > cell.outcome {
        format!("{} to {}", cell.outcome, cell.possible)
    } else {
        cell.outcome.to_string()
    }
}
