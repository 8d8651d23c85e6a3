//! Organizations: accounts, policies and what they are attached to. AWS JSON 1.1; only the management account is answered.

use serde_json::{Value, json};

use super::{CREATED_AT_SECONDS, page, page_size};
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, text};

/// Accounts, policies and targets on a page.
const PAGE: usize = 20;

fn denied(call: &Call<'_>) -> Result<(), Failure> {
    if call.account.id == call.organization.caller() {
        return Ok(());
    }
    Err(Failure::new(400, "AccessDeniedException", "You don't have permissions to access this resource."))
}

fn organization<'a>(call: &'a Call<'_>) -> &'a Value {
    &call.organization.record
}

/// An ARN of the organization's own things.
fn arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    let (partition, management) = (call.organization.partition(), call.organization.management());
    let of = text(known(&organization(call)["identity"]), "id");
    format!("arn:{partition}:organizations::{management}:{kind}/{of}/{id}")
}

pub fn describe_organization(call: &Call<'_>) -> Outcome {
    let identity = reading(&organization(call)["identity"], "organizations:DescribeOrganization")?;
    if identity.is_null() {
        let message = "Your account is not a member of an organization.";
        return Err(Failure::new(400, "AWSOrganizationsNotInUseException", message));
    }
    let management = text(identity, "management_account");
    let of = text(identity, "id");
    Ok(Content::Json(json!({"Organization": {
        "Id": of, "FeatureSet": "ALL", "MasterAccountId": management,
        "Arn": format!("arn:{}:organizations::{management}:organization/{of}", call.organization.partition()),
        "MasterAccountArn": arn(call, "account", management), "MasterAccountEmail": format!("{management}@example.com"),
    }})))
}

pub fn list_accounts(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let accounts = list(reading(&organization(call)["accounts"], "organizations:ListAccounts")?);
    let (accounts, next) = page(accounts, &call.parameter("NextToken"), page_size(call, "MaxResults", PAGE));
    let of = text(known(&organization(call)["identity"]), "id");
    let shown = accounts.iter().map(|account| {
        let id = text(account, "id");
        let state = text(account, "state");
        // Where the way to an account could not be read it has to be asked for again.
        let path = account["parents"].get("known").map(|parents| {
            let above: String = list(parents).iter().filter_map(Value::as_str).map(|of| format!("{of}/")).collect();
            [format!("{of}/{above}{id}/")]
        });
        json!({
            "Id": id, "Arn": arn(call, "account", id), "Email": format!("{id}@example.com"), "Name": account["name"],
            "Status": status(state), "State": state, "JoinedMethod": "CREATED", "Paths": path,
            "JoinedTimestamp": CREATED_AT_SECONDS,
        })
    });
    Ok(Content::Json(json!({"Accounts": shown.collect::<Vec<_>>(), "NextToken": next})))
}

/// The older word for an account's state, which knows fewer.
fn status(state: &str) -> &'static str {
    match state {
        "SUSPENDED" | "CLOSED" => "SUSPENDED",
        "PENDING_CLOSURE" => "PENDING_CLOSURE",
        _ => "ACTIVE",
    }
}

pub fn list_parents(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let child = call.parameter("ChildId");
    for account in list(known(&organization(call)["accounts"])) {
        let of_account = text(account, "id") == child;
        let parents = if of_account {
            reading(&account["parents"], "organizations:ListParents")?
        } else {
            known(&account["parents"])
        };
        let above: Vec<&str> = list(parents).iter().filter_map(Value::as_str).collect();
        let place = if of_account { Some(above.len()) } else { above.iter().position(|of| *of == child) };
        if let Some(place) = place {
            let parent = place.checked_sub(1).and_then(|place| above.get(place));
            let shown: Vec<Value> = parent
                .map(|id| {
                    let kind = if id.starts_with("r-") { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
                    json!({"Id": id, "Type": kind})
                })
                .into_iter()
                .collect();
            return Ok(Content::Json(json!({"Parents": shown})));
        }
    }
    Err(Failure::new(
        400,
        "ChildNotFoundException",
        "We can't find an organizational unit or account with the ChildId that you specified.",
    ))
}

pub fn list_roots(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let types = list(reading(&organization(call)["enabled_policy_types"], "organizations:ListRoots")?);
    let accounts = list(known(&organization(call)["accounts"])).iter();
    let root = accounts.flat_map(|account| list(known(&account["parents"]))).filter_map(Value::as_str);
    let root = root.into_iter().find(|id| id.starts_with("r-")).unwrap_or("r-root");
    let types: Vec<Value> = types.iter().map(|kind| json!({"Type": kind, "Status": "ENABLED"})).collect();
    Ok(Content::Json(json!({"Roots": [
        {"Id": root, "Arn": arn(call, "root", root), "Name": "Root", "PolicyTypes": types},
    ]})))
}

/// The policies of a type that are recorded.
fn policies<'a>(call: &'a Call<'_>, kind: &str) -> &'a Value {
    &organization(call)["policies"][kind]
}

fn summary(call: &Call<'_>, kind: &str, policy: &Value) -> Value {
    let id = text(policy, "id");
    json!({
        "Id": id, "Arn": arn(call, "policy", &format!("{}/{id}", kind.to_lowercase())), "Name": policy["name"],
        "Type": kind, "AwsManaged": false,
    })
}

/// A policy of any type by the id that is asked for.
fn policy<'a>(call: &'a Call<'_>) -> Result<(&'a str, &'a Value), Failure> {
    let id = call.parameter("PolicyId");
    let kinds = organization(call)["policies"].as_object().into_iter().flatten();
    let mut all = kinds
        .flat_map(|(kind, policies)| list(known(policies)).iter().map(move |policy| (kind.as_str(), policy)));
    let message = "We can't find a policy with the PolicyId that you specified.";
    all.find(|(_, policy)| text(policy, "id") == id)
        .ok_or_else(|| Failure::new(400, "PolicyNotFoundException", message))
}

pub fn list_policies(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let kind = call.parameter("Filter");
    let all = list(reading(policies(call, &kind), "organizations:ListPolicies")?);
    let (all, next) = page(all, &call.parameter("NextToken"), page_size(call, "MaxResults", PAGE));
    let shown: Vec<Value> = all.iter().map(|policy| summary(call, &kind, policy)).collect();
    Ok(Content::Json(json!({"Policies": shown, "NextToken": next})))
}

pub fn describe_policy(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let (kind, policy) = policy(call)?;
    let content = reading(&policy["content"], "organizations:DescribePolicy")?;
    Ok(Content::Json(json!({"Policy": {"PolicySummary": summary(call, kind, policy), "Content": content}})))
}

pub fn list_targets_for_policy(call: &Call<'_>) -> Outcome {
    denied(call)?;
    let (_, policy) = policy(call)?;
    let all = list(reading(&policy["targets"], "organizations:ListTargetsForPolicy")?);
    let (all, next) = page(all, &call.parameter("NextToken"), page_size(call, "MaxResults", PAGE));
    let shown = all.iter().filter_map(Value::as_str).map(|id| {
        let kind = match id {
            _ if id.starts_with("r-") => "ROOT",
            _ if id.starts_with("ou-") => "ORGANIZATIONAL_UNIT",
            _ => "ACCOUNT",
        };
        json!({"TargetId": id, "Arn": arn(call, &kind.to_lowercase(), id), "Name": id, "Type": kind})
    });
    Ok(Content::Json(json!({"Targets": shown.collect::<Vec<_>>(), "NextToken": next})))
}

pub fn describe_effective_policy(call: &Call<'_>) -> Outcome {
    const OPERATION: &str = "organizations:DescribeEffectivePolicy";
    denied(call)?;
    let (target, kind) = (call.parameter("TargetId"), call.parameter("PolicyType"));
    let content = match &*kind {
        "GUARDDUTY_POLICY" => {
            let policy = reading(&organization(call)["guardduty_policies"][&*target], OPERATION)?;
            policy.as_str().map(str::to_owned)
        }
        "S3_POLICY" => {
            let account = call.organization.account(&target);
            let blocks = reading(account.field("organization_blocks_public_access"), OPERATION)?;
            blocks.as_bool().map(|blocks| {
                let word = if blocks { "all" } else { "none" };
                json!({"s3_attributes": {"public_access_block_configuration": word}}).to_string()
            })
        }
        _ => None,
    };
    let Some(content) = content else {
        let message = "The effective policy could not be found.";
        return Err(Failure::new(400, "EffectivePolicyNotFoundException", message));
    };
    Ok(Content::Json(json!({"EffectivePolicy": {
        "PolicyContent": content, "LastUpdatedTimestamp": CREATED_AT_SECONDS, "TargetId": target,
        "PolicyType": kind,
    }})))
}
