//! Two assessments compared, for a person.

use super::page::{Page, Role, counted};
use crate::score::baseline::{Change, Comparison, Finding};
use crate::visible::{visible, visible_start};

/// How many findings of a list are shown.
const MAX_ROWS: usize = 20;

/// How many accounts whose score changed are shown.
const MAX_ACCOUNTS: usize = 20;

/// How many characters of a message are shown.
const MAX_MESSAGE: usize = 200;

/// The whole comparison: scores first, then the lists, what is new first.
pub(super) fn comparison(page: &mut Page, comparison: &Comparison) {
    let (old, new) = (&comparison.old, &comparison.new);
    let text = format!("Compared: {} with {}", visible(&old.moment()), visible(&new.moment()));
    page.paragraph(0, None, &text);
    page.line("");
    let overall = page.paint(Role::Heading, &format!("Score {}", shown(comparison.score.overall)));
    page.line(&overall);
    for (side, which) in [(old, "earlier"), (new, "later")] {
        if !side.complete {
            let text = format!("The {which} audit is incomplete.");
            page.paragraph(0, Some(Role::Unknown), &text);
        }
    }
    if comparison.improved_by_exclusion_only {
        let text = "The score rose although nothing that failed passes now: it was excepted, or does not count any more.";
        page.paragraph(0, Some(Role::Unknown), text);
    }
    accounts(page, comparison);
    let findings = &comparison.findings;
    for (title, list) in [
        ("New", &findings.new),
        ("Resolved", &findings.resolved),
        ("Excepted now", &findings.excepted),
        ("Could not be determined any more, so not resolved", &findings.undetermined),
        ("Unchanged", &findings.unchanged),
    ] {
        rows(page, title, list);
    }
}

fn accounts(page: &mut Page, comparison: &Comparison) {
    let changed: Vec<(&String, &Change)> =
        comparison.score.by_account.iter().filter(|(_, change)| change.before != change.after).collect();
    if changed.is_empty() {
        return;
    }
    page.section("Accounts whose score changed");
    for (account, change) in changed.iter().take(MAX_ACCOUNTS) {
        page.paragraph(2, None, &format!("{}  {}", visible(account), shown(**change)));
    }
    let more = changed.len().saturating_sub(MAX_ACCOUNTS);
    if more > 0 {
        page.paragraph(2, Some(Role::Aside), &format!("… and {}", counted(more, "more account")));
    }
}

/// `61.0 → 74.5`.
fn shown(change: Change) -> String {
    let score = |score: Option<f64>| score.map_or_else(|| "none".to_owned(), |score| format!("{score:.1}"));
    format!("{} → {}", score(change.before), score(change.after))
}

/// A list with its number, also of nothing. The worst first, then in canonical order.
fn rows(page: &mut Page, title: &str, findings: &[Finding]) {
    page.section(&format!("{title}: {}", findings.len()));
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings.iter().take(MAX_ROWS) {
        let label = format!("{:<8}", finding.severity.as_str().to_uppercase());
        let label = page.paint(Role::Severity(finding.severity), &label);
        let region = finding.region.as_deref().map(|region| format!(" ({})", visible(region)));
        page.line(&format!(
            "  {label}  {} · {} · {}{}",
            visible(&finding.check),
            visible(&finding.account_id),
            visible_start(&finding.resource.id, 63),
            region.unwrap_or_default()
        ));
        page.paragraph(12, None, &visible_start(&finding.message, MAX_MESSAGE));
    }
    let more = findings.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        page.paragraph(2, Some(Role::Aside), &format!("… and {more} more: --output json"));
    }
}
