//! Synthetic events: what AWS would write if somebody read an object, and what GuardDuty and CloudWatch would publish.
//!
//! Configuration is asked with these instead of being compared with strings (`aws-semantics.md` 3.2 and 6.6).

use serde_json::{Value, json};

/// The properties of a CloudTrail record that hold the name of the bucket that it is about.
pub const NAME_THE_BUCKET: [&str; 3] = ["requestParameters", "resources", "tlsDetails"];

/// A time for synthetic events; no evaluator depends on it.
const TIME: &str = "2026-01-15T03:12:44Z";

/// Where an object is read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The account that owns the bucket.
    pub account: &'a str,
    /// The bucket's region.
    pub region: &'a str,
    /// The partition.
    pub partition: &'a str,
    /// The bucket.
    pub bucket: &'a str,
}

/// A CloudTrail record of a read, with a name for people.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticEvent {
    /// What it is, for example `a download by an assumed role`.
    pub name: &'static str,
    /// The record as it stands in the log.
    pub event: Value,
    /// Whether it is the plain kind of read, without which nothing is covered at all.
    pub essential: bool,
}

/// The ways in which objects are downloaded in bulk with a stolen key of the account (technique T-01, and T-10 for the
/// presigned URL); a filter that counts downloads must count all of them.
#[must_use]
pub fn object_reads(reader: &Reader<'_>) -> Vec<SyntheticEvent> {
    let Reader { account, partition, .. } = *reader;
    let plain = |name, event| SyntheticEvent { name, event, essential: true };
    vec![
        plain("a download by an assumed role", get_object(reader, "pii/customers.csv")),
        plain("a download of an object at the top", get_object(reader, "a")),
        plain(
            "a download by an IAM user",
            changed(
                reader,
                json!({"userIdentity": {
                    "type": "IAMUser", "principalId": "AIDAEXAMPLEID", "userName": "backup",
                    "arn": format!("arn:{partition}:iam::{account}:user/backup"), "accountId": account,
                    "accessKeyId": "AKIAEXAMPLE", "sessionContext": null}}),
            ),
        ),
        SyntheticEvent {
            name: "a download through a presigned URL",
            event: changed(reader, json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}})),
            essential: false,
        },
    ]
}

/// Further ways of reading objects, which a filter on downloads may leave out for a reason: by a principal of another
/// account, and from inside a network through a VPC endpoint.
#[must_use]
pub fn further_object_reads(reader: &Reader<'_>) -> Vec<SyntheticEvent> {
    let read = |name, changes| SyntheticEvent { name, event: changed(reader, changes), essential: false };
    vec![
        read(
            "a download by another account",
            json!({
                "userIdentity": {
                    "type": "AWSAccount", "principalId": "AROAFOREIGNID:guest", "accountId": FOREIGN_ACCOUNT,
                    "arn": null, "accessKeyId": null, "sessionContext": null},
                "sharedEventID": "99999999-2222-3333-4444-555555555555"}),
        ),
        read(
            "a download through a VPC endpoint",
            json!({
                "sourceIPAddress": "10.0.3.17", "vpcEndpointId": "vpce-0123456789abcdef0",
                "vpcEndpointAccountId": reader.account}),
        ),
    ]
}

/// An account that is nobody's; it is never the reader's own.
const FOREIGN_ACCOUNT: &str = "999988887777";

fn changed(reader: &Reader<'_>, changes: Value) -> Value {
    let mut event = get_object(reader, "pii/customers.csv");
    merge(&mut event, changes);
    event
}

/// A successful `GetObject` by an assumed role.
pub(crate) fn get_object(reader: &Reader<'_>, key: &str) -> Value {
    let Reader { account, region, partition, bucket } = *reader;
    let host = format!("{bucket}.s3.{region}.amazonaws.com");
    json!({
        "eventVersion": "1.11", "eventCategory": "Data", "managementEvent": false, "readOnly": true,
        "eventTime": TIME, "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
        "eventType": "AwsApiCall", "awsRegion": region, "sourceIPAddress": "198.51.100.23",
        "userAgent": "[Boto3/1.34.0]",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLEID:attacker",
            "arn": format!("arn:{partition}:sts::{account}:assumed-role/AppRole/attacker"),
            "accountId": account, "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": "AROAEXAMPLEID", "userName": "AppRole",
                    "arn": format!("arn:{partition}:iam::{account}:role/AppRole"), "accountId": account},
                "attributes": {"creationDate": "2026-01-15T02:00:00Z", "mfaAuthenticated": "false"}}},
        "requestParameters": {"bucketName": bucket, "Host": host, "key": key},
        "responseElements": null,
        "additionalEventData": {
            "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": 0.0, "AuthenticationMethod": "AuthHeader", "x-amz-id-2": "x",
            "bytesTransferredOut": 1_048_576.0},
        "requestID": "R1", "eventID": "11111111-2222-3333-4444-555555555555",
        "resources": [
            {"type": "AWS::S3::Object", "ARN": format!("arn:{partition}:s3:::{bucket}/{key}")},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": format!("arn:{partition}:s3:::{bucket}")}],
        "recipientAccountId": account,
        "tlsDetails": {
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": host}
    })
}

/// Puts changes into an event as RFC 7396 does: null takes a field away.
pub(crate) fn merge(target: &mut Value, changes: Value) {
    match (target, changes) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    fields.remove(&name);
                } else {
                    merge(fields.entry(name).or_insert(Value::Null), change);
                }
            }
        }
        (target, change) => *target = change,
    }
}

/// A GuardDuty finding as EventBridge delivers it on the default bus of `bus_account`: that of the affected `account`,
/// or of GuardDuty's administrator. What it carries depends on its type: an attack sequence has no `service.action` and
/// no bucket in `resource`, and a finding from management events is about an access key.
#[must_use]
pub fn guardduty_event(
    finding_type: &str,
    severity: f64,
    account: &str,
    bus_account: &str,
    region: &str,
    partition: &str,
) -> Value {
    let mut event = json!({
        "version": "0", "id": "c8c4daa7-a20c-2f03-0070-b7393dd542ad", "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty", "account": bus_account, "time": TIME, "region": region, "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": account, "region": region, "partition": partition,
            "id": "60baffd3f9042e38640f2300d5c5a631",
            "arn": format!("arn:{partition}:guardduty:{region}:{account}:detector/12abc34d567e8fa901bc2d34e56789f0\
                            /finding/60baffd3f9042e38640f2300d5c5a631"),
            "type": finding_type,
            "resource": resource(finding_type, partition),
            "service": {
                "serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0",
                "resourceRole": "TARGET", "archived": false, "count": 1,
                "eventFirstSeen": TIME, "eventLastSeen": TIME,
                "additionalInfo": {"value": "{}", "type": "default"}},
            "severity": number(severity), "createdAt": TIME, "updatedAt": TIME,
            "title": format!("A finding of type {finding_type}."),
            "description": format!("A finding of type {finding_type}.")
        }
    });
    let acts = if is_attack_sequence(finding_type) {
        json!({"detail": {"service": {"detection": {"sequence": sequence(account, partition)}}}})
    } else {
        json!({"detail": {"service": {"action": action(finding_type)}}})
    };
    merge(&mut event, acts);
    event
}

fn is_attack_sequence(finding_type: &str) -> bool {
    finding_type.starts_with("AttackSequence:")
}

/// A whole severity stands in a finding without a fraction.
fn number(severity: f64) -> Value {
    if severity.fract() == 0.0 && (0.0..=10.0).contains(&severity) {
        json!(severity as u8)
    } else {
        json!(severity)
    }
}

fn resource(finding_type: &str, partition: &str) -> Value {
    if is_attack_sequence(finding_type) {
        return json!({"resourceType": "AttackSequence"});
    }
    let mut resource = json!({
        "resourceType": "AccessKey",
        "accessKeyDetails": {"accessKeyId": "ASIAEXAMPLE", "principalId": "AROAEXAMPLEID:attacker",
            "userType": "AssumedRole", "userName": "AppRole"}});
    if finding_type.contains(":S3/") {
        merge(&mut resource, json!({"s3BucketDetails": [bucket_details(partition)]}));
        let by_management = finding_type.starts_with("Policy:") || finding_type.starts_with("Stealth:");
        if !by_management {
            merge(&mut resource, json!({"resourceType": "S3Bucket"}));
        }
    }
    resource
}

fn bucket_details(partition: &str) -> Value {
    let block = json!({"ignorePublicAcls": true, "restrictPublicBuckets": true, "blockPublicAcls": true,
        "blockPublicPolicy": true});
    json!({
        "arn": format!("arn:{partition}:s3:::crown-jewels"), "name": "crown-jewels",
        "type": "Destination", "createdAt": 1_513_612_692.0, "owner": {"id": "CanonicalId"},
        "tags": [{"key": "data-class", "value": "pii"}],
        "defaultServerSideEncryption": {"encryptionType": "SSEAlgorithm", "kmsMasterKeyArn": ""},
        "publicAccess": {
            "permissionConfiguration": {
                "bucketLevelPermissions": {
                    "accessControlList": {"allowsPublicReadAccess": false, "allowsPublicWriteAccess": false},
                    "bucketPolicy": {"allowsPublicReadAccess": false, "allowsPublicWriteAccess": false},
                    "blockPublicAccess": block},
                "accountLevelPermissions": {"blockPublicAccess": block}},
            "effectivePermission": "NOT_PUBLIC"}})
}

/// The call that the finding is about.
fn action(finding_type: &str) -> Value {
    let (api, service) = match finding_type {
        "Policy:S3/AccountBlockPublicAccessDisabled" => ("PutAccountPublicAccessBlock", S3),
        "Policy:S3/BucketBlockPublicAccessDisabled" => ("PutBucketPublicAccessBlock", S3),
        "Stealth:S3/ServerAccessLoggingDisabled" => ("PutBucketLogging", S3),
        "Stealth:IAMUser/CloudTrailLoggingDisabled" | "DefenseEvasion:IAMUser/AnomalousBehavior" => {
            ("StopLogging", "cloudtrail.amazonaws.com")
        }
        "Impact:S3/AnomalousBehavior.Delete" => ("DeleteObject", S3),
        "Impact:S3/AnomalousBehavior.Permission" => ("PutBucketPolicy", S3),
        "Impact:S3/AnomalousBehavior.Write" | "Impact:S3/MaliciousIPCaller" => ("PutObject", S3),
        other if other.starts_with("Policy:S3/") => ("PutBucketPolicy", S3),
        other if other.starts_with("Discovery:S3/") => ("ListObjects", S3),
        other if other.contains(":IAMUser/") => ("ListBuckets", S3),
        _ => ("GetObject", S3),
    };
    json!({"actionType": "AWS_API_CALL", "awsApiCallAction": {
        "api": api, "serviceName": service, "callerType": "Remote IP",
        "remoteIpDetails": {
            "ipAddressV4": "198.51.100.23",
            "organization": {"asn": "64500", "asnOrg": "Example", "isp": "Example", "org": "Example"},
            "country": {"countryName": "Exampleland"}, "city": {"cityName": "Example"},
            "geoLocation": {"lat": 0, "lon": 0}},
        "affectedResources": {"AWS::S3::Bucket": "crown-jewels"}}})
}

const S3: &str = "s3.amazonaws.com";

/// What an attack sequence carries in place of an action.
fn sequence(account: &str, partition: &str) -> Value {
    let bucket = format!("arn:{partition}:s3:::crown-jewels");
    json!({
        "uid": "60baffd3f9042e38640f2300d5c5a631", "description": "A sequence of actions that compromised data.",
        "actors": [{"id": "AROAEXAMPLEID:attacker",
            "user": {"name": "AppRole", "uid": "AROAEXAMPLEID:attacker", "type": "AssumedRole",
                "account": {"uid": account}}}],
        "resources": [{"uid": bucket, "name": "crown-jewels", "accountId": account, "resourceType": "S3_BUCKET"}],
        "signals": [{"uid": "s1", "type": "FINDING", "name": "Exfiltration:S3/AnomalousBehavior", "severity": 8,
            "count": 1, "resourceUids": [bucket], "actorIds": ["AROAEXAMPLEID:attacker"]}],
        "sequenceIndicators": [{"key": "ATTACK_TACTIC", "values": ["Exfiltration"]}]})
}

/// An alarm that goes from OK to ALARM, as EventBridge delivers it (CloudWatch user guide, *Alarm events and
/// EventBridge*).
#[must_use]
pub fn alarm_state_change(name: &str, arn: &str, account: &str, region: &str) -> Value {
    json!({
        "version": "0", "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": account,
        "time": TIME, "region": region, "resources": [arn],
        "detail": {
            "alarmName": name,
            "state": {"value": "ALARM", "reason": "Threshold Crossed", "timestamp": TIME},
            "previousState": {"value": "OK", "reason": "Threshold not crossed", "timestamp": TIME}
        }
    })
}

/// What CloudWatch publishes to SNS when an alarm goes to ALARM. What depends on the alarm (`Trigger`, the lists of
/// actions) is left out. `Region` is the region's name for people, and left out where this program does not know it.
#[must_use]
pub fn alarm_notification(name: &str, arn: &str, account: &str, region: &str) -> Value {
    let mut message = json!({
        "AlarmName": name, "AlarmDescription": null, "AWSAccountId": account, "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed", "StateChangeTime": "2026-01-15T03:12:44.000+0000",
        "AlarmArn": arn, "OldStateValue": "OK"
    });
    if let Some(region) = region_name(region) {
        merge(&mut message, json!({"Region": region}));
    }
    message
}

/// The name by which alarm messages call a region.
fn region_name(region: &str) -> Option<&'static str> {
    Some(match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "ca-central-1" => "Canada (Central)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-northeast-2" => "Asia Pacific (Seoul)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "sa-east-1" => "South America (Sao Paulo)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READER: Reader<'_> =
        Reader { account: "111122223333", region: "eu-west-1", partition: "aws", bucket: "crown-jewels" };

    #[test]
    fn every_read_is_a_successful_download_of_the_bucket() {
        for read in object_reads(&READER) {
            assert_eq!(read.event["eventName"], "GetObject", "{}", read.name);
            assert_eq!(read.event["requestParameters"]["bucketName"], "crown-jewels");
            assert!(read.event.get("errorCode").is_none(), "{}", read.name);
        }
    }

    #[test]
    fn the_administrators_bus_names_the_affected_account_in_the_detail() {
        let event = guardduty_event(
            "Exfiltration:S3/AnomalousBehavior",
            8.0,
            "111122223333",
            "444455556666",
            "eu-west-1",
            "aws",
        );
        assert_eq!(event["account"], "444455556666");
        assert_eq!(event["detail"]["accountId"], "111122223333");
    }

    fn finding(finding_type: &str, severity: f64) -> Value {
        guardduty_event(finding_type, severity, "111122223333", "111122223333", "eu-west-1", "aws")["detail"]
            .clone()
    }

    #[test]
    fn the_plain_downloads_are_essential() {
        let essential: Vec<&str> =
            object_reads(&READER).iter().filter(|read| read.essential).map(|read| read.name).collect();
        assert_eq!(
            essential,
            [
                "a download by an assumed role",
                "a download of an object at the top",
                "a download by an IAM user"
            ]
        );
        assert!(further_object_reads(&READER).iter().all(|read| !read.essential));
    }

    #[test]
    fn a_user_has_no_session_and_a_presigned_url_signs_in_the_query() {
        let reads = object_reads(&READER);
        let user = &reads[2].event["userIdentity"];
        assert_eq!(user["arn"], "arn:aws:iam::111122223333:user/backup");
        assert!(user.get("sessionContext").is_none());
        assert_eq!(reads[3].event["additionalEventData"]["AuthenticationMethod"], "QueryString");
        assert_eq!(reads[3].event["additionalEventData"]["SignatureVersion"], "SigV4");
    }

    #[test]
    fn another_accounts_read_names_no_principal_of_ours() {
        let foreign = &further_object_reads(&READER)[0].event;
        assert_eq!(foreign["userIdentity"]["type"], "AWSAccount");
        assert_eq!(foreign["recipientAccountId"], "111122223333");
        assert!(foreign.get("sharedEventID").is_some());
        assert!(!foreign["userIdentity"].to_string().contains("111122223333"));
    }

    #[test]
    fn a_read_through_an_endpoint_comes_from_a_private_address() {
        let inside = &further_object_reads(&READER)[1].event;
        assert!(inside["sourceIPAddress"].as_str().is_some_and(|address| address.starts_with("10.")));
        assert!(inside.get("vpcEndpointId").is_some());
    }

    #[test]
    fn partition_and_region_are_the_readers() {
        let reader = Reader { region: "cn-north-1", partition: "aws-cn", ..READER };
        for read in object_reads(&reader).into_iter().chain(further_object_reads(&reader)) {
            assert_eq!(read.event["awsRegion"], "cn-north-1", "{}", read.name);
            assert!(!read.event.to_string().contains("arn:aws:"), "{}", read.name);
        }
        assert!(
            !guardduty_event("t", 1.5, "1", "2", "cn-north-1", "aws-cn").to_string().contains("arn:aws:")
        );
    }

    #[test]
    fn reads_of_two_buckets_differ_in_the_properties_that_name_them_alone() {
        let reads = |bucket| {
            let reader = Reader { account: "111122223333", region: "eu-west-1", partition: "aws", bucket };
            let mut reads: Vec<Value> = object_reads(&reader).into_iter().map(|read| read.event).collect();
            for property in NAME_THE_BUCKET {
                reads.iter_mut().filter_map(Value::as_object_mut).for_each(|read| _ = read.remove(property));
            }
            reads
        };
        assert_eq!(reads("crown-jewels"), reads("loot"));
        assert!(reads("crown-jewels").iter().all(|read| !read.to_string().contains("crown-jewels")));
    }

    #[test]
    fn an_attack_sequence_has_signals_and_neither_action_nor_bucket() {
        let sequence = finding("AttackSequence:S3/CompromisedData", 9.0);
        assert!(sequence["service"].get("action").is_none());
        assert!(sequence["resource"].get("s3BucketDetails").is_none());
        assert!(sequence["service"]["detection"]["sequence"]["signals"].is_array());
    }

    #[test]
    fn the_resource_follows_the_source_of_the_finding() {
        let resource = |finding_type: &str| finding(finding_type, 8.0)["resource"].clone();
        assert_eq!(resource("Exfiltration:S3/AnomalousBehavior")["resourceType"], "S3Bucket");
        let policy = resource("Policy:S3/BucketPublicAccessGranted");
        assert_eq!(policy["resourceType"], "AccessKey");
        assert!(policy.get("s3BucketDetails").is_some());
        assert!(resource("Exfiltration:IAMUser/AnomalousBehavior").get("s3BucketDetails").is_none());
    }

    #[test]
    fn a_whole_severity_is_written_without_a_fraction() {
        assert_eq!(finding("t", 8.0)["severity"].to_string(), "8");
        assert_eq!(finding("t", 8.5)["severity"].to_string(), "8.5");
    }

    #[test]
    fn the_action_is_the_call_that_the_finding_is_about() {
        let api = |finding_type: &str| {
            finding(finding_type, 8.0)["service"]["action"]["awsApiCallAction"]["api"].clone()
        };
        assert_eq!(api("Exfiltration:S3/MaliciousIPCaller"), "GetObject");
        assert_eq!(api("Policy:S3/BucketAnonymousAccessGranted"), "PutBucketPolicy");
        assert_eq!(api("Impact:S3/AnomalousBehavior.Delete"), "DeleteObject");
        assert_eq!(api("Stealth:IAMUser/CloudTrailLoggingDisabled"), "StopLogging");
    }

    #[test]
    fn an_alarm_changes_from_ok_to_alarm() {
        let event = alarm_state_change("bulk", "arn:bulk", "111122223333", "eu-west-1");
        assert_eq!(event["source"], "aws.cloudwatch");
        assert_eq!(event["resources"], json!(["arn:bulk"]));
        assert_eq!(event["detail"]["state"]["value"], "ALARM");
        assert_eq!(event["detail"]["previousState"]["value"], "OK");
    }

    #[test]
    fn a_message_calls_the_region_by_its_name_for_people() {
        let message = |region: &str| alarm_notification("bulk", "arn:bulk", "111122223333", region);
        assert_eq!(message("eu-west-1")["Region"], "EU (Ireland)");
        assert!(message("xx-nowhere-1").get("Region").is_none());
        assert_eq!(message("eu-west-1")["NewStateValue"], "ALARM");
    }
}
