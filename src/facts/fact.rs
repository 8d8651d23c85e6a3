//! One derived answer with everything that supports it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::semantics::iam::any_bucket::{ANY_BUCKET, replaced};
use crate::semantics::verdict::{Tri, Verdict};
use crate::snapshot::Unreadable;

/// A three-valued fact about a resource.
///
/// Policy code sees `holds` as true or false and `reason` as text; an unknown fact is tried both ways by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fact {
    /// Whether it holds: `yes`, `no` or `unknown`.
    pub holds: Tri,
    /// Why, as one clause for a person.
    pub reason: String,
    /// What was read to find out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// For a no: the smallest concrete event or request that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
    /// Undocumented assumptions used, such as `A-07`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<String>,
}

/// One reading that a fact rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The operation that read it, such as `cloudtrail:GetEventSelectors`.
    pub operation: String,
    /// The resource that was asked about.
    pub resource: String,
    /// JSON pointer (RFC 6901) into the answer.
    pub pointer: String,
    /// The value there; null if it is absent or too large to show.
    pub value: Value,
}

impl Evidence {
    /// A reading of `operation` about `resource`, at `pointer` of the answer.
    pub fn new(operation: &str, resource: &str, pointer: &str, value: Value) -> Self {
        Self {
            operation: operation.to_owned(),
            resource: resource.to_owned(),
            pointer: pointer.to_owned(),
            value,
        }
    }

    /// What was read of [`ANY_BUCKET`], told of a bucket of this name.
    #[must_use]
    pub fn of_bucket(&self, name: &str) -> Self {
        Self {
            operation: self.operation.clone(),
            resource: self.resource.replace(ANY_BUCKET, name),
            pointer: self.pointer.clone(),
            value: replaced(&self.value, ANY_BUCKET, name),
        }
    }
}

impl Fact {
    /// A fact without evidence, witness or assumption.
    pub fn new(holds: impl Into<Tri>, reason: impl Into<String>) -> Self {
        Verdict::new(holds, reason).into()
    }

    /// A fact that could not be established because a call failed.
    #[must_use]
    pub fn unread(why: &Unreadable) -> Self {
        Self::new(Tri::Unknown, format!("not known because {}", why.clause()))
    }

    /// The same fact with one more piece of evidence.
    #[must_use]
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The same fact with more evidence.
    #[must_use]
    pub fn with_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

impl From<Verdict> for Fact {
    fn from(verdict: Verdict) -> Self {
        Self {
            holds: verdict.value,
            reason: verdict.reason,
            evidence: Vec::new(),
            witness: verdict.witness,
            assumptions: verdict.assumptions.iter().map(ToString::to_string).collect(),
        }
    }
}
