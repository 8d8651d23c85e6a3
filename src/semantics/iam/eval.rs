//! The questions of `exfilguard eval policy` and `exfilguard eval public`, one JSON line each.

use crate::semantics::verdict::{Tri, Verdict};

use super::decision::{Decision, decide};
use super::document::{InvalidPolicy, PolicyDocument};
use super::json::Json;
use super::policy_set::PolicySet;
use super::public::is_public;
use super::request::Request;

/// Decides the `policies` and the `request` of one line of `exfilguard eval policy`.
///
/// # Errors
/// A document that AWS would not accept, or a request that is no request.
pub fn policy_question(question: &Json) -> Result<Decision, InvalidPolicy> {
    let fail = |reason: String| InvalidPolicy { reason };
    let set = match question.get("policies") {
        None => PolicySet::default(),
        Some(policies) => PolicySet::from_json(policies)?,
    };
    let request = question.get("request").ok_or_else(|| fail("the question has no `request`".to_owned()))?;
    let request = Request::from_json(request).map_err(fail)?;
    Ok(decide(&set, &request))
}

/// Judges the `policy` of one line of `exfilguard eval public`.
///
/// # Errors
/// A document that AWS would not accept.
pub fn public_question(question: &Json) -> Result<Verdict, InvalidPolicy> {
    let policy = question
        .get("policy")
        .ok_or_else(|| InvalidPolicy { reason: "the question has no `policy`".to_owned() })?;
    let document = PolicyDocument::from_json(policy)?;
    document.check_kind(super::document::PolicyKind::Resource)?;
    Ok(is_public(&document))
}

/// The answer as the contract of `exfilguard eval` spells it: `result` and `reason`.
#[must_use]
pub fn answer(outcome: Result<(Tri, String), InvalidPolicy>) -> (&'static str, String) {
    match outcome {
        Ok((Tri::Yes, reason)) => ("yes", reason),
        Ok((Tri::No, reason)) => ("no", reason),
        Ok((Tri::Unknown, reason)) => ("unknown", reason),
        Err(error) => ("invalid", error.reason),
    }
}
