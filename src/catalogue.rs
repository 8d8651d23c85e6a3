//! The closed lists that every part of the program shares: severities, statuses, areas and kinds of resource.
//!
//! Their spellings are part of the contract with users (kebab-case in Rego, YAML, JSON and on the command line).

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of change that may mend a failure (the contract, *Remediation*).
pub const REMEDIATIONS: [&str; 12] = [
    "enable-s3-data-events",
    "start-trail-logging",
    "enable-guardduty-s3-protection",
    "enable-guardduty-auto-s3",
    "unsuppress-findings",
    "create-bulk-download-alarm",
    "create-guardduty-event-rule",
    "restrict-endpoint-policy",
    "restrict-bucket-policy",
    "block-public-access",
    "disable-acls",
    "require-tls",
];

/// A name that is not in one of the closed lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is no {what}; allowed: {allowed}")]
pub struct UnknownName {
    /// What was read.
    pub value: String,
    /// What it should have been, such as `severity`.
    pub what: &'static str,
    /// The names that are allowed, joined by commas.
    pub allowed: String,
}

/// Finds the member of a closed list that is spelled `value`.
fn find<T: Copy + fmt::Display>(members: &[T], what: &'static str, value: &str) -> Result<T, UnknownName> {
    let spellings: Vec<String> = members.iter().map(ToString::to_string).collect();
    members
        .iter()
        .zip(&spellings)
        .find(|(_, spelling)| *spelling == value)
        .map(|(member, _)| *member)
        .ok_or_else(|| UnknownName { value: value.to_owned(), what, allowed: spellings.join(", ") })
}

/// How bad a failed result is; ordered from `info` to `critical`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; has no weight in the score.
    Info,
    /// A weakness that matters together with others.
    Low,
    /// A gap in depth.
    Medium,
    /// Data can leave by this way, or its leaving goes unseen.
    High,
    /// Data leaves unseen and unstopped, or the alerting is dead.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const WORST_FIRST: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = UnknownName;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        find(&Self::WORST_FIRST, "severity", value)
    }
}

/// The gate: the least severity of a failed result that makes the audit fail, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Only critical failures count.
    Critical,
    /// High and critical failures count.
    High,
    /// Medium failures and worse count.
    Medium,
    /// Low failures and worse count.
    Low,
    /// Every failure counts.
    Info,
    /// No failure counts.
    None,
}

impl FailOn {
    /// All gates, strictest last but `none`.
    pub const ALL: [Self; 6] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info, Self::None];

    /// The least severity that counts; `None` if no failure counts.
    #[must_use]
    pub fn least_severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::None => None,
        }
    }

    /// Whether a failed result of this severity makes the audit fail.
    #[must_use]
    pub fn counts(self, severity: Severity) -> bool {
        self.least_severity().is_some_and(|least| severity >= least)
    }
}

impl Default for FailOn {
    /// `high`, as in the contract.
    fn default() -> Self {
        Self::High
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.least_severity().map_or("none", Severity::as_str))
    }
}

impl FromStr for FailOn {
    type Err = UnknownName;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        find(&Self::ALL, "severity for the gate", value)
    }
}

/// The outcome of one check on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The good state holds.
    Pass,
    /// The good state certainly does not hold.
    Fail,
    /// Could not be determined; never counts as pass.
    Unknown,
    /// The check does not concern this resource.
    NotApplicable,
    /// Failed, but under a valid exception of the policy file.
    Excepted,
    /// The check itself is defective.
    Error,
}

impl Status {
    /// All statuses in the order in which totals are shown.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Unknown, Self::Error, Self::NotApplicable, Self::Excepted];

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
            Self::Excepted => "excepted",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownName;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        find(&Self::ALL, "status", value)
    }
}

/// The topic that a check belongs to; ordered as in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// CloudTrail: what is logged.
    DataEvents,
    /// GuardDuty: what is detected.
    Guardduty,
    /// CloudWatch metric filters and alarms.
    Alarms,
    /// EventBridge rules.
    EventRules,
    /// VPC endpoints for S3.
    Endpoints,
    /// Buckets and access points.
    Buckets,
    /// Macie: what is known about the data.
    Macie,
}

impl Area {
    /// All areas in the order of the contract.
    pub const ALL: [Self; 7] = [
        Self::DataEvents,
        Self::Guardduty,
        Self::Alarms,
        Self::EventRules,
        Self::Endpoints,
        Self::Buckets,
        Self::Macie,
    ];

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataEvents => "data-events",
            Self::Guardduty => "guardduty",
            Self::Alarms => "alarms",
            Self::EventRules => "event-rules",
            Self::Endpoints => "endpoints",
            Self::Buckets => "buckets",
            Self::Macie => "macie",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Area {
    type Err = UnknownName;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        find(&Self::ALL, "area", value)
    }
}

/// What a check judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// An S3 general purpose bucket.
    Bucket,
    /// An S3 access point.
    AccessPoint,
    /// A CloudTrail trail.
    Trail,
    /// An AWS account.
    Account,
    /// An AWS account in one region.
    AccountRegion,
    /// The organization in one region.
    OrganizationRegion,
    /// A VPC.
    Vpc,
    /// A VPC endpoint.
    VpcEndpoint,
    /// A CloudWatch alarm.
    Alarm,
    /// An EventBridge rule.
    EventRule,
}

impl ResourceKind {
    /// All kinds in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Bucket,
        Self::AccessPoint,
        Self::Trail,
        Self::Account,
        Self::AccountRegion,
        Self::OrganizationRegion,
        Self::Vpc,
        Self::VpcEndpoint,
        Self::Alarm,
        Self::EventRule,
    ];

    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::AccessPoint => "access-point",
            Self::Trail => "trail",
            Self::Account => "account",
            Self::AccountRegion => "account-region",
            Self::OrganizationRegion => "organization-region",
            Self::Vpc => "vpc",
            Self::VpcEndpoint => "vpc-endpoint",
            Self::Alarm => "alarm",
            Self::EventRule => "event-rule",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ResourceKind {
    type Err = UnknownName;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        find(&Self::ALL, "kind of resource", value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    /// Each member's `Display`, `FromStr` and serde spellings agree.
    fn spellings_agree<T>(members: &[T])
    where
        T: Copy
            + fmt::Debug
            + fmt::Display
            + PartialEq
            + FromStr<Err = UnknownName>
            + Serialize
            + for<'de> Deserialize<'de>,
    {
        for member in members {
            let spelling = member.to_string();
            assert_eq!(spelling.parse::<T>().unwrap(), *member);
            let json = serde_json::to_value(member).unwrap();
            assert_eq!(json, spelling.as_str());
            assert_eq!(serde_json::from_value::<T>(json).unwrap(), *member);
        }
    }

    #[test]
    fn every_spelling_is_read_back() {
        spellings_agree(&Severity::WORST_FIRST);
        spellings_agree(&FailOn::ALL);
        spellings_agree(&Status::ALL);
        spellings_agree(&Area::ALL);
        spellings_agree(&ResourceKind::ALL);
    }

    #[test]
    fn the_command_line_spells_severities_like_the_contract() {
        for severity in Severity::WORST_FIRST {
            let value = severity.to_possible_value().unwrap();
            assert_eq!(value.get_name(), severity.as_str());
        }
        for gate in FailOn::ALL {
            assert_eq!(gate.to_possible_value().unwrap().get_name(), gate.to_string());
        }
    }

    #[test]
    fn severities_are_ordered_from_info_to_critical() {
        assert!(Severity::Critical > Severity::High);
        assert!(Severity::Low > Severity::Info);
        assert!(Severity::WORST_FIRST.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn a_gate_counts_its_own_severity_and_worse() {
        assert!(FailOn::High.counts(Severity::Critical));
        assert!(FailOn::High.counts(Severity::High));
        assert!(!FailOn::High.counts(Severity::Medium));
        assert!(FailOn::Info.counts(Severity::Info));
        assert!(!FailOn::None.counts(Severity::Critical));
        assert_eq!(FailOn::default(), FailOn::High);
    }

    #[test]
    fn an_unknown_name_says_what_is_allowed() {
        let error = "hihg".parse::<Severity>().unwrap_err();
        assert_eq!(error.to_string(), "`hihg` is no severity; allowed: critical, high, medium, low, info");
    }
}
