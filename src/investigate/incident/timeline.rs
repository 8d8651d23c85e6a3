//! What happened, in order: findings, what the actor did by kind of request, and each change of a setting.

use std::collections::BTreeMap;

use super::detection::Detection;
use super::gather::Gathered;
use super::impact::Apart;
use super::report::{ControlPlaneChange, TimelineEntry, masked};
use super::rows::{Use, or_empty};

/// The most lines.
const MOST_LINES: usize = 500;

/// The timeline, and how many lines were left out.
#[must_use]
pub fn timeline(
    gathered: &Gathered,
    apart: &Apart,
    detections: &[Detection],
    changes: &[ControlPlaneChange],
) -> (Vec<TimelineEntry>, usize) {
    let mut lines: Vec<TimelineEntry> = changes.iter().map(of_change).collect();
    lines.extend(deeds(gathered, apart, changes));
    lines.extend(others(gathered));
    lines.extend(detections.iter().flat_map(of_detection));
    let changed: std::collections::BTreeSet<&str> =
        changes.iter().map(|change| change.event_id.as_str()).collect();
    lines.extend(
        gathered.logging_changes.iter().filter(|one| !changed.contains(or_empty(&one.event_id))).map(|one| {
            TimelineEntry {
                time_utc: or_empty(&one.event_time).to_owned(),
                until_utc: None,
                count: 1,
                actor: or_empty(&one.principal).to_owned(),
                event_name: or_empty(&one.event_name).to_owned(),
                resource: or_empty(&one.trail).to_owned(),
                source_ip: or_empty(&one.source_ip).to_owned(),
                event_id: one.event_id.clone(),
                source: "cloudtrail".to_owned(),
                evidence_ref: "logging-changes".to_owned(),
                error_code: one.error_code.clone(),
            }
        }),
    );
    lines.sort_by(|a, b| {
        (&a.time_utc, &a.until_utc, &a.event_name, &a.resource).cmp(&(
            &b.time_utc,
            &b.until_utc,
            &b.event_name,
            &b.resource,
        ))
    });
    let left_out = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    (lines, left_out)
}

fn of_change(change: &ControlPlaneChange) -> TimelineEntry {
    TimelineEntry {
        time_utc: change.time_utc.clone(),
        until_utc: None,
        count: 1,
        actor: change.actor.clone(),
        event_name: change.event_name.clone(),
        resource: change.resource.clone(),
        source_ip: change.source_ip.clone(),
        event_id: Some(change.event_id.clone()),
        source: "cloudtrail".to_owned(),
        evidence_ref: "changes-by-credential".to_owned(),
        error_code: Some(change.outcome.clone()).filter(|outcome| outcome != "done"),
    }
}

/// One line per operation, bucket, outcome and principal. Changes have lines of their own.
fn deeds(gathered: &Gathered, apart: &Apart, changes: &[ControlPlaneChange]) -> Vec<TimelineEntry> {
    let mut groups: BTreeMap<(&str, &str, &str, Option<&str>), Vec<&Use>> = BTreeMap::new();
    let changed = |one: &Use| {
        changes.iter().any(|change| {
            change.event_name == or_empty(&one.event_name)
                && change.event_source == or_empty(&one.event_source)
        })
    };
    for one in gathered.uses.iter().filter(|one| gathered.suspects.has(&one.access_key) && !changed(one)) {
        if apart.is(&one.access_key, &one.vpc_endpoint_account, &one.source_ip, &one.authentication) {
            continue;
        }
        let group = (
            or_empty(&one.principal),
            or_empty(&one.event_name),
            or_empty(&one.bucket),
            one.error_code.as_deref(),
        );
        groups.entry(group).or_default().push(one);
    }
    groups
        .into_iter()
        .map(|((principal, name, bucket, error), uses)| {
            let service = uses.first().map(|one| or_empty(&one.event_source)).unwrap_or_default();
            let resource = if bucket.is_empty() { service } else { bucket };
            line(principal, name, resource, error, &uses, "credential-use")
        })
        .collect()
}

fn line(
    principal: &str,
    name: &str,
    resource: &str,
    error: Option<&str>,
    uses: &[&Use],
    evidence: &str,
) -> TimelineEntry {
    let first = uses.iter().map(|one| or_empty(&one.first_seen)).min().unwrap_or_default();
    let last = uses.iter().map(|one| or_empty(&one.last_seen)).max().unwrap_or_default();
    let addresses: std::collections::BTreeSet<&str> =
        uses.iter().map(|one| or_empty(&one.source_ip)).collect();
    TimelineEntry {
        time_utc: first.to_owned(),
        until_utc: (first != last).then(|| last.to_owned()),
        count: uses.iter().map(|one| one.requests).sum(),
        actor: principal.to_owned(),
        event_name: name.to_owned(),
        resource: resource.to_owned(),
        source_ip: match addresses.len() {
            1 => addresses.iter().copied().collect(),
            more => format!("{more} addresses"),
        },
        event_id: None,
        source: "cloudtrail".to_owned(),
        evidence_ref: evidence.to_owned(),
        error_code: error.map(str::to_owned),
    }
}

/// What went out through doors, by who took it.
fn others(gathered: &Gathered) -> Vec<TimelineEntry> {
    let outside = gathered.outside.iter().map(|one| {
        let actor = format!("account {}", or_empty(&one.account));
        (
            actor,
            "GetObject",
            or_empty(&one.bucket),
            one.requests,
            &one.first_seen,
            &one.last_seen,
            &one.source_ip,
            "outside-access",
        )
    });
    let none = &None;
    let writes = gathered.writes.iter().filter(|one| !gathered.suspects.has(&one.access_key)).map(|one| {
        let actor = or_empty(&one.principal).to_owned();
        (
            actor,
            "PutObject",
            or_empty(&one.bucket),
            one.requests,
            &one.first_seen,
            &one.last_seen,
            none,
            "bucket-writes",
        )
    });
    let mut groups: BTreeMap<(String, &str, &str, &str), TimelineEntry> = BTreeMap::new();
    for (actor, name, bucket, requests, first, last, ip, evidence) in outside.chain(writes) {
        let entry = groups.entry((actor.clone(), name, bucket, evidence)).or_insert_with(|| TimelineEntry {
            time_utc: or_empty(first).to_owned(),
            until_utc: None,
            count: 0,
            actor,
            event_name: name.to_owned(),
            resource: bucket.to_owned(),
            source_ip: or_empty(ip).to_owned(),
            event_id: None,
            source: "cloudtrail".to_owned(),
            evidence_ref: evidence.to_owned(),
            error_code: None,
        });
        entry.count += requests;
        if or_empty(first) < entry.time_utc.as_str() {
            or_empty(first).clone_into(&mut entry.time_utc);
        }
        if entry.until_utc.as_deref().is_none_or(|until| until < or_empty(last)) {
            entry.until_utc.clone_from(last);
        }
    }
    groups.into_values().collect()
}

fn of_detection(detection: &Detection) -> Vec<TimelineEntry> {
    let who = detection.credentials.first();
    let line = |time: Option<jiff::Timestamp>, name: &str, count: u64| {
        time.map(|time| TimelineEntry {
            time_utc: super::seconds(time),
            until_utc: None,
            count,
            actor: who
                .map(|who| format!("{} {}", who.user_name, masked(&who.access_key)).trim().to_owned())
                .unwrap_or_default(),
            event_name: name.to_owned(),
            resource: detection.buckets.join(", "),
            source_ip: detection.addresses.iter().map(|a| a.address.as_str()).collect::<Vec<_>>().join(", "),
            event_id: None,
            source: "guardduty".to_owned(),
            evidence_ref: detection.id.clone(),
            error_code: None,
        })
    };
    let own = line(detection.first_seen, &detection.kind, 1);
    let signals = detection.signals.iter().filter(|signal| signal.name != detection.kind);
    let signals =
        signals.filter_map(|signal| line(signal.first_seen, &signal.name, signal.count.unwrap_or(1)));
    own.into_iter().chain(signals).collect()
}
