//! Statements added to a bucket policy without touching those of others, and the proof that nobody is locked out by them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Situation;
use crate::facts::Guardrails;
use crate::facts::prevention::{BucketPolicies, perimeter};
use crate::semantics::iam::{
    Context, ContextValue, Json, Part, PolicyDocument, PolicySet, Principal, Request, decide,
};
use crate::semantics::verdict::Tri;
use crate::snapshot::{Bucket, Organization, Reading};

/// What the `Sid` of each statement of ours begins with.
pub const SID_PREFIX: &str = "Exfilguard";

/// The most bytes that a bucket policy may have.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
const LIMIT: usize = 20_480;

/// What repairs a policy: whoever may do these is not locked out.
const REPAIR: [&str; 3] = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];

/// The policy with statements of ours added: those of others stay as they are, in their order.
///
/// # Errors
/// The policy is no policy, a `Sid` of ours stands on a statement that is not, or the result is too long.
pub fn merged(present: Option<&str>, statements: &[Value]) -> Result<String, String> {
    let mut document = match present {
        Some(text) => {
            PolicyDocument::parse(text)
                .map_err(|error| format!("the present policy is not understood: {}", error.reason))?;
            if let Some(key) = Json::parse(text).ok().as_ref().and_then(repeated_key) {
                return Err(format!("the present policy has `{key}` twice in one object"));
            }
            serde_json::from_str::<Map<String, Value>>(text).map_err(|error| error.to_string())?
        }
        None => Map::from_iter([("Version".to_owned(), json!("2012-10-17"))]),
    };
    let mut all = match document.remove("Statement") {
        None => Vec::new(),
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
    };
    for statement in statements {
        let sid = &statement["Sid"];
        match all.iter().find(|present| present["Sid"] == *sid) {
            Some(present) if present == statement => {}
            Some(_) => {
                return Err(format!(
                    "the policy has a statement with the Sid {sid} that is another than exfilguard's; give it another \
                     Sid, or take it away"
                ));
            }
            None => all.push(statement.clone()),
        }
    }
    document.insert("Statement".to_owned(), Value::Array(all));
    let text = Value::Object(document).to_string();
    if text.len() > LIMIT {
        return Err(format!(
            "the policy would have {} bytes, more than the {LIMIT} that a bucket policy may have",
            text.len()
        ));
    }
    Ok(text)
}

/// The ARNs of a bucket and of its objects.
#[must_use]
pub fn both(situation: &Situation<'_>, bucket: &str) -> Value {
    let arn = format!("arn:{}:s3:::{bucket}", situation.organization.partition);
    json!([arn.clone(), format!("{arn}/*")])
}

/// Proves that statements that are added, all of which refuse, leave those able to repair the policy who must be: the role
/// that applies the change, and those of last resort.
///
/// # Errors
/// Somebody who could repair the policy might no longer; the request that shows it.
pub fn nobody_is_locked_out(
    situation: &Situation<'_>,
    account: &str,
    bucket: &Bucket,
    statements: &[Value],
) -> Result<(), String> {
    let present = bucket.policy.as_result().map_err(|why| why.clause())?.as_deref();
    let before = present.map_or_else(|| Ok(PolicyDocument::empty()), PolicyDocument::parse);
    let after = PolicyDocument::from_value(&json!({"Version": "2012-10-17", "Statement": statements}));
    let (before, after) = (before.map_err(|e| e.reason)?, after.map_err(|e| e.reason)?);
    let set = |document| PolicySet { resource: Part::Known(Arc::new(document)), ..PolicySet::default() };
    keepers_keep(situation, account, &bucket.name, &set(before), &set(after))
}

/// Proves that the statements of ours in a policy leave him who acts able to repair it. A session acts as its role.
///
/// # Errors
/// He could not any more; the request that shows it.
pub fn acting_is_kept(
    organization: &Organization,
    account: &str,
    bucket: &str,
    arn: &str,
    wanted: &str,
) -> Result<(), String> {
    let document: Value = serde_json::from_str(wanted).map_err(|error| error.to_string())?;
    let all = document["Statement"].as_array().cloned().unwrap_or_default();
    let is_ours =
        |statement: &Value| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with(SID_PREFIX));
    let ours: Vec<Value> = all.into_iter().filter(is_ours).collect();
    let ours = PolicyDocument::from_value(&json!({"Version": "2012-10-17", "Statement": ours}));
    let ours = ours.map_err(|error| error.reason)?;
    let set = PolicySet { resource: Part::Known(Arc::new(ours)), ..PolicySet::default() };
    let role = match arn.split_once(":assumed-role/") {
        Some((_, session)) => {
            let name = session.split('/').next().unwrap_or_default();
            format!("arn:{}:iam::{account}:role/{name}", organization.partition)
        }
        None => arn.to_owned(),
    };
    for action in REPAIR {
        let request = repair(organization, account, bucket, &role, action);
        let decision = decide(&set, &request);
        if decision.value != Tri::Yes {
            return Err(format!(
                "`{arn}`, who acts, could be locked out of the bucket: {} (request: {})",
                decision.reason,
                request.to_json()
            ));
        }
    }
    Ok(())
}

/// `added` holds the new statements alone: what others' statements do to a keeper is not ours to judge, unless they refuse him
/// for certain.
fn keepers_keep(
    situation: &Situation<'_>,
    account: &str,
    bucket: &str,
    before: &PolicySet,
    added: &PolicySet,
) -> Result<(), String> {
    for keeper in situation.keepers(account) {
        for action in REPAIR {
            let request = repair(situation.organization, account, bucket, &keeper, action);
            if decide(before, &request).value == Tri::No {
                return Err(format!(
                    "`{keeper}` may not do `{action}` even now, so that nothing could be undone"
                ));
            }
            let decision = decide(added, &request);
            if decision.value != Tri::Yes {
                return Err(format!(
                    "`{keeper}` could be locked out of the bucket: {} (request: {})",
                    decision.reason,
                    request.to_json()
                ));
            }
        }
    }
    Ok(())
}

/// Proves that a wanted policy serves whom the present one serves (U1 to U4).
///
/// # Errors
/// Somebody would not be served any more.
pub fn used_as_before(
    situation: &Situation<'_>,
    account: &str,
    bucket: &Bucket,
    wanted: &str,
) -> Result<(), String> {
    let guardrails = Guardrails::of(situation.organization);
    let context = situation.context(&guardrails);
    let owner = situation.account(account)?;
    let perimeter = perimeter(owner, &context);
    let changed = Bucket { policy: Reading::Known(Some(wanted.to_owned())), ..bucket.clone() };
    let of = |bucket: &Bucket| BucketPolicies::of(owner, bucket, &context, &perimeter).legitimate_use();
    let (before, after) = (of(bucket), of(&changed));
    for (who, before, after) in [
        ("workloads at the organization's endpoints", before.own_endpoint, after.own_endpoint),
        ("AWS services that the policy names", before.services, after.services),
        ("services that read for a principal", before.forward_access, after.forward_access),
        ("the root user, who would have to repair it", before.repair, after.repair),
    ] {
        if before.holds.is_yes() && !after.holds.is_yes() {
            return Err(format!("{who} would not be served any more: {}", after.reason));
        }
    }
    Ok(())
}

/// Keys that stand in an object twice, anywhere in a document: a reader of JSON keeps one of them without a word.
fn repeated_key(json: &Json) -> Option<String> {
    if let Some(key) = json.repeated_key() {
        return Some(key.to_owned());
    }
    match json {
        Json::Object(members) => members.iter().find_map(|(_, value)| repeated_key(value)),
        Json::Array(items) => items.iter().find_map(repeated_key),
        _ => None,
    }
}

/// A request with TLS from anywhere: through which network is not known.
fn repair(organization: &Organization, account: &str, bucket: &str, keeper: &str, action: &str) -> Request {
    let resource = format!("arn:{}:s3:::{bucket}", organization.partition);
    let mut request = Request::new(action, &resource, Principal::Arn(keeper.to_owned()));
    request.resource_account = Some(account.to_owned());
    let mut context = Context::new()
        .with("aws:SecureTransport", "true")
        .with("aws:PrincipalArn", keeper)
        .with("aws:PrincipalAccount", account)
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:ViaAWSService", "false");
    for key in ["aws:SourceIp", "aws:SourceVpce", "aws:SourceVpc", "aws:VpceOrgID", "aws:VpceAccount"] {
        context.set(key, ContextValue::Unknown);
    }
    if let Some(Some(identity)) = organization.identity.known() {
        for key in ["aws:PrincipalOrgID", "aws:ResourceOrgID"] {
            context.set(key, ContextValue::one(identity.id.as_str()));
        }
    }
    request.context = context;
    request
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn ours() -> Value {
        json!({"Sid": "ExfilguardRequireTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    }

    #[test]
    fn statements_of_others_stay_as_they_are() {
        let theirs = r#"{"Version":"2008-10-17","Id":"x","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
        let merged_text = merged(Some(theirs), &[ours()]).unwrap();
        let value: Value = serde_json::from_str(&merged_text).unwrap();
        let before: Value = serde_json::from_str(theirs).unwrap();
        assert_eq!(value["Statement"][0], before["Statement"]);
        assert_eq!(value["Statement"][1], ours());
        assert_eq!((&value["Version"], &value["Id"]), (&json!("2008-10-17"), &json!("x")));
        // A second time changes nothing.
        assert_eq!(merged(Some(&merged_text), &[ours()]).unwrap(), merged_text);
    }

    #[test]
    fn what_is_not_understood_is_not_merged_into() {
        let twice = r#"{"Version":"2012-10-17","Statement":[],"Statement":[]}"#;
        assert!(merged(Some(twice), &[ours()]).is_err());
        let foreign = json!({"Version": "2012-10-17", "Statement": [{"Sid": "ExfilguardRequireTls", "Effect": "Allow",
            "Principal": "*", "Action": "s3:*", "Resource": "*"}]});
        let why = merged(Some(&foreign.to_string()), &[ours()]).unwrap_err();
        assert!(why.contains("Sid"), "{why}");
        let long = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
            "Action": "s3:*", "Resource": format!("arn:aws:s3:::{}", "x".repeat(LIMIT))}]});
        assert!(merged(Some(&long.to_string()), &[ours()]).unwrap_err().contains("20480"));
    }

    fn set(document: &Value) -> PolicySet {
        let document = PolicyDocument::parse(&document.to_string()).unwrap();
        PolicySet { resource: Part::Known(Arc::new(document)), ..PolicySet::default() }
    }

    fn organization() -> crate::snapshot::Organization {
        crate::snapshot::Organization {
            partition: "aws".to_owned(),
            caller_account: "111122223333".to_owned(),
            identity: Reading::Known(Some(crate::snapshot::OrganizationIdentity {
                id: "o-example12345".to_owned(),
                management_account: "999988887777".to_owned(),
            })),
            accounts: Reading::Known(Vec::new()),
            enabled_policy_types: Reading::Known(Vec::new()),
            policies: std::collections::BTreeMap::new(),
            guardduty_administrators: std::collections::BTreeMap::new(),
            guardduty_policies: std::collections::BTreeMap::new(),
        }
    }

    fn locked_out(present: &Value, wanted: &Value, break_glass: &[&str]) -> Result<(), String> {
        let organization = organization();
        let mut policy = crate::policy::PolicyFile::default();
        policy.remediation.break_glass = break_glass.iter().map(|&name| name.to_owned()).collect();
        let situation = Situation {
            organization: &organization,
            accounts: &std::collections::BTreeMap::new(),
            policy: &policy,
            role: "ExfilguardRemediate",
            management_account: false,
        };
        keepers_keep(&situation, "111122223333", "ledger", &set(present), &set(wanted))
    }

    /// F-40.
    #[test]
    fn whoever_repairs_the_policy_must_be_able_to_afterwards() {
        let document = |statements: &[Value]| json!({"Version": "2012-10-17", "Statement": statements});
        let refuse = |condition: Value| {
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition,
                "Resource": ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"]})
        };
        let nothing = document(&[]);
        let tls = document(&[refuse(json!({"Bool": {"aws:SecureTransport": "false"}}))]);
        assert_eq!(locked_out(&nothing, &tls, &["break-glass"]), Ok(()));

        let network = |arns: &[&str]| {
            document(&[refuse(json!({"NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"},
                "ArnNotLikeIfExists": {"aws:PrincipalArn": arns}}))])
        };
        let role = "arn:aws:iam::111122223333:role/ExfilguardRemediate";
        assert_eq!(locked_out(&nothing, &network(&[role]), &[]), Ok(()));
        let why = locked_out(&nothing, &network(&[role]), &["break-glass"]).unwrap_err();
        assert!(why.contains("role/break-glass") && why.contains("\"action\""), "{why}");
        assert!(locked_out(&nothing, &network(&["arn:aws:iam::111122223333:role/other"]), &[]).is_err());
        // Who is locked out already could not undo anything.
        assert_eq!(
            locked_out(&network(&["x"]), &tls, &[]),
            Ok(()),
            "unknown networks are no certain refusal"
        );
        let always = document(&[refuse(json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}))]);
        assert!(locked_out(&always, &tls, &[]).unwrap_err().contains("even now"));
    }
    /// U1 to U4: whom the bucket serves it serves afterwards, or the change is refused for him.
    #[test]
    fn whom_the_bucket_serves_it_serves_afterwards() {
        use crate::facts::samples;
        let organization = samples::organization();
        let account = samples::account();
        let policy = crate::policy::PolicyFile::default();
        let accounts = std::collections::BTreeMap::from([(account.id.clone(), account.clone())]);
        let situation = Situation {
            organization: &organization,
            accounts: &accounts,
            policy: &policy,
            role: "ExfilguardRemediate",
            management_account: false,
        };
        let logs = json!({"Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::ledger/*"});
        let present = json!({"Version": "2012-10-17", "Statement": [logs]}).to_string();
        let bucket = Bucket { policy: Reading::Known(Some(present.clone())), ..samples::bucket("ledger") };
        let with = |condition: Value| {
            let refusal = json!({"Sid": "x", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"], "Condition": condition});
            let wanted = merged(Some(&present), &[refusal]).unwrap();
            used_as_before(&situation, &account.id, &bucket, &wanted)
        };
        let why = with(json!({"StringEquals": {"aws:VpceOrgID": "o-sample"}})).unwrap_err();
        assert!(why.starts_with("workloads at the organization's endpoints"), "{why}");
        let why = with(json!({"Bool": {"aws:PrincipalIsAWSService": "true"}})).unwrap_err();
        assert!(why.starts_with("AWS services that the policy names"), "{why}");
        let why = with(json!({"Bool": {"aws:ViaAWSService": "true"}})).unwrap_err();
        assert!(why.starts_with("services that read for a principal"), "{why}");
        assert_eq!(with(json!({"Bool": {"aws:SecureTransport": "false"}})), Ok(()));
    }
}
