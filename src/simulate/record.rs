//! The CloudTrail record that a step of a technique leaves in the account of the bucket's owner.

use serde_json::{Value, json};

use super::technique::{Caller, Class, Event, Network, Signed, Whose};
use crate::semantics::event_selectors::BucketIdentity;
use crate::semantics::synthetic::{self, Reader};

/// The account of the thief in records.
const THIEF: &str = "999988887777";

/// The bucket of the thief in records.
const THIEF_BUCKET: &str = "exfilguard-probe-attacker";

/// The properties of a record on the bus that hold the name of its bucket, as [`synthetic::NAME_THE_BUCKET`].
pub const NAME_THE_BUCKET_ON_BUS: [&str; 3] =
    ["detail.requestParameters", "detail.resources", "detail.tlsDetails"];

/// The record of an event about a bucket, as it stands in the log of the owner's account (`aws-semantics.md` 3.2).
#[must_use]
pub fn record(event: &Event, bucket: &BucketIdentity) -> Value {
    let (owner, name) = match event.bucket {
        Whose::Own => (bucket.account.as_str(), bucket.name.as_str()),
        Whose::Thief => (THIEF, THIEF_BUCKET),
    };
    let reader = Reader {
        account: &bucket.account,
        region: &bucket.region,
        partition: &bucket.partition,
        bucket: name,
    };
    let mut record = synthetic::get_object(&reader, "pii/customers.csv");
    let management = !event.class.is_data();
    synthetic::merge(
        &mut record,
        json!({
            "eventName": event.name,
            "eventSource": event.source,
            "eventCategory": if management { "Management" } else { "Data" },
            "managementEvent": management,
            "readOnly": event.class.is_read(),
        }),
    );
    let named = format!("arn:{}:s3:::{name}", bucket.partition);
    let of_bucket = json!({"accountId": owner, "type": "AWS::S3::Bucket", "ARN": named});
    synthetic::merge(&mut record, about(event, &named, &of_bucket));
    synthetic::merge(&mut record, caller(event, &bucket.account));
    synthetic::merge(&mut record, origin(event));
    record
}

/// What the request was about: an object, the objects below a prefix, a bucket, or nothing of S3.
fn about(event: &Event, arn: &str, of_bucket: &Value) -> Value {
    let about_objects = event.class.is_data();
    if event.source != "s3.amazonaws.com" || event.name == "ListBuckets" || event.name.contains("Account") {
        return json!({"requestParameters": {"bucketName": null, "Host": null, "key": null}, "resources": null,
            "additionalEventData": null});
    }
    if about_objects && event.name.starts_with("ListObject") {
        return json!({"requestParameters": {"key": null, "list-type": "2", "prefix": ""},
            "resources": [{"type": "AWS::S3::Object", "ARNPrefix": format!("{arn}/")}, of_bucket]});
    }
    if about_objects && event.name == "DeleteObjects" {
        // CloudTrail does not write the keys.
        return json!({"requestParameters": {"key": null, "delete": ""},
            "resources": [{"type": "AWS::S3::Object", "ARNPrefix": format!("{arn}/")}, of_bucket]});
    }
    if about_objects {
        return json!({"resources": [{"type": "AWS::S3::Object", "ARN": format!("{arn}/pii/customers.csv")}, of_bucket]});
    }
    json!({"requestParameters": {"key": null}, "resources": [of_bucket],
        "additionalEventData": {"bytesTransferredOut": 0.0}})
}

fn caller(event: &Event, account: &str) -> Value {
    match event.caller {
        Caller::Own => json!({}),
        Caller::Thief => json!({
            "userIdentity": {"type": "AWSAccount", "principalId": "AROAFOREIGNID:thief", "accountId": THIEF,
                "arn": null, "accessKeyId": null, "sessionContext": null},
            "recipientAccountId": account,
            "sharedEventID": "99999999-2222-3333-4444-555555555555"}),
        // What CloudTrail writes for an unsigned request is not documented field by field (A-05).
        Caller::Anonymous => json!({
            "userIdentity": {"type": "AWSAccount", "principalId": "", "accountId": "anonymous",
                "arn": null, "accessKeyId": null, "sessionContext": null},
            "additionalEventData": {"SignatureVersion": null, "AuthenticationMethod": null}}),
    }
}

fn origin(event: &Event) -> Value {
    let mut changes = match event.from {
        Network::Internet => json!({}),
        Network::ThiefEndpoint => {
            json!({"sourceIPAddress": "10.0.3.17", "vpcEndpointId": "vpce-0badc0ffee0badc0f",
            "vpcEndpointAccountId": THIEF})
        }
        Network::OwnEndpoint => {
            json!({"sourceIPAddress": "10.0.3.17", "vpcEndpointId": "vpce-0123456789abcdef0"})
        }
    };
    if event.signed == Signed::Url {
        synthetic::merge(
            &mut changes,
            json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}}),
        );
    }
    changes
}

/// Whether CloudTrail hands the event to EventBridge under this source: `aws.` and the first part of `eventSource`.
#[must_use]
pub fn source_on_bus(event_source: &str) -> String {
    format!("aws.{}", event_source.split('.').next().unwrap_or_default())
}

/// The record as EventBridge delivers it on the default bus (EventBridge user guide, *AWS service events delivered via
/// CloudTrail*).
#[must_use]
pub fn on_bus(record: &Value, account: &str, region: &str) -> Value {
    let source = record.get("eventSource").and_then(Value::as_str).unwrap_or_default();
    json!({
        "version": "0", "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0", "detail-type": "AWS API Call via CloudTrail",
        "source": source_on_bus(source), "account": account, "time": record["eventTime"], "region": region,
        "resources": [], "detail": record})
}

/// Whether EventBridge passes over the event unless a rule asks for all management events: management events that only
/// read (EventBridge user guide; `aws-semantics.md` 6.2).
#[must_use]
pub fn is_read_only_management(event: &Event) -> bool {
    event.class == Class::ManagementRead
        && ["Get", "List", "Describe"].iter().any(|verb| event.name.starts_with(verb))
        && !matches!(event.name.as_str(), "GetFederationToken" | "GetSessionToken")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::semantics::configuration::{EventSelector, TrailSelectors};
    use crate::semantics::event_selectors;
    use crate::semantics::synthetic::NAME_THE_BUCKET;
    use crate::semantics::verdict::Tri;
    use crate::simulate::Techniques;

    fn bucket() -> BucketIdentity {
        BucketIdentity {
            name: "crown-jewels".into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            partition: "aws".into(),
        }
    }

    fn event(text: &str) -> Event {
        serde_json::from_value(serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn every_record_of_a_technique_can_be_put_to_the_evaluators() {
        let everything = TrailSelectors {
            event_selectors: vec![EventSelector {
                read_write_type: Some("All".into()),
                include_management_events: Some(true),
                data_resources: vec![crate::semantics::configuration::DataResource {
                    r#type: "AWS::S3::Object".into(),
                    values: vec!["arn:aws:s3".into()],
                }],
                ..EventSelector::default()
            }],
            ..TrailSelectors::default()
        };
        for technique in Techniques::load(&[]).unwrap().iter() {
            let steps = technique.chains.iter().flat_map(|chain| &chain.steps);
            for event in steps.filter_map(|step| step.event.as_ref()) {
                let record = record(event, &bucket());
                let verdict = event_selectors::matches(&everything, &record);
                assert_eq!(verdict.value, Tri::Yes, "{} {}: {}", technique.id, event.name, verdict.reason);
            }
        }
    }

    #[test]
    fn records_of_two_buckets_differ_in_the_properties_that_name_them_alone() {
        for technique in Techniques::load(&[]).unwrap().iter() {
            let steps = technique.chains.iter().flat_map(|chain| &chain.steps);
            for event in steps.filter_map(|step| step.event.as_ref()) {
                let [one, other] = ["crown-jewels", "loot"].map(|name| {
                    let mut record = record(event, &BucketIdentity { name: name.into(), ..bucket() });
                    for property in NAME_THE_BUCKET {
                        record.as_object_mut().unwrap().remove(property);
                    }
                    record
                });
                assert_eq!(one, other, "{} {}", technique.id, event.name);
                assert!(!one.to_string().contains("crown-jewels"), "{one}");
            }
        }
    }

    #[test]
    fn a_copy_to_the_thief_is_about_his_bucket_and_our_caller() {
        let copy =
            record(&event(r#"{"name": "CopyObject", "class": "data-write", "bucket": "thief"}"#), &bucket());
        assert_eq!(copy.pointer("/resources/1/accountId").unwrap(), THIEF);
        assert_eq!(copy.pointer("/userIdentity/accountId").unwrap(), "111122223333");
        assert_eq!(copy.pointer("/readOnly").unwrap(), false);
    }

    #[test]
    fn a_listing_names_a_prefix_and_a_management_event_no_object() {
        let list = record(&event(r#"{"name": "ListObjects", "class": "data-read"}"#), &bucket());
        assert_eq!(list.pointer("/resources/0/ARNPrefix").unwrap(), "arn:aws:s3:::crown-jewels/");
        let put = record(&event(r#"{"name": "PutBucketPolicy", "class": "management-write"}"#), &bucket());
        assert_eq!(put.pointer("/resources/0/type").unwrap(), "AWS::S3::Bucket");
        assert!(put.pointer("/requestParameters/key").is_none());
        let stop = event(
            r#"{"name": "StopLogging", "source": "cloudtrail.amazonaws.com", "class": "management-write"}"#,
        );
        let stop = record(&stop, &bucket());
        assert!(stop.get("resources").is_none() && stop.pointer("/requestParameters/bucketName").is_none());
        let bus = on_bus(&stop, "111122223333", "eu-west-1");
        assert_eq!(bus["source"], "aws.cloudtrail");
        assert_eq!(bus["detail"]["eventName"], "StopLogging");
    }

    #[test]
    fn the_bus_passes_over_management_events_that_only_read() {
        assert!(is_read_only_management(&event(r#"{"name": "ListBuckets", "class": "management-read"}"#)));
        assert!(!is_read_only_management(&event(r#"{"name": "GetObject", "class": "data-read"}"#)));
        assert!(!is_read_only_management(&event(
            r#"{"name": "PutBucketPolicy", "class": "management-write"}"#
        )));
    }
}
