//! The report for a person: how the organization stands, the worst first, what could not be seen, and what to do next.
//!
//! It is readable without colour, and no text of an AWS resource reaches the terminal unescaped. Each section is one
//! file; [`page`] lays out.

mod advice;
mod comparison;
mod exceptions;
mod failures;
pub(in crate::report) mod page;
mod standing;
mod totals;
mod unknowns;

pub(in crate::report) use advice::change;

use self::page::Page;
use super::format::Look;
use super::simulation;
use crate::score::AssessmentView;
use crate::score::baseline::Comparison;

/// Accounts whose simulation is shown; the worst ones.
const MAX_SIMULATED_ACCOUNTS: usize = 6;

/// Writes the report.
#[must_use]
pub fn render(view: &AssessmentView<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let assessment = view.head();
    standing::headline(&mut page, view);
    standing::accounts(&mut page, view);
    simulation::terminal::by_account(&mut page, view, MAX_SIMULATED_ACCOUNTS);
    failures::failures(&mut page, view);
    unknowns::unreachable(&mut page, assessment);
    unknowns::unreadable(&mut page, assessment);
    unknowns::unknown(&mut page, view);
    unknowns::defective(&mut page, view);
    exceptions::excepted(&mut page, view);
    exceptions::warnings(&mut page, assessment);
    advice::next_steps(&mut page, view);
    totals::totals(&mut page, view);
    page.into_text()
}

/// Writes what became of the findings of an earlier assessment.
#[must_use]
pub fn render_comparison(comparison: &Comparison, look: Look) -> String {
    let mut page = Page::new(look);
    comparison::comparison(&mut page, comparison);
    page.into_text()
}

#[cfg(test)]
mod tests;
