//! What to do next.

use super::failures::extent;
use super::page::{Column, Page, Role, counted};
use super::unknowns::missing;
use crate::catalogue::Status;
use crate::collect::permission::permission;
use crate::score::AssessmentView;
use crate::score::assessment::{AccountStatus, Assessment};
use crate::visible::visible;

/// How many checks the section names.
const MAX_CHECKS: usize = 5;

/// What each kind of change does, in the order of the names.
const CHANGES: [(&str, &str); 12] = [
    (
        "block-public-access",
        "turn on S3 Block Public Access, for the account if nothing in it is public on purpose",
    ),
    (
        "create-bulk-download-alarm",
        "create a metric filter and an alarm for bulk downloads that reaches a person",
    ),
    (
        "create-guardduty-event-rule",
        "create an EventBridge rule that sends GuardDuty's S3 findings to a person",
    ),
    ("disable-acls", "set the buckets' object ownership to BucketOwnerEnforced"),
    ("enable-guardduty-auto-s3", "let GuardDuty turn on S3 Protection for all accounts of the organization"),
    ("enable-guardduty-s3-protection", "turn on GuardDuty with S3 Protection there"),
    (
        "enable-s3-data-events",
        "log S3 data events, reads and writes of all buckets, in an organization trail",
    ),
    ("require-tls", "deny requests without TLS in the bucket policy"),
    ("restrict-bucket-policy", "deny other networks or outside principals in the bucket policy"),
    (
        "restrict-endpoint-policy",
        "allow only buckets and principals of the organization in the endpoint policy",
    ),
    ("start-trail-logging", "start the trail and see that it delivers"),
    ("unsuppress-findings", "remove the filter that archives GuardDuty's findings"),
];

/// What a kind of change does, if it is one of the contract's.
pub(in crate::report) fn change(kind: &str) -> Option<&'static str> {
    let place = CHANGES.binary_search_by_key(&kind, |(name, _)| name).ok()?;
    CHANGES.get(place).map(|(_, what)| *what)
}

/// The section of next steps: the worst checks first, then what keeps the audit from seeing everything.
pub(super) fn next_steps(page: &mut Page, view: &AssessmentView<'_>) {
    let mut steps = fixes(view);
    steps.extend(access(view.head()));
    if steps.is_empty() {
        return;
    }
    page.section("What to do next");
    let rows: Vec<Vec<String>> =
        (1..).zip(steps).map(|(number, step)| vec![format!("{number}."), step]).collect();
    page.table(2, &[Column::Fixed, Column::Rest], None, &rows);
    if let Some((worst, _)) = view.overview().groups(Status::Fail).first() {
        let command = format!("exfilguard checks explain {}", visible(worst));
        let command = page.paint(Role::Command, &command);
        page.line(&format!("  Why and how: {command}"));
    }
}

fn fixes(view: &AssessmentView<'_>) -> Vec<String> {
    let assessment = view.head();
    let mut groups = view.overview().groups(Status::Fail);
    // What helps most against the techniques first; the rest keeps its order, the worst first.
    let gain = |check: &str| {
        assessment.mend_first.iter().find(|gain| gain.check == check).map_or(0.0, |gain| gain.gain)
    };
    groups.sort_by(|a, b| gain(b.0).total_cmp(&gain(a.0)));
    groups
        .iter()
        .take(MAX_CHECKS)
        .map(|(check, group)| {
            let hint = group.remediation.as_deref().and_then(change);
            let gain = assessment.mend_first.iter().find(|gain| gain.check == *check);
            let gain = gain.map_or_else(String::new, |gain| {
                format!(
                    ", would stop or show {}",
                    counted(usize::try_from(gain.cells).unwrap_or(usize::MAX), "theft")
                )
            });
            let step = format!("{} ({}, {}{gain})", visible(check), group.severity, extent(group));
            match hint {
                Some(hint) => format!("{step}: {hint}"),
                None => step,
            }
        })
        .collect()
}

fn access(assessment: &Assessment) -> Vec<String> {
    let mut steps = Vec::new();
    let unreachable =
        assessment.accounts.iter().filter(|account| account.status == AccountStatus::Unreachable).count();
    if unreachable > 0 {
        steps.push(format!(
            "let exfilguard enter {}: create the audit role there, or check its trust policy and external id",
            counted(unreachable, "more account")
        ));
    }
    let mut permissions: Vec<_> =
        missing(assessment).iter().filter_map(|((operation, code), _)| permission(operation, code)).collect();
    permissions.dedup();
    if !permissions.is_empty() {
        steps.push(format!("allow the audit role {}", visible(&permissions.join(", "))));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_sorted_by_name() {
        assert!(CHANGES.is_sorted_by_key(|(name, _)| *name));
        assert!(change("enable-s3-data-events").is_some());
        assert_eq!(change("something-else"), None);
    }
}
