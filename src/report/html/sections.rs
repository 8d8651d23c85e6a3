//! The parts of the page that stand in its markup, but for those that limit what it says ([`super::limits`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::super::finding::{audited, mend, title as check_title};
use super::data::{ALL_EVIDENCE, techniques};
use super::frame::{initial, rich};
use crate::catalogue::{Area, Severity, Status};
use crate::score::assessment::{
    AccountAudit, AccountStatus, Assessment, ResultRecord, SinceBaseline, Source,
};
use crate::simulate::{Gain, Outcome};
use crate::visible::{visible, visible_start};

/// How many rows a table in the markup has at most.
pub(super) const MAX_ROWS: usize = 1_000;

/// How many accounts of the heat map are printed; `page.css` hides the others on paper.
const PRINTED_ACCOUNTS: usize = 100;

/// How many characters of a name are shown in a table.
const MAX_NAME: usize = 120;

/// A number with its noun.
pub(super) fn counted(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    match noun {
        "" => shown,
        noun if number == 1 => format!("{shown} {noun}"),
        noun => format!("{shown} {noun}s"),
    }
}

/// A name for a table.
pub(super) fn name(text: &str) -> String {
    visible_start(text, MAX_NAME)
}

/// How many rows are not shown.
pub(super) fn more(all: usize, shown: usize, noun: &str) -> Markup {
    html! {
        @if all > shown {
            p.aside { "… and " (counted(all - shown, noun)) " more, which the JSON report lists." }
        }
    }
}

/// The title of the window.
pub(super) fn title(assessment: &Assessment) -> String {
    let organization = assessment.run.organization_id.as_deref().unwrap_or("account");
    format!("exfilguard: {} scores {:.1}", name(organization), assessment.score.overall)
}

/// Whose assessment it is.
pub(super) fn brand(assessment: &Assessment) -> Markup {
    html! { @if let Some(id) = &assessment.run.organization_id { " " span { (name(id)) } } }
}

/// The sections of the page, and whether it has them.
pub(super) fn links(assessment: &Assessment) -> [(&'static str, &'static str, bool); 9] {
    [
        ("#standing", "Standing", true),
        ("#changes", "Since the baseline", assessment.comparison.is_some()),
        ("#mend", "Mend first", assessment.count(Status::Fail) > 0),
        ("#accounts", "Accounts", !assessment.accounts.is_empty()),
        ("#matrix", "Thefts", !assessment.simulation.is_empty()),
        ("#exceptions", "Exceptions", assessment.results.iter().any(|result| result.exception.is_some())),
        ("#gaps", "Not read", !assessment.run.incomplete.is_empty()),
        ("#findings", "Findings", true),
        ("#run", "Run", true),
    ]
}

pub(super) fn standing(assessment: &Assessment) -> Markup {
    let run = &assessment.run;
    let day = run.finished_at.strftime("%-d %B %Y, %H:%M UTC").to_string();
    let new = assessment.results.iter().filter(|r| r.since_baseline == Some(SinceBaseline::New)).count();
    let compared = assessment.results.iter().any(|result| result.since_baseline.is_some());
    html! {
        section #standing aria-labelledby="standing-title" {
            h1 #standing-title { "Would a theft from S3 be seen and stopped?" }
            p.lead {
                (day) " · " (audited(assessment)) " · "
                (counted(run.regions.len(), "region")) " · " (counted(assessment.results.len(), "result"))
                @if run.source == Source::Snapshot { " · from a saved snapshot" }
            }
            @if !run.complete {
                p.warning role="note" {
                    strong { "Incomplete. " }
                    "Something in scope could not be read, or a check is defective. What is not known counts as not passed"
                    @if !run.incomplete.is_empty() { "; see " a href="#gaps" { "what could not be read" } }
                    "."
                }
            }
            div.cards {
                div.card.score { (dial(assessment)) }
                div.card {
                    h2 { "By area" }
                    (areas(assessment))
                }
                div.card {
                    h2 { "Results" }
                    (totals(assessment))
                    @if compared {
                        p.aside { a href="#status=fail&since=new" { (counted(new, "new failure")) } " since the baseline" }
                    }
                }
            }
        }
    }
}

/// The score as a ring; the lighter part is what the unknown results could add.
fn dial(assessment: &Assessment) -> Markup {
    let score = &assessment.score;
    let grade = score.grade.as_str();
    // The ring has a circumference of 100, so that lengths are scores.
    let (sure, possible) = (format!("{:.1} 100", score.overall), format!("{:.1} 100", score.band.upper));
    html! {
        div.dial {
            svg viewBox="0 0 36 36" aria-hidden="true" {
                circle.track cx="18" cy="18" r="15.9155" {}
                circle.possible cx="18" cy="18" r="15.9155" stroke-dasharray=(possible) transform="rotate(-90 18 18)" {}
                circle class={ "sure grade-" (grade) } cx="18" cy="18" r="15.9155" stroke-dasharray=(sure) transform="rotate(-90 18 18)" {}
            }
            p { strong { (format!("{:.1}", score.overall)) } span { "of 100" } }
        }
        dl.facts {
            div { dt { "Grade" } dd { (grade) } }
            @if score.band.upper > score.band.lower {
                div {
                    dt { "If all were known" }
                    dd { (format!("{:.1} to {:.1}", score.band.lower, score.band.upper)) }
                }
            }
            @if let Some(minimum) = score.minimum { div { dt { "Lowest account" } dd { (format!("{minimum:.1}")) } } }
            @if let Some(low) = score.percentile_10 { div { dt { "10th percentile" } dd { (format!("{low:.1}")) } } }
            @if let Some(simulation) = score.simulation {
                div { dt { "Simulated thefts" } dd { (format!("{simulation:.1}")) } }
            }
        }
    }
}

fn areas(assessment: &Assessment) -> Markup {
    html! {
        table.bars {
            tbody {
                @for (area, score) in &assessment.score.by_area {
                    tr {
                        th scope="row" { a href={ "#area=" (area.as_str()) } { (area.as_str()) } }
                        td.bar {
                            svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
                                rect.track width="100" height="6" {}
                                rect class={ "fill " (heat(*score)) } width=(format!("{score:.1}")) height="6" {}
                            }
                        }
                        td.number { (format!("{score:.1}")) }
                    }
                }
            }
        }
    }
}

fn totals(assessment: &Assessment) -> Markup {
    let order =
        [Status::Fail, Status::Unknown, Status::Error, Status::Excepted, Status::Pass, Status::NotApplicable];
    let failed = |severity: Severity| {
        assessment.results.iter().filter(|r| r.status == Status::Fail && r.severity == severity).count()
    };
    html! {
        ul.totals {
            @for status in order {
                @let number = assessment.count(status);
                @if number > 0 || status == Status::Fail {
                    li {
                        a href={ "#status=" (status.as_str()) } {
                            strong { (counted(number, "")) } " " span class={ "status " (status.as_str()) } { (status.as_str()) }
                        }
                    }
                }
            }
        }
        ul.severities aria-label="Failures by severity" {
            @for severity in Severity::WORST_FIRST {
                @let number = failed(severity);
                @if number > 0 {
                    li {
                        a href={ "#status=fail&severity=" (severity.as_str()) } {
                            span class={ "severity " (severity.as_str()) } { (severity.as_str()) } " " (counted(number, ""))
                        }
                    }
                }
            }
        }
    }
}

/// What fails, by check: what helps most against the techniques first, then the worst.
pub(super) fn mend_first(assessment: &Assessment) -> Markup {
    /// How many checks stand open.
    const OPEN: usize = 10;
    let mut groups: BTreeMap<&str, Vec<&ResultRecord>> = BTreeMap::new();
    for result in assessment.results.iter().filter(|result| result.status == Status::Fail) {
        groups.entry(&result.check).or_default().push(result);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|a, b| {
        let of = |check: &str| gain(assessment, check).map_or(0.0, |gain| gain.gain);
        let worst = |results: &[&ResultRecord]| results.iter().map(|result| result.severity).max();
        of(b.0)
            .total_cmp(&of(a.0))
            .then_with(|| (Reverse(worst(&a.1)), a.0).cmp(&(Reverse(worst(&b.1)), b.0)))
    });
    let simulated = !assessment.mend_first.is_empty();
    let (open, folded) = groups.split_at(groups.len().min(OPEN));
    html! {
        @if !groups.is_empty() {
            section #mend aria-labelledby="mend-title" {
                h2 #mend-title { "Mend first" }
                @if simulated { p.aside { "Ordered by how many thefts a mended check would stop or show." } }
                (failing_checks(assessment, "Failing checks", open))
                @if !folded.is_empty() {
                    details.fold {
                        summary { (counted(folded.len(), "more failing check")) }
                        (failing_checks(assessment, "More failing checks", folded))
                    }
                }
            }
        }
    }
}

/// What mending a check would do to the simulated thefts.
fn gain<'a>(assessment: &'a Assessment, check: &str) -> Option<&'a Gain> {
    assessment.mend_first.iter().find(|gain| gain.check == check)
}

/// The roles are those that the elements have anyway, until a narrow screen shows the table as a list of blocks.
fn failing_checks(assessment: &Assessment, label: &str, groups: &[(&str, Vec<&ResultRecord>)]) -> Markup {
    let simulated = !assessment.mend_first.is_empty();
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table.mend role="table" {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "severity" } th scope="col" role="columnheader" { "what is wanted" } th scope="col" role="columnheader" { "what to do" }
                    th.number scope="col" role="columnheader" { "failures" } th.number scope="col" role="columnheader" { "accounts" }
                    @if simulated { th.number scope="col" role="columnheader" { "thefts" } }
                } }
                tbody role="rowgroup" {
                    @for (check, results) in groups.iter().take(MAX_ROWS) {
                        @let accounts: BTreeSet<&str> = results.iter().map(|r| r.account_id.as_str()).collect();
                        @let severity = results.iter().map(|result| result.severity).max().unwrap_or(Severity::Info);
                        @let example = results.iter().find(|result| result.remediation.is_some()).or(results.first());
                        tr role="row" {
                            td role="cell" { span class={ "severity " (severity.as_str()) } { (severity.as_str()) } }
                            td role="cell" { a href={ "#status=fail&check=" (visible(check)) } { (name(check_title(check))) } span.sub { (name(check)) } }
                            td role="cell" { @if let Some(example) = example { (rich(first_sentence(&mend(example)))) } }
                            td.number role="cell" data-label="failures" { (counted(results.len(), "")) }
                            td.number role="cell" data-label="accounts" { (counted(accounts.len(), "")) }
                            @if simulated { td.number role="cell" data-label="thefts" { (gain(assessment, check).map_or_else(|| "–".to_owned(), |gain| gain.cells.to_string())) } }
                        }
                    }
                }
            }
        }
    }
}

/// What there is room for in a table: up to the end of the first sentence.
fn first_sentence(text: &str) -> &str {
    text.split_once(". ").and_then(|(first, _)| text.get(..=first.len())).unwrap_or(text)
}

/// The class of a score in the heat map: by tens, since a colour must not hide a difference.
fn heat(score: f64) -> &'static str {
    match score {
        score if score >= 99.95 => "h5",
        score if score >= 90.0 => "h4",
        score if score >= 75.0 => "h3",
        score if score >= 50.0 => "h2",
        score if score >= 25.0 => "h1",
        _ => "h0",
    }
}

pub(super) fn heat_map(assessment: &Assessment) -> Markup {
    let score = &assessment.score;
    let areas: Vec<Area> = score.by_area.keys().copied().collect();
    let mut unknown: BTreeSet<(&str, Area)> = BTreeSet::new();
    for result in assessment.results.iter().filter(|r| matches!(r.status, Status::Unknown | Status::Error)) {
        unknown.insert((&result.account_id, result.area));
    }
    let mut accounts: Vec<&AccountAudit> = assessment.accounts.iter().collect();
    accounts.sort_by(|a, b| {
        let of = |account: &AccountAudit| score.by_account.get(&account.id).copied().unwrap_or(f64::MAX);
        of(a).total_cmp(&of(b)).then_with(|| a.id.cmp(&b.id))
    });
    html! {
        @if !accounts.is_empty() {
            section #accounts aria-labelledby="accounts-title" {
                h2 #accounts-title { "Accounts and areas" }
                p.aside { "Scores from 0 to 100, the worst account first. “?” marks where something is unknown. Choose a cell for its findings." }
                div.scroll.tall role="region" aria-label="Scores of accounts by area" tabindex="0" {
                    table.heat {
                        thead { tr {
                            th scope="col" { "account" } th.number scope="col" { "all" }
                            @for area in &areas { th.number scope="col" { (area.as_str()) } }
                        } }
                        tbody {
                            @for account in accounts.iter().take(MAX_ROWS) { (heat_row(assessment, account, &areas, &unknown)) }
                        }
                    }
                }
                (more(accounts.len(), MAX_ROWS, "account"))
                @if accounts.len() > PRINTED_ACCOUNTS {
                    p.paper { "On paper: the worst " (PRINTED_ACCOUNTS) " of " (counted(accounts.len(), "account")) "." }
                }
            }
        }
    }
}

fn heat_row(
    assessment: &Assessment,
    account: &AccountAudit,
    areas: &[Area],
    unknown: &BTreeSet<(&str, Area)>,
) -> Markup {
    let score = &assessment.score;
    let by_area = score.by_account_and_area.get(&account.id);
    let id = visible(&account.id);
    let closed = match account.status {
        AccountStatus::Unreachable => Some("could not be entered"),
        AccountStatus::Suspended => Some("suspended"),
        AccountStatus::Audited | AccountStatus::Partial => None,
    };
    html! {
        tr {
            th scope="row" {
                a href={ "#account=" (id) } { @if account.name.is_empty() { (id) } @else { (visible_start(&account.name, 40)) } }
                @if !account.name.is_empty() { span.id { (id) } }
            }
            @if let Some(closed) = closed {
                td.closed colspan=(areas.len() + 1) { (closed) }
            } @else {
                @match score.by_account.get(&account.id) {
                    Some(score) => td class={ "cell all " (heat(*score)) } { a href={ "#account=" (id) } { (format!("{score:.1}")) } },
                    None => td.cell { "–" },
                }
                @for area in areas {
                    @let mark = if unknown.contains(&(account.id.as_str(), *area)) { "?" } else { "" };
                    @match by_area.and_then(|areas| areas.get(area)) {
                        Some(score) => td class={ "cell " (heat(*score)) } {
                            a href={ "#account=" (id) "&area=" (area.as_str()) } { (format!("{:.0}", score.floor())) (mark) }
                        },
                        None => td.cell { "–" },
                    }
                }
            }
        }
    }
}

pub(super) fn matrix(assessment: &Assessment) -> Markup {
    let count = |outcome| assessment.simulation.iter().filter(|cell| cell.outcome == outcome).count();
    html! {
        @if !assessment.simulation.is_empty() {
            section #matrix aria-labelledby="matrix-title" {
                h2 #matrix-title { "What becomes of a theft" }
                p.aside { "Every bucket against every technique, the least defended bucket first. Choose a cell for the way it takes." }
                ul.legend {
                    @for outcome in Outcome::ALL {
                        li { span class={ "swatch " (outcome) } aria-hidden="true" { (initial(outcome)) } (outcome) " " (counted(count(outcome), "")) }
                    }
                }
                noscript { p { "The matrix needs the page's own script; " code { "exfilguard simulate" } " shows it, too." } }
                div.scroll.tall role="region" aria-label="Bucket by technique" tabindex="0" { table.matrix #matrix-table {} }
                p.chunk { button type="button" #matrix-more hidden { "Show more buckets" } }
                p.paper #matrix-paper hidden {}
                div #matrix-path aria-live="polite" {}
                details.fold {
                    summary { "The techniques" }
                    dl.techniques {
                        @for [id, title, description, attack] in techniques(assessment) {
                            dt { (id) " " (title) }
                            dd { (description) @if !attack.is_empty() { " (" (attack) ")" } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn findings(assessment: &Assessment) -> Markup {
    let compared = assessment.results.iter().any(|result| result.since_baseline.is_some());
    html! {
        section #findings aria-labelledby="findings-title" {
            h2 #findings-title tabindex="-1" { "Findings" }
            noscript { p { "The findings need the page's own script. Without it, read the JSON, CSV or Markdown report." } }
            form.filters role="search" aria-label="Filter the findings" {
                label.text { span { "Text" } input #f-text type="search" autocomplete="off" spellcheck="false" placeholder="bucket, check, message …"; }
                label { span { "Account" } select #f-account { option value="" { "all" } } }
                label { span { "Area" } select #f-area { option value="" { "all" } } }
                label { span { "Check" } select #f-check { option value="" { "all" } } }
                @if compared {
                    label { span { "Baseline" } select #f-since { option value="" { "all" } option value="new" { "new" } option value="known" { "known" } } }
                }
                fieldset #f-status { legend { "Status" } }
                fieldset #f-severity { legend { "Severity" } }
                button type="reset" #f-reset { "Reset" }
            }
            p.count #count role="status" aria-live="polite" {}
            div.wide {
                table.findings #findings-table role="table" hidden {
                    caption { "Findings; each row unfolds" }
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" aria-sort="none" { button type="button" data-sort="severity" { "severity" } }
                        th scope="col" role="columnheader" aria-sort="none" { button type="button" data-sort="status" { "status" } }
                        th scope="col" role="columnheader" aria-sort="none" { button type="button" data-sort="resource" { "resource and what is wrong" } }
                        th scope="col" role="columnheader" aria-sort="none" { button type="button" data-sort="check" { "check" } }
                        th scope="col" role="columnheader" aria-sort="none" { button type="button" data-sort="account" { "account" } }
                    } }
                    tbody role="rowgroup" {}
                }
            }
            p.chunk { button type="button" #more hidden { "Show more" } }
            p.paper #paper hidden {}
            @if assessment.results.len() > ALL_EVIDENCE {
                p.aside { "Evidence of results that pass is left out here, as there are many; the JSON report has it." }
            }
        }
    }
}
