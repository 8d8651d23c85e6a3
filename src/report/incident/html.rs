//! The incident report as one HTML file without script: opens from disk, asks no network, and obeys a strict
//! Content-Security-Policy.

use maud::{Markup, html};

use super::super::html::{Frame, page, rich};
use super::{headline, told};
use crate::investigate::incident::report::{Confidence, Incident};
use crate::investigate::incident::{bytes, counted};
use crate::visible::{visible, visible_start};

/// What this page's style has besides that of the assessment.
const OWN_STYLE: &str = include_str!("incident.css");

/// The most rows of a table; JSON has all.
const MAX_ROWS: usize = 1_000;

/// The most characters of a name in a table.
const MAX_NAME: usize = 200;

/// The most addresses of one actor.
const MAX_ADDRESSES: usize = 12;

/// Writes the page, ended by a line feed.
pub(super) fn render(incident: &Incident) -> String {
    let frame = Frame {
        title: format!("Incident: {}", headline(incident)),
        class: "incident",
        style: OWN_STYLE,
        script: None,
        brand: html! { " " span { "incident report" } },
        links: &[
            ("#statements", "What can be said", true),
            ("#ways", "Ways out", !incident.exfil_paths.is_empty()),
            ("#data", "Data", !incident.data_impact.buckets.is_empty()),
            ("#who", "Who", !incident.actors.is_empty()),
            ("#timeline", "Timeline", !incident.timeline.is_empty()),
            ("#changes", "Changes", !incident.control_plane_changes.is_empty()),
            ("#now", "What to do now", true),
            ("#logging", "Logging", true),
            ("#evidence", "Evidence", true),
        ],
        skip: ("#statements", "Skip to what can be said"),
    };
    let main = html! {
        (summary(incident))
        (statements(incident))
        (paths(incident))
        (data(incident))
        (actors(incident))
        (timeline(incident))
        (changes(incident))
        (containment(incident))
        (logging(incident))
        (causes(incident))
        (evidence(incident))
        (limitations(incident))
    };
    page(&frame, &main)
}

/// A name of unknown origin.
fn name(text: &str) -> String {
    visible_start(text, MAX_NAME)
}

fn badge(confidence: Confidence) -> Markup {
    let class = match confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::Inferred => "inferred",
        Confidence::NotAssessable => "not-assessable",
    };
    html! { span class={ "confidence " (class) } { (confidence.as_str()) } }
}

/// A moment for a table: day and time apart, the zone is in the heading.
fn moment(text: &str) -> String {
    visible(text).trim_end_matches('Z').replacen('T', " ", 1)
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section id=(id) { h2 { (title) } (content) } }
}

/// A table. On a narrow screen it becomes a list of blocks, in which each cell says of itself what it is: hence its label,
/// and the roles, which are those that the elements have anyway.
fn table(class: &str, head: &[&str], rows: &[Vec<Markup>], noun: &str) -> Markup {
    html! {
        div.scroll role="region" aria-label=(head.join(", ")) tabindex="0" {
            table class=(class) role="table" {
                thead role="rowgroup" { tr role="row" { @for title in head { th scope="col" role="columnheader" { (title) } } } }
                tbody role="rowgroup" {
                    @for row in rows.iter().take(MAX_ROWS) {
                        tr role="row" { @for (cell, title) in row.iter().zip(head) { td role="cell" data-label=(title) { (cell) } } }
                    }
                }
            }
        }
        @if rows.len() > MAX_ROWS { p.aside { "… and " (counted((rows.len() - MAX_ROWS) as u64, noun)) " more, which the JSON report lists." } }
    }
}

fn summary(incident: &Incident) -> Markup {
    let (impact, window) = (&incident.data_impact, &incident.scope.window);
    let open = incident.exfil_paths.iter().filter(|path| path.stays_open).count() as u64;
    let gaps = incident.logging_confidence.gaps.len() as u64;
    html! {
        section #summary {
            p.marking { (name(&incident.classification_of_report)) }
            h1 { (headline(incident)) }
            p.lead {
                (moment(&window.from)) " to " (moment(&window.to)) " UTC · "
                (counted(incident.scope.accounts.len() as u64, "account")) " · "
                (counted(incident.logging_confidence.records, "record")) " · " (name(&incident.incident_id))
            }
            @for finding in incident.detection.findings.iter().filter(|finding| finding.sample) {
                p.warning role="note" { strong { "A sample. " } "The finding " (name(&finding.id)) " was made on request: nothing of what it says happened." }
            }
            @if open > 0 {
                p.warning.urgent role="note" {
                    strong { (counted(open, "way")) " out " @if open == 1 { "stays" } @else { "stay" } " open. " }
                    "Deactivating credentials does not close " @if open == 1 { "it" } @else { "them" } "; see " a href="#now" { "what to do now" } "."
                }
            }
            @if gaps > 0 {
                p.warning role="note" {
                    strong { "The logs have " (counted(gaps, "gap")) ". " }
                    "What happened then is not known; see " a href="#logging" { "logging" } "."
                }
            }
            ul.numbers {
                li { strong { (counted(impact.objects_count, "")) } span { "objects out" } }
                li { strong { (bytes(impact.bytes_out)) } span { "read, at least" } }
                li {
                    @if impact.sensitive.assessed {
                        strong { (counted(impact.sensitive.object_count, "")) } span { "sensitive by Macie" }
                    } @else {
                        strong { "?" } span { "sensitive: Macie was not read" }
                    }
                }
                li { strong { (counted(impact.deleted_count, "")) } span { "objects deleted" } }
                li { strong { (counted(incident.exfil_paths.len() as u64, "")) } span { "ways out" } }
                li { strong { (counted(incident.actors.len() as u64, "")) } span { "principals" } }
            }
            (findings(incident))
        }
    }
}

fn findings(incident: &Incident) -> Markup {
    let findings = &incident.detection.findings;
    let rows: Vec<Vec<Markup>> = findings
        .iter()
        .map(|finding| {
            vec![
                html! { strong { (name(&finding.kind)) } span.sub { (name(&finding.title)) }
                @for signal in &finding.signals { span.sub { (name(signal)) } } },
                html! { @if let Some(severity) = finding.severity { (format!("{severity:.1}")) } },
                html! { (name(&finding.account)) span.sub { (name(&finding.region)) } },
                html! {
                    @if finding.starting_point { span.flag { "began here" } }
                    @if finding.archived { span.flag { "archived" } }
                    @if finding.sample { span.flag { "sample" } }
                    @for note in &finding.notes { span.sub { (rich(note)) } }
                },
            ]
        })
        .collect();
    html! { @if !rows.is_empty() { (table("findings-table", &["finding of GuardDuty", "severity", "account", "notes"], &rows, "finding")) } }
}

fn statements(incident: &Incident) -> Markup {
    section(
        "statements",
        "What can be said",
        &html! {
            ul.statements {
                @for statement in &incident.statements {
                    li { (badge(statement.confidence)) p { (rich(&statement.text)) } }
                }
            }
        },
    )
}

fn paths(incident: &Incident) -> Markup {
    let rows: Vec<Vec<Markup>> = incident
        .exfil_paths
        .iter()
        .map(|path| {
            vec![
                html! { strong { (name(&path.kind)) } @if path.stays_open { " " span.flag.urgent { "stays open" } } span.sub { (rich(&path.text)) } },
                html! {
                    (name(&path.destination))
                    @if let Some(owner) = &path.owner { span.sub { "account " (name(owner)) } }
                },
                html! { span.number { (counted(path.objects, "")) } },
                html! { span.number.nowrap { (told(path.bytes_out)) } },
                html! { span.nowrap { (moment(&path.first_seen)) } @if path.last_seen != path.first_seen { span.sub.nowrap { "to " (moment(&path.last_seen)) } } },
                badge(path.confidence),
            ]
        })
        .collect();
    let head = ["way", "where to", "objects", "bytes", "when (UTC)", "confidence"];
    html! { @if !rows.is_empty() { (section("ways", "Ways out", &table("ways", &head, &rows, "way out"))) } }
}

fn data(incident: &Incident) -> Markup {
    let impact = &incident.data_impact;
    let number = |value: u64| html! { span.number { (counted(value, "")) } };
    let rows: Vec<Vec<Markup>> = impact
        .buckets
        .iter()
        .map(|bucket| {
            vec![
                html! { strong { (name(&bucket.bucket)) } @if let Some(account) = &bucket.account { span.sub { "account " (name(account)) } } },
                number(bucket.objects),
                number(bucket.requests),
                html! { span.number.nowrap { (told(bucket.bytes_out)) } },
                number(bucket.sensitive_objects),
                number(bucket.deleted),
            ]
        })
        .collect();
    let objects: Vec<Vec<Markup>> = impact
        .objects
        .iter()
        .map(|object| {
            vec![
                html! { code { (name(&object.key)) } span.sub { (name(&object.bucket)) } },
                html! { (object.ways.join(", ")) },
                html! { @if object.sensitive.is_empty() { span.soft { "not known" } } @else { (name(&object.sensitive.join(", "))) } },
                html! { span.number.nowrap { (told(object.bytes_out)) } },
                html! { span.nowrap { (moment(&object.first_seen)) } },
            ]
        })
        .collect();
    let head = ["bucket", "objects out", "requests", "bytes, at least", "sensitive", "deleted"];
    let apart = &impact.set_apart;
    html! {
        @if !rows.is_empty() {
            (section("data", "Data", &html! {
                (table("data", &head, &rows, "bucket"))
                p.aside {
                    "Bytes are those that records tell of: copies and replications tell none. "
                    (counted(impact.unclassified_count, "object")) " that went out are of unknown sensitivity."
                    @if impact.unnamed_deletions > 0 { " " (counted(impact.unnamed_deletions, "request")) " deleted objects that no record names." }
                    @if apart.requests > 0 { " Not counted: " (counted(apart.requests, "request")) " of the workload that uses the same credential." }
                }
                @if !objects.is_empty() {
                    details.fold {
                        summary { "The objects" @if impact.objects_left_out > 0 { " (the first " (counted(impact.objects.len() as u64, "")) ")" } }
                        (table("objects", &["object", "way", "sensitive", "bytes", "first (UTC)"], &objects, "object"))
                    }
                }
            }))
        }
    }
}

fn actors(incident: &Incident) -> Markup {
    let rows: Vec<Vec<Markup>> = incident
        .actors
        .iter()
        .map(|actor| {
            let more = actor.ips.len().saturating_sub(MAX_ADDRESSES);
            vec![
                html! { strong { (name(&actor.principal)) } span.sub { (rich(&actor.joined)) } @for agent in actor.user_agents.iter().take(3) { span.sub { code { (visible_start(agent, 90)) } } } },
                html! { @for key in &actor.access_keys { span.line { code { (name(key)) } } } },
                html! {
                    @for ip in actor.ips.iter().take(MAX_ADDRESSES) {
                        span.line {
                            (name(&ip.ip)) " " span.soft { "× " (counted(ip.requests, "")) }
                            @if ip.named_by_finding { " " span.flag { "named" } }
                            @if ip.tor == Some(true) { " " span.flag { "Tor" } }
                            @if ip.set_apart { " " span.flag { "not counted" } }
                            @if let Some(asn) = &ip.asn { span.sub { (name(asn)) } }
                        }
                    }
                    @if more > 0 { span.soft { "and " (more) " more" } }
                },
                html! { span.number { (counted(actor.requests, "")) } @if actor.failed_requests > 0 { span.sub.number { (counted(actor.failed_requests, "")) " failed" } } },
                html! { span.nowrap { (moment(&actor.first_seen)) } span.sub.nowrap { "to " (moment(&actor.last_seen)) } },
                badge(actor.confidence),
            ]
        })
        .collect();
    let related: Vec<Vec<Markup>> = incident
        .related
        .iter()
        .map(|related| {
            vec![
                html! { (name(&related.principal)) @if !related.access_key.is_empty() { span.sub { code { (name(&related.access_key)) } } } },
                html! { (name(&related.source_ip)) },
                html! { (related.shares) },
                html! { span.number { (counted(related.requests, "")) } },
                html! { span.number.nowrap { (bytes(related.bytes_out)) } },
            ]
        })
        .collect();
    let head = ["principal", "keys", "addresses", "requests", "when (UTC)", "confidence"];
    html! {
        @if !rows.is_empty() {
            (section("who", "Who", &html! {
                (table("who", &head, &rows, "principal"))
                @if !related.is_empty() {
                    details.fold {
                        summary { (counted(related.len() as u64, "other")) " with the same address or role" }
                        p.aside { "Weak evidence: behind an address there may be many, and a role has honest sessions. Nothing of this is counted." }
                        (table("related", &["principal", "address", "shares", "requests", "bytes read"], &related, "other"))
                    }
                }
            }))
        }
    }
}

fn timeline(incident: &Incident) -> Markup {
    let rows: Vec<Vec<Markup>> = incident
        .timeline
        .iter()
        .map(|entry| {
            let short = entry.actor.rsplit('/').next().unwrap_or_default();
            vec![
                html! { span.nowrap { (moment(&entry.time_utc)) } @if let Some(until) = &entry.until_utc { span.sub.nowrap { "to " (moment(until)) } } },
                html! { strong { (name(&entry.event_name)) } @if entry.count > 1 { " " span.soft { "× " (counted(entry.count, "")) } } @if let Some(error) = &entry.error_code { " " span.flag { (name(error)) } } },
                html! { (name(&entry.resource)) },
                html! { span title=(name(&entry.actor)) { (name(short)) } },
                html! { (name(&entry.source_ip)) },
                html! { span.soft { (entry.source) } },
            ]
        })
        .collect();
    let head = ["when (UTC)", "what", "on", "who", "from", "source"];
    html! { @if !rows.is_empty() { (section("timeline", "Timeline", &table("timeline", &head, &rows, "line"))) } }
}

fn changes(incident: &Incident) -> Markup {
    let rows: Vec<Vec<Markup>> = incident
        .control_plane_changes
        .iter()
        .map(|change| {
            vec![
                html! { span.nowrap { (moment(&change.time_utc)) } },
                html! { strong { (name(&change.event_name)) } @if change.outcome != "done" { " " span.flag { (name(&change.outcome)) } } span.sub { (change.meaning) @if let Some(technique) = &change.technique { " · " (technique) } } },
                html! { (name(&change.resource)) span.sub { "account " (name(&change.account)) ", " (name(&change.region)) } },
                html! { (name(change.actor.rsplit('/').next().unwrap_or_default())) span.sub { (name(&change.source_ip)) } },
                html! { code.id { (name(&change.event_id)) } },
            ]
        })
        .collect();
    let head = ["when (UTC)", "change", "on", "who", "record"];
    html! { @if !rows.is_empty() { (section("changes", "Changes of settings", &table("changes", &head, &rows, "change"))) } }
}

fn containment(incident: &Incident) -> Markup {
    section(
        "now",
        "What to do now",
        &html! {
            p.aside { "Advice: exfilguard does nothing of it. Read a command before you run it." }
            ol.steps {
                @for step in &incident.containment {
                    li class=(step.status) {
                        p { strong { (name_of_step(&step.action)) } @if step.status == "done" { " " span.flag.done { "done" } } }
                        @if let (Some(who), Some(when)) = (&step.who, &step.when) { p.soft { "by " (name(who)) " at " (moment(when)) " UTC" } }
                        p.soft { (rich(&step.why)) }
                        @if step.status != "done" { pre { (visible(&step.command)) } }
                    }
                }
            }
        },
    )
}

fn name_of_step(text: &str) -> String {
    visible_start(text, 400)
}

fn logging(incident: &Incident) -> Markup {
    let logging = &incident.logging_confidence;
    let gaps: Vec<Vec<Markup>> = logging
        .gaps
        .iter()
        .map(|gap| {
            vec![
                html! { span.nowrap { (moment(&gap.from)) } },
                html! { span.nowrap { @match &gap.to { Some(to) => (moment(to)), None => "end of the window" } } },
                html! { (gap.account.as_deref().map_or_else(|| "all".to_owned(), name)) },
                html! { (rich(&gap.reason)) },
                badge(gap.confidence),
            ]
        })
        .collect();
    let buckets: Vec<Vec<Markup>> = logging
        .buckets
        .iter()
        .map(|bucket| {
            let said = |what: &str| html! { span class={ "said " (what) } { (what) } };
            vec![
                html! { (name(&bucket.bucket)) },
                said(&bucket.reads),
                said(&bucket.writes),
                html! { (rich(&bucket.reason)) },
            ]
        })
        .collect();
    section(
        "logging",
        "Was it logged?",
        &html! {
            @match &logging.basis {
                Some(basis) => p.aside { "By the " (name(basis)) ". Settings may have been others at the time." },
                None => p.aside { "Not known: no audit was given (" code { "--assessment" } " or " code { "--snapshot" } ")." },
            }
            @if !gaps.is_empty() { h3 { "Gaps" } (table("gaps", &["from (UTC)", "to (UTC)", "accounts", "why", "confidence"], &gaps, "gap")) }
            @if !buckets.is_empty() { h3 { "Requests on objects" } (table("coverage", &["bucket", "reads", "writes", "why"], &buckets, "bucket")) }
        },
    )
}

fn causes(incident: &Incident) -> Markup {
    let gaps: Vec<Vec<Markup>> = incident
        .gaps_that_allowed_it
        .iter()
        .map(|gap| {
            vec![
                html! { strong { (name(&gap.title)) } span.sub { (name(&gap.check)) " · " (gap.matters) } },
                html! { span class={ "status " (gap.status) } { (gap.status) } },
                html! { (name(&gap.resource)) span.sub { (name(&gap.account)) } },
                html! { (rich(&gap.message)) },
            ]
        })
        .collect();
    html! {
        @if !gaps.is_empty() { (section("causes", "Gaps that allowed it", &table("causes", &["check", "status", "resource", "what the audit says"], &gaps, "check"))) }
        @if !incident.recommendations.is_empty() {
            (section("recommendations", "So that it does not happen again", &html! {
                ul.recommendations {
                    @for recommendation in &incident.recommendations {
                        li {
                            (rich(&recommendation.text))
                            @if recommendation.failing == Some(true) { " " span.flag.urgent { "fails now" } }
                            span.sub { code { (recommendation.explain) } }
                        }
                    }
                }
            }))
        }
    }
}

fn evidence(incident: &Incident) -> Markup {
    section(
        "evidence",
        "Evidence",
        &html! {
            p.aside { "Each query as it was executed, with the hash of its rows as compact JSON. Whoever asks the same of the same logs gets the same hash." }
            p.paper { "On paper: without the texts of the queries, which the page itself and the JSON report have." }
            @for query in &incident.evidence {
                details.query {
                    summary {
                        strong { (name(&query.query_id)) } " "
                        span.soft {
                            (counted(query.rows, "row")) " · " (query.back_end)
                            @if let Some(records) = query.scanned_records { " · " (counted(records, "record")) " looked at" }
                            @if let Some(scanned) = query.scanned_bytes { " · " (bytes(scanned)) " read" }
                        }
                    }
                    p { "SHA-256 " code { (query.sha256) } }
                    @for note in &query.notes { p.soft { (rich(note)) } }
                    dl.parameters { @for (parameter, values) in &query.parameters { div { dt { (name(parameter)) } dd { (name(&values.join(", "))) } } } }
                    // What we wrote ourselves; its lines are to be read.
                    pre { @for line in query.sql.lines() { (visible(line)) "\n" } }
                }
            }
        },
    )
}

fn limitations(incident: &Incident) -> Markup {
    section(
        "limitations",
        "What this report cannot say",
        &html! {
            ul { @for limitation in &incident.limitations { li { (rich(limitation)) } } }
            p.aside {
                "Made " (moment(&incident.generated_at)) " UTC by exfilguard " (incident.tool_version)
                @if let Some(analyst) = &incident.analyst { " for " (name(analyst)) } "."
            }
        },
    )
}
