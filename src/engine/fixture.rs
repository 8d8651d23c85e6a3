//! Fixtures of a check: resources in all three values, each with the outcome that is expected.
//!
//! A test module sees facts as a check does, true or false. A fixture goes the whole way of an audit: facts may be
//! `unknown`, the check may not apply, and the status is what a report would show.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::check::{Check, Checks};
use super::evaluate::{Outcome, Surroundings};
use crate::catalogue::Status;

/// What stands in `<check>_fixture.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The facts of one resource, as `exfilguard schema facts` describes them; `holds` is `yes`, `no` or `unknown`.
    pub base: Json,
    /// What is tried.
    pub cases: Vec<Case>,
}

/// One resource and what the check must say about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// What differs from `base`, as a JSON Merge Patch (RFC 7396).
    #[serde(default)]
    pub changes: Json,
    /// The expected status.
    pub status: Status,
    /// The expected message, if it matters.
    #[serde(default)]
    pub message: Option<String>,
}

/// Tries every case of a fixture; gives what came out otherwise, one line for each.
///
/// # Errors
/// A clause if the text is no fixture.
pub fn run_fixture(checks: &Checks, check: &Check, text: &str) -> Result<(usize, Vec<String>), String> {
    let fixture: Fixture = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if fixture.cases.is_empty() {
        return Err("there are no `cases`".to_owned());
    }
    let mut evaluator = checks.evaluator();
    let problems = fixture.cases.iter().filter_map(|case| {
        let mut facts = fixture.base.clone();
        if !case.changes.is_null() {
            json_patch::merge(&mut facts, &case.changes);
        }
        let outcome = evaluator.evaluate(check, &facts, &nobody());
        difference(case, &outcome).map(|what| format!("case `{}`: {what}", case.name))
    });
    Ok((fixture.cases.len(), problems.collect()))
}

fn difference(case: &Case, outcome: &Outcome) -> Option<String> {
    if outcome.status != case.status {
        return Some(format!("expected {}, came out {}: {}", case.status, outcome.status, outcome.message));
    }
    let expected = case.message.as_ref()?;
    (*expected != outcome.message)
        .then(|| format!("expected the message `{expected}`, it is `{}`", outcome.message))
}

/// An organization that trusts nobody.
fn nobody() -> Surroundings {
    Surroundings {
        account: json!({"id": "111122223333", "name": "example"}),
        organization: json!({"id": "o-example123"}),
        trust: json!({"organizations": [], "accounts": [], "vpc_endpoints": [], "networks": []}),
    }
}
