//! EventBridge: buses, rules and their targets. AWS JSON 1.1.

use std::collections::BTreeSet;

use serde_json::json;

use super::page;
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, text};

/// Rules, and targets, on a page.
const PAGE: usize = 100;

pub fn list_event_buses(call: &Call<'_>) -> Outcome {
    let rules = reading(&call.account.region(call.region())["rules"], "events:ListEventBuses")?;
    // A bus without rules is not recorded; the default one is always there.
    let buses: BTreeSet<&str> = list(rules).iter().map(|rule| text(rule, "bus")).chain(["default"]).collect();
    let shown = buses.into_iter().map(|name| {
        let arn = format!(
            "arn:{}:events:{}:{}:event-bus/{name}",
            call.organization.partition(),
            call.region(),
            call.account.id
        );
        json!({"Name": name, "Arn": arn})
    });
    Ok(Content::Json(json!({"EventBuses": shown.collect::<Vec<_>>()})))
}

/// The bus that is asked about.
fn bus<'a>(call: &'a Call<'_>) -> std::borrow::Cow<'a, str> {
    call.request.parameter("EventBusName").unwrap_or("default".into())
}

pub fn list_rules(call: &Call<'_>) -> Outcome {
    let bus = bus(call);
    let rules = list(reading(&call.account.region(call.region())["rules"], "events:ListRules")?);
    let rules: Vec<_> = rules.iter().filter(|rule| text(rule, "bus") == bus).collect();
    let (rules, next) = page(&rules, &call.parameter("NextToken"), PAGE);
    let shown = rules.iter().map(|rule| {
        json!({
            "Name": rule["name"], "Arn": rule["arn"], "EventPattern": rule["event_pattern"], "State": rule["state"],
            "ManagedBy": rule["managed_by"], "EventBusName": rule["bus"],
        })
    });
    Ok(Content::Json(json!({"Rules": shown.collect::<Vec<_>>(), "NextToken": next})))
}

pub fn list_targets_by_rule(call: &Call<'_>) -> Outcome {
    let (name, bus) = (call.parameter("Rule"), bus(call));
    let rules = list(known(&call.account.region(call.region())["rules"]));
    let found = rules.iter().find(|rule| text(rule, "name") == name && text(rule, "bus") == bus);
    let Some(rule) = found else {
        return Err(Failure::new(
            400,
            "ResourceNotFoundException",
            format!("Rule {name} does not exist on {bus}."),
        ));
    };
    let targets = list(reading(&rule["targets"], "events:ListTargetsByRule")?);
    let (targets, next) = page(targets, &call.parameter("NextToken"), PAGE);
    let shown = targets
        .iter()
        .map(|target| json!({"Id": target["id"], "Arn": target["arn"], "RoleArn": target["role_arn"]}));
    Ok(Content::Json(json!({"Targets": shown.collect::<Vec<_>>(), "NextToken": next})))
}
