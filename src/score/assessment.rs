//! The outcome of one audit: the object that `--output json` writes and that every other report is made from.
//!
//! Field names are part of the contract with users. Fields may be added; readers ignore unknown ones and refuse an
//! unknown major version of the schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::baseline::Comparison;
use super::exception_use::ExceptionUse;
use super::overview::Overview;
use super::{Standing, roll_up};
use crate::catalogue::{Area, ResourceKind, Severity, Status};
use crate::simulate::{Cell, Gain, Gains};

/// The schema that this version writes. The number after the slash is the major version.
pub const SCHEMA: &str = "exfilguard.assessment/1";

/// The outcome of one audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// [`SCHEMA`].
    pub schema: String,
    /// How the audit went: the only part that differs between two audits of the same state.
    pub run: Run,
    /// How well the organization stands.
    pub score: Scores,
    /// The accounts in scope, sorted by id.
    pub accounts: Vec<AccountAudit>,
    /// One result per check and resource, in canonical order ([`Assessment::sort`]).
    pub results: Vec<ResultRecord>,
    /// What the policy file says that is worth a look: exceptions that are over, unused or too broad, in its order.
    #[serde(default)]
    pub policy_warnings: Vec<PolicyWarning>,
    /// Bucket × technique; empty until the simulation is asked for.
    #[serde(default)]
    pub simulation: Vec<Cell>,
    /// What mending a check would do to the simulation, the most useful first. Only checks that fail somewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mend_first: Vec<Gain>,
    /// The same for checks that fail in none of these accounts, by id: they may fail in those of another shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_gains: Vec<Gain>,
    /// What the exceptions of the policy file met, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionUse>,
    /// What became of the findings of an earlier audit, if there was one to compare with. It is not part of the JSON:
    /// `exfilguard compare` makes it from the two.
    #[serde(skip)]
    pub comparison: Option<Arc<Comparison>>,
}

impl Assessment {
    /// Joins the parts of an audit: sorts them, counts the audited accounts, decides whether the audit is complete,
    /// and computes the scores. What `run` says about those is overwritten.
    #[must_use]
    pub fn new(run: Run, accounts: Vec<AccountAudit>, results: Vec<ResultRecord>) -> Self {
        let mut assessment = Self::empty(run, accounts);
        assessment.results = results;
        assessment.sort();
        assessment.count_accounts(assessment.count(Status::Error) > 0);
        assessment.score = super::scores(&assessment.accounts, &assessment.results);
        assessment
    }

    fn empty(run: Run, accounts: Vec<AccountAudit>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            run,
            score: Scores::default(),
            accounts,
            results: Vec::new(),
            policy_warnings: Vec::new(),
            simulation: Vec::new(),
            mend_first: Vec::new(),
            other_gains: Vec::new(),
            exceptions: Vec::new(),
            comparison: None,
        }
    }

    /// The head of an assessment whose results and cells are elsewhere: everything but those.
    #[must_use]
    pub fn head(
        run: Run,
        accounts: Vec<AccountAudit>,
        standings: &BTreeMap<String, Standing>,
        overview: &Overview,
        gains: &Gains,
    ) -> Self {
        let mut assessment = Self::empty(run, accounts);
        assessment.sort();
        assessment.count_accounts(overview.count(Status::Error) > 0);
        assessment.score = roll_up(&assessment.accounts, standings);
        assessment.score.simulation = overview.simulation_score();
        assessment.rank(gains, |check| overview.fails(check));
        assessment
    }

    /// The same assessment with the outcome of the simulation, and its score.
    #[must_use]
    pub fn with_simulation(mut self, mut simulation: Vec<Cell>, gains: &Gains) -> Self {
        simulation.sort_by(Cell::order);
        self.simulation = simulation;
        let overview = Overview::of(&self);
        self.score.simulation = overview.simulation_score();
        self.rank(gains, |check| overview.fails(check));
        self
    }

    fn rank(&mut self, gains: &Gains, fails: impl Fn(&str) -> bool) {
        (self.mend_first, self.other_gains) = gains.ranked().into_iter().partition(|gain| fails(&gain.check));
        self.other_gains.sort_by(|a, b| a.check.cmp(&b.check));
    }

    /// Puts everything into the canonical order: accounts by id; results by account, region, check and resource;
    /// what could not be read by account, region, operation and resource.
    pub fn sort(&mut self) {
        self.accounts.sort_by(|a, b| a.id.cmp(&b.id));
        self.results.sort_by(|a, b| a.order().cmp(&b.order()));
        self.run.incomplete.sort();
        self.run.incomplete.dedup();
        self.run.regions.sort();
        self.run.regions.dedup();
    }

    /// The audit is complete if every account in scope was read entirely and no check was defective. Suspended
    /// accounts cannot be entered and are complete as listed.
    fn count_accounts(&mut self, defective: bool) {
        let counted = |status: AccountStatus| {
            u64::try_from(self.accounts.iter().filter(|a| a.status == status).count()).unwrap_or(u64::MAX)
        };
        self.run.accounts_in_scope = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX);
        self.run.accounts_audited = counted(AccountStatus::Audited);
        let unread = counted(AccountStatus::Partial).saturating_add(counted(AccountStatus::Unreachable));
        self.run.complete = self.run.incomplete.is_empty() && unread == 0 && !defective;
    }

    /// The number of results of this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.results.iter().filter(|r| r.status == status).count()
    }

    /// The account of this id, if it is in scope.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&AccountAudit> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

/// How the audit went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Unique id of this audit.
    pub id: String,
    /// The version of exfilguard that made it.
    pub tool_version: String,
    /// When the audit started (RFC 3339, UTC).
    #[serde(with = "rfc3339")]
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// When the audit ended (RFC 3339, UTC).
    #[serde(with = "rfc3339")]
    #[schemars(with = "String")]
    pub finished_at: Timestamp,
    /// Where the configuration was read from.
    pub source: Source,
    /// Which of several parts of the accounts was audited (`I/N`, the first of four is `1/4`); none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The partition of AWS (`aws`, `aws-cn`, `aws-us-gov`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// A digest of what was judged by: the check modules and the policy file's settings of them. Assessments of other
    /// digests do not fit together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<String>,
    /// The organization's id (`o-…`); none outside an organization or if it could not be read.
    pub organization_id: Option<String>,
    /// The id of the organization's management account.
    pub management_account: Option<String>,
    /// How many accounts the audit was asked for.
    pub accounts_in_scope: u64,
    /// How many accounts were read of which nothing in scope was unreadable.
    pub accounts_audited: u64,
    /// Every region that was audited in some account, sorted.
    pub regions: Vec<String>,
    /// Whether everything in scope could be read and no check was defective.
    pub complete: bool,
    /// What could not be read, sorted.
    pub incomplete: Vec<Incomplete>,
    /// The calls to AWS.
    pub api_calls: ApiCalls,
}

/// Where the configuration was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From AWS.
    Live,
    /// From a saved snapshot.
    Snapshot,
}

/// One thing in scope that could not be read. Ordered by account, region, operation and resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Incomplete {
    /// The account that was asked.
    pub account_id: String,
    /// The region that was asked; none for a global service.
    pub region: Option<String>,
    /// The operation, such as `s3:GetBucketPolicy`.
    pub operation: String,
    /// The resource that was asked about, if the operation is about one.
    pub resource: Option<String>,
    /// The error code, such as `AccessDenied`.
    pub code: String,
    /// The error message.
    pub message: String,
}

/// How many calls to AWS the audit made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiCalls {
    /// All requests that were sent, retries included.
    pub total: u64,
    /// How many of them were attempts after the first.
    pub retries: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
    /// Calls by operation, such as `cloudtrail:DescribeTrails`.
    pub by_operation: BTreeMap<String, u64>,
}

/// One account in scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountAudit {
    /// The twelve digits.
    pub id: String,
    /// The name in AWS Organizations; empty if it is not known.
    pub name: String,
    /// How far the audit came.
    pub status: AccountStatus,
    /// The regions that were audited, sorted.
    pub regions: Vec<String>,
    /// The number of buckets, the account's size in the organization's score; none if they could not be listed.
    #[serde(default)]
    pub buckets: Option<u64>,
}

/// How far the audit of an account came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// Everything in scope was read.
    Audited,
    /// Something in scope could not be read.
    Partial,
    /// The account could not be entered.
    Unreachable,
    /// The account is suspended or closed and was not entered.
    Suspended,
}

impl AccountStatus {
    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audited => "audited",
            Self::Partial => "partial",
            Self::Unreachable => "unreachable",
            Self::Suspended => "suspended",
        }
    }
}

/// The outcome of one check on one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultRecord {
    /// The check's id.
    pub check: String,
    /// The check's area.
    pub area: Area,
    /// The check's severity, after the policy file.
    pub severity: Severity,
    /// The outcome.
    pub status: Status,
    /// The account that the resource belongs to.
    pub account_id: String,
    /// The region of the resource; none if it has none.
    pub region: Option<String>,
    /// What was judged.
    pub resource: Resource,
    /// What is wrong, or why the status is what it is.
    pub message: String,
    /// What the outcome rests on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// The smallest concrete event or request that shows a failure; an empty object if there is none.
    #[serde(default = "empty_object")]
    pub witness: Value,
    /// Undocumented assumptions used, such as `A-07`, sorted.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// The kind of change that mends a failure, such as `enable-s3-data-events`.
    #[serde(default)]
    pub remediation: Option<String>,
    /// The exception that applies, for [`Status::Excepted`].
    #[serde(default)]
    pub exception: Option<Exception>,
    /// Whether an earlier assessment had this failure, if one was given.
    #[serde(default)]
    pub since_baseline: Option<SinceBaseline>,
    /// Whether the resource is certainly a sensitive bucket: it then weighs five times in the score.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
}

impl ResultRecord {
    /// The canonical order: account, region (none first), check, resource.
    pub(crate) fn order(&self) -> impl Ord + '_ {
        (
            &self.account_id,
            &self.region,
            &self.check,
            self.resource.kind,
            &self.resource.id,
            &self.resource.arn,
        )
    }
}

/// What a check judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// The kind of resource.
    pub kind: ResourceKind,
    /// The resource's own name or id; the account id for an account, `account/region` for an account's region.
    pub id: String,
    /// The ARN; none if AWS has none for this kind.
    pub arn: Option<String>,
}

/// One reading that an outcome rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The operation that read it, such as `cloudtrail:GetEventSelectors`.
    pub operation: String,
    /// The resource that was asked about.
    pub resource: String,
    /// JSON pointer (RFC 6901) into the answer.
    pub pointer: String,
    /// The value there; null if it is absent or not shown.
    pub value: Value,
}

/// An exception of the policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// Why the failure is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds (`YYYY-MM-DD`).
    pub expires: String,
}

/// A part of the policy file that is no mistake, but does not do what it seems to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PolicyWarning {
    /// The file as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The column in characters, counted from 1.
    pub column: u64,
    /// What is worth a look.
    pub message: String,
}

/// Whether an earlier assessment had the same failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SinceBaseline {
    /// It had not.
    New,
    /// It had.
    Known,
}

impl SinceBaseline {
    /// The spelling of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
        }
    }
}

/// How well the organization stands. Scores run from 0 to 100, where 100 means nothing to mend; they are rounded
/// down to one decimal, so that only a clean organization shows 100.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scores {
    /// The organization's score, unknown counted as not passed: the headline.
    pub overall: f64,
    /// By area, over all accounts. An area without an applicable result has none.
    pub by_area: BTreeMap<Area, f64>,
    /// By account id. Suspended accounts, and accounts without an applicable result, have none.
    pub by_account: BTreeMap<String, f64>,
    /// By account id and area.
    #[serde(default)]
    pub by_account_and_area: BTreeMap<String, BTreeMap<Area, f64>>,
    /// The letter of the headline.
    #[serde(default)]
    pub grade: Grade,
    /// Where the score lies if the unknown results turn out well or badly.
    #[serde(default)]
    pub band: Band,
    /// The severity-weighted share of unknown results, 0 to 1, rounded up to three decimals.
    #[serde(default)]
    pub unknown_share: f64,
    /// The lowest account score.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// The 10th percentile of the account scores (nearest rank).
    #[serde(default)]
    pub percentile_10: Option<f64>,
    /// How many accounts score below 50.
    #[serde(default)]
    pub accounts_below_50: u64,
    /// The five worst pairs of account and check, worst first.
    #[serde(default)]
    pub worst: Vec<WorstPair>,
    /// The simulation score, 0 to 100: how far defence gets against every technique on every bucket; none without a
    /// simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulation: Option<f64>,
}

/// The letter of a score: A from 90, B from 80, C from 70, D from 50, else E.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Grade {
    /// At least 90.
    A,
    /// At least 80.
    B,
    /// At least 70.
    C,
    /// At least 50.
    D,
    /// Below 50.
    #[default]
    E,
}

impl Grade {
    /// The letter of a score between 0 and 100.
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            s if s >= 90.0 => Self::A,
            s if s >= 80.0 => Self::B,
            s if s >= 70.0 => Self::C,
            s if s >= 50.0 => Self::D,
            _ => Self::E,
        }
    }

    /// The letter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
        }
    }
}

/// The score if every unknown result were a failure, and if every one were a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// Every unknown result fails: the headline.
    pub lower: f64,
    /// Every unknown result passes.
    pub upper: f64,
}

/// A check that an account fails badly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstPair {
    /// The account.
    pub account_id: String,
    /// The check's id.
    pub check: String,
    /// The check's severity.
    pub severity: Severity,
    /// How much of the check passes, 0 to 100, weighted by sensitivity.
    pub coverage: f64,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Timestamps as RFC 3339 text.
pub(crate) mod rfc3339 {
    use jiff::Timestamp;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(timestamp: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(timestamp)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod examples;

#[cfg(test)]
mod tests;
