//! The plan: what would change, in a file that people review and `apply` carries out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::setting::{Call, Setting};
use crate::catalogue::{ResourceKind, Status};

/// Name and version of the format.
pub const SCHEMA: &str = "exfilguard.plan/1";

/// Changes to make, in order, and what was left alone and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// The organization's id; none for a single account.
    pub organization_id: Option<String>,
    /// The regions that were looked at; none named: all that are enabled.
    pub regions: Vec<String>,
    /// The changes, in the order in which they are applied within an account; accounts in order of id.
    pub changes: Vec<Change>,
    /// Failing results with a remedy that is not in the plan, and why not.
    pub refused: Vec<Refusal>,
    /// SHA-256 of the rest of the plan in hexadecimal digits: `apply` refuses a plan that was edited.
    pub digest: String,
}

/// One change: settings of one resource that get other values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Kind, account, region and resource: the same in every plan.
    pub id: String,
    /// The kind of change, such as `require-tls`.
    pub kind: String,
    /// The account in which the calls are made.
    pub account: String,
    /// The region in which the calls are made.
    pub region: String,
    /// The resource's name or id.
    pub resource: String,
    /// What is done, as one sentence.
    pub summary: String,
    /// The results that the change mends.
    pub results: Vec<Mended>,
    /// The calls, in order.
    pub steps: Vec<Step>,
    /// What may go wrong.
    pub risk: Risk,
    /// What it costs.
    pub cost: String,
    /// How it is undone.
    pub undo: String,
    /// What the simulation says about the resource's bucket, or the account's buckets: how many techniques come to which
    /// outcome, before and after the whole plan.
    pub simulation: BeforeAfter,
}

/// One setting that gets another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The setting.
    pub sets: Setting,
    /// Its value when the plan was made; `null` is "not configured".
    pub present: Value,
    /// The value that it gets.
    pub wanted: Value,
    /// The call that gives it.
    pub call: Call,
    /// The call that takes it back.
    pub undo: Call,
    /// The difference of present and wanted value, line by line.
    pub difference: Vec<String>,
}

/// A failing result that a change mends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mended {
    /// The check.
    pub check: String,
    /// The account of the resource.
    pub account: String,
    /// The region of the resource.
    pub region: Option<String>,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's name or id.
    pub resource: String,
    /// What the check says once the whole plan is applied, on the changed snapshot. `apply` holds AWS to it.
    pub after: Status,
}

/// How risky a change is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// How much can break.
    pub level: RiskLevel,
    /// What can break.
    pub why: String,
}

/// How much can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RiskLevel {
    /// Nothing that works now stops working.
    Low,
    /// What somebody relies on may stop working, if he relies on the weakness itself.
    Medium,
    /// Work may stop; to be tried where it does not matter first.
    High,
}

impl RiskLevel {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Techniques by outcome, before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeforeAfter {
    /// How many cells of the simulation come to each outcome now.
    pub before: BTreeMap<String, u64>,
    /// How many would after the whole plan.
    pub after: BTreeMap<String, u64>,
}

/// A failing result whose remedy is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The account of the resource.
    pub account: String,
    /// The region of the resource.
    pub region: Option<String>,
    /// The check.
    pub check: String,
    /// The resource's name or id.
    pub resource: String,
    /// The kind of change.
    pub kind: String,
    /// Why it is refused, as one clause.
    pub reason: String,
}

/// A plan file that is refused.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It cannot be read.
    #[error("the plan cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no plan.
    #[error("it is no plan: {0}")]
    Format(String),
    /// It is of another version.
    #[error("its format is `{0}`, this program reads `{SCHEMA}`")]
    Version(String),
    /// It was edited.
    #[error(
        "it was edited after it was written (its digest is another); make a new one with `exfilguard remediate plan`"
    )]
    Edited,
    /// A call is not the one that its setting and value need.
    #[error("change `{0}`: the call is not the one that gives the setting its wanted value")]
    Call(String),
}

impl Plan {
    /// A plan of these changes.
    #[must_use]
    pub fn new(
        organization_id: Option<String>,
        regions: Vec<String>,
        changes: Vec<Change>,
        mut refused: Vec<Refusal>,
    ) -> Self {
        refused.sort();
        refused.dedup();
        let mut plan = Self {
            schema: SCHEMA.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            organization_id,
            regions,
            changes,
            refused,
            digest: String::new(),
        };
        plan.digest = plan.computed_digest();
        plan
    }

    fn computed_digest(&self) -> String {
        let bare = Self { digest: String::new(), ..self.clone() };
        // Plain data with text keys always serializes.
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a plan file and refuses one that no `remediate plan` of this version wrote.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn load(path: &Path) -> Result<Self, PlanError> {
        let value: Value = serde_json::from_slice(&std::fs::read(path)?)
            .map_err(|error| PlanError::Format(error.to_string()))?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            found => return Err(PlanError::Version(found.unwrap_or("none").to_owned())),
        }
        let plan: Self =
            serde_path_to_error::deserialize(value).map_err(|error| PlanError::Format(error.to_string()))?;
        if plan.computed_digest() != plan.digest {
            return Err(PlanError::Edited);
        }
        for change in &plan.changes {
            for step in &change.steps {
                let call = step.sets.call(&change.account, &step.wanted);
                if call.as_ref() != Ok(&step.call) {
                    return Err(PlanError::Call(change.id.clone()));
                }
            }
        }
        Ok(plan)
    }

    /// The accounts in which something changes, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<&str> {
        let accounts: BTreeSet<&str> = self.changes.iter().map(Change::affects).collect();
        accounts.into_iter().collect()
    }

    /// The accounts in which calls are made, in order: those of administrators for their members, too.
    #[must_use]
    pub fn callers(&self) -> Vec<&str> {
        let callers: BTreeSet<&str> = self.changes.iter().map(|change| change.account.as_str()).collect();
        callers.into_iter().collect()
    }
}

impl Change {
    /// The account in which something changes: a member's, where its administrator makes the call.
    #[must_use]
    pub fn affects(&self) -> &str {
        self.steps.iter().find_map(|step| step.sets.member()).unwrap_or(&self.account)
    }
}
