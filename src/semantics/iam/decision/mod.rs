//! Whether a request is allowed by all the policies that it meets (`aws-semantics.md` 7.5).

mod gates;
mod grants;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::semantics::verdict::{Assumptions, Tri, Verdict};

use super::evaluation::Evaluation;
use super::policy_set::PolicySet;
use super::request::Request;

pub(super) use gates::is_root_always_allowed;

/// The kind of policy that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// A resource control policy.
    ResourceControlPolicy,
    /// A service control policy.
    ServiceControlPolicy,
    /// The VPC endpoint's policy.
    Endpoint,
    /// The access point's policy.
    AccessPoint,
    /// The bucket's policy (or the policy of another resource).
    BucketPolicy,
    /// Block Public Access.
    BlockPublicAccess,
    /// The bucket's access control list.
    AccessControlList,
    /// The principal's own policies.
    Identity,
    /// Nothing grants the request.
    Implicit,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResourceControlPolicy => "the resource control policy",
            Self::ServiceControlPolicy => "the service control policy",
            Self::Endpoint => "the endpoint policy",
            Self::AccessPoint => "the access point policy",
            Self::BucketPolicy => "the bucket policy",
            Self::BlockPublicAccess => "Block Public Access",
            Self::AccessControlList => "the access control list",
            Self::Identity => "the identity policy",
            Self::Implicit => "the lack of a grant",
        })
    }
}

/// A statement in a [`PolicySet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementRef {
    /// The kind of policy.
    pub layer: Layer,
    /// JSON pointer into the `policies` of `exfilguard eval policy`, for example `/scp/0/1/Statement/2`.
    pub pointer: String,
    /// The statement's `Sid`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Whether the request is allowed.
    pub value: Tri,
    /// Why, as one clause.
    pub reason: String,
    /// Which kind of policy decided; for an unknown answer, which one is in doubt.
    pub layer: Layer,
    /// The statement that decided or is in doubt, if a single one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementRef>,
    /// Undocumented assumptions used; at present none of the register's.
    #[serde(skip_serializing_if = "Assumptions::is_empty")]
    pub assumptions: Assumptions,
    /// Whether the answer rests on the assumption that the principal's own policies allow everything (7.9). A denial
    /// never does: it holds whatever the principal's permissions are.
    pub identity_assumed: bool,
}

impl Decision {
    fn new(value: Tri, layer: Layer, reason: String, statement: Option<StatementRef>) -> Self {
        Self { value, reason, layer, statement, assumptions: Assumptions::new(), identity_assumed: false }
    }

    /// The answer to "is it allowed", with the request as witness.
    #[must_use]
    pub fn into_verdict(self, request: &Request) -> Verdict {
        let mut verdict = Verdict::new(self.value, self.reason).with_witness(request.to_json());
        verdict.assumptions = self.assumptions;
        verdict
    }
}

/// One obstacle or grant: an answer, where it comes from, and why it is in doubt if it is.
#[derive(Debug, Clone)]
struct Answer {
    value: Tri,
    layer: Layer,
    reason: Cow<'static, str>,
    statement: Option<StatementRef>,
}

impl Answer {
    fn new(value: Tri, layer: Layer, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { value, layer, reason: reason.into(), statement: None }
    }

    fn into_decision(self, value: Tri) -> Decision {
        Decision::new(value, self.layer, self.reason.into_owned(), self.statement)
    }
}

/// Decides a request.
///
/// A certain denial by any part wins over everything unknown elsewhere, and so does the certain lack of a grant.
#[must_use]
pub fn decide(set: &PolicySet, request: &Request) -> Decision {
    decide_prepared(set, &Evaluation::new(request))
}

/// As [`decide`], for a request that is already prepared.
#[must_use]
pub(super) fn decide_prepared(set: &PolicySet, evaluation: &Evaluation<'_>) -> Decision {
    let mut asked = gates::Asked::new(set, evaluation);
    if let Some(denied) = asked.take_obstacle(Tri::Yes) {
        return denied.into_decision(Tri::No);
    }
    let (grant, identity_assumed) = grants::grant(&asked);
    if grant.value == Tri::No {
        return grant.into_decision(Tri::No);
    }
    let doubt = asked.take_obstacle(Tri::Unknown);
    let mut decision = match doubt {
        Some(doubt) => doubt.into_decision(Tri::Unknown),
        None => {
            let value = grant.value;
            grant.into_decision(value)
        }
    };
    decision.identity_assumed = identity_assumed;
    decision
}

#[cfg(test)]
mod tests;
