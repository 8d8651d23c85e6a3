//! F-34 to F-43 of changes, and F-03, F-05, F-22, F-25, F-26 and F-30 at their steps: through the built program, against the
//! organization of traps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod emulated;
mod remediation_site;

#[path = "remediate_faults/calls.rs"]
mod calls;
#[path = "remediate_faults/each_operation.rs"]
mod each_operation;
#[path = "remediate_faults/identities.rs"]
mod identities;
#[path = "remediate_faults/journal.rs"]
mod journal;
#[path = "remediate_faults/killed.rs"]
mod killed;
#[path = "remediate_faults/limits.rs"]
mod limits;
#[path = "remediate_faults/refused_plans.rs"]
mod refused_plans;
#[path = "remediate_faults/values_of_others.rs"]
mod values_of_others;

use std::collections::BTreeSet;

use remediation_site::changes;
use serde_json::Value;

fn steps(plan: &Value) -> Vec<&Value> {
    changes(plan).iter().flat_map(|change| change["steps"].as_array().unwrap()).collect()
}

/// `service:Operation` of calls.
fn operations<'a>(steps: &[&'a Value], which: &str) -> BTreeSet<(&'a str, &'a str)> {
    let text = |call: &'a Value, name: &str| call[name].as_str().unwrap();
    steps.iter().map(|step| (text(&step[which], "service"), text(&step[which], "operation"))).collect()
}
