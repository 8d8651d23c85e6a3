//! GuardDuty: detectors, what hides their findings, and what the organization's administrator sees. REST with JSON.

use hyper::Method;
use serde_json::{Value, json};

use super::{CREATED_AT, page, page_size};
use crate::answer::{Content, Failure};
use crate::operations::{Call, Outcome};
use crate::record::{known, list, reading, some_text, text};

/// Things on a page.
const PAGE: usize = 50;

/// Why the administrator was told nothing of a member.
const UNPROCESSED: &str = "UnprocessedAccount";

/// The operation of a path.
pub fn operation(method: &Method, path: &[&str], _asks: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    Some(match (method, path) {
        (&Method::GET, ["admin"]) => "ListOrganizationAdminAccounts",
        (&Method::GET, ["detector"]) => "ListDetectors",
        (&Method::GET, ["detector", _]) => "GetDetector",
        (&Method::GET, ["detector", _, "admin"]) => "DescribeOrganizationConfiguration",
        (&Method::GET, ["detector", _, "filter"]) => "ListFilters",
        (&Method::GET, ["detector", _, "filter", _]) => "GetFilter",
        (&Method::GET, ["detector", _, "ipset"]) => "ListIPSets",
        (&Method::GET, ["detector", _, "ipset", _]) => "GetIPSet",
        (&Method::GET, ["detector", _, "member"]) => "ListMembers",
        (&Method::POST, ["detector", _, "member", "detector", "get"]) => "GetMemberDetectors",
        (&Method::GET, ["detector", _, "trustedentityset"]) => "ListTrustedEntitySets",
        (&Method::GET, ["detector", _, "trustedentityset", _]) => "GetTrustedEntitySet",
        _ => return None,
    })
}

fn region<'a>(call: &'a Call<'_>) -> &'a Value {
    call.account.region(call.region())
}

/// What GuardDuty says of whatever is not there, and of a detector that is another's.
fn no_such_thing() -> Failure {
    let message = "The request is rejected because the input detectorId is not owned by the current account.";
    Failure::new(400, "BadRequestException", message)
}

/// The detector that the path names.
fn detector<'a>(call: &'a Call<'_>, operation: &str) -> Result<&'a Value, Failure> {
    let detector = reading(&region(call)["detector"], operation)?;
    let named = call.request.part(1);
    let found = some_text(detector, "id").is_none_or(|id| id == named);
    // Of a detector that could be listed and not read the id is not recorded.
    if found && (detector.is_object() || known(&region(call)["detector"]).is_null()) {
        Ok(detector)
    } else {
        Err(no_such_thing())
    }
}

pub fn list_detectors(call: &Call<'_>) -> Outcome {
    let recorded = &region(call)["detector"];
    let detector = reading(recorded, "guardduty:ListDetectors")?;
    let unread = recorded.get("unreadable").is_some().then_some("00000000000000000000000000000000");
    let ids: Vec<&str> = some_text(detector, "id").or(unread).into_iter().collect();
    Ok(Content::Json(json!({"detectorIds": ids})))
}

pub fn get_detector(call: &Call<'_>) -> Outcome {
    let detector = detector(call, "guardduty:GetDetector")?;
    let status = text(detector, "status");
    let sources = some_text(detector, "legacy_s3_logs").map(data_sources);
    Ok(Content::Json(json!({
        "createdAt": CREATED_AT, "updatedAt": CREATED_AT, "status": status,
        "serviceRole": format!("arn:{}:iam::{}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
            call.organization.partition(), call.account.id),
        "findingPublishingFrequency": detector["finding_publishing_frequency"],
        "dataSources": sources, "features": detector["features"],
    })))
}

/// The older form of the features, in which only S3's was ever of interest.
fn data_sources(s3_logs: &str) -> Value {
    let on = json!({"status": "ENABLED"});
    json!({"cloudTrail": on, "dnsLogs": on, "flowLogs": on, "s3Logs": {"status": s3_logs}})
}

pub fn list_filters(call: &Call<'_>) -> Outcome {
    let filters = list(reading(&region(call)["finding_filters"], "guardduty:ListFilters")?);
    let (filters, next) = page(filters, &call.parameter("nextToken"), PAGE);
    let names: Vec<&str> = filters.iter().map(|filter| text(filter, "name")).collect();
    Ok(Content::Json(json!({"filterNames": names, "nextToken": next})))
}

pub fn get_filter(call: &Call<'_>) -> Outcome {
    let filters = list(reading(&region(call)["finding_filters"], "guardduty:GetFilter")?);
    let filter = filters
        .iter()
        .find(|filter| text(filter, "name") == call.request.part(3))
        .ok_or_else(no_such_thing)?;
    let criteria = filter["criteria"].as_object().into_iter().flatten();
    let criterion: serde_json::Map<String, Value> =
        criteria.map(|(field, of)| (field.clone(), condition(of))).collect();
    Ok(Content::Json(json!({
        "name": filter["name"], "action": filter["action"], "findingCriteria": {"criterion": criterion},
    })))
}

fn condition(of: &Value) -> Value {
    json!({
        "equals": of["equals"], "notEquals": of["not_equals"], "matches": of["matches"],
        "notMatches": of["not_matches"], "greaterThan": of["greater_than"],
        "greaterThanOrEqual": of["greater_than_or_equal"], "lessThan": of["less_than"],
        "lessThanOrEqual": of["less_than_or_equal"],
    })
}

/// The trusted lists of a kind, with ids: their places among all.
fn trusted<'a>(lists: &'a Value, kind: &'a str) -> impl Iterator<Item = (String, &'a Value)> {
    let all = list(lists).iter().enumerate().filter(move |(_, of)| text(of, "kind") == kind);
    all.map(|(place, of)| (format!("{place:032x}"), of))
}

fn trusted_ids(call: &Call<'_>, kind: &str, operation: &str) -> Result<Vec<String>, Failure> {
    let lists = reading(&region(call)["trusted_lists"], operation)?;
    Ok(trusted(lists, kind).map(|(id, _)| id).collect())
}

fn trusted_list(call: &Call<'_>, kind: &str, operation: &str) -> Outcome {
    let lists = reading(&region(call)["trusted_lists"], operation)?;
    let found = trusted(lists, kind).find(|(id, _)| id == call.request.part(3));
    let (_, of) = found.ok_or_else(no_such_thing)?;
    Ok(Content::Json(json!({
        "name": of["name"], "format": "TXT", "location": of["location"], "status": of["status"],
    })))
}

pub fn list_ip_sets(call: &Call<'_>) -> Outcome {
    let ids = trusted_ids(call, "ip-set", "guardduty:ListIPSets")?;
    let (ids, next) = page(&ids, &call.parameter("nextToken"), PAGE);
    Ok(Content::Json(json!({"ipSetIds": ids, "nextToken": next})))
}

pub fn get_ip_set(call: &Call<'_>) -> Outcome {
    trusted_list(call, "ip-set", "guardduty:GetIPSet")
}

pub fn list_trusted_entity_sets(call: &Call<'_>) -> Outcome {
    let ids = trusted_ids(call, "entity-set", "guardduty:ListTrustedEntitySets")?;
    let (ids, next) = page(&ids, &call.parameter("nextToken"), PAGE);
    Ok(Content::Json(json!({"trustedEntitySetIds": ids, "nextToken": next})))
}

pub fn get_trusted_entity_set(call: &Call<'_>) -> Outcome {
    trusted_list(call, "entity-set", "guardduty:GetTrustedEntitySet")
}

pub fn list_organization_admin_accounts(call: &Call<'_>) -> Outcome {
    let administrators = &call.organization.record["guardduty_administrators"][call.region()];
    let administrator = reading(administrators, "guardduty:ListOrganizationAdminAccounts")?;
    let shown: Vec<Value> = administrator
        .as_str()
        .map(|account| json!({"adminAccountId": account, "adminStatus": "ENABLED"}))
        .into_iter()
        .collect();
    Ok(Content::Json(json!({"adminAccounts": shown})))
}

pub fn describe_organization_configuration(call: &Call<'_>) -> Outcome {
    let administration = &region(call)["guardduty_administration"];
    let found = reading(&administration["auto_enable"], "guardduty:DescribeOrganizationConfiguration")?;
    let whose = some_text(found, "members").filter(|whose| !whose.is_empty());
    let features = found["features"].as_object().into_iter().flatten();
    let features: Vec<Value> =
        features.map(|(name, whose)| json!({"name": name, "autoEnable": whose})).collect();
    Ok(Content::Json(json!({
        "autoEnable": whose.is_some_and(|whose| whose != "NONE"),
        "memberAccountLimitReached": found["member_limit_reached"].as_bool().unwrap_or_default(),
        "autoEnableOrganizationMembers": whose, "features": features,
    })))
}

pub fn list_members(call: &Call<'_>) -> Outcome {
    let members =
        list(reading(&region(call)["guardduty_administration"]["members"], "guardduty:ListMembers")?);
    let (members, next) = page(members, &call.parameter("nextToken"), page_size(call, "maxResults", PAGE));
    let shown = members.iter().map(|member| {
        let detector = some_text(member, "detector_id").filter(|id| !id.is_empty());
        let account = text(member, "account");
        json!({
            "accountId": account, "detectorId": detector, "masterId": call.account.id,
            "administratorId": call.account.id, "email": format!("{account}@example.com"),
            "relationshipStatus": member["relationship"], "invitedAt": CREATED_AT, "updatedAt": CREATED_AT,
        })
    });
    Ok(Content::Json(json!({"members": shown.collect::<Vec<_>>(), "nextToken": next})))
}

pub fn get_member_detectors(call: &Call<'_>) -> Outcome {
    const OPERATION: &str = "guardduty:GetMemberDetectors";
    let asked = call.request.parameters("accountIds");
    let members = list(known(&region(call)["guardduty_administration"]["members"]));
    let (mut shown, mut unprocessed) = (Vec::new(), Vec::new());
    for member in members.iter().filter(|member| asked.contains(&text(member, "account"))) {
        let why = &member["features"]["unreadable"];
        if text(why, "code") == UNPROCESSED {
            unprocessed.push(json!({"accountId": member["account"], "result": why["message"]}));
        } else {
            let of = reading(&member["features"], OPERATION)?;
            let s3 = list(of).iter().find(|feature| text(feature, "name") == "S3_DATA_EVENTS");
            let sources = data_sources(s3.map_or("DISABLED", |feature| text(feature, "status")));
            shown.push(json!({"accountId": member["account"], "dataSources": sources, "features": of}));
        }
    }
    Ok(Content::Json(json!({"members": shown, "unprocessedAccounts": unprocessed})))
}
