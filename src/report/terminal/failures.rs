//! What fails: one group per check, the worst first.

use super::super::finding::about;
use super::page::{Page, Role, counted};
use crate::catalogue::Status;
use crate::score::assessment::Assessment;
use crate::score::{AssessmentView, Group, Line};
use crate::visible::{visible, visible_start};

/// So many failures are all shown.
pub(super) const FEW: usize = 10;

/// How many checks are named where there are more failures.
const MAX_CHECKS: usize = 25;

/// How many checks a section other than that of the failures names where there are more than a few results.
const MAX_OTHERS: usize = 6;

/// How many of them with their first failure.
const WITH_EXAMPLE: usize = 8;

/// How many characters of an example's message are shown.
const MAX_EXAMPLE: usize = 180;

/// How many lines of a check are shown.
const MAX_ROWS: usize = 5;

/// How many characters of a message are shown.
const MAX_MESSAGE: usize = 360;

/// How many characters of an account's name are shown.
const MAX_NAME: usize = 50;

/// `3 buckets in 2 accounts`.
pub(super) fn extent(group: &Group) -> String {
    format!(
        "{} in {}",
        counted(group.results, &group.kind.as_str().replace('-', " ")),
        counted(group.accounts, "account")
    )
}

/// The checks that a section other than that of the failures names: all where there are few results, else the first, the
/// others counted, so that also they leave the report on two screens.
pub(super) fn named(page: &mut Page, groups: &[(&str, &Group)], name: impl Fn(&mut Page, usize, &Group)) {
    let all: usize = groups.iter().map(|(_, group)| group.results).sum();
    let most = if all <= FEW { groups.len() } else { MAX_OTHERS };
    for (place, (check, group)) in groups.iter().take(most).enumerate() {
        heading(page, check, group);
        name(page, place, group);
    }
    if groups.len() > most {
        let more = counted(groups.len() - most, "more check");
        page.paragraph(2, Some(Role::Aside), &format!("… and {more}"));
    }
}

/// The section of failed results: all of them if they are few; else for each check how many, and for the worst checks
/// the first one, so that the report of any organization fits on two screens.
pub(super) fn failures(page: &mut Page, view: &AssessmentView<'_>) {
    let groups = view.overview().groups(Status::Fail);
    if groups.is_empty() {
        return;
    }
    page.section("Failed, worst first");
    let all: usize = groups.iter().map(|(_, group)| group.results).sum();
    if all <= FEW {
        for (check, group) in &groups {
            heading(page, check, group);
            rows(page, view.head(), group, MAX_ROWS);
        }
        return;
    }
    for (place, (check, group)) in groups.iter().take(MAX_CHECKS).enumerate() {
        heading(page, check, group);
        if place < WITH_EXAMPLE {
            rows(page, view.head(), group, 1);
        }
    }
    if groups.len() > MAX_CHECKS {
        let more = counted(groups.len() - MAX_CHECKS, "more check");
        page.paragraph(2, Some(Role::Aside), &format!("… and {more}"));
    }
    let command = page.paint(Role::Command, "--output html=FILE");
    page.line(&format!("  Every result, with its evidence: {command}, or --only CHECK"));
}

/// `CRITICAL  bucket-not-public: 3 buckets in 2 accounts`.
pub(super) fn heading(page: &mut Page, check: &str, group: &Group) {
    let label = format!("{:<8}", group.severity.as_str().to_uppercase());
    let label = page.paint(Role::Severity(group.severity), &label);
    let read_on = if page.has_links() { about(check) } else { None };
    let address = read_on.and_then(|metadata| metadata.related_resources.first());
    let check = page.link(&visible(check), address.map(|related| related.r#ref.as_str()));
    let check = page.paint(Role::Heading, &check);
    let new = if group.new == 0 { String::new() } else { format!(", {} new", group.new) };
    page.line(&format!("  {label}  {check}: {}{new}", extent(group)));
}

/// The group's first results, those of one account with one message on one line.
pub(super) fn rows(page: &mut Page, assessment: &Assessment, group: &Group, most: usize) {
    let message = if most == 1 { MAX_EXAMPLE } else { MAX_MESSAGE };
    let mut hidden = group.results;
    for line in group.lines().take(most) {
        hidden = hidden.saturating_sub(line.results);
        let label = account_label(assessment, &line.account_id);
        let new = if line.new { "new · " } else { "" };
        page.paragraph(4, Some(Role::Heading), &format!("{new}{label} · {}", resources(line)));
        page.paragraph(6, None, &visible_start(&line.message, message));
    }
    if hidden > 0 && most > 1 {
        page.paragraph(4, Some(Role::Aside), &format!("… and {hidden} more"));
    }
}

/// An account's id and name.
fn account_label(assessment: &Assessment, id: &str) -> String {
    let name = assessment.account(id).map_or("", |account| account.name.as_str());
    if name.is_empty() {
        visible(id).into_owned()
    } else {
        format!("{} {}", visible(id), visible_start(name, MAX_NAME))
    }
}

/// The names of resources, the first ones only. What a region's result is about is its region.
pub(super) fn resources(line: &Line) -> String {
    let own_account = format!("{}/", line.account_id);
    let name = |(id, region): &(String, Option<String>)| {
        let id = visible_start(id.strip_prefix(&own_account).unwrap_or(id), 63);
        match region.as_deref() {
            Some(region) if region != id => format!("{id} ({})", visible(region)),
            _ => id,
        }
    };
    let mut names: Vec<String> = line.resources.iter().map(name).collect();
    let more = line.results.saturating_sub(names.len());
    if more > 0 {
        names.push(format!("+{more} more"));
    }
    names.join(", ")
}
