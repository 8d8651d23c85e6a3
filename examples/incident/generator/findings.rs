//! What GuardDuty and Macie say of it, in the form in which they say it.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html>
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetFindings.html>
//! <https://docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Kind;
use super::organization::{
    CUSTOMERS, EXPORTS, MANAGEMENT, PAYROLL, PRODUCTION, REGION, customer_key, later, numbers, session, shop,
    user,
};
use super::record::{Identity, seconds, token};
use super::theft::Theft;
use super::truth::Truth;

const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";

/// Who the finding is about: the credential, the bucket, the address, and what GuardDuty calls it.
struct About {
    key: String,
    principal_id: String,
    user_type: &'static str,
    user_name: String,
    bucket: &'static str,
    address: &'static str,
    kind: &'static str,
    api: &'static str,
    severity: f64,
    asn: (&'static str, &'static str),
}

fn about(theft: &Theft) -> About {
    let role = |session: super::record::Session| {
        (session.key.clone(), format!("{}:{}", session.role_id, session.name), session.role.to_owned())
    };
    let (key, principal_id, user_name) = match theft.kind {
        Kind::Tor => role(shop(theft.seed, theft.start)),
        Kind::ForeignCopy => {
            role(session(theft.seed, theft.start, PRODUCTION, "DataPipeline", "sync-job", false))
        }
        Kind::Ransom => role(session(
            theft.seed,
            theft.start,
            PRODUCTION,
            "OrganizationAccountAccessRole",
            "admin",
            false,
        )),
    };
    let (bucket, address, kind, api, severity, asn) = match theft.kind {
        Kind::Tor => (
            CUSTOMERS,
            "198.51.100.10",
            "UnauthorizedAccess:S3/TorIPCaller",
            "GetObject",
            8.0,
            ("64496", "Tor exit"),
        ),
        Kind::ForeignCopy => (
            EXPORTS,
            "203.0.113.77",
            "Exfiltration:S3/AnomalousBehavior",
            "CopyObject",
            8.0,
            ("64500", "Example Hosting"),
        ),
        Kind::Ransom => (
            CUSTOMERS,
            "203.0.113.66",
            "Impact:S3/AnomalousBehavior.Delete",
            "DeleteObject",
            8.0,
            ("64500", "Example Hosting"),
        ),
    };
    About {
        key,
        principal_id,
        user_type: "AssumedRole",
        user_name,
        bucket,
        address,
        kind,
        api,
        severity,
        asn,
    }
}

fn identifier(theft: &Theft, what: &str) -> String {
    token(&mut numbers(theft.seed, what, 0), 32)
        .to_ascii_lowercase()
        .replace(|c: char| !c.is_ascii_hexdigit(), "0")
}

fn milliseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn arn(id: &str) -> String {
    format!("arn:aws:guardduty:{REGION}:{PRODUCTION}:detector/{DETECTOR}/finding/{id}")
}

/// The finding as EventBridge carries it.
pub fn finding(theft: &Theft, truth: &Truth) -> Value {
    let about = about(theft);
    let id = identifier(theft, "finding");
    let first: Timestamp = truth.first_seen.parse().unwrap_or(theft.start);
    let last: Timestamp = truth.last_seen.parse().unwrap_or(theft.start);
    let written = milliseconds(later(last, 300));
    let block = json!({"ignorePublicAcls": true, "restrictPublicBuckets": true, "blockPublicAcls": true, "blockPublicPolicy": true});
    let closed = json!({"allowsPublicReadAccess": false, "allowsPublicWriteAccess": false});
    json!({
        "version": "0", "id": "c8c4daa7-a20c-2f03-0070-b7393dd542ad", "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty", "account": PRODUCTION, "time": seconds(later(last, 360)), "region": REGION, "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": PRODUCTION, "region": REGION, "partition": "aws",
            "id": id, "arn": arn(&id), "type": about.kind,
            "resource": {
                "resourceType": "S3Bucket",
                "accessKeyDetails": {
                    "accessKeyId": about.key, "principalId": about.principal_id,
                    "userType": about.user_type, "userName": about.user_name,
                },
                "s3BucketDetails": [{
                    "arn": format!("arn:aws:s3:::{}", about.bucket), "name": about.bucket, "type": "Destination",
                    "createdAt": 1_513_612_692.0, "owner": {"id": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
                    "tags": [{"key": "DataClassification", "value": "Confidential"}],
                    "defaultServerSideEncryption": {"encryptionType": "AES256", "kmsMasterKeyArn": ""},
                    "publicAccess": {
                        "permissionConfiguration": {
                            "bucketLevelPermissions": {
                                "accessControlList": closed, "bucketPolicy": closed, "blockPublicAccess": block,
                            },
                            "accountLevelPermissions": {"blockPublicAccess": block},
                        },
                        "effectivePermission": "NOT_PUBLIC",
                    },
                }],
            },
            "service": {
                "serviceName": "guardduty", "detectorId": DETECTOR, "resourceRole": "TARGET", "archived": false, "count": 3,
                "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
                    "api": about.api, "serviceName": "s3.amazonaws.com", "callerType": "Remote IP",
                    "remoteIpDetails": {
                        "ipAddressV4": about.address,
                        "organization": {"asn": about.asn.0, "asnOrg": about.asn.1, "isp": about.asn.1, "org": about.asn.1},
                        "country": {"countryName": "Exampleland"}, "city": {"cityName": "Exampleville"},
                        "geoLocation": {"lat": 0.0, "lon": 0.0},
                    },
                    "affectedResources": {"AWS::S3::Bucket": about.bucket},
                }},
                "eventFirstSeen": milliseconds(first), "eventLastSeen": milliseconds(last),
                "additionalInfo": {"value": "{}", "type": "default"},
            },
            "severity": about.severity, "createdAt": written, "updatedAt": written,
            "title": format!("The API {} was used to access {} in an unusual way.", about.api, about.bucket),
            "description": format!("APIs commonly used in {} tactics were invoked by {} under unusual circumstances.",
                about.kind.split(':').next().unwrap_or_default(), about.user_name),
        },
    })
}

/// The attack sequence that GuardDuty makes of it, as `GetFindings` answers.
pub fn attack_sequence(theft: &Theft, truth: &Truth) -> Value {
    let about = about(theft);
    let id = identifier(theft, "attack sequence");
    let first: Timestamp = truth.first_seen.parse().unwrap_or(theft.start);
    let last: Timestamp = truth.last_seen.parse().unwrap_or(theft.start);
    // `GetFindings` tells the times of a signal as numbers.
    let (from, to) = (first.as_second() as f64, last.as_second() as f64);
    let bucket = format!("arn:aws:s3:::{}", about.bucket);
    let mut actors = vec![json!({
        "id": "1",
        "user": {"name": about.user_name, "uid": about.principal_id, "type": "AssumedRole", "credentialUid": about.key,
            "account": {"uid": PRODUCTION, "account": "production"}},
        "session": {"uid": about.key, "mfaStatus": "DISABLED", "issuer": format!("arn:aws:iam::{PRODUCTION}:role/{}", about.user_name)},
    })];
    let leaked = match theft.kind {
        Kind::Tor => None,
        Kind::ForeignCopy => Some("deploy-legacy"),
        Kind::Ransom => Some("break-glass-admin"),
    };
    if let Some(Identity::User { account, name, id, key }) =
        leaked.map(|name| user(theft.seed, MANAGEMENT, name))
    {
        actors.push(json!({
            "id": "2", "user": {"name": name, "uid": id, "type": "IAMUser", "credentialUid": key,
                "account": {"uid": account, "account": "management"}},
        }));
    }
    let ids: Vec<Value> = actors.iter().map(|actor| actor["id"].clone()).collect();
    let signal = |number: u32, kind: &str, name: &str, severity: f64| {
        json!({
            "uid": format!("{number:032x}"), "type": kind, "name": name, "description": name,
            "createdAt": to, "updatedAt": to, "firstSeenAt": from, "lastSeenAt": to, "severity": severity, "count": 12,
            "resourceUids": [bucket], "actorIds": ids, "endpointIds": ["endpoint-1"],
            "signalIndicators": [{"key": "ATTACK_TACTIC", "values": ["Exfiltration"], "title": "Tactic"}],
        })
    };
    let written = milliseconds(later(last, 600));
    json!({"findings": [{
        "schemaVersion": "2.0", "accountId": PRODUCTION, "region": REGION, "partition": "aws",
        "id": id, "arn": arn(&id), "type": "AttackSequence:S3/CompromisedData",
        "resource": {"resourceType": "AttackSequence"},
        "service": {
            "serviceName": "guardduty", "detectorId": DETECTOR, "archived": false, "count": 1,
            "eventFirstSeen": milliseconds(first), "eventLastSeen": milliseconds(last),
            "additionalInfo": {"value": "{}", "type": "default"},
            "detection": {"sequence": {
                "uid": identifier(theft, "sequence"),
                "description": "A sequence of actions that indicates the compromise of data in S3.",
                "actors": actors,
                "endpoints": [{
                    "id": "endpoint-1", "ip": about.address,
                    "autonomousSystem": {"name": about.asn.1, "number": about.asn.0.parse().unwrap_or(0)},
                    "location": {"city": "Exampleville", "country": "Exampleland", "lat": 0.0, "lon": 0.0},
                    "connection": {"direction": "INBOUND"},
                }],
                "resources": [{
                    "uid": bucket, "name": about.bucket, "accountId": PRODUCTION, "resourceType": "S3_BUCKET",
                    "region": REGION, "service": "s3", "cloudPartition": "aws",
                    "data": {"s3Bucket": {"effectivePermission": "NOT_PUBLIC"}},
                }],
                "signals": [
                    signal(1, "FINDING", about.kind, about.severity),
                    signal(2, "S3_DATA_EVENTS", about.api, 5.0),
                ],
                "sequenceIndicators": [{"key": "ATTACK_TECHNIQUE", "values": ["T1530"], "title": "Technique"}],
            }},
        },
        "severity": 9.0, "createdAt": written, "updatedAt": written,
        "title": format!("Potential data compromise of one or more S3 buckets in account {PRODUCTION}."),
        "description": "A sequence of actions that indicates the compromise of data in S3.",
    }]})
}

/// What Macie had found in some of the objects before, as its `GetFindings` answers.
pub fn macie(theft: &Theft) -> Value {
    let objects: Vec<(&str, String, &str, &str, u64)> = match theft.kind {
        Kind::Tor => (0..4)
            .map(|n| (CUSTOMERS, customer_key(n * 13), "PERSONAL_INFORMATION", "NAME", 40 + n))
            .collect(),
        Kind::ForeignCopy => (0..6)
            .map(|n| {
                let key = format!("exports/2026-01-{:02}/report-{n:04}.csv", 1 + n % 14);
                let (category, kind) = if n == 3 {
                    ("FINANCIAL_INFORMATION", "CREDIT_CARD_NUMBER")
                } else {
                    ("PERSONAL_INFORMATION", "ADDRESS")
                };
                (EXPORTS, key, category, kind, 900 + n)
            })
            .collect(),
        Kind::Ransom => (0..3)
            .map(|n| {
                (
                    PAYROLL,
                    format!("2025/{:02}/payslip-{n:05}.pdf", 1 + n),
                    "FINANCIAL_INFORMATION",
                    "BANK_ACCOUNT_NUMBER",
                    12,
                )
            })
            .collect(),
    };
    let written = seconds(later(theft.start, -86_400 * 9));
    // One that nobody touched: it must not count.
    let untouched = (CUSTOMERS, "customers/never/read.json".to_owned(), "CREDENTIALS", "AWS_CREDENTIALS", 2);
    let findings: Vec<Value> = (0..).zip(objects.into_iter().chain([untouched])).map(|(number, (bucket, key, category, kind, count))| {
        let name = match category {
            "FINANCIAL_INFORMATION" => "SensitiveData:S3Object/Financial",
            "CREDENTIALS" => "SensitiveData:S3Object/Credentials",
            _ => "SensitiveData:S3Object/Personal",
        };
        json!({
            "accountId": PRODUCTION, "archived": false, "category": "CLASSIFICATION", "count": 1,
            "createdAt": written, "updatedAt": written, "id": format!("{number:032x}"), "partition": "aws", "region": REGION,
            "schemaVersion": "1.0", "sample": false, "type": name, "title": "The S3 object contains sensitive information.",
            "description": "The S3 object contains sensitive information.",
            "severity": {"description": "High", "score": 3},
            "resourcesAffected": {
                "s3Bucket": {"arn": format!("arn:aws:s3:::{bucket}"), "name": bucket},
                "s3Object": {"bucketArn": format!("arn:aws:s3:::{bucket}"), "key": key, "path": format!("{bucket}/{key}"),
                    "extension": key.rsplit('.').next().unwrap_or_default(), "publicAccess": false},
            },
            "classificationDetails": {
                "jobArn": format!("arn:aws:macie2:{REGION}:{PRODUCTION}:classification-job/0123456789abcdef0123456789abcdef"),
                "jobId": "0123456789abcdef0123456789abcdef",
                "result": {
                    "status": {"code": "COMPLETE"}, "additionalOccurrences": false, "mimeType": "text/csv", "sizeClassified": 8_192,
                    "sensitiveData": [{"category": category, "totalCount": count,
                        "detections": [{"type": kind, "count": count}]}],
                },
            },
        })
    }).collect();
    json!({"findings": findings})
}
