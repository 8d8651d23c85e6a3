//! The incident report as Markdown. What came from logs is shown as code or with every character escaped that Markdown or
//! HTML would obey.

use std::fmt::Write as _;

use super::super::markdown::text::{code, prose};
use super::{headline, told};
use crate::investigate::incident::report::{Incident, TimelineEntry};
use crate::investigate::incident::{bytes, counted};

/// The most rows of a table; JSON has all.
const MAX_ROWS: usize = 100;

/// The most characters of a sentence.
const MAX_TEXT: usize = 600;

/// Writes the report.
pub(super) fn render(incident: &Incident) -> String {
    let mut page = String::new();
    head(&mut page, incident);
    statements(&mut page, incident);
    impact(&mut page, incident);
    paths(&mut page, incident);
    actors(&mut page, incident);
    timeline(&mut page, incident);
    changes(&mut page, incident);
    containment(&mut page, incident);
    logging(&mut page, incident);
    causes(&mut page, incident);
    evidence(&mut page, incident);
    page
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

fn text(text: &str) -> String {
    prose(text, MAX_TEXT)
}

/// A table; more rows than [`MAX_ROWS`] are counted.
fn table(page: &mut String, title: &str, head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let _infallible =
        writeln!(page, "## {title}\n\n| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()));
    let all = rows.len();
    for row in rows.into_iter().take(MAX_ROWS) {
        let _infallible = writeln!(page, "| {} |", row.join(" | "));
    }
    if all > MAX_ROWS {
        let _infallible = writeln!(page, "\n… and {} more, which the JSON report lists.", all - MAX_ROWS);
    }
    page.push('\n');
}

fn head(page: &mut String, incident: &Incident) {
    let (scope, detection) = (&incident.scope, &incident.detection);
    let _infallible = writeln!(page, "# {}\n", headline(incident));
    let _infallible = writeln!(
        page,
        "{} · {} · window {} to {} · made {} by exfilguard {}{}\n",
        code(&incident.incident_id),
        text(&incident.classification_of_report),
        scope.window.from,
        scope.window.to,
        incident.generated_at,
        incident.tool_version,
        incident.analyst.as_ref().map(|analyst| format!(" for {}", text(analyst))).unwrap_or_default()
    );
    for finding in detection.findings.iter().filter(|finding| finding.starting_point) {
        let flags: String = [(finding.sample, " **SAMPLE**"), (finding.archived, " (archived)")]
            .iter()
            .filter(|(so, _)| *so)
            .map(|(_, flag)| *flag)
            .collect();
        let severity =
            finding.severity.map(|severity| format!(", severity {severity:.1}")).unwrap_or_default();
        let _infallible = writeln!(
            page,
            "- finding {} of {} in {} {}{severity}{flags}: {}",
            code(&finding.kind),
            code(&finding.account),
            code(&finding.region),
            code(&finding.id),
            text(&finding.title)
        );
    }
    let others = detection.findings.iter().filter(|finding| !finding.starting_point).count();
    if others > 0 {
        let _infallible = writeln!(
            page,
            "- and {} of GuardDuty about the same accounts and window",
            counted(others as u64, "more finding")
        );
    }
    page.push('\n');
}

fn statements(page: &mut String, incident: &Incident) {
    line(page, "## What can be said\n");
    for statement in &incident.statements {
        let _infallible =
            writeln!(page, "- **{}**: {}", statement.confidence.as_str(), text(&statement.text));
    }
    page.push('\n');
}

fn impact(page: &mut String, incident: &Incident) {
    let impact = &incident.data_impact;
    let rows = impact.buckets.iter().map(|bucket| {
        vec![
            code(&bucket.bucket),
            bucket.account.as_deref().map_or("not told".to_owned(), code),
            counted(bucket.objects, ""),
            counted(bucket.requests, ""),
            told(bucket.bytes_out),
            counted(bucket.sensitive_objects, ""),
            counted(bucket.deleted, ""),
        ]
    });
    let head =
        ["bucket", "account", "objects out", "requests", "bytes, at least", "sensitive by Macie", "deleted"];
    table(page, "Data", &head, rows.collect());
    let sensitive = impact.objects.iter().filter(|object| !object.sensitive.is_empty());
    let rows = sensitive.map(|object| {
        vec![
            code(&object.bucket),
            code(&object.key),
            text(&object.sensitive.join(", ")),
            text(&object.ways.join(", ")),
        ]
    });
    table(
        page,
        "Sensitive objects that went out",
        &["bucket", "key", "what Macie found", "way"],
        rows.collect(),
    );
}

fn paths(page: &mut String, incident: &Incident) {
    let rows = incident.exfil_paths.iter().map(|path| {
        vec![
            path.kind.clone(),
            text(&path.destination),
            path.owner.as_deref().map_or("—".to_owned(), code),
            counted(path.objects, ""),
            told(path.bytes_out),
            format!("{} to {}", path.first_seen, path.last_seen),
            if path.stays_open { "**stays open**".to_owned() } else { "no".to_owned() },
            path.confidence.as_str().to_owned(),
        ]
    });
    let head = ["way out", "where to", "owner", "objects", "bytes", "when", "open", "confidence"];
    table(page, "Ways out", &head, rows.collect());
}

fn actors(page: &mut String, incident: &Incident) {
    let rows = incident.actors.iter().map(|actor| {
        let ips = actor.ips.iter().take(8).map(|ip| {
            let apart = if ip.set_apart { " (not counted)" } else { "" };
            let tor = if ip.tor == Some(true) { " (Tor)" } else { "" };
            format!("{}{tor}{apart}", code(&ip.ip))
        });
        let more = actor.ips.len().saturating_sub(8);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            code(&actor.principal),
            text(&actor.joined),
            actor.access_keys.iter().map(|key| code(key)).collect::<Vec<_>>().join(" "),
            ips.collect::<Vec<_>>().join(" ") + &more,
            actor.user_agents.iter().take(3).map(|agent| code(agent)).collect::<Vec<_>>().join(" "),
            counted(actor.requests, ""),
            actor.confidence.as_str().to_owned(),
        ]
    });
    let head = ["principal", "why", "keys", "addresses", "clients", "requests", "confidence"];
    table(page, "Who", &head, rows.collect());
    let rows = incident.related.iter().map(|related| {
        vec![
            code(&related.principal),
            code(&related.source_ip),
            related.shares.clone(),
            counted(related.requests, ""),
            bytes(related.bytes_out),
        ]
    });
    let head = ["principal", "address", "shares", "requests", "bytes read"];
    table(page, "Others with the same address or role (weak evidence, not counted)", &head, rows.collect());
}

/// When: one moment, or from one to another.
fn when(entry: &TimelineEntry) -> String {
    match &entry.until_utc {
        Some(until) => format!("{} to {until}", entry.time_utc),
        None => entry.time_utc.clone(),
    }
}

fn timeline(page: &mut String, incident: &Incident) {
    let rows = incident.timeline.iter().map(|entry| {
        let refused = entry.error_code.as_ref().map(|code| format!(" ({})", text(code))).unwrap_or_default();
        vec![
            when(entry),
            code(&entry.actor),
            format!("{}{refused}", code(&entry.event_name)),
            counted(entry.count, ""),
            code(&entry.resource),
            code(&entry.source_ip),
            entry.source.clone(),
        ]
    });
    let head = ["when (UTC)", "who", "what", "times", "on", "from", "source"];
    table(page, "Timeline", &head, rows.collect());
}

fn changes(page: &mut String, incident: &Incident) {
    let rows = incident.control_plane_changes.iter().map(|change| {
        vec![
            change.time_utc.clone(),
            code(&change.event_name),
            code(&change.resource),
            code(&change.account),
            text(&change.outcome),
            text(&change.meaning),
            change.technique.clone().unwrap_or_default(),
            code(&change.event_id),
        ]
    });
    let head = ["when (UTC)", "change", "on", "account", "outcome", "what it does", "technique", "record"];
    table(page, "Changes of settings", &head, rows.collect());
}

fn containment(page: &mut String, incident: &Incident) {
    line(
        page,
        "## What to do now\n\nAdvice: exfilguard does nothing of it. Read a command before you run it.\n",
    );
    for (number, step) in (1..).zip(&incident.containment) {
        let done = match (&step.who, &step.when) {
            (Some(who), Some(when)) => format!(" (done by {} at {when})", text(who)),
            _ => String::new(),
        };
        let _infallible = writeln!(
            page,
            "{number}. [{}]{done} {}: {}\n\n   {}",
            step.status,
            text(&step.action),
            text(&step.why),
            command(&step.command)
        );
    }
    page.push('\n');
}

/// A command as code, whatever its length: commands have no backticks, or are escaped.
fn command(text: &str) -> String {
    let shown = crate::visible::visible(text);
    if shown.contains('`') { prose(text, usize::MAX) } else { format!("`{shown}`") }
}

fn logging(page: &mut String, incident: &Incident) {
    let logging = &incident.logging_confidence;
    let rows = logging.gaps.iter().map(|gap| {
        vec![
            gap.from.clone(),
            gap.to.clone().unwrap_or_else(|| "end of the window".to_owned()),
            gap.account.as_deref().map_or("all".to_owned(), code),
            text(&gap.reason),
            gap.confidence.as_str().to_owned(),
        ]
    });
    table(page, "Gaps in the logs", &["from", "to", "accounts", "why", "confidence"], rows.collect());
    let rows = logging.buckets.iter().map(|bucket| {
        vec![code(&bucket.bucket), bucket.reads.clone(), bucket.writes.clone(), text(&bucket.reason)]
    });
    let title = match &logging.basis {
        Some(basis) => format!("Was it logged? ({})", text(basis)),
        None => "Was it logged? (not known: no audit was given)".to_owned(),
    };
    table(page, &title, &["bucket", "reads", "writes", "why"], rows.collect());
}

fn causes(page: &mut String, incident: &Incident) {
    let rows = incident.gaps_that_allowed_it.iter().map(|gap| {
        vec![
            code(&gap.check),
            gap.status.clone(),
            code(&gap.account),
            code(&gap.resource),
            text(&gap.message),
            gap.matters.clone(),
        ]
    });
    let head = ["check", "status", "account", "resource", "what the audit says", "what it did"];
    table(page, "Gaps that allowed it", &head, rows.collect());
    let rows = incident.recommendations.iter().map(|recommendation| {
        let failing = match recommendation.failing {
            Some(true) => "fails",
            Some(false) => "does not fail",
            None => "no audit",
        };
        vec![text(&recommendation.text), code(&recommendation.explain), failing.to_owned()]
    });
    table(page, "So that it does not happen again", &["what", "read on", "now"], rows.collect());
}

fn evidence(page: &mut String, incident: &Incident) {
    let rows = incident.evidence.iter().map(|query| {
        let scanned = match (query.scanned_records, query.scanned_bytes) {
            (Some(records), _) => counted(records, "record"),
            (None, Some(scanned)) => bytes(scanned),
            _ => String::new(),
        };
        vec![
            code(&query.query_id),
            query.back_end.clone(),
            scanned,
            counted(query.rows, ""),
            format!("`{}`", query.sha256),
            text(&query.notes.join("; ")),
        ]
    });
    let head = ["hunt", "asked of", "scanned", "rows", "SHA-256 of the rows", "notes"];
    table(page, "Evidence", &head, rows.collect());
    line(page, "## What this report cannot say\n");
    for limitation in &incident.limitations {
        let _infallible = writeln!(page, "- {}", text(limitation));
    }
}
