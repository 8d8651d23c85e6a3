//! The parts of the page that limit what it says: accepted failures, what could not be read, and the run itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::sections::{MAX_ROWS, counted, more, name};
use crate::collect::permission::permission;
use crate::score::assessment::{Assessment, Incomplete, Source};
use crate::visible::{visible, visible_start};

pub(super) fn exceptions(assessment: &Assessment) -> Markup {
    let today = assessment.run.finished_at.to_zoned(TimeZone::UTC).date();
    let mut excepted: Vec<_> =
        assessment.results.iter().filter_map(|result| Some((result.exception.as_ref()?, result))).collect();
    excepted.sort_by(|a, b| a.0.expires.cmp(&b.0.expires));
    html! {
        @if !excepted.is_empty() {
            section #exceptions aria-labelledby="exceptions-title" {
                h2 #exceptions-title { "Exceptions" }
                p.aside { "Failures that somebody accepted, the first to run out first." }
                div.scroll.tall role="region" aria-label="Accepted failures" tabindex="0" {
                    table {
                        thead { tr {
                            th scope="col" { "until" } th scope="col" { "check" } th scope="col" { "resource" }
                            th scope="col" { "account" } th scope="col" { "reason" } th scope="col" { "owner" }
                        } }
                        tbody {
                            @for (exception, result) in excepted.iter().take(MAX_ROWS) {
                                tr {
                                    td.nowrap { (name(&exception.expires)) (remaining(&exception.expires, today)) }
                                    td { code { (name(&result.check)) } }
                                    td { code { (name(&result.resource.id)) } }
                                    td { (name(&result.account_id)) }
                                    td { (visible_start(&exception.reason, 500)) }
                                    td { (name(&exception.owner)) }
                                }
                            }
                        }
                    }
                }
                (more(excepted.len(), MAX_ROWS, "exception"))
            }
        }
    }
}

/// How long an exception holds, marked when it is less than a month.
fn remaining(expires: &str, today: Date) -> Markup {
    let days = expires.parse::<Date>().ok().and_then(|day| today.until(day).ok()).map(|span| span.get_days());
    html! {
        @match days {
            Some(days) if days < 0 => span.soon { "over" },
            Some(days) if days <= 30 => span.soon { (days) " days left" },
            Some(days) => span.left { (days) " days left" },
            None => "",
        }
    }
}

pub(super) fn gaps(assessment: &Assessment) -> Markup {
    let mut groups: BTreeMap<(&str, &str), Vec<&Incomplete>> = BTreeMap::new();
    for failure in &assessment.run.incomplete {
        groups.entry((&failure.operation, &failure.code)).or_default().push(failure);
    }
    let missing: BTreeSet<&str> =
        groups.keys().filter_map(|(operation, code)| lacked(operation, code)).collect();
    let missing: Vec<String> = missing.into_iter().map(|action| format!("\"{}\"", visible(action))).collect();
    html! {
        @if !groups.is_empty() {
            section #gaps aria-labelledby="gaps-title" {
                h2 #gaps-title { "What could not be read" }
                p.aside { "Whatever rests on these readings is unknown, and counts as not passed." }
                @if !missing.is_empty() {
                    p { "The role that reads lacks: " code.actions { (missing.join(", ")) } }
                }
                div.scroll role="region" aria-label="Failed readings" tabindex="0" {
                    table {
                        thead { tr {
                            th scope="col" { "operation" } th scope="col" { "answer" } th scope="col" { "missing permission" }
                            th.number scope="col" { "times" } th scope="col" { "where" }
                        } }
                        tbody {
                            @for ((operation, code), failures) in groups.iter().take(MAX_ROWS) {
                                tr {
                                    td { code { (name(operation)) } }
                                    td { (name(code)) }
                                    td { @if let Some(action) = permission(operation, code) { code { (name(action)) } } @else { "–" } }
                                    td.number { (counted(failures.len(), "")) }
                                    td { (places(failures)) }
                                }
                            }
                        }
                    }
                }
                (more(groups.len(), MAX_ROWS, "kind"))
            }
        }
    }
}

/// The permission that the role in the account lacks. To enter it is the caller's, not the role's.
fn lacked<'a>(operation: &'a str, code: &str) -> Option<&'a str> {
    permission(operation, code).filter(|action| *action != "sts:AssumeRole")
}

/// Where readings of one kind failed, folded.
fn places(failures: &[&Incomplete]) -> Markup {
    const SHOWN: usize = 50;
    let accounts: BTreeSet<&str> = failures.iter().map(|failure| failure.account_id.as_str()).collect();
    html! {
        details {
            summary { (counted(accounts.len(), "account")) }
            ul {
                @for failure in failures.iter().take(SHOWN) {
                    li {
                        (name(&failure.account_id))
                        @if let Some(region) = &failure.region { " " (name(region)) }
                        @if let Some(resource) = &failure.resource { " " code { (name(resource)) } }
                        ": " (visible_start(&failure.message, 300))
                    }
                }
                @if failures.len() > SHOWN { li { "… and " (counted(failures.len() - SHOWN, "")) " more" } }
            }
        }
    }
}

pub(super) fn run(assessment: &Assessment) -> Markup {
    let run = &assessment.run;
    html! {
        section #run aria-labelledby="run-title" {
            h2 #run-title { "About this audit" }
            dl.facts.wide {
                div { dt { "Made by" } dd { "exfilguard " (name(&run.tool_version)) } }
                div { dt { "From" } dd { @if run.source == Source::Live { "AWS, read only" } @else { "a saved snapshot" } } }
                div { dt { "Started" } dd { (run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) } }
                div { dt { "Finished" } dd { (run.finished_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) } }
                div { dt { "Calls to AWS" } dd { (run.api_calls.total) ", " (run.api_calls.retries) " of them repeated" } }
                @if let Some(account) = &run.management_account { div { dt { "Management account" } dd { (name(account)) } } }
                div { dt { "Run" } dd { (name(&run.id)) } }
                div { dt { "Regions" } dd { (visible_start(&run.regions.join(", "), 2_000)) } }
            }
            @if !assessment.policy_warnings.is_empty() {
                h3 { "Worth a look in the policy file" }
                ul {
                    @for warning in assessment.policy_warnings.iter().take(MAX_ROWS) {
                        li { code { (name(&warning.file)) ":" (warning.line) ":" (warning.column) } " " (visible_start(&warning.message, 500)) }
                    }
                }
            }
        }
    }
}
