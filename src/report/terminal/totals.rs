//! The counts at the end, and where to see more.

use super::page::{Page, Role, counted};
use crate::catalogue::{Severity, Status};
use crate::score::assessment::AccountStatus;
use crate::score::{AssessmentView, Overview};

/// The last lines: all statuses with their counts, also those of nothing, so that nothing is hidden.
pub(super) fn totals(page: &mut Page, view: &AssessmentView<'_>) {
    let (assessment, overview) = (view.head(), view.overview());
    page.section("Totals");
    let counts: Vec<String> = Status::ALL
        .into_iter()
        .map(|status| match status {
            Status::Fail => failed(overview),
            status => format!("{} {status}", overview.count(status)),
        })
        .collect();
    let text = format!("{}: {}", counted(overview.results(), "result"), counts.join(", "));
    page.paragraph(2, None, &text);
    let accounts: Vec<String> = [
        AccountStatus::Audited,
        AccountStatus::Partial,
        AccountStatus::Unreachable,
        AccountStatus::Suspended,
    ]
    .into_iter()
    .map(|status| {
        let number = assessment.accounts.iter().filter(|a| a.status == status).count();
        format!("{number} {}", status.as_str())
    })
    .collect();
    let text = format!(
        "{}: {}; {} to AWS",
        counted(assessment.accounts.len(), "account"),
        accounts.join(", "),
        counted(usize::try_from(assessment.run.api_calls.total).unwrap_or(usize::MAX), "call")
    );
    page.paragraph(2, None, &text);
    let text = "Everything, with evidence: --output json=FILE; for CI: --output junit=FILE";
    page.paragraph(2, Some(Role::Aside), text);
}

/// `4 fail (1 critical, 3 high)`.
fn failed(overview: &Overview) -> String {
    let failed = |severity: Severity| overview.failed(|other, _| other == severity);
    let by_severity: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (severity, failed(severity)))
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect();
    match overview.count(Status::Fail) {
        0 => "0 fail".to_owned(),
        number => format!("{number} fail ({})", by_severity.join(", ")),
    }
}
