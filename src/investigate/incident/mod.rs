//! From a finding, or a bucket, a principal or a key, to an incident report (`aws-semantics.md` 13.4 to 13.7).
//!
//! [`detection`] and [`sensitive`] read what GuardDuty and Macie say, [`gather`] asks the hunts, [`suspects`] decides which
//! credentials are the actor's, and [`correlate`] makes the report of it: pure, from data to data.

mod actors;
mod audit_view;
mod containment;
pub mod detection;
pub mod doors;
pub mod gaps;
pub mod gather;
mod impact;
pub mod report;
pub mod rows;
pub mod sensitive;
mod statements;
pub mod suspects;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use self::audit_view::AuditView;
pub use self::detection::Detection;
pub use self::gather::{GatherError, Gathered, Question, gather};
pub use self::report::Incident;
pub use self::sensitive::SensitiveObjects;
pub use self::statements::{bytes, counted};

use self::detection::Signal;
use self::impact::Apart;
use self::report::{
    BucketCoverage, ControlPlaneChange, DetectionSummary, Finding, LoggingConfidence, SCHEMA, Scope, Window,
};
use self::rows::{Changed, or_empty};
use self::statements::Known;

/// A moment to the second, as CloudTrail writes it.
#[must_use]
pub fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What the report is made from.
#[derive(Debug)]
pub struct Material<'a> {
    /// Where it began.
    pub question: &'a Question,
    /// What the hunts answered.
    pub gathered: &'a Gathered,
    /// Findings that it did not begin with.
    pub other_detections: &'a [Detection],
    /// What Macie found; none if it was not asked.
    pub sensitive: Option<&'a SensitiveObjects>,
    /// An audit of the accounts, if there is one.
    pub audit: Option<AuditView<'a>>,
    /// Titles of checks by id.
    pub titles: &'a BTreeMap<String, String>,
    /// What GuardDuty and Macie could not be asked, and whatever else limits the report.
    pub limitations: &'a [String],
    /// Who investigates.
    pub analyst: Option<&'a str>,
    /// How the report is to be handled.
    pub classification: &'a str,
    /// Now.
    pub generated_at: Timestamp,
}

/// Makes the report.
#[must_use]
pub fn correlate(material: &Material<'_>) -> Incident {
    let Material { question, gathered, .. } = material;
    let detections: Vec<Detection> =
        question.detections.iter().chain(material.other_detections).cloned().collect();
    let apart = Apart::of(gathered);
    let actors = actors::actors(gathered, &apart, &detections);
    let related = actors::related(gathered, &apart);
    let (impact, paths) = impact::impact(gathered, &apart, material.sensitive);
    let changes: Vec<ControlPlaneChange> = gathered.changes.iter().map(change).collect();
    let (timeline, left_out) = timeline::timeline(gathered, &apart, &detections, &changes);
    let detection = summary(question, material.other_detections);
    let buckets: BTreeSet<String> = impact
        .buckets
        .iter()
        .map(|bucket| bucket.bucket.clone())
        .chain(detections.iter().flat_map(|detection| detection.buckets.iter().cloned()))
        .chain(question.buckets.iter().cloned())
        .collect();
    let logging = logging(material, &buckets);
    let accounts: BTreeSet<String> = gathered
        .uses
        .iter()
        .filter(|one| gathered.suspects.has(&one.access_key))
        .filter_map(|one| one.account.clone())
        .chain(impact.buckets.iter().filter_map(|bucket| bucket.account.clone()))
        .chain(question.detections.iter().map(|detection| detection.account.clone()))
        .filter(|account| gathered.accounts.contains(account))
        .collect();
    let happened = happened(&impact, &paths, &logging);
    let audit = material.audit.as_ref();
    let now = seconds(material.generated_at);
    let known = Known {
        detection: &detection,
        actors: &actors,
        impact: &impact,
        paths: &paths,
        changes: &changes,
        logging: &logging,
    };
    Incident {
        schema: SCHEMA.to_owned(),
        incident_id: incident_id(question),
        generated_at: now.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        analyst: material.analyst.map(str::to_owned),
        classification_of_report: material.classification.to_owned(),
        scope: scope(question, gathered),
        statements: statements::statements(&known),
        containment: containment::containment(gathered, &actors, &paths, &impact, &now),
        gaps_that_allowed_it: audit
            .map(|audit| audit.gaps(&accounts, &buckets, material.titles))
            .unwrap_or_default(),
        recommendations: audit_view::recommendations(&happened, audit, &accounts, material.titles),
        limitations: limitations(material, &logging, left_out),
        evidence: gathered.evidence.iter().map(report::Evidence::of).collect(),
        detection,
        logging_confidence: logging,
        timeline,
        actors,
        related,
        data_impact: impact,
        exfil_paths: paths,
        control_plane_changes: changes,
    }
}

/// The same for the same question: findings, names and window.
fn incident_id(question: &Question) -> String {
    let mut names: BTreeSet<&str> =
        question.detections.iter().map(|detection| detection.id.as_str()).collect();
    names.extend(
        question.access_keys.iter().chain(&question.principals).chain(&question.buckets).map(String::as_str),
    );
    let key = serde_json::json!([names, question.from.to_string(), question.to.to_string()]);
    let digest = Sha256::digest(key.to_string());
    let hex: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("incident-{hex}")
}

fn scope(question: &Question, gathered: &Gathered) -> Scope {
    let regions: BTreeSet<String> = gathered.hours.iter().filter_map(|hour| hour.region.clone()).collect();
    let accounts: BTreeSet<String> = gathered.hours.iter().filter_map(|hour| hour.account.clone()).collect();
    Scope {
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().collect(),
        window: Window { from: seconds(question.from), to: seconds(question.to) },
    }
}

fn summary(question: &Question, others: &[Detection]) -> DetectionSummary {
    let start = &question.detections;
    let types: BTreeSet<String> = start.iter().map(|detection| detection.kind.clone()).collect();
    let findings = start.iter().map(|detection| finding(detection, true));
    DetectionSummary {
        source: if start.is_empty() { "operator" } else { "guardduty" }.to_owned(),
        finding_ids: start.iter().map(|detection| detection.id.clone()).collect(),
        types: types.into_iter().collect(),
        severity: start.iter().filter_map(|detection| detection.severity).reduce(f64::max),
        first_seen: start.iter().filter_map(|detection| detection.first_seen).min().map(seconds),
        last_seen: start.iter().filter_map(|detection| detection.last_seen).max().map(seconds),
        findings: findings.chain(others.iter().map(|detection| finding(detection, false))).collect(),
    }
}

fn finding(detection: &Detection, starting_point: bool) -> Finding {
    let signal = |signal: &Signal| {
        let count = signal.count.map(|count| format!(" × {count}")).unwrap_or_default();
        format!("{}: {}{count}", signal.source, signal.name)
    };
    Finding {
        id: detection.id.clone(),
        kind: detection.kind.clone(),
        title: detection.title.clone(),
        severity: detection.severity,
        account: detection.account.clone(),
        region: detection.region.clone(),
        starting_point,
        archived: detection.archived,
        sample: detection.sample,
        signals: detection.signals.iter().map(signal).collect(),
        notes: detection.notes.clone(),
    }
}

fn change(change: &Changed) -> ControlPlaneChange {
    let (source, name) = (or_empty(&change.event_source), or_empty(&change.event_name));
    let (meaning, technique) = doors::meaning(source, name);
    ControlPlaneChange {
        time_utc: or_empty(&change.event_time).to_owned(),
        actor: or_empty(&change.principal).to_owned(),
        event_name: name.to_owned(),
        event_source: source.to_owned(),
        resource: resource(change),
        account: or_empty(&change.account).to_owned(),
        region: or_empty(&change.region).to_owned(),
        source_ip: or_empty(&change.source_ip).to_owned(),
        event_id: or_empty(&change.event_id).to_owned(),
        outcome: change.error_code.clone().unwrap_or_else(|| "done".to_owned()),
        meaning: meaning.to_owned(),
        technique: technique.map(str::to_owned),
    }
}

/// What a change is about: the bucket, or the first of the request's parameters that names something.
fn resource(change: &Changed) -> String {
    const NAMES: [&str; 12] = [
        "name",
        "trailName",
        "userName",
        "roleName",
        "detectorId",
        "ruleName",
        "rule",
        "topicArn",
        "keyId",
        "groupName",
        "policyArn",
        "alarmNames",
    ];
    if let Some(bucket) = &change.bucket {
        return bucket.clone();
    }
    let parameters = change.parameters();
    let named = NAMES.iter().find_map(|name| parameters.get(*name));
    named.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
}

fn logging(material: &Material<'_>, buckets: &BTreeSet<String>) -> LoggingConfidence {
    let gathered = material.gathered;
    let unknown = |bucket: &String| BucketCoverage {
        bucket: bucket.clone(),
        reads: "unknown".to_owned(),
        writes: "unknown".to_owned(),
        reason: "no audit was given".to_owned(),
    };
    LoggingConfidence {
        basis: material.audit.as_ref().map(AuditView::basis),
        buckets: buckets
            .iter()
            .map(|bucket| {
                material.audit.as_ref().map_or_else(|| unknown(bucket), |audit| audit.coverage(bucket))
            })
            .collect(),
        gaps: gaps::gaps(&gathered.logging_changes, &gathered.hours),
        records: gathered.hours.iter().map(|hour| hour.records).sum(),
    }
}

fn happened(
    impact: &report::DataImpact,
    paths: &[report::ExfilPath],
    logging: &LoggingConfidence,
) -> BTreeSet<&'static str> {
    let of_paths = audit_view::ADVICE
        .iter()
        .map(|(what, ..)| *what)
        .filter(|what| paths.iter().any(|path| path.kind == *what));
    let mut happened: BTreeSet<&'static str> = of_paths.collect();
    let others = [
        ("gap", !logging.gaps.is_empty()),
        ("deletion", impact.deleted_count + impact.unnamed_deletions > 0),
        ("unclassified", impact.unclassified_count > 0),
        ("coverage-unknown", logging.buckets.iter().any(|bucket| bucket.reads != "yes")),
    ];
    happened.extend(others.into_iter().filter(|(_, so)| *so).map(|(what, _)| what));
    happened
}

fn limitations(material: &Material<'_>, logging: &LoggingConfidence, left_out: usize) -> Vec<String> {
    let mut all: Vec<String> = material.limitations.to_vec();
    all.extend(material.gathered.limitations.iter().cloned());
    let accounts = &material.gathered.accounts;
    for detection in &material.question.detections {
        if !detection.account.is_empty() && !accounts.contains(&detection.account) {
            all.push(format!(
                "the finding {} is about the account {}, of which there is no record in the window",
                detection.id, detection.account
            ));
        }
        all.extend(detection.notes.iter().map(|note| format!("the finding {}: {note}", detection.id)));
    }
    if left_out > 0 {
        all.push(format!("{left_out} lines of the timeline are left out"));
    }
    if logging.records == 0 {
        all.push("there is no record at all in the window: nothing can be concluded from that".to_owned());
    }
    let fixed = [
        "bytes are those on the wire that records tell of: copies and replications tell none, ranged and repeated reads count each \
         time",
        "CloudTrail delivers within about 15 minutes, but not always: records of the last hours may be missing",
        "an address or a client's name can be forged or shared; neither makes anybody the actor here",
        "settings may have been others at the time than in the audit; what an audit says of logging is a hint, no proof",
    ];
    all.extend(fixed.map(str::to_owned));
    if material.sensitive.is_none() {
        all.push("Macie's findings were not read: how sensitive the objects are is not known".to_owned());
    }
    let mut seen = BTreeSet::new();
    all.retain(|text| seen.insert(text.clone()));
    all
}

#[cfg(test)]
mod tests;
