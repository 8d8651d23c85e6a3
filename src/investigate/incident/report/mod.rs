//! The incident report (`aws-semantics.md` 13.7): the object that `--output json` writes and that the other formats are
//! made from. Field names are part of the contract with users; fields may be added.
//!
//! Times are UTC, RFC 3339. Whatever came from logs is text of unknown origin: it is shown harmlessly by who shows it.

mod evidence;
mod impact;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::evidence::{Evidence, masked};
pub use self::impact::{BucketImpact, DataImpact, ExfilPath, Sensitive, SetApart, TakenObject};

/// The schema that this version writes. The number after the slash is the major version.
pub const SCHEMA: &str = "exfilguard.incident/1";

/// How sure a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// CloudTrail records say so.
    Confirmed,
    /// It follows from a finding or from what records have in common; no record says so itself.
    Inferred,
    /// It was not logged, or nobody knows whether it was.
    NotAssessable,
}

impl Confidence {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Inferred => "inferred",
            Self::NotAssessable => "not assessable",
        }
    }
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Incident {
    /// [`SCHEMA`].
    pub schema: String,
    /// The same for the same question and the same records.
    pub incident_id: String,
    /// When the report was made.
    pub generated_at: String,
    /// The version of exfilguard that made it.
    pub tool_version: String,
    /// Who investigates, if told.
    pub analyst: Option<String>,
    /// How the report itself is to be handled.
    pub classification_of_report: String,
    /// What was looked at.
    pub scope: Scope,
    /// The findings that it began with, and those that GuardDuty and Macie have besides.
    pub detection: DetectionSummary,
    /// What can be said, in order of weight, each with its confidence.
    pub statements: Vec<Statement>,
    /// What was logged, and what was not.
    pub logging_confidence: LoggingConfidence,
    /// What happened, in order.
    pub timeline: Vec<TimelineEntry>,
    /// Who did it: principals that used the followed credentials.
    pub actors: Vec<Actor>,
    /// Others who used the actor's addresses or role. Weak evidence: nothing of this is counted.
    pub related: Vec<Related>,
    /// What was taken and what was destroyed.
    pub data_impact: DataImpact,
    /// The ways that data went out, or could.
    pub exfil_paths: Vec<ExfilPath>,
    /// What the actor changed, or tried to.
    pub control_plane_changes: Vec<ControlPlaneChange>,
    /// What to do now, in order. Advice: nothing of it was done by exfilguard.
    pub containment: Vec<Containment>,
    /// Checks of the audit that fail, and that let this happen or kept it from being seen.
    pub gaps_that_allowed_it: Vec<AllowingGap>,
    /// What to change so that it does not happen again.
    pub recommendations: Vec<Recommendation>,
    /// The queries, with hashes of their results.
    pub evidence: Vec<Evidence>,
    /// What this report cannot say.
    pub limitations: Vec<String>,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Scope {
    /// Accounts whose trails delivered records, sorted.
    pub accounts: Vec<String>,
    /// Regions of the records, sorted.
    pub regions: Vec<String>,
    /// The interval.
    pub window: Window,
}

/// An interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Window {
    /// From this time on.
    pub from: String,
    /// Until this time.
    pub to: String,
}

/// The findings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct DetectionSummary {
    /// `guardduty`, or `operator` where a person named bucket, principal or key.
    pub source: String,
    /// Ids of the findings that the report began with.
    pub finding_ids: Vec<String>,
    /// Their types.
    pub types: Vec<String>,
    /// The highest severity (1.0 to 10.0).
    pub severity: Option<f64>,
    /// The first event that a finding tells of.
    pub first_seen: Option<String>,
    /// The last one.
    pub last_seen: Option<String>,
    /// Every finding that was read, also those that the report did not begin with.
    pub findings: Vec<Finding>,
}

/// A finding of GuardDuty.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// 1.0 to 10.0; none where it is not told.
    pub severity: Option<f64>,
    /// The account that it is about.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether the report began with it.
    pub starting_point: bool,
    /// Whether it was put aside.
    pub archived: bool,
    /// Whether it is an example.
    pub sample: bool,
    /// What an attack sequence consists of, in words.
    pub signals: Vec<String>,
    /// What it leaves open.
    pub notes: Vec<String>,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Statement {
    /// `who`, `what`, `way-out`, `sensitive`, `control-plane`, `destruction`, `logging`.
    pub about: String,
    /// The sentence.
    pub text: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// The hunts in `evidence` that it rests on, or ids of findings.
    pub rests_on: Vec<String>,
}

/// What was logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LoggingConfidence {
    /// Where the coverage is known from: the assessment or snapshot, with its time; none if it is not known.
    pub basis: Option<String>,
    /// Per bucket of the incident.
    pub buckets: Vec<BucketCoverage>,
    /// Intervals in which records are missing.
    pub gaps: Vec<LogGap>,
    /// Records in the window.
    pub records: u64,
}

/// Whether requests on a bucket's objects are logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BucketCoverage {
    /// The bucket.
    pub bucket: String,
    /// Whether reads are logged: `yes`, `no`, `unknown`.
    pub reads: String,
    /// Whether writes are.
    pub writes: String,
    /// Why.
    pub reason: String,
}

/// An interval in which records are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LogGap {
    /// From when.
    pub from: String,
    /// Until when; none if it had not ended at the end of the window.
    pub to: Option<String>,
    /// The account without records; none for all.
    pub account: Option<String>,
    /// What makes it a gap.
    pub reason: String,
    /// Confirmed if a record tells that logging was stopped, inferred from silence.
    pub confidence: Confidence,
    /// The ids of the records that tell.
    pub event_ids: Vec<String>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimelineEntry {
    /// When, or when first.
    pub time_utc: String,
    /// When last, if it stands for several events.
    pub until_utc: Option<String>,
    /// How many events it stands for.
    pub count: u64,
    /// Who.
    pub actor: String,
    /// The operation or finding type.
    pub event_name: String,
    /// On what.
    pub resource: String,
    /// From where.
    pub source_ip: String,
    /// The record's id, if it stands for one.
    pub event_id: Option<String>,
    /// `cloudtrail`, `guardduty`, `macie` or `operator`.
    pub source: String,
    /// The hunt or finding.
    pub evidence_ref: String,
    /// The error code of a refused or failed request.
    pub error_code: Option<String>,
}

/// A principal whose credentials are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Actor {
    /// The ARN; of a session that of its role.
    pub principal: String,
    /// The account.
    pub account: String,
    /// Why it is followed, in words.
    pub joined: String,
    /// How sure it is that this is the same actor.
    pub confidence: Confidence,
    /// The keys, masked: `ASIA…WXYZ`.
    pub access_keys: Vec<String>,
    /// The sessions' ARNs.
    pub sessions: Vec<String>,
    /// From where.
    pub ips: Vec<ActorAddress>,
    /// What the clients called themselves.
    pub user_agents: Vec<String>,
    /// How many requests, without those that are set apart.
    pub requests: u64,
    /// How many of them were refused or failed.
    pub failed_requests: u64,
    /// The first of these requests.
    pub first_seen: String,
    /// The last one.
    pub last_seen: String,
}

/// An address of an actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActorAddress {
    /// The address, or the name of an AWS service.
    pub ip: String,
    /// The autonomous system, where GuardDuty tells.
    pub asn: Option<String>,
    /// Whether GuardDuty calls it an exit of Tor; none if it does not say.
    pub tor: Option<bool>,
    /// The VPC endpoint that the requests came through.
    pub vpc_endpoint: Option<String>,
    /// Whether a finding names it.
    pub named_by_finding: bool,
    /// Whether it is set apart: the same credential used within the organization's own network, or by who may hold only a
    /// presigned URL.
    pub set_apart: bool,
    /// How many requests.
    pub requests: u64,
}

/// Somebody who shares something with the actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Related {
    /// The ARN, or what the record tells instead.
    pub principal: String,
    /// The masked key.
    pub access_key: String,
    /// The address.
    pub source_ip: String,
    /// What is shared, in words.
    pub shares: String,
    /// How many requests.
    pub requests: u64,
    /// Bytes that were read.
    pub bytes_out: u64,
    /// The first request.
    pub first_seen: String,
    /// The last one.
    pub last_seen: String,
}

/// A change of a setting, or an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ControlPlaneChange {
    /// When.
    pub time_utc: String,
    /// Who.
    pub actor: String,
    /// The operation.
    pub event_name: String,
    /// The service.
    pub event_source: String,
    /// On what.
    pub resource: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// From where.
    pub source_ip: String,
    /// The record's id.
    pub event_id: String,
    /// `done`, or the error code of a refused or failed request.
    pub outcome: String,
    /// What it means for theft or for its traces.
    pub meaning: String,
    /// The technique (`exfilguard simulate`), if it is one.
    pub technique: Option<String>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Containment {
    /// In words.
    pub action: String,
    /// Why.
    pub why: String,
    /// The command, ready to be run by who may.
    pub command: String,
    /// Who did it, if records tell.
    pub who: Option<String>,
    /// When, if records tell.
    pub when: Option<String>,
    /// `pending`, or `done` where records say so.
    pub status: String,
}

/// A failing check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AllowingGap {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// `fail` or `unknown`.
    pub status: String,
    /// The account.
    pub account: String,
    /// The resource.
    pub resource: String,
    /// What the audit said.
    pub message: String,
    /// What it has to do with this incident.
    pub matters: String,
}

/// What to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Recommendation {
    /// In words.
    pub text: String,
    /// The check that holds it.
    pub check: String,
    /// Whether the audit says that it fails; none without an audit.
    pub failing: Option<bool>,
    /// How to read on.
    pub explain: String,
}
