//! Synthetic events: what AWS would write if somebody read an object, and what GuardDuty and CloudWatch would publish.
//!
//! Configuration is asked with these instead of being compared with strings (`aws-semantics.md` 3.2 and 6.6).

use serde_json::{Value, json};

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
}

/// The ways in which objects are downloaded in bulk with a stolen key of the account (technique T-01, and T-10 for the
/// presigned URL); a filter that counts downloads must count all of them.
#[must_use]
pub fn object_reads(reader: &Reader<'_>) -> Vec<SyntheticEvent> {
    let plain = get_object(reader, "pii/customers.csv");
    let change = |name: &'static str, changes: Value| {
        let mut event = plain.clone();
        merge(&mut event, changes);
        SyntheticEvent { name, event }
    };
    let partition = reader.partition;
    let account = reader.account;
    vec![
        SyntheticEvent { name: "a download by an assumed role", event: plain.clone() },
        SyntheticEvent { name: "a download of an object at the top", event: get_object(reader, "a") },
        change(
            "a download by an IAM user",
            json!({"userIdentity": {
                "type": "IAMUser", "principalId": "AIDAEXAMPLEID", "userName": "backup",
                "arn": format!("arn:{partition}:iam::{account}:user/backup"), "accountId": account,
                "accessKeyId": "AKIAEXAMPLE", "sessionContext": null}}),
        ),
        change(
            "a download through a presigned URL",
            json!({"additionalEventData": {"AuthenticationMethod": "QueryString"}}),
        ),
    ]
}

/// A successful `GetObject` by an assumed role.
fn get_object(reader: &Reader<'_>, key: &str) -> Value {
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
fn merge(target: &mut Value, changes: Value) {
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
/// or of GuardDuty's administrator.
#[must_use]
pub fn guardduty_event(
    finding_type: &str,
    severity: f64,
    account: &str,
    bus_account: &str,
    region: &str,
    partition: &str,
) -> Value {
    let block = json!({"ignorePublicAcls": true, "restrictPublicBuckets": true, "blockPublicAcls": true,
        "blockPublicPolicy": true});
    json!({
        "version": "0", "id": "c8c4daa7-a20c-2f03-0070-b7393dd542ad", "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty", "account": bus_account, "time": TIME, "region": region, "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": account, "region": region, "partition": partition,
            "id": "60baffd3f9042e38640f2300d5c5a631",
            "arn": format!("arn:{partition}:guardduty:{region}:{account}:detector/12abc34d567e8fa901bc2d34e56789f0\
                            /finding/60baffd3f9042e38640f2300d5c5a631"),
            "type": finding_type,
            "resource": {
                "resourceType": "S3Bucket",
                "accessKeyDetails": {"accessKeyId": "ASIAEXAMPLE", "principalId": "AROAEXAMPLEID:attacker",
                    "userType": "AssumedRole", "userName": "AppRole"},
                "s3BucketDetails": [{
                    "arn": format!("arn:{partition}:s3:::crown-jewels"), "name": "crown-jewels",
                    "type": "Destination", "createdAt": 1_513_612_692.0, "owner": {"id": "CanonicalId"},
                    "tags": [{"key": "data-class", "value": "pii"}],
                    "defaultServerSideEncryption": {"encryptionType": "SSEAlgorithm", "kmsMasterKeyArn": ""},
                    "publicAccess": {
                        "permissionConfiguration": {
                            "bucketLevelPermissions": {
                                "accessControlList": {"allowsPublicReadAccess": false,
                                    "allowsPublicWriteAccess": false},
                                "bucketPolicy": {"allowsPublicReadAccess": false,
                                    "allowsPublicWriteAccess": false},
                                "blockPublicAccess": block},
                            "accountLevelPermissions": {"blockPublicAccess": block}},
                        "effectivePermission": "NOT_PUBLIC"}}]},
            "service": {
                "serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0",
                "resourceRole": "TARGET", "archived": false, "count": 1,
                "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
                    "api": "GetObject", "serviceName": "s3.amazonaws.com", "callerType": "Remote IP",
                    "remoteIpDetails": {
                        "ipAddressV4": "198.51.100.23",
                        "organization": {"asn": "64500", "asnOrg": "Example", "isp": "Example", "org": "Example"},
                        "country": {"countryName": "Exampleland"}, "city": {"cityName": "Example"},
                        "geoLocation": {"lat": 0, "lon": 0}},
                    "affectedResources": {"AWS::S3::Bucket": "crown-jewels"}}},
                "eventFirstSeen": TIME, "eventLastSeen": TIME,
                "additionalInfo": {"value": "{}", "type": "default"}},
            "severity": severity, "createdAt": TIME, "updatedAt": TIME,
            "title": "The user AssumedRole : AppRole is anomalously invoking APIs commonly used in Exfiltration \
                      tactics.",
            "description": "An API commonly used in Exfiltration tactics was invoked."
        }
    })
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

/// What CloudWatch publishes to SNS when an alarm goes to ALARM.
#[must_use]
pub fn alarm_notification(name: &str, arn: &str, account: &str, region: &str) -> Value {
    json!({
        "AlarmName": name, "AlarmDescription": null, "AWSAccountId": account, "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed", "StateChangeTime": TIME, "Region": region, "AlarmArn": arn,
        "OldStateValue": "OK"
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
}
