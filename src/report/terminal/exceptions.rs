//! What the organization accepts, so that nothing that fails is out of sight; and what of the policy file is worth a
//! look.

use super::failures::{FEW, named, resources};
use super::page::{Page, Role, counted};
use crate::catalogue::Status;
use crate::score::assessment::Assessment;
use crate::score::{AssessmentView, Group};
use crate::visible::{visible, visible_start};

/// How many lines of a check are shown.
const MAX_ROWS: usize = 5;

/// How many warnings are shown.
const MAX_WARNINGS: usize = 20;

/// How many characters of a warning are shown.
const MAX_WARNING: usize = 500;

/// How many characters of a reason are shown.
const MAX_REASON: usize = 200;

/// The section of excepted results.
pub(super) fn excepted(page: &mut Page, view: &AssessmentView<'_>) {
    let groups = view.overview().groups(Status::Excepted);
    if groups.is_empty() {
        return;
    }
    page.section("Excepted: fails, but accepted in the policy file; not part of the score");
    let all: usize = groups.iter().map(|(_, group)| group.results).sum();
    named(page, &groups, |page, place, group| {
        // Of many, the rows of the worst check are enough to see what is accepted.
        if all <= FEW || place == 0 {
            rows(page, group);
        }
    });
}

/// The results of one account under one exception are one line.
fn rows(page: &mut Page, group: &Group) {
    let mut hidden = group.results;
    for line in group.lines().take(MAX_ROWS) {
        hidden = hidden.saturating_sub(line.results);
        let Some(exception) = &line.exception else { continue };
        let title = format!("{} · {}", visible(&line.account_id), resources(line));
        page.paragraph(4, Some(Role::Heading), &title);
        let text = format!(
            "until {} by {}: {}",
            visible(&exception.expires),
            visible_start(&exception.owner, MAX_REASON),
            visible_start(&exception.reason, MAX_REASON)
        );
        page.paragraph(6, None, &text);
    }
    if hidden > 0 {
        page.paragraph(4, Some(Role::Aside), &format!("… and {hidden} more"));
    }
}

/// The section of warnings about the policy file.
pub(super) fn warnings(page: &mut Page, assessment: &Assessment) {
    let warnings = &assessment.policy_warnings;
    if warnings.is_empty() {
        return;
    }
    page.section("Policy file");
    for warning in warnings.iter().take(MAX_WARNINGS) {
        let text = format!("{}:{}:{}: {}", warning.file, warning.line, warning.column, warning.message);
        page.paragraph(2, None, &visible_start(&text, MAX_WARNING));
    }
    let more = warnings.len().saturating_sub(MAX_WARNINGS);
    if more > 0 {
        page.paragraph(2, Some(Role::Aside), &format!("… and {}", counted(more, "more warning")));
    }
}
