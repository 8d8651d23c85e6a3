//! The outcome of one audit: the object that `--output json` writes and that every other report is made from.
//!
//! Field names are part of the contract with users. Fields may be added; readers ignore unknown ones and refuse an
//! unknown major version of the schema.

mod run;
mod scores;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::run::{ApiCalls, Incomplete, Run, Source};
pub use self::scores::{Band, Grade, Scores, WorstPair};
use super::baseline::Comparison;
use super::exception_use::ExceptionUse;
use super::overview::Overview;
use super::{Standing, roll_up};
use crate::catalogue::{Area, ResourceKind, Severity, Status};
pub use crate::facts::Evidence;
use crate::semantics::iam::any_bucket::{ANY_BUCKET, replaced};
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
    /// A result about [`ANY_BUCKET`], told of a bucket of this name.
    pub(crate) fn of_bucket(&self, name: &str) -> Self {
        let told = |text: &String| text.replace(ANY_BUCKET, name);
        Self {
            check: self.check.clone(),
            account_id: self.account_id.clone(),
            region: self.region.clone(),
            resource: Resource {
                kind: self.resource.kind,
                id: told(&self.resource.id),
                arn: self.resource.arn.as_ref().map(told),
            },
            message: told(&self.message),
            evidence: self.evidence.iter().map(|evidence| evidence.of_bucket(name)).collect(),
            witness: replaced(&self.witness, ANY_BUCKET, name),
            assumptions: self.assumptions.clone(),
            remediation: self.remediation.clone(),
            exception: self.exception.clone(),
            ..*self
        }
    }

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
