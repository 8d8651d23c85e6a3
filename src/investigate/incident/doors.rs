//! Settings that let data out, or hide that it goes: what a change means, and what has to be asked because of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rows::{Changed, or_empty};

/// What an operation means for theft or for its traces, with the technique that it belongs to (`aws-semantics.md` 8).
#[must_use]
pub fn meaning(source: &str, name: &str) -> (&'static str, Option<&'static str>) {
    let service = source.split('.').next().unwrap_or_default();
    match (service, name) {
        ("s3", "PutBucketPolicy") => ("says who may use the bucket", Some("T-05")),
        ("s3", "DeleteBucketPolicy") => ("takes away what the bucket's policy denied", Some("T-05")),
        ("s3", "PutBucketReplication") => {
            ("copies every new object to another bucket, by itself", Some("T-07"))
        }
        ("s3", "PutBucketAcl" | "PutObjectAcl") => ("gives access by an access control list", Some("T-18")),
        ("s3", "CreateAccessPoint" | "PutAccessPointPolicy" | "CreateMultiRegionAccessPoint") => {
            ("opens another door to the bucket", Some("T-11"))
        }
        (
            "s3",
            "PutBucketPublicAccessBlock"
            | "DeleteBucketPublicAccessBlock"
            | "PutAccountPublicAccessBlock"
            | "DeleteAccountPublicAccessBlock",
        ) => ("changes what keeps buckets from being public", Some("T-21")),
        ("s3", "PutBucketLogging") => ("sends the bucket's access logs elsewhere, or nowhere", Some("T-08")),
        ("s3", name) if name.contains("Inventory") || name.contains("Analytics") => {
            ("sends lists of the bucket's objects to another bucket", Some("T-08"))
        }
        ("s3", name) if name.starts_with("PutBucketNotification") => {
            ("tells somebody of every new object", Some("T-22"))
        }
        ("s3", "CreateJob") => ("starts a batch job over many objects", Some("T-09")),
        ("s3", name) if name.contains("AccessGrant") => ("grants access past policies", Some("T-17")),
        ("s3", "PutBucketVersioning") => ("decides whether deleted objects can be restored", Some("T-16")),
        ("s3", name) if name.contains("Lifecycle") => ("lets objects expire by themselves", Some("T-16")),
        ("s3", "PutObjectLockConfiguration" | "PutBucketOwnershipControls") => {
            ("changes what protects objects", Some("T-16"))
        }
        ("cloudtrail", "StartLogging" | "CreateTrail" | "StartEventDataStoreIngestion") => {
            ("starts logging", None)
        }
        ("cloudtrail", _) => ("changes what is logged", Some("T-12")),
        (
            "guardduty" | "macie2" | "events" | "monitoring" | "logs" | "sns" | "config" | "securityhub"
            | "access-analyzer",
            _,
        ) => ("changes who notices", Some("T-12")),
        ("iam", "CreateAccessKey" | "CreateLoginProfile" | "CreateUser" | "CreateRole") => {
            ("makes a credential that outlives the stolen one", None)
        }
        ("iam" | "sts", _) => ("changes who may do what", None),
        ("kms", "ScheduleKeyDeletion" | "DisableKey") => ("makes encrypted data unreadable", Some("T-16")),
        ("kms", _) => ("changes who may decrypt", None),
        ("ec2" | "rds", name) if name.contains("Snapshot") || name.contains("Image") => {
            ("copies or shares a disk or database", Some("T-19"))
        }
        ("ec2", name) if name.contains("VpcEndpoint") => ("changes the way to S3", None),
        _ => ("changes something else", None),
    }
}

/// The kind of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoorKind {
    /// A bucket policy, access control list or access point lets others in.
    Outside,
    /// New objects are copied to another bucket.
    Replication,
    /// Lists, logs or notifications go elsewhere.
    Export,
}

/// A setting that the actor made and that lets data out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// What kind.
    pub kind: DoorKind,
    /// The operation that made it.
    pub event_name: String,
    /// The record.
    pub event_id: String,
    /// Since when.
    pub since: String,
    /// The bucket that data goes out of.
    pub bucket: String,
    /// The buckets that it goes to.
    pub destinations: Vec<String>,
    /// The accounts that it lets in; none if it does not tell or lets everybody in.
    pub accounts: Option<BTreeSet<String>>,
}

/// The doors that were made, in the order of the changes. What was refused made none.
#[must_use]
pub fn doors(changes: &[Changed], ours: &BTreeSet<String>) -> Vec<Door> {
    changes
        .iter()
        .filter(|change| change.error_code.is_none())
        .filter_map(|change| door(change, ours))
        .collect()
}

fn door(change: &Changed, ours: &BTreeSet<String>) -> Option<Door> {
    if change.event_source.as_deref() != Some("s3.amazonaws.com") {
        return None;
    }
    let name = or_empty(&change.event_name);
    let parameters = change.parameters();
    let made = |kind, destinations, accounts| Door {
        kind,
        event_name: name.to_owned(),
        event_id: or_empty(&change.event_id).to_owned(),
        since: or_empty(&change.event_time).to_owned(),
        bucket: bucket(change, &parameters),
        destinations,
        accounts,
    };
    match name {
        "PutBucketReplication" => Some(made(DoorKind::Replication, destination_buckets(&parameters), None)),
        "PutBucketPolicy" | "PutAccessPointPolicy" => {
            let (accounts, everybody) = let_in(&parameters);
            let outside: BTreeSet<String> = accounts.difference(ours).cloned().collect();
            let opens = everybody || !outside.is_empty();
            opens.then(|| made(DoorKind::Outside, Vec::new(), (!everybody).then_some(outside)))
        }
        "PutBucketAcl"
        | "DeleteBucketPolicy"
        | "DeleteBucketPublicAccessBlock"
        | "PutBucketPublicAccessBlock"
        | "CreateAccessPoint" => Some(made(DoorKind::Outside, Vec::new(), None)),
        "PutBucketLogging" => {
            let destinations = destination_buckets(&parameters);
            (!destinations.is_empty()).then(|| made(DoorKind::Export, destinations, None))
        }
        other if other.contains("Inventory") || other.contains("Analytics") => {
            Some(made(DoorKind::Export, destination_buckets(&parameters), None))
        }
        _ => None,
    }
}

/// The bucket of a change; an access point's request names it elsewhere.
fn bucket(change: &Changed, parameters: &Value) -> String {
    let named = ["/bucketName", "/CreateAccessPointRequest/Bucket", "/bucket"];
    let within = named.iter().find_map(|pointer| parameters.pointer(pointer)?.as_str());
    change.bucket.as_deref().or(within).unwrap_or_default().to_owned()
}

/// The names of buckets that stand as a destination anywhere in the request.
fn destination_buckets(parameters: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    collect(parameters, &mut |name, value| {
        let Some(text) = value.as_str() else { return };
        if name == "TargetBucket" {
            found.insert(text.to_owned());
        }
        if name == "Bucket"
            && let Some(bucket) = text.split(":::").nth(1)
        {
            found.insert(bucket.to_owned());
        }
    });
    found.into_iter().collect()
}

/// The accounts that a policy within the request allows something, and whether it allows everybody.
fn let_in(parameters: &Value) -> (BTreeSet<String>, bool) {
    let mut accounts = BTreeSet::new();
    let mut everybody = false;
    let policy = ["bucketPolicy", "Policy", "policy"].iter().find_map(|name| {
        match parameters
            .get(*name)
            .or_else(|| parameters.pointer(&format!("/PutAccessPointPolicyRequest/{name}")))?
        {
            Value::String(text) => serde_json::from_str(text).ok(),
            value @ Value::Object(_) => Some(value.clone()),
            _ => None,
        }
    });
    let statements = match policy.as_ref().and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let principal = statement.get("Principal").cloned().unwrap_or_default();
        let mut named = |text: &str| {
            everybody |= text == "*";
            let twelve = |part: &&str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
            accounts.extend(text.split(':').find(twelve).map(str::to_owned));
        };
        match &principal {
            Value::String(text) => named(text),
            other => collect(other, &mut |_, value| {
                if let Some(text) = value.as_str() {
                    named(text);
                }
            }),
        }
    }
    (accounts, everybody)
}

/// Every scalar with the name of the field that it stands in.
fn collect(value: &Value, take: &mut dyn FnMut(&str, &Value)) {
    fn walk(name: &str, value: &Value, take: &mut dyn FnMut(&str, &Value)) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(name, value, take)),
            Value::Array(list) => list.iter().for_each(|value| walk(name, value, take)),
            scalar => take(name, scalar),
        }
    }
    walk("", value, take);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn change(name: &str, parameters: &Value) -> Changed {
        Changed {
            event_source: Some("s3.amazonaws.com".to_owned()),
            event_name: Some(name.to_owned()),
            bucket: parameters["bucketName"].as_str().map(str::to_owned),
            request_parameters: Some(parameters.to_string()),
            ..Changed::default()
        }
    }

    fn only(name: &str, parameters: &Value) -> Option<Door> {
        doors(&[change(name, parameters)], &BTreeSet::from(["111122223333".to_owned()])).pop()
    }

    fn policy(principal: &Value) -> Value {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*"});
        json!({"bucketName": "b", "bucketPolicy": {"Statement": [statement]}})
    }

    #[test]
    fn a_policy_opens_a_door_only_to_the_outside() {
        assert_eq!(only("PutBucketPolicy", &policy(&json!({"AWS": "arn:aws:iam::111122223333:root"}))), None);
        let door = only(
            "PutBucketPolicy",
            &policy(&json!({"AWS": ["111122223333", "arn:aws:iam::555566667777:role/x"]})),
        );
        assert_eq!(door.unwrap().accounts.unwrap().into_iter().collect::<Vec<_>>(), ["555566667777"]);
        assert_eq!(only("PutBucketPolicy", &policy(&json!("*"))).unwrap().accounts, None);
        assert_eq!(only("PutBucketPolicy", &policy(&json!({"AWS": "*"}))).unwrap().accounts, None);
        assert_eq!(only("PutBucketPolicy", &json!({"bucketName": "b", "bucketPolicy": "no JSON"})), None);
    }

    #[test]
    fn a_replication_names_its_destinations_whatever_the_shape_of_its_rules() {
        let rule = |bucket: &str| json!({"Destination": {"Bucket": format!("arn:aws:s3:::{bucket}")}});
        let one = json!({"bucketName": "b", "ReplicationConfiguration": {"Rule": rule("x")}});
        let two = json!({"bucketName": "b", "ReplicationConfiguration": {"Rule": [rule("y"), rule("x")]}});
        assert_eq!(only("PutBucketReplication", &one).unwrap().destinations, ["x"]);
        assert_eq!(only("PutBucketReplication", &two).unwrap().destinations, ["x", "y"]);
    }

    #[test]
    fn what_was_refused_opened_nothing() {
        let mut refused = change("PutBucketPolicy", &policy(&json!("*")));
        refused.error_code = Some("AccessDenied".to_owned());
        assert_eq!(doors(&[refused], &BTreeSet::new()), []);
    }

    #[test]
    fn changes_are_told_by_what_they_mean() {
        assert_eq!(meaning("cloudtrail.amazonaws.com", "StopLogging").1, Some("T-12"));
        assert_eq!(meaning("cloudtrail.amazonaws.com", "StartLogging").1, None);
        assert_eq!(meaning("s3.amazonaws.com", "PutBucketLifecycleConfiguration").1, Some("T-16"));
        assert_eq!(meaning("dynamodb.amazonaws.com", "CreateTable"), ("changes something else", None));
    }
}
