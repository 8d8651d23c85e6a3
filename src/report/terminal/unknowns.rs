//! What could not be seen: accounts, single readings, the results that depend on them, and defective checks.

use std::collections::{BTreeMap, BTreeSet};

use super::failures::{FEW, named, rows};
use super::page::{Column, Page, Role, counted};
use crate::catalogue::Status;
use crate::collect::permission::permission;
use crate::score::AssessmentView;
use crate::score::assessment::{AccountStatus, Assessment, Incomplete};
use crate::visible::visible_start;

/// How many lines a section has at most.
const MAX_ROWS: usize = 10;

/// How many characters of a message are shown.
const MAX_MESSAGE: usize = 200;

/// How many characters of a name are shown: more than any operation or permission of AWS has.
const MAX_NAME: usize = 100;

/// The accounts that could not be entered, and why.
pub(super) fn unreachable(page: &mut Page, assessment: &Assessment) {
    let rows: Vec<Vec<String>> = assessment
        .accounts
        .iter()
        .filter(|account| account.status == AccountStatus::Unreachable)
        .map(|account| {
            let mut failures = assessment.run.incomplete.iter().filter(|i| i.account_id == account.id);
            let reason = failures.next().map_or_else(
                || "could not be entered".to_owned(),
                |failure| format!("{}: {}: {}", failure.operation, failure.code, failure.message),
            );
            vec![
                visible_start(&account.id, MAX_NAME),
                visible_start(&account.name, 24),
                visible_start(&reason, MAX_MESSAGE),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    page.section("Accounts that could not be entered (they score 0)");
    page.table(2, &[Column::Fixed, Column::Fixed, Column::Rest], None, shown(&rows));
    more(page, rows.len());
}

/// The readings that failed in accounts that were entered, by permission.
pub(super) fn unreadable(page: &mut Page, assessment: &Assessment) {
    let failures = missing(assessment);
    if failures.is_empty() {
        return;
    }
    page.section("Could not be read");
    let rows: Vec<Vec<String>> = failures
        .iter()
        .map(|((operation, code), failures)| {
            let accounts: BTreeSet<&str> = failures.iter().map(|f| f.account_id.as_str()).collect();
            let first = accounts.first().copied().unwrap_or_default();
            let others = match accounts.len() {
                0 | 1 => String::new(),
                number => format!(" and {}", counted(number - 1, "other")),
            };
            let what = match permission(operation, code) {
                Some(permission) => format!("missing permission {}", visible_start(permission, MAX_NAME)),
                None => "failed".to_owned(),
            };
            vec![
                visible_start(operation, MAX_NAME),
                visible_start(code, 32),
                format!("{} ×", failures.len()),
                format!("{what} in {}{others}", visible_start(first, MAX_NAME)),
            ]
        })
        .collect();
    let columns = [Column::Fixed, Column::Fixed, Column::Number, Column::Rest];
    page.table(2, &columns, None, shown(&rows));
    more(page, rows.len());
}

/// What could not be read in accounts that were entered, by operation and code, the most frequent first.
pub(super) fn missing(assessment: &Assessment) -> Vec<((&str, &str), Vec<&Incomplete>)> {
    let unreachable: BTreeSet<&str> = assessment
        .accounts
        .iter()
        .filter(|account| account.status == AccountStatus::Unreachable)
        .map(|account| account.id.as_str())
        .collect();
    let mut failures: BTreeMap<(&str, &str), Vec<&Incomplete>> = BTreeMap::new();
    for failure in &assessment.run.incomplete {
        if !unreachable.contains(failure.account_id.as_str()) {
            let key = (failure.operation.as_str(), failure.code.as_str());
            failures.entry(key).or_default().push(failure);
        }
    }
    let mut failures: Vec<_> = failures.into_iter().collect();
    failures.sort_by_key(|(_, accounts)| std::cmp::Reverse(accounts.len()));
    failures
}

/// The results that could not be determined.
pub(super) fn unknown(page: &mut Page, view: &AssessmentView<'_>) {
    let title = "Unknown: could not be determined, counts as not passed";
    results(page, view, title, Status::Unknown);
}

/// The checks that are defective.
pub(super) fn defective(page: &mut Page, view: &AssessmentView<'_>) {
    results(page, view, "Defective checks", Status::Error);
}

fn results(page: &mut Page, view: &AssessmentView<'_>, title: &str, status: Status) {
    let groups = view.overview().groups(status);
    if groups.is_empty() {
        return;
    }
    page.section(title);
    let all: usize = groups.iter().map(|(_, group)| group.results).sum();
    named(page, &groups, |page, place, group| match (all <= FEW, place) {
        (true, _) => rows(page, view.head(), group, FEW),
        (false, 0..3) => rows(page, view.head(), group, 1),
        _ => {}
    });
}

fn shown(rows: &[Vec<String>]) -> &[Vec<String>] {
    rows.get(..MAX_ROWS).unwrap_or(rows)
}

fn more(page: &mut Page, rows: usize) {
    let hidden = rows.saturating_sub(MAX_ROWS);
    if hidden > 0 {
        page.paragraph(2, Some(Role::Aside), &format!("… and {hidden} more"));
    }
}
