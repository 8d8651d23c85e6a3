//! What the organization accepts, so that nothing that fails is out of sight; and what of the policy file is worth a
//! look.

use std::collections::BTreeMap;

use super::failures::{FEW, Group, groups, named, resources};
use super::page::{Page, Role, counted};
use crate::catalogue::Status;
use crate::score::assessment::{Assessment, Exception, ResultRecord};
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
pub(super) fn excepted(page: &mut Page, assessment: &Assessment) {
    let groups = groups(assessment, Status::Excepted);
    if groups.is_empty() {
        return;
    }
    page.section("Excepted: fails, but accepted in the policy file; not part of the score");
    let all: usize = groups.iter().map(|group| group.results.len()).sum();
    named(page, &groups, |page, place, group| {
        // Of many, the rows of the worst check are enough to see what is accepted.
        if all <= FEW || place == 0 {
            rows(page, group);
        }
    });
}

/// The results of one account under one exception are one line.
fn rows(page: &mut Page, group: &Group<'_>) {
    // By account, expiry, owner and reason.
    type Key<'a> = (&'a str, &'a str, &'a str, &'a str);
    let mut lines: BTreeMap<Key<'_>, (&Exception, Vec<&ResultRecord>)> = BTreeMap::new();
    for result in &group.results {
        let Some(exception) = &result.exception else { continue };
        let key = (
            result.account_id.as_str(),
            exception.expires.as_str(),
            exception.owner.as_str(),
            exception.reason.as_str(),
        );
        lines.entry(key).or_insert_with(|| (exception, Vec::new())).1.push(result);
    }
    for ((account, ..), (exception, results)) in lines.iter().take(MAX_ROWS) {
        page.paragraph(4, Some(Role::Heading), &format!("{} · {}", visible(account), resources(results)));
        let text = format!(
            "until {} by {}: {}",
            visible(&exception.expires),
            visible_start(&exception.owner, MAX_REASON),
            visible_start(&exception.reason, MAX_REASON)
        );
        page.paragraph(6, None, &text);
    }
    let hidden: usize = lines.values().skip(MAX_ROWS).map(|(_, results)| results.len()).sum();
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
