//! What changed since the baseline.

use std::cmp::Reverse;

use maud::{Markup, html};

use super::frame::rich;
use super::sections::{counted, more, name};
use crate::score::assessment::Assessment;
use crate::score::baseline::{Change, Comparison, Finding};
use crate::visible::visible_start;

/// How many findings of a list are in the markup.
const MAX_ROWS: usize = 200;

pub(super) fn changes(assessment: &Assessment) -> Markup {
    html! {
        @if let Some(comparison) = &assessment.comparison {
            section #changes aria-labelledby="changes-title" {
                h2 #changes-title { "Since the baseline" }
                (scores(comparison))
                @if comparison.improved_by_exclusion_only {
                    p { strong { "The score rose although nothing that failed passes now: " } "it was excepted, or is not there any more." }
                }
                @if !comparison.old.complete { p { "The earlier audit is incomplete: what it did not read counts as new where it fails now." } }
                (list("New failures", &comparison.findings.new, true))
                (list("Resolved", &comparison.findings.resolved, false))
                (list("Excepted now", &comparison.findings.excepted, false))
                (list("Failed, and cannot be determined any more", &comparison.findings.undetermined, true))
                p.aside { (counted(comparison.findings.unchanged.len(), "failure")) " unchanged." }
            }
        }
    }
}

fn scores(comparison: &Comparison) -> Markup {
    let changed: Vec<(&String, &Change)> =
        comparison.score.by_account.iter().filter(|(_, change)| change.before != change.after).collect();
    html! {
        p { "Against the audit of " (name(&comparison.old.moment())) ": score " strong { (shown(comparison.score.overall)) } "." }
        @if !changed.is_empty() {
            p.aside {
                "Accounts whose score changed: "
                @for (place, (account, change)) in changed.iter().take(20).enumerate() {
                    @if place > 0 { ", " }
                    (name(account)) " " (shown(**change))
                }
                @if changed.len() > 20 { " and " (changed.len() - 20) " more" }
                "."
            }
        }
    }
}

/// `61.0 → 74.5`.
fn shown(change: Change) -> String {
    let score = |score: Option<f64>| score.map_or_else(|| "none".to_owned(), |score| format!("{score:.1}"));
    format!("{} → {}", score(change.before), score(change.after))
}

fn list(title: &str, findings: &[Finding], open: bool) -> Markup {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| Reverse(finding.severity));
    html! {
        @if !findings.is_empty() {
            details.fold open[open && findings.len() <= 25] {
                summary { (title) ": " (counted(findings.len(), "")) }
                div.scroll.tall role="region" aria-label=(title) tabindex="0" {
                    table {
                        thead { tr {
                            th scope="col" { "severity" } th scope="col" { "resource" } th scope="col" { "check" }
                            th scope="col" { "account" } th scope="col" { "what is or was wrong" }
                        } }
                        tbody {
                            @for finding in sorted.iter().take(MAX_ROWS) {
                                tr {
                                    td { span class={ "severity " (finding.severity.as_str()) } { (finding.severity.as_str()) } }
                                    td { code { (name(&finding.resource.id)) } }
                                    td { code { (name(&finding.check)) } }
                                    td.nowrap { (name(&finding.account_id)) @if let Some(region) = &finding.region { " " (name(region)) } }
                                    td { (rich(&visible_start(&finding.message, 300))) }
                                }
                            }
                        }
                    }
                }
                (more(findings.len(), MAX_ROWS, "finding"))
            }
        }
    }
}
