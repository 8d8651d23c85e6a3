//! What fails: one group per check, the worst first.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::about;
use super::page::{Page, Role, counted};
use crate::catalogue::{Severity, Status};
use crate::score::assessment::{Assessment, ResultRecord, SinceBaseline};
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

/// How many resources a line names.
const MAX_RESOURCES: usize = 3;

/// How many characters of a message are shown.
const MAX_MESSAGE: usize = 360;

/// How many characters of an account's name are shown.
const MAX_NAME: usize = 50;

/// The results of one check that have one status.
pub(super) struct Group<'a> {
    /// The check's id.
    pub(super) check: &'a str,
    /// The worst severity among the results.
    pub(super) severity: Severity,
    /// The results in canonical order; at least one.
    pub(super) results: Vec<&'a ResultRecord>,
}

impl Group<'_> {
    /// `3 buckets in 2 accounts`.
    pub(super) fn extent(&self) -> String {
        let accounts: BTreeSet<&str> = self.results.iter().map(|r| r.account_id.as_str()).collect();
        let kind = self.results.first().map_or("resource", |r| r.resource.kind.as_str());
        format!(
            "{} in {}",
            counted(self.results.len(), &kind.replace('-', " ")),
            counted(accounts.len(), "account")
        )
    }
}

/// The results of a status by check: the worst severity first, then the most results.
pub(super) fn groups<'a>(assessment: &'a Assessment, status: Status) -> Vec<Group<'a>> {
    let mut by_check: BTreeMap<&str, Vec<&ResultRecord>> = BTreeMap::new();
    for result in assessment.results.iter().filter(|r| r.status == status) {
        by_check.entry(&result.check).or_default().push(result);
    }
    let mut groups: Vec<Group<'a>> = by_check
        .into_iter()
        .filter_map(|(check, results)| {
            let severity = results.iter().map(|r| r.severity).max()?;
            Some(Group { check, severity, results })
        })
        .collect();
    groups.sort_by(|a, b| {
        let worse = b.severity.cmp(&a.severity);
        worse.then_with(|| b.results.len().cmp(&a.results.len()))
    });
    groups
}

/// The checks that a section other than that of the failures names: all where there are few results, else the first, the
/// others counted, so that also they leave the report on two screens.
pub(super) fn named<'g, 'a>(
    page: &mut Page,
    groups: &'g [Group<'a>],
    name: impl Fn(&mut Page, usize, &'g Group<'a>),
) {
    let all: usize = groups.iter().map(|group| group.results.len()).sum();
    let most = if all <= FEW { groups.len() } else { MAX_OTHERS };
    for (place, group) in groups.iter().take(most).enumerate() {
        heading(page, group);
        name(page, place, group);
    }
    if groups.len() > most {
        let more = counted(groups.len() - most, "more check");
        page.paragraph(2, Some(Role::Aside), &format!("… and {more}"));
    }
}

/// The section of failed results: all of them if they are few; else for each check how many, and for the worst checks
/// the first one, so that the report of any organization fits on two screens.
pub(super) fn failures(page: &mut Page, assessment: &Assessment) {
    let groups = groups(assessment, Status::Fail);
    if groups.is_empty() {
        return;
    }
    page.section("Failed, worst first");
    let all: usize = groups.iter().map(|group| group.results.len()).sum();
    if all <= FEW {
        for group in &groups {
            heading(page, group);
            rows(page, assessment, group, MAX_ROWS);
        }
        return;
    }
    for (place, group) in groups.iter().take(MAX_CHECKS).enumerate() {
        heading(page, group);
        if place < WITH_EXAMPLE {
            rows(page, assessment, group, 1);
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
pub(super) fn heading(page: &mut Page, group: &Group<'_>) {
    let label = format!("{:<8}", group.severity.as_str().to_uppercase());
    let label = page.paint(Role::Severity(group.severity), &label);
    let read_on = if page.has_links() { about(group.check) } else { None };
    let address = read_on.and_then(|metadata| metadata.related_resources.first());
    let check = page.link(&visible(group.check), address.map(|related| related.r#ref.as_str()));
    let check = page.paint(Role::Heading, &check);
    let new = group.results.iter().filter(|result| is_new(result)).count();
    let new = if new == 0 { String::new() } else { format!(", {new} new") };
    page.line(&format!("  {label}  {check}: {}{new}", group.extent()));
}

fn is_new(result: &ResultRecord) -> bool {
    result.since_baseline == Some(SinceBaseline::New)
}

/// The group's first results, those of one account with one message on one line.
pub(super) fn rows(page: &mut Page, assessment: &Assessment, group: &Group<'_>, most: usize) {
    let mut lines: Vec<(&str, &str, Vec<&ResultRecord>)> = Vec::new();
    let mut places: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    for result in &group.results {
        let key = (result.account_id.as_str(), result.message.as_str(), is_new(result));
        let place = *places.entry(key).or_insert(lines.len());
        match lines.get_mut(place) {
            Some((_, _, results)) => results.push(result),
            None => lines.push((key.0, key.1, vec![result])),
        }
    }
    // What is new stands first; the sort is stable.
    lines.sort_by_key(|(_, _, results)| !results.iter().any(|result| is_new(result)));
    let message = if most == 1 { MAX_EXAMPLE } else { MAX_MESSAGE };
    for (account, text, results) in lines.iter().take(most) {
        let label = account_label(assessment, account);
        let new = if results.iter().any(|result| is_new(result)) { "new · " } else { "" };
        page.paragraph(4, Some(Role::Heading), &format!("{new}{label} · {}", resources(results)));
        page.paragraph(6, None, &visible_start(text, message));
    }
    let hidden: usize = lines.iter().skip(most).map(|(_, _, results)| results.len()).sum();
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
pub(super) fn resources(results: &[&ResultRecord]) -> String {
    let name = |result: &&ResultRecord| {
        let own_account = format!("{}/", result.account_id);
        let id = result.resource.id.strip_prefix(&own_account);
        let id = visible_start(id.unwrap_or(&result.resource.id), 63);
        match result.region.as_deref() {
            Some(region) if region != id => format!("{id} ({})", visible(region)),
            _ => id,
        }
    };
    let mut names: Vec<String> = results.iter().take(MAX_RESOURCES).map(name).collect();
    let more = results.len().saturating_sub(MAX_RESOURCES);
    if more > 0 {
        names.push(format!("+{more} more"));
    }
    names.join(", ")
}
